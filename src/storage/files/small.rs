//! Small files of the state: how they are read and replaced; the tree's catalog, which others may write, and the copies of catalogs that operations used.
//! Invariant: the tree's catalog is read only if nobody but the caller and root could have written it.

use std::io;
use std::path::{Path, PathBuf};

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use super::core::Core;
use super::disk::{Crossing, Disk, Stat};
use super::error::{if_there, is_absent, is_link_loop};
use super::names::STATE_DIRECTORY;
use crate::code::Code;
use crate::path::{FileName, Name};
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
    let file = bytes.map(|bytes| (path.to_owned(), bytes));
    Ok(file.into_iter().collect())
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
    let mut files = StateFiles::new();
    match read_trusted(core, &shown, &mut files) {
        Ok(()) => Ok(files),
        Err(Distrust::Of(what)) => Err(untrusted(format!("is not trusted: {what}"))),
        Err(Distrust::Error(error)) => Err(untrusted(format!("cannot be looked through: {error}"))),
    }
}

/// The reason why a catalog is not read.
enum Distrust {
    /// Something that somebody else could have written.
    Of(String),
    Error(io::Error),
}

impl From<io::Error> for Distrust {
    fn from(error: io::Error) -> Self {
        Self::Error(error)
    }
}

/// Reads all of the catalog, which messages show as `shown`. Who could write to the state directory could put another catalog in its place.
fn read_trusted<D: Disk>(
    core: &Core<D>,
    shown: &Path,
    files: &mut StateFiles,
) -> Result<(), Distrust> {
    let disk = &core.disk;
    let state = disk.open_dir(&core.root, STATE_DIRECTORY.as_bytes(), Crossing::Stay)?;
    let above = shown.parent().unwrap_or(shown);
    trust(disk.caller(), &disk.stat_dir(&state)?, above)?;
    let name = Name::constant(CATALOG);
    trust(disk.caller(), &disk.stat_at(&state, name)?, shown)?;
    let dir = disk.open_dir(&state, name.as_bytes(), Crossing::Stay)?;
    read_directory(disk, &dir, (shown, ""), files)
}

fn read_directory<D: Disk>(
    disk: &D,
    dir: &D::Dir,
    (shown, at): (&Path, &str),
    files: &mut StateFiles,
) -> Result<(), Distrust> {
    let mut names = Vec::new();
    let fresh = disk.open_dir(dir, b"", Crossing::Stay)?;
    disk.list(&fresh, &mut |name, _| names.push(name.to_vec()))?;
    names.sort_unstable();
    for name in names.iter().filter_map(|name| Name::new(name)) {
        let path = match at {
            "" => name.to_string(),
            at => format!("{at}/{name}"),
        };
        let stat = disk.stat_at(dir, name)?;
        trust(disk.caller(), &stat, &shown.join(&path))?;
        if stat.kind == EntryKind::Directory {
            let inner = disk.open_dir(dir, name.as_bytes(), Crossing::Stay)?;
            read_directory(disk, &inner, (shown, &path), files)?;
        } else if name.as_bytes().ends_with(b".json") {
            let bytes = read_small(disk, dir, name)?.unwrap_or_default();
            files.insert(path, bytes);
        }
    }
    Ok(())
}

fn trust(caller: u32, stat: &Stat, shown: &Path) -> Result<(), Distrust> {
    let why = if !matches!(stat.kind, EntryKind::Directory | EntryKind::File) {
        "is neither a directory nor a regular file"
    } else if stat.owner != caller && stat.owner != 0 {
        "belongs to somebody else"
    } else if stat.mode & 0o022 != 0 {
        "can be written to by others"
    } else {
        return Ok(());
    };
    Err(Distrust::Of(format!("`{}` {why}", shown.display())))
}

const MAX_SMALL_BYTES: usize = 64 * 1024 * 1024;

pub(super) fn read_small<D: Disk>(
    disk: &D,
    dir: &D::Dir,
    name: Name<'_>,
) -> io::Result<Option<Vec<u8>>> {
    let Some(file) = if_there(disk.open(dir, name.as_bytes(), Crossing::Stay))? else {
        return Ok(None);
    };
    let stat = disk.stat(&file)?;
    if stat.kind != EntryKind::File {
        return Err(io::Error::other(format!("it is {}", stat.kind.words())));
    }
    let mut bytes = Vec::new();
    let size = usize::try_from(stat.size).unwrap_or(usize::MAX);
    if size > MAX_SMALL_BYTES {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    disk.read(&file, &mut bytes, size, MAX_SMALL_BYTES)?;
    Ok(Some(bytes))
}

/// Writes a small file whole beside the old one, makes its content durable and puts it in its place. The name is durable with the next flush of the directory.
pub(super) fn replace_small<D: Disk>(
    disk: &D,
    dir: &D::Dir,
    name: Name<'_>,
    bytes: &[u8],
) -> io::Result<()> {
    remove_draft(disk, dir, name)?;
    let draft = draft_of(name)?;
    let file = disk.create(dir, draft.name())?;
    let replaced = disk
        .write(&file, bytes)
        .and_then(|()| disk.sync_file(&file))
        .and_then(|()| disk.rename_over((dir, draft.name()), (dir, name)));
    replaced.inspect_err(|_| {
        // What failed is told; a draft that stays is taken away the next time.
        let _stays = disk.unlink(dir, draft.name());
    })
}

pub(super) fn remove_draft<D: Disk>(disk: &D, dir: &D::Dir, name: Name<'_>) -> io::Result<()> {
    if_there(disk.unlink(dir, draft_of(name)?.name())).map(drop)
}

fn draft_of(name: Name<'_>) -> io::Result<FileName> {
    FileName::new(&format!(".{name}")).ok_or_else(|| io::ErrorKind::InvalidFilename.into())
}
