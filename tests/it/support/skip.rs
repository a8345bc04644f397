//! The one way to skip a test: never in silence, and not where the gate has promised that it can run.
//!
//! `REQUIRE` lists, with commas, what must be there (`root,strace,xfs`); a test that would be skipped for want of one of these fails. `SKIPPED` names a file to which each skip is appended.

use std::env;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::thread;

/// Says that this test cannot run because `capability` is missing; the caller returns.
///
/// # Panics
/// If `REQUIRE` lists the capability.
pub(crate) fn skip(capability: &str, reason: &str) {
    let required = env::var("REQUIRE").unwrap_or_default();
    assert!(
        !is_required(&required, capability),
        "`{capability}` is required here (REQUIRE={required}), but: {reason}"
    );
    let current = thread::current();
    let line = format!(
        "skipped: {}: needs {capability}: {reason}\n",
        current.name().unwrap_or("a test")
    );
    // Not `eprint!`: the test harness would hold that back.
    io::stderr()
        .write_all(line.as_bytes())
        .expect("standard error can be written");
    if let Some(file) = env::var_os("SKIPPED") {
        let mut log = OpenOptions::new()
            .append(true)
            .create(true)
            .open(&file)
            .unwrap_or_else(|error| panic!("open {}: {error}", file.display()));
        // One write, so that tests in parallel do not mix their lines.
        log.write_all(line.as_bytes())
            .expect("the list of skips can be written");
    }
}

/// Whether the list in `REQUIRE` has this capability.
pub(crate) fn is_required(list: &str, capability: &str) -> bool {
    list.split(',').any(|name| name.trim() == capability)
}

/// Whether this process may do everything.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
