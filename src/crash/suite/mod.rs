//! Tests of the storage in files, on every kind of simulated disk.
//!
//! `setting` has the trees, `process` is one command with all that it told, `trial` says what must hold of each command, `bookkeeping` what must hold of the state. `campaign` stops and crashes at random calls, with `foreign` writers; `deaths` stops at every call, `faults` fails at every call, and `messages` holds what is told then. `migrating` and `restoring` look at one call at a time, `rare` at what no single fault brings about; `table`, `undoing` and `state` build by hand what may be found.
//!
//! Invariant: every test goes through [`operation`](crate::operation), as a caller would.

mod bookkeeping;
mod campaign;
mod deaths;
mod faults;
mod foreign;
mod messages;
mod migrating;
mod process;
mod rare;
mod restoring;
mod setting;
mod state;
mod table;
mod trial;
mod undoing;
