//! Recovery: what operations left unfinished is finished or undone, one operation after the other.
//! Invariant: it runs only under the tree's lock, and every step of it may be the last. An operation whose journal is not understood is touched in nothing, and blocks nothing.

use super::core::Core;
use super::disk::Disk;
use super::error::storage_failed;
use super::log;
use super::names::STATE_DIRECTORY;
use super::state::StateDir;
use super::unfinished::{Opened, Unfinished};
use crate::journal::OperationId;
use crate::report::Stop;
use crate::storage::recovery::Recovery;

pub(super) fn recover<D: Disk>(core: &Core<D>, state: &StateDir<D>) -> Result<Recovery, Stop> {
    let failed = |verb: &str| {
        let verb = format!("{verb} `{STATE_DIRECTORY}`");
        move |error| storage_failed(&verb, &error)
    };
    let ids = log::unfinished(&core.disk, &state.staging)
        .map_err(failed("cannot list the unfinished operations in"))?;
    state
        .clear_draft(&core.disk)
        .map_err(failed("cannot remove a draft in"))?;
    let mut recovery = Recovery::default();
    for id in ids {
        recover_one(core, state, &id, &mut recovery)?;
    }
    Ok(recovery)
}

pub(super) fn recover_one<D: Disk>(
    core: &Core<D>,
    state: &StateDir<D>,
    id: &OperationId,
    recovery: &mut Recovery,
) -> Result<(), Stop> {
    let verb = format!("cannot recover operation {id}");
    let failed = |error| storage_failed(&verb, &error);
    match Unfinished::open(core, state, id).map_err(failed)? {
        Opened::AtWork => {}
        Opened::Unknown(why) => recovery.unknown(id, &why),
        Opened::Ready(mut operation) => operation.settle(recovery).map_err(failed)?,
    }
    Ok(())
}
