//! Where catalogs are read from: a directory that was named, the state directory, or the binary.
//!
//! Invariant: a catalog in the state directory is used only if nobody but the caller and root could have written it, and is never passed over in silence.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::STATE_DIRECTORY;
use crate::catalog::{Catalog, Source};
use crate::code::Code;
use crate::report::Stop;

/// Loads the catalog of the directory `named`, else the one in the state directory of `tree` where there is a tree, else the built-in one.
///
/// # Errors
/// A catalog is there and cannot be read, is not valid, or is not to be trusted.
pub fn load_catalog(named: Option<&Path>, tree: Option<&Path>) -> Result<Catalog, Stop> {
    if let Some(dir) = named {
        return read(dir);
    }
    let built_in =
        || Catalog::built_in().map_err(|error| Stop::new(Code::CatalogInvalid, error.to_string()));
    let Some(tree) = tree else {
        return built_in();
    };
    let dir = tree.join(STATE_DIRECTORY).join("catalog");
    let untrusted = |why: String| {
        let message = format!("the catalog `{}` {why}", dir.display());
        Err(Stop::new(Code::CatalogUntrusted, message))
    };
    match fs::symlink_metadata(&dir) {
        Err(error) if is_absent(&error) => built_in(),
        Err(error) => untrusted(format!("cannot be looked for: {error}")),
        Ok(_) => match find_untrusted_on_the_way(&dir) {
            Ok(None) => read(&dir),
            Ok(Some(what)) => untrusted(format!("is not trusted: {what}")),
            Err(error) => untrusted(format!("cannot be looked through: {error}")),
        },
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// The same, and the state directory itself: who could write to that could put another catalog in its place.
fn find_untrusted_on_the_way(catalog: &Path) -> io::Result<Option<String>> {
    if let Some(state) = catalog.parent()
        && let Some(why) = distrust(&fs::symlink_metadata(state)?)
    {
        return Ok(Some(format!("`{}` {why}", state.display())));
    }
    find_untrusted(catalog)
}

/// The first thing in a catalog that somebody else could have written.
fn find_untrusted(path: &Path) -> io::Result<Option<String>> {
    let metadata = fs::symlink_metadata(path)?;
    if let Some(why) = distrust(&metadata) {
        return Ok(Some(format!("`{}` {why}", path.display())));
    }
    if metadata.is_dir() {
        for entry in fs::read_dir(path)? {
            let found = find_untrusted(&entry?.path())?;
            if found.is_some() {
                return Ok(found);
            }
        }
    }
    Ok(None)
}

fn distrust(metadata: &Metadata) -> Option<&'static str> {
    let caller = rustix::process::geteuid().as_raw();
    if !metadata.is_dir() && !metadata.is_file() {
        Some("is neither a directory nor a regular file")
    } else if metadata.uid() != caller && metadata.uid() != 0 {
        Some("belongs to somebody else")
    } else if metadata.mode() & 0o022 != 0 {
        Some("can be written to by others")
    } else {
        None
    }
}

/// Reads `catalog.json`, `migrations/*.json` and `schemas/*.json` of a directory.
fn read(dir: &Path) -> Result<Catalog, Stop> {
    let unreadable = |path: &Path, error: &io::Error| {
        let message = format!("cannot read `{}`: {error}", path.display());
        Stop::new(Code::CatalogInvalid, message)
    };
    let text = |path: &Path| fs::read_to_string(path).map_err(|error| unreadable(path, &error));
    let mut files = BTreeMap::new();
    files.insert("catalog.json".to_owned(), text(&dir.join("catalog.json"))?);
    for folder in ["migrations", "schemas"] {
        let inner = dir.join(folder);
        let entries = match fs::read_dir(&inner) {
            Err(error) if is_absent(&error) => None,
            other => Some(other.map_err(|error| unreadable(&inner, &error))?),
        };
        for entry in entries.into_iter().flatten() {
            let path = entry.map_err(|error| unreadable(&inner, &error))?.path();
            let name = path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned());
            let end = path.extension().and_then(|end| end.to_str());
            if let (Some(name), Some("json")) = (name, end) {
                files.insert(format!("{folder}/{name}"), text(&path)?);
            }
        }
    }
    Catalog::from_files(Source::Directory(dir.display().to_string()), &files)
        .map_err(|error| Stop::new(Code::CatalogInvalid, error.to_string()))
}
