//! Small files of the state that others may write: the tree's catalog, and the copies of catalogs that operations used.
//! Invariant: the tree's catalog is read only if nobody but the caller and root could have written it.

use std::io;
use std::path::{Path, PathBuf};

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use super::core::Core;
use super::disk::{Crossing, Disk, Stat};
use super::error::{is_absent, is_link_loop};
use super::names::STATE_DIRECTORY;
use super::state::read_small;
use crate::code::Code;
use crate::path::Name;
use crate::report::Stop;
use crate::storage::values::{EntryKind, StateFiles};

const CATALOG: &str = "catalog";

pub(super) fn read<D: Disk>(core: &Core<D>, path: &str) -> Result<StateFiles, Stop> {
    if path == CATALOG {
        return read_catalog(core);
    }
    let shown = shown(core, path);
    let cannot = |error: io::Error| {
        Stop::new(
            Code::StateUnusable,
            format!("cannot read `{}`: {error}", shown.display()),
        )
    };
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let Some(name) = Name::new(name.as_bytes()) else {
        return Ok(StateFiles::new());
    };
    let dir = core.disk.open_dir(
        &core.root,
        format!("{STATE_DIRECTORY}/{folder}")
            .trim_end_matches('/')
            .as_bytes(),
        Crossing::Stay,
    );
    let dir = match dir {
        Err(error) if is_absent(&error) => return Ok(StateFiles::new()),
        other => other.map_err(cannot)?,
    };
    let bytes = read_small(&core.disk, &dir, name).map_err(cannot)?;
    Ok(bytes
        .map(|bytes| (path.to_owned(), bytes))
        .into_iter()
        .collect())
}

fn shown<D: Disk>(core: &Core<D>, path: &str) -> PathBuf {
    let tree = Path::new(OsStr::from_bytes(&core.tree));
    tree.join(STATE_DIRECTORY).join(path)
}

fn read_catalog<D: Disk>(core: &Core<D>) -> Result<StateFiles, Stop> {
    let shown = shown(core, CATALOG);
    let untrusted = |why: String| {
        let message = format!("the catalog `{}` {why}", shown.display());
        Stop::new(Code::CatalogUntrusted, message)
    };
    let path = format!("{STATE_DIRECTORY}/{CATALOG}");
    match core.disk.stat_below(&core.root, path.as_bytes(), false) {
        // Where the state directory is a link, nothing in it is looked at.
        Err(error) if is_absent(&error) || is_link_loop(&error) => return Ok(StateFiles::new()),
        Err(error) => return Err(untrusted(format!("cannot be looked for: {error}"))),
        Ok(_) => {}
    }
    let mut catalog = Reading {
        core,
        shown: shown.clone(),
        files: StateFiles::new(),
    };
    match catalog.all() {
        Ok(None) => Ok(catalog.files),
        Ok(Some(what)) => Err(untrusted(format!("is not trusted: {what}"))),
        Err(error) => Err(untrusted(format!("cannot be looked through: {error}"))),
    }
}

struct Reading<'c, D: Disk> {
    core: &'c Core<D>,
    shown: PathBuf,
    files: StateFiles,
}

impl<D: Disk> Reading<'_, D> {
    /// Reads all of it; gives the first thing that somebody else could have written. Who could write to the state directory could put another catalog in its place.
    fn all(&mut self) -> io::Result<Option<String>> {
        let disk = &self.core.disk;
        let state = disk.open_dir(&self.core.root, STATE_DIRECTORY.as_bytes(), Crossing::Stay)?;
        if let Some(why) = distrust(disk.caller(), &disk.stat_dir(&state)?) {
            let shown = self.shown.parent().unwrap_or(&self.shown);
            return Ok(Some(format!("`{}` {why}", shown.display())));
        }
        let name = Name::constant(CATALOG);
        if let Some(why) = distrust(disk.caller(), &disk.stat_at(&state, name)?) {
            return Ok(Some(format!("`{}` {why}", self.shown.display())));
        }
        let dir = disk.open_dir(&state, name.as_bytes(), Crossing::Stay)?;
        self.directory(&dir, "")
    }

    fn directory(&mut self, dir: &D::Dir, at: &str) -> io::Result<Option<String>> {
        let disk = &self.core.disk;
        let mut names = Vec::new();
        let fresh = disk.open_dir(dir, b"", Crossing::Stay)?;
        disk.list(&fresh, &mut |name, _| names.push(name.to_vec()))?;
        names.sort_unstable();
        for name in &names {
            let Some(name) = Name::new(name) else {
                continue;
            };
            let path = match at {
                "" => name.to_string(),
                at => format!("{at}/{name}"),
            };
            let stat = disk.stat_at(dir, name)?;
            if let Some(why) = distrust(disk.caller(), &stat) {
                let shown = self.shown.join(&path);
                return Ok(Some(format!("`{}` {why}", shown.display())));
            }
            if stat.kind == EntryKind::Directory {
                let inner = disk.open_dir(dir, name.as_bytes(), Crossing::Stay)?;
                let found = self.directory(&inner, &path)?;
                if found.is_some() {
                    return Ok(found);
                }
            } else if name.as_bytes().ends_with(b".json") {
                let bytes = read_small(disk, dir, name)?.unwrap_or_default();
                self.files.insert(path, bytes);
            }
        }
        Ok(None)
    }
}

fn distrust(caller: u32, stat: &Stat) -> Option<&'static str> {
    if !matches!(stat.kind, EntryKind::Directory | EntryKind::File) {
        Some("is neither a directory nor a regular file")
    } else if stat.owner != caller && stat.owner != 0 {
        Some("belongs to somebody else")
    } else if stat.mode & 0o022 != 0 {
        Some("can be written to by others")
    } else {
        None
    }
}
