//! Recovery: what operations left unfinished is finished or undone, one operation after the other.
//!
//! Invariant: it runs only under the tree's lock, and every step of it may be the last.

use std::io;

use super::disk::{Crossing, Disk, EntryKind};
use super::file_system::Core;
use super::rescue::rescue;
use super::stage::{Content, content};
use super::state::{State, journal_name};
use super::unfinished::Unfinished;
use super::{Recovery, STAGED_BESIDE, storage_failed};
use crate::code::Code;
use crate::journal::Log;
use crate::json::Text;
use crate::path::TreePath;
use crate::report::{Diagnosis, Stop};

/// Settles everything that is in the staging directory.
pub(super) fn recover<D: Disk>(core: &Core<D>, state: &State<D>) -> Result<Recovery, Stop> {
    let failed =
        |error: io::Error| storage_failed("cannot recover an unfinished operation", &error);
    let ids = State::operations_in(&core.disk, &state.staging).map_err(failed)?;
    let mut recovery = Recovery::default();
    for id in ids {
        if let Some(mut operation) = Unfinished::open(core, state, &id)? {
            operation.settle(&mut recovery).map_err(failed)?;
        }
    }
    Ok(recovery)
}

/// Removes or rescues what stands beside manifests and belongs to no operation that could still be settled.
pub(super) fn sweep<D: Disk>(
    core: &Core<D>,
    state: &State<D>,
    leftovers: &[TreePath],
) -> Result<Recovery, Stop> {
    let failed = |error: io::Error| {
        storage_failed(
            "cannot remove what an unfinished operation left beside a manifest",
            &error,
        )
    };
    // Recovery has settled all but those that are at work, because somebody has removed the lock: what is theirs stays.
    let at_work = State::operations_in(&core.disk, &state.staging).map_err(failed)?;
    let mut recovery = Recovery::default();
    for path in leftovers {
        let is_at_work = |id: &String| {
            let theirs = format!("{STAGED_BESIDE}{id}.");
            path.file_name().starts_with(theirs.as_bytes())
        };
        if !at_work.iter().any(is_at_work) {
            sweep_one(core, state, path, &mut recovery).map_err(failed)?;
        }
    }
    Ok(recovery)
}

fn sweep_one<D: Disk>(
    core: &Core<D>,
    state: &State<D>,
    path: &TreePath,
    recovery: &mut Recovery,
) -> io::Result<()> {
    let disk = &core.disk;
    let dir = disk.open_dir(&core.root, path.parent(), core.crossing)?;
    let name = path.file_name();
    let Content::File(digest, _) = content(disk, &dir, name)? else {
        return Ok(());
    };
    let staged = String::from_utf8_lossy(name).into_owned();
    // The last part of the name begins with the path's, the old and the new bytes' short digests.
    let mut parts = staged
        .rsplit('.')
        .next()
        .unwrap_or_default()
        .split('-')
        .skip(1);
    let (before, after) = (parts.next(), parts.next());
    let short = digest.short();
    let is_new = after == Some(short.as_str());
    let is_original = before == Some(short.as_str());
    let is_torn = !is_original && !is_document(disk, &dir, name);
    let is_own = is_new
        || is_torn
        || (!is_original && journal_of(core, state, &staged)?.never_announced(&staged));
    if is_own {
        return disk.unlink(&dir, name);
    }
    // The path's own digest is all that is known of the manifest it belongs to; beside it, its name says enough.
    let kept = rescue(core, state, &dir, (&dir, name), b"manifest")?;
    recovery.rescued(Some(path), kept);
    Ok(())
}

/// The journal of the operation that a file beside a manifest is named after; an empty one where there is none.
fn journal_of<D: Disk>(core: &Core<D>, state: &State<D>, staged: &str) -> io::Result<Log> {
    let named = staged.strip_prefix(STAGED_BESIDE);
    let Some((id, _)) = named.and_then(|rest| rest.rsplit_once('.')) else {
        return Ok(Log::default());
    };
    let (disk, name) = (&core.disk, journal_name(id));
    match disk.stat_at(&state.operations, name.as_bytes()) {
        Ok(stat) if stat.kind == EntryKind::File => {}
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => return Ok(Log::default()),
    }
    let file = disk.open(&state.operations, name.as_bytes(), Crossing::Stay)?;
    let mut bytes = Vec::new();
    disk.read(&file, &mut bytes, 4096, usize::MAX)?;
    Ok(Log::read(&bytes))
}

/// Whether a file holds a whole document, and so not the torn rest of one.
pub(super) fn is_document<D: Disk>(disk: &D, dir: &D::Dir, name: &[u8]) -> bool {
    let mut bytes = Vec::new();
    let read = disk
        .open(dir, name, Crossing::Stay)
        .and_then(|file| disk.read(&file, &mut bytes, 4096, usize::MAX));
    read.is_ok() && Text::scan(&bytes).is_ok()
}

impl<D: Disk> State<D> {
    /// The operations that have a staging directory, by id; what else lies there is nobody's.
    pub(super) fn operations_in(disk: &D, staging: &D::Dir) -> io::Result<Vec<String>> {
        let (mut ids, mut unsure) = (Vec::new(), Vec::new());
        disk.list(staging, &mut |name, kind| {
            if let Ok(name) = std::str::from_utf8(name) {
                match kind {
                    EntryKind::Directory => ids.push(name.to_owned()),
                    EntryKind::Unknown => unsure.push(name.to_owned()),
                    _ => {}
                }
            }
        })?;
        for name in unsure {
            match disk.stat_at(staging, name.as_bytes()) {
                Ok(stat) if stat.kind == EntryKind::Directory => ids.push(name),
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        ids.sort_unstable();
        Ok(ids)
    }
}

impl Recovery {
    pub(super) fn rescued(&mut self, path: Option<&TreePath>, kept: Option<String>) {
        let Some(kept) = kept else {
            return;
        };
        self.rescued += 1;
        self.notices.push(Diagnosis {
            code: Code::Rescued,
            path: path.cloned(),
            message: format!("a version that was displaced is kept as `{kept}`"),
        });
    }
}
