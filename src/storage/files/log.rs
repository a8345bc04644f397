//! The journals in the state directory, read back; and the guard that keeps older programs from writing to it.
//! Invariant: a journal is read a piece at a time, through no link, and only as far as this storage understands every part of it.

use std::io;

use super::core::Core;
use super::disk::{Crossing, Disk};
use super::error::{diagnose, diagnose_open, if_there};
use super::names::{self, STATE_DIRECTORY};
use super::parts;
use super::protocol::plain;
use super::recorded::Recorded;
use super::state::{StateDir, make_dir_if_missing};
use crate::code::Code;
use crate::journal::{Began, Memo, OperationId, Reader, Record, TreeId};
use crate::path::Name;
use crate::report::Diagnosis;
use crate::storage::seam::EachRecord;
use crate::storage::trouble::no_operation;
use crate::storage::values::{EntryKind, Log, LogEnd};

pub(super) fn part<D: Disk>(core: &Core<D>, name: &str) -> io::Result<Option<D::Dir>> {
    let path = format!("{STATE_DIRECTORY}/{name}");
    let dir = core
        .disk
        .open_dir(&core.root, path.as_bytes(), Crossing::Stay);
    if_there(dir)
}

pub(super) fn list<D: Disk>(core: &Core<D>) -> io::Result<Vec<Log>> {
    let unfinished = match part(core, "staging")? {
        Some(staging) => unfinished(&core.disk, &staging)?,
        None => Vec::new(),
    };
    let mut logs = Vec::new();
    if let Some(dir) = part(core, "operations")? {
        for id in journals(core)? {
            let (began, bytes) = match opening(core, &dir, &id) {
                // Reading it whole gives the reason.
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => (None, 0),
                opening => opening?,
            };
            let numbered = began.and_then(|began| began.serial.zip(began.tree));
            logs.push(Log {
                serial: numbered.map(|(serial, _)| serial),
                tree: numbered.map(|(_, tree)| tree),
                is_unfinished: unfinished.contains(&id),
                bytes,
                id,
            });
        }
    }
    // An operation that left something and has no journal any more is unfinished all the same.
    for id in unfinished {
        if !logs.iter().any(|log| log.id == id) {
            logs.push(Log {
                id,
                serial: None,
                tree: None,
                is_unfinished: true,
                bytes: 0,
            });
        }
    }
    Log::sort(&mut logs);
    Ok(logs)
}

fn journals<D: Disk>(core: &Core<D>) -> io::Result<Vec<OperationId>> {
    let mut ids = Vec::new();
    if let Some(dir) = part(core, "operations")? {
        core.disk.list(&dir, &mut |name, _| {
            ids.extend(names::operation_of(name));
        })?;
    }
    Ok(ids)
}

/// The highest serial number of all journals, with the id of the tree that stands beside it.
pub(super) fn last_numbered<D: Disk>(
    core: &Core<D>,
    operations: &D::Dir,
) -> io::Result<Option<(u64, TreeId)>> {
    let mut last = None;
    for id in journals(core)? {
        let (began, _) = opening(core, operations, &id)?;
        let numbered = began.and_then(|began| began.serial.zip(began.tree));
        if numbered.map(|(serial, _)| serial) > last.map(|(serial, _)| serial) {
            last = numbered;
        }
    }
    Ok(last)
}

/// A first line that is longer is none.
const MAX_FIRST_BYTES: u64 = 2 * 1024 * 1024;

/// The first record of a journal, if there is one, and the size of the journal. Without the record its place among the others is not known, so an error is no missing record.
fn opening<D: Disk>(
    core: &Core<D>,
    operations: &D::Dir,
    id: &OperationId,
) -> io::Result<(Option<Box<Began>>, u64)> {
    let name = names::journal(id);
    let file = match core.disk.open(operations, name.as_bytes(), Crossing::Stay) {
        Ok(file) => file,
        Err(error) => {
            return match diagnose_open(&error, true).code {
                // Reading it whole gives the reason.
                Code::NotFound | Code::NotRegular | Code::OtherMount => Ok((None, 0)),
                _ => Err(error),
            };
        }
    };
    let stat = core.disk.stat(&file)?;
    if stat.kind != EntryKind::File {
        return Ok((None, 0));
    }
    let (mut reader, mut found) = (Reader::default(), None);
    core.in_pieces(&file, &mut |piece| {
        let goes_on = reader.feed(piece, &mut |record| {
            if let Record::Began(began) = record {
                found = Some(began.clone());
            }
            true
        });
        goes_on && reader.sound_bytes() == 0 && reader.all_bytes() < MAX_FIRST_BYTES
    })?;
    Ok((found, stat.size))
}

