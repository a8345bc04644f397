//! The trials, one for each command, with the conditions that hold at every moment and at the end.

mod migrating;
mod pruning;
mod rolling_back;
mod subject;

pub(super) use migrating::Migrating;
pub(super) use pruning::Pruning;
pub(super) use rolling_back::RollingBack;
pub(super) use subject::{Known, Trial, know};
