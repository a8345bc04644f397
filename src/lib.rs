//! Moves a tree of JSON manifests to a new schema version, and keeps every byte that no migration names.
//!
//! A *catalog* says which versions there are and which migrations lead from one to the next. An *operation* finds the manifests of a *storage*, examines and decides on each, transforms and replaces the pending ones, and reports the outcomes as a stream of *events*.
//!
//! The promises:
//!
//! - Members that no transform names keep their bytes. Manifests are edited as text, never parsed to values and printed again.
//! - Immutable and protected members stay as they are. A manifest is refused if a migration would change one of them.
//! - On a file system, a manifest is whole at every moment, old or new, and its original is kept. A manifest is reported as migrated only after its flush has succeeded. `docs/durability.md` says what this rests on.
//! - One manifest's failure is an outcome and never stops the others. What stops an operation is in its [`Summary`](report::Summary), with everything that was done before.
//! - Nothing here prints or reads the environment. The clock is an argument; only a storage asks the system for the time, for the end of a journal.
//!
//! # A tree on a file system
//!
//! ```
//! use migrate_manifests::catalog::Catalog;
//! use migrate_manifests::clock::Timestamp;
//! use migrate_manifests::journal::Actor;
//! use migrate_manifests::operation::{Detail, Frame, Migrate, Request, Survey, migrate};
//! use migrate_manifests::report::{Enforcement, ExitCode, ExitTerms, Outcome, Status};
//! use migrate_manifests::selection::Selection;
//! use migrate_manifests::storage::{Files, Located, OpenOptions};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let dir = tempfile::tempdir()?;
//! let run = dir.path().join("artifacts/job-1/run-1");
//! std::fs::create_dir_all(&run)?;
//! std::fs::write(run.join("manifest.json"), r#"{"run_id": "run-1", "cost": 1.50}"#)?;
//!
//! let located = Located::find(dir.path()).map_err(|stop| stop.message)?;
//! let storage = Files::open(&located, OpenOptions::default()).map_err(|stop| stop.message)?;
//! let catalog = Catalog::built_in()?;
//! let request = Request {
//!     command: "migrate".to_owned(),
//!     tree: located.tree.display().to_string(),
//!     now: "2026-02-28T10:30:00Z".parse()?,
//!     started: Timestamp::now(),
//!     selection: Selection::default(),
//!     jobs: std::num::NonZeroUsize::MIN,
//!     dry_run: false, // true tells what would happen, and writes nothing
//!     who: Actor::default(),
//!     wait: false,
//! };
//! let options = Migrate {
//!     detail: Detail::Outcomes,
//!     target: None,
//!     include_running: false,
//!     allow_downgrade: false,
//!     survey: Survey::default(),
//!     plan: None,
//!     rules: Enforcement::AsWritten,
//!     max_failures: None,
//! };
//! let no_signal = || None;
//! let frame = Frame::new(&storage, &catalog, &request, &no_signal).map_err(|stop| stop.message)?;
//! let mut outcomes: Vec<Outcome> = Vec::new();
//! let summary = migrate(&frame, &options, &mut outcomes);
//!
//! assert_eq!(summary.exit_code(ExitTerms::default()), ExitCode::Success);
//! assert_eq!(outcomes[0].path.as_str(), Some("job-1/run-1/manifest.json"));
//! assert_eq!(outcomes[0].status, Status::Migrated);
//! let migrated = std::fs::read_to_string(run.join("manifest.json"))?;
//! assert!(migrated.starts_with(r#"{"run_id": "run-1", "cost": 1.50, "#));
//! let backup = std::fs::read_to_string(run.join("manifest.json.backup"))?;
//! assert_eq!(backup, r#"{"run_id": "run-1", "cost": 1.50}"#);
//! # Ok(())
//! # }
//! ```
//!
//! One document in memory, at the version that a reader wants: [`read::at`]; migrated: [`engine::examine`] and [`engine::transform`]. A migration of your own in Rust: [`transform::Transform`]. Another place to keep manifests: [`storage::Storage`]; [`storage::Memory`] keeps them in a map.
//!
//! # Modules, in reading order
//!
//! - Single values: [`version`], [`digest`], [`path`], [`clock`], [`code`]; the lossless text: [`json`].
//! - The data that reports and journals are made of: [`report`], [`journal`], [`refusal`].
//! - How much work one document may be: [`effort`].
//! - The contract of a change: [`transform`]; the closed list of steps: [`step`].
//! - The contents of catalog files: [`catalog`].
//! - One document examined, decided on and transformed: [`engine`].
//! - The place where manifests are kept: [`storage`].
//! - Without a tree: [`selection`], [`read`], [`plan`], [`validate`], [`rehearsal`].
//! - Files outside the tree that a user names: [`outside`].
//! - All of it together: [`operation`].
//!
//! The feature `schema`, on by default, holds documents against JSON Schemas; without it a catalog that has some is refused. The feature `cli`, on by default, is for the program only; the library needs none of its dependencies.

#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, reason = "tests look at what was written")
)]

pub mod catalog;
pub mod clock;
pub mod code;
#[cfg(test)]
mod crash;
pub mod digest;
pub mod effort;
pub mod engine;
mod form;
pub mod journal;
pub mod json;
pub mod operation;
pub mod outside;
pub mod path;
pub mod plan;
mod proof;
pub mod read;
pub mod refusal;
pub mod rehearsal;
pub mod report;
mod rule;
pub mod selection;
pub mod step;
pub mod storage;
pub mod transform;
pub mod validate;
pub mod version;

/// The example of the README, to be tested with the others.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
