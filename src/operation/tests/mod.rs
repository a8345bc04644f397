//! Tests of the operations, each over every storage.
//!
//! `fixture` makes a tree and runs operations on it, `reported` collects their events, `interposed` intercepts the calls of a storage. Every other file is about one subject; tests that depend on file systems are in `files`.

mod accept;
mod backups;
mod broken;
mod closed;
mod dry_run;
mod evidence;
mod explain;
mod files;
mod first_pass;
mod fixture;
mod interposed;
mod journal;
mod larger;
mod lock_first;
mod lost_output;
mod migrate;
mod order;
mod plan;
mod prune;
mod reading;
mod refusals;
mod reported;
mod rollback;
mod rollback_journals;
mod selection;
mod signals;
mod superseded;
mod verify;
