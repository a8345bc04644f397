//! The integration tests: one binary, so that it links once.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on says so by panicking"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "tests make trees and look at what was written"
)]

mod architecture;
mod authors;
mod backups;
mod bad_input;
mod bounds;
mod cases;
mod catalogs;
mod codes;
mod compared;
mod damage;
mod damaged_state;
mod docs;
mod downgrade;
mod explain;
mod file_systems;
mod first_run;
mod generators;
mod interrupts;
mod killed;
mod limits;
mod mount_points;
mod order;
mod plan;
mod proof;
mod race;
mod rollback;
mod rollback_journals;
mod rules;
mod seeds;
mod show;
mod status;
#[allow(
    dead_code,
    reason = "a tool box: not every tool is in use at every time"
)]
mod support;
mod system_calls;
mod tools;
mod tree_rules;
mod trouble;
mod trust;
mod two_at_once;
mod validate;
mod verify;
