//! Where catalogs are read from, a directory that was named, the state directory, or the binary; and where authors' new files are written.
//!
//! Invariant: a catalog in the state directory is used only if nobody but the caller and root could have written it, and is never passed over in silence.

use std::collections::BTreeMap;
use std::fs::{self, File, Metadata};
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::STATE_DIRECTORY;
use crate::catalog::{Catalog, CatalogError, Source};
use crate::code::Code;
use crate::report::Stop;

/// Loads the catalog of the directory `named`, else the one in the state directory of `tree` where there is a tree, else the built-in one.
///
/// # Errors
/// A catalog is there and cannot be read, is not valid, or is not to be trusted.
pub fn load_catalog(named: Option<&Path>, tree: Option<&Path>) -> Result<Catalog, Stop> {
    let catalog = match find(named, tree)? {
        None => Catalog::built_in(),
        Some(dir) => Catalog::from_files(source(&dir), &read(&dir)?),
    };
    catalog.map_err(|error| Stop::new(error.code(), error.to_string()))
}

/// What a catalog is made of, whether or not it can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogFiles {
    /// Where it comes from.
    pub source: Source,
    /// The texts of its files, fixtures included, by path.
    pub files: BTreeMap<String, String>,
}

impl CatalogFiles {
    /// The catalog.
    ///
    /// # Errors
    /// Everything that is wrong with it, as far as it can be told at once.
    pub fn check(&self) -> Result<Catalog, Vec<CatalogError>> {
        Catalog::check_files(self.source.clone(), &self.files)
    }

    /// The catalog, for whom the first error is enough.
    ///
    /// # Errors
    /// It is not valid.
    pub fn load(&self) -> Result<Catalog, Stop> {
        let catalog = Catalog::from_files(self.source.clone(), &self.files);
        catalog.map_err(|error| Stop::new(error.code(), error.to_string()))
    }
}

/// The files of the catalog that [`load_catalog`] would load, for authors.
///
/// # Errors
/// A catalog is there and cannot be read, or is not to be trusted.
pub fn read_catalog(named: Option<&Path>, tree: Option<&Path>) -> Result<CatalogFiles, Stop> {
    let Some(dir) = find(named, tree)? else {
        let (source, files) = (Source::BuiltIn, Catalog::built_in_files());
        return Ok(CatalogFiles { source, files });
    };
    let mut files = read(&dir)?;
    read_fixtures(&dir, "fixtures", &mut files)?;
    let source = source(&dir);
    Ok(CatalogFiles { source, files })
}

/// Writes the files of a new catalog, or more of them: all, or where one is there already, none.
///
/// # Errors
/// A file is there, or cannot be written.
pub fn write_catalog(dir: &Path, files: &BTreeMap<String, String>) -> Result<(), Stop> {
    for path in files.keys().map(|path| dir.join(path)) {
        if fs::symlink_metadata(&path).is_ok() {
            let message = format!("`{}` is there already", path.display());
            return Err(Stop::new(Code::OutputExists, message));
        }
    }
    for (path, text) in files {
        let path = dir.join(path);
        let parent = path.parent().unwrap_or(dir);
        fs::create_dir_all(parent)
            .and_then(|()| File::create_new(&path)?.write_all(text.as_bytes()))
            .map_err(|error| {
                let message = format!("cannot write `{}`: {error}", path.display());
                Stop::new(Code::OutputFailed, message)
            })?;
    }
    Ok(())
}

/// Puts another text in the place of a catalog's own file, at once.
///
/// # Errors
/// The file is not what it was, is no regular file, or cannot be written.
pub fn change_catalog(dir: &Path, before: &str, after: &str) -> Result<(), Stop> {
    let path = dir.join("catalog.json");
    let failed = |why: &dyn std::fmt::Display| {
        let message = format!("cannot change `{}`: {why}", path.display());
        Stop::new(Code::OutputFailed, message)
    };
    let metadata = fs::symlink_metadata(&path).map_err(|error| failed(&error))?;
    if !metadata.is_file() {
        return Err(failed(&"it is no regular file"));
    }
    if fs::read_to_string(&path).map_err(|error| failed(&error))? != before {
        return Err(failed(&"somebody changed it meanwhile"));
    }
    let beside = dir.join("catalog.json.new");
    let file = File::create_new(&beside).map_err(|error| failed(&error))?;
    let write = |mut file: File| {
        file.set_permissions(metadata.permissions())?;
        file.write_all(after.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, &path)
    };
    write(file).map_err(|error| {
        // Left behind it does no harm: no catalog has a file of that name.
        fs::remove_file(&beside).unwrap_or_default();
        failed(&error)
    })
}

fn source(dir: &Path) -> Source {
    Source::Directory(dir.display().to_string())
}

/// The directory of the catalog; `None` is the built-in one.
fn find(named: Option<&Path>, tree: Option<&Path>) -> Result<Option<PathBuf>, Stop> {
    if let Some(dir) = named {
        return Ok(Some(dir.to_owned()));
    }
    let Some(tree) = tree else {
        return Ok(None);
    };
    let dir = tree.join(STATE_DIRECTORY).join("catalog");
    let untrusted = |why: String| {
        let message = format!("the catalog `{}` {why}", dir.display());
        Err(Stop::new(Code::CatalogUntrusted, message))
    };
    match fs::symlink_metadata(&dir) {
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => untrusted(format!("cannot be looked for: {error}")),
        Ok(_) => match find_untrusted_on_the_way(&dir) {
            Ok(None) => Ok(Some(dir)),
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
fn read(dir: &Path) -> Result<BTreeMap<String, String>, Stop> {
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
    Ok(files)
}

/// Reads the JSON files at and below `path` in a catalog's directory, if there are any.
fn read_fixtures(dir: &Path, path: &str, files: &mut BTreeMap<String, String>) -> Result<(), Stop> {
    let place = dir.join(path);
    let entries = match fs::read_dir(&place) {
        Err(error) if is_absent(&error) => return Ok(()),
        other => other.map_err(|error| unreadable(&place, &error))?,
    };
    for entry in entries {
        let entry = entry.map_err(|error| unreadable(&place, &error))?;
        let Some(name) = entry.file_name().to_str().map(str::to_owned) else {
            continue;
        };
        let (path, place) = (format!("{path}/{name}"), entry.path());
        let kind = entry
            .file_type()
            .map_err(|error| unreadable(&place, &error))?;
        if kind.is_dir() {
            read_fixtures(dir, &path, files)?;
        } else if place.extension().is_some_and(|end| end == "json") {
            let text = fs::read_to_string(&place).map_err(|error| unreadable(&place, &error))?;
            files.insert(path, text);
        }
    }
    Ok(())
}

fn unreadable(path: &Path, error: &io::Error) -> Stop {
    let message = format!("cannot read `{}`: {error}", path.display());
    Stop::new(Code::CatalogInvalid, message)
}
