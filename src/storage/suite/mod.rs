//! One suite for the storage, on two disks: the kernel's file systems and the simulated disk.
//!
//! `setting` and `world` have what the tests share; `migrating` and `state` say what a run leaves behind and what stops it; `planned` executes plans; `table` builds every row of the recovery table by hand; `faults` fails at every call, `campaign` stops and crashes at every call, with `foreign` writers; `restoring` and `rolling_back` do all of that to rollbacks, `pruning` to the removal of backups.
//!
//! Invariant: every test goes through [`operation`](crate::operation), as a caller would.

mod campaign;
mod faults;
mod foreign;
mod migrating;
mod planned;
mod pruning;
mod restoring;
mod rolling_back;
mod setting;
mod state;
mod table;
mod world;
