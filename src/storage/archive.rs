//! What operations left behind, read back: journals, catalogs, backups; and the files that runs name.
//!
//! Reads only, and never through a link.
//!
//! Invariant: no file is opened whose name leads out of the directory that it is meant to be in.

use std::io;

use super::disk::{Crossing, Disk, EntryKind};
use super::file_system::{Core, open_trouble};
use super::state::journal_name;
use super::walk::not_regular;
use super::{Backup, STATE_DIRECTORY, trouble_of};
use crate::code::Code;
use crate::digest::Digest;
use crate::path::TreePath;
use crate::report::Diagnosis;

/// How much of a file is read at once.
const PIECE_BYTES: usize = 256 * 1024;
/// How much of it at first.
const FIRST_PIECE_BYTES: usize = 16 * 1024;

/// A part of the state directory; `None` where it is not there.
fn part<D: Disk>(core: &Core<D>, name: &str) -> io::Result<Option<D::Dir>> {
    let path = format!("{STATE_DIRECTORY}/{name}");
    match core
        .disk
        .open_dir(&core.root, path.as_bytes(), Crossing::Stay)
    {
        Ok(dir) => Ok(Some(dir)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

pub(super) fn operations<D: Disk>(core: &Core<D>) -> Result<Vec<String>, Diagnosis> {
    let mut ids = Vec::new();
    let listed = part(core, "operations").and_then(|dir| {
        let Some(dir) = dir else { return Ok(()) };
        core.disk.list(&dir, &mut |name, _| {
            let id = std::str::from_utf8(name)
                .ok()
                .and_then(|name| name.strip_suffix(".jsonl"));
            ids.extend(id.map(str::to_owned));
        })
    });
    match listed {
        Ok(()) => {
            ids.sort_by(|one, two| order(one).cmp(&order(two)));
            Ok(ids)
        }
        Err(error) => Err(Diagnosis {
            code: Code::StateUnreadable,
            path: None,
            message: trouble_of("cannot list the journals", &error).message,
        }),
    }
}

/// An id is a start and a serial number: `-10` comes after `-9`.
fn order(id: &str) -> (&str, u64, &str) {
    let parts = id
        .rsplit_once('-')
        .and_then(|(start, serial)| Some((start, serial.parse().ok()?)));
    let (start, serial) = parts.unwrap_or((id, 0));
    (start, serial, id)
}

pub(super) fn journal<D: Disk>(
    core: &Core<D>,
    id: &str,
    feed: &mut dyn FnMut(&[u8]),
) -> Result<(), Diagnosis> {
    let unknown = || {
        Diagnosis::new(
            Code::OperationUnknown,
            format!("no operation has the id `{id}`"),
        )
    };
    let name = journal_name(id);
    let is_name = TreePath::new(name.as_bytes()).is_some_and(|path| path.parent().is_empty());
    let cannot =
        |error: io::Error| trouble_of(&format!("cannot read the journal `{name}`"), &error);
    let dir = part(core, "operations").map_err(cannot)?;
    let Some(dir) = dir.filter(|_| is_name) else {
        return Err(unknown());
    };
    let file = match core.disk.open(&dir, name.as_bytes(), Crossing::Stay) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(unknown()),
        Err(error) => return Err(named(&name, &open_trouble(&error))),
        Ok(file) => file,
    };
    let stat = core.disk.stat(&file).map_err(cannot)?;
    if stat.kind != EntryKind::File {
        return Err(named(&name, &not_regular(stat.kind)));
    }
    let mut all = |piece: &[u8]| {
        feed(piece);
        true
    };
    in_pieces(&core.disk, &file, &mut all).map_err(cannot)
}

/// The trouble with a journal, which it names.
fn named(name: &str, trouble: &Diagnosis) -> Diagnosis {
    Diagnosis::new(
        trouble.code,
        format!("the journal `{name}`: {}", trouble.message),
    )
}

/// Gives a file to `each` in pieces, the first ones small, because most files are.
fn in_pieces<D: Disk>(
    disk: &D,
    file: &D::File,
    each: &mut dyn FnMut(&[u8]) -> bool,
) -> io::Result<()> {
    let (mut piece, mut offset, mut most) = (Vec::new(), 0, FIRST_PIECE_BYTES);
    loop {
        piece.clear();
        disk.read_part(file, offset, &mut piece, most)?;
        if piece.is_empty() {
            return Ok(());
        }
        most = PIECE_BYTES.min(most * 4);
        offset += piece.len() as u64;
        if !each(&piece) {
            return Ok(());
        }
    }
}

pub(super) fn kept_catalog<D: Disk>(
    core: &Core<D>,
    digest: Digest,
) -> Result<Option<String>, Diagnosis> {
    let name = format!("{digest}.json");
    let cannot =
        |error: io::Error| trouble_of(&format!("cannot read the catalog `{name}`"), &error);
    let Some(dir) = part(core, "catalogs").map_err(cannot)? else {
        return Ok(None);
    };
    let file = match core.disk.open(&dir, name.as_bytes(), Crossing::Stay) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(cannot)?,
    };
    let mut bytes = Vec::new();
    in_pieces(&core.disk, &file, &mut |piece| {
        bytes.extend_from_slice(piece);
        true
    })
    .map_err(cannot)?;
    match String::from_utf8(bytes) {
        Ok(text) if Digest::of(text.as_bytes()) == digest => Ok(Some(text)),
        _ => Err(Diagnosis::new(
            Code::KeptChanged,
            format!(
                "`{STATE_DIRECTORY}/catalogs/{name}` does not have the digest that is its name"
            ),
        )),
    }
}

pub(super) fn backups<D: Disk>(core: &Core<D>, path: &TreePath) -> Result<Vec<Backup>, Diagnosis> {
    let disk = &core.disk;
    let cannot = |error: io::Error| trouble_of("cannot list the run directory", &error);
    let dir = disk
        .open_dir(&core.root, path.parent(), core.crossing)
        .map_err(cannot)?;
    let plain = [path.file_name(), b".backup"].concat();
    let mut names = Vec::new();
    disk.list(&dir, &mut |name, _| {
        let rest = name.strip_prefix(plain.as_slice());
        if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b".")) {
            names.extend(std::str::from_utf8(name).map(str::to_owned));
        }
    })
    .map_err(cannot)?;
    names.sort_unstable();
    names
        .into_iter()
        .map(|name| {
            let stat = disk.stat_at(&dir, name.as_bytes()).map_err(cannot)?;
            Ok(Backup {
                name,
                is_regular: stat.kind == EntryKind::File,
                size: stat.size,
            })
        })
        .collect()
}

pub(super) fn read_below<D: Disk>(
    core: &Core<D>,
    manifest: &TreePath,
    name: &str,
    feed: &mut dyn FnMut(&[u8]) -> bool,
) -> Result<(), Diagnosis> {
    let disk = &core.disk;
    let Some(below) = TreePath::new(name.as_bytes()) else {
        return Err(Diagnosis::new(
            Code::LeadsOut,
            format!("`{name}` does not name a file below the run directory"),
        ));
    };
    let cannot = |error: io::Error| trouble_of(&format!("cannot read `{name}`"), &error);
    let dir = disk
        .open_dir(&core.root, manifest.parent(), core.crossing)
        .map_err(cannot)?;
    let file = disk
        .open(&dir, below.as_bytes(), Crossing::Stay)
        .map_err(|error| open_trouble(&error))?;
    let stat = disk.stat(&file).map_err(cannot)?;
    if stat.kind != EntryKind::File {
        return Err(not_regular(stat.kind));
    }
    in_pieces(disk, &file, feed).map_err(cannot)
}