pub(super) fn unfinished<D: Disk>(disk: &D, staging: &D::Dir) -> io::Result<Vec<OperationId>> {
    let fresh = disk.open_dir(staging, b"", Crossing::Stay)?;
    let (mut ids, mut untold) = (Vec::new(), Vec::new());
    disk.list(&fresh, &mut |name, kind| {
        let id = std::str::from_utf8(name)
            .ok()
            .and_then(|name| name.parse().ok());
        match kind {
            EntryKind::Directory => ids.extend(id),
            EntryKind::Unknown => untold.extend(id),
            _ => {}
        }
    })?;
    for id in untold {
        let id: OperationId = id;
        let stat = if_there(disk.stat_at(staging, plain(id.as_str())?.name()))?;
        if stat.is_some_and(|stat| stat.kind == EntryKind::Directory) {
            ids.push(id);
        }
    }
    ids.sort_unstable();
    Ok(ids)
}

pub(super) fn read<D: Disk>(
    core: &Core<D>,
    id: &OperationId,
    each: EachRecord<'_>,
) -> Result<LogEnd, Diagnosis> {
    let name = names::journal(id);
    let named = |diagnosis: Diagnosis| Diagnosis {
        message: format!("the journal `{name}`: {}", diagnosis.message),
        ..diagnosis
    };
    let cannot = |error: io::Error| diagnose(&format!("cannot read the journal `{name}`"), &error);
    let Some(dir) = part(core, "operations").map_err(cannot)? else {
        return Err(no_operation(id));
    };
    let file = if_there(core.disk.open(&dir, name.as_bytes(), Crossing::Stay));
    let file = file.map_err(|error| named(diagnose_open(&error, true)))?;
    let file = file.ok_or_else(|| no_operation(id))?;
    let stat = core.disk.stat(&file).map_err(cannot)?;
    if stat.kind != EntryKind::File {
        return Err(named(stat.kind.not_regular()));
    }
    let mut reader = Reader::default();
    feed(core, (id, &file), &mut reader, each).map_err(cannot)?;
    Ok(LogEnd::of(&reader))
}

pub(super) fn feed<D: Disk>(
    core: &Core<D>,
    (id, file): (&OperationId, &D::File),
    reader: &mut Reader,
    each: EachRecord<'_>,
) -> io::Result<()> {
    let mut is_numbered = false;
    core.in_pieces(file, &mut |piece| {
        reader.feed(piece, &mut |record| {
            if let Record::Began(began) = record {
                is_numbered = began.serial.is_some();
            }
            let Ok(replacing) = parts::understand(id, record) else {
                return false;
            };
            let recorded = replacing.map(|part| Recorded::of(&part, is_numbered).to_bytes());
            let memo = recorded
                .as_ref()
                .map(|(common, own)| Memo { common, own: *own });
            each(record, memo);
            true
        })
    })
}

/// The directory that makes programs refuse to write which know only journals of format 1.
///
/// They take every directory in `staging` for an operation that is not finished, and look for its journal. The name of that journal would be longer than names can be, so the system refuses to look, and they give up and show the name of the operation. Names that are not ids are nobody's to this program.
const GUARD: &str =
    ".a-newer-version-of-migrate-manifests-has-written-here-and-this-version-must-not";
/// The longest names that file systems take: most of them, and those that encrypt names.
const LONGEST_NAMES: [usize; 2] = [Name::MAX_BYTES, 143];

/// Removes the guard again, of a state directory in which nothing was begun.
pub(super) fn remove_guard<D: Disk>(disk: &D, state: &StateDir<D>) -> io::Result<()> {
    for longest in LONGEST_NAMES {
        let guard = plain(&format!("{GUARD:.<longest$}"))?;
        match if_there(disk.remove_dir(&state.staging, guard.name())) {
            Ok(None) => {}
            Err(error) if error.kind() == io::ErrorKind::InvalidFilename => {}
            other => return other.map(drop),
        }
    }
    Ok(())
}

pub(super) fn guard_format<D: Disk>(disk: &D, state: &StateDir<D>) -> io::Result<()> {
    for longest in LONGEST_NAMES {
        let guard = plain(&format!("{GUARD:.<longest$}"))?;
        match make_dir_if_missing(disk, &state.staging, guard.name()) {
            Err(error) if error.kind() == io::ErrorKind::InvalidFilename => {}
            other => return other.map(drop),
        }
    }
    Ok(())
}
