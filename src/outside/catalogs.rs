//! Loads catalogs: from a directory, from the state of the tree, or the built-in one. Writes the files of authors.
//!
//! Invariant: an existing catalog is used or refused, never skipped silently.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use crate::catalog::{Catalog, CatalogError, Source};
use crate::code::Code;
use crate::json::MAX_BYTES;
use crate::report::Stop;
use crate::storage::{STATE_DIRECTORY, Storage};

/// The tree in whose state a catalog is looked for: its storage, and its path for people.
pub type TreeOfCatalog<'t> = (&'t dyn Storage, &'t Path);

/// The name that stands for the built-in catalog; a directory of this name is `./built-in`.
pub const BUILT_IN: &str = "built-in";

/// Loads the catalog of the directory `named`, which may be [`BUILT_IN`], else the one in the state of the tree, else the built-in one.
///
/// # Errors
/// A catalog is there and cannot be read, is not valid, or is not to be trusted.
pub fn load_catalog(
    named: Option<&Path>,
    tree: Option<TreeOfCatalog<'_>>,
) -> Result<Catalog, Stop> {
    find(named, tree, false)?.load()
}

/// The files of a catalog, which may be invalid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogFiles {
    /// The source of the files.
    pub source: Source,
    /// The texts of its files, fixtures included, by path.
    pub files: BTreeMap<String, String>,
}

impl CatalogFiles {
    /// Loads the catalog.
    ///
    /// # Errors
    /// All errors that can be found at once.
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

/// The files of the catalog that [`load_catalog`] would load, with its fixtures, for authors.
///
/// # Errors
/// A catalog is there and cannot be read, or is not to be trusted.
pub fn read_catalog(
    named: Option<&Path>,
    tree: Option<TreeOfCatalog<'_>>,
) -> Result<CatalogFiles, Stop> {
    find(named, tree, true)
}

fn find(
    named: Option<&Path>,
    tree: Option<TreeOfCatalog<'_>>,
    with_fixtures: bool,
) -> Result<CatalogFiles, Stop> {
    let built_in = || CatalogFiles {
        source: Source::BuiltIn,
        files: Catalog::built_in_files(),
    };
    if let Some(dir) = named {
        if dir.as_os_str() == BUILT_IN {
            return Ok(built_in());
        }
        let source = Source::Directory(dir.display().to_string());
        let files = read(dir, with_fixtures)?;
        return Ok(CatalogFiles { source, files });
    }
    if let Some((storage, path)) = tree {
        let dir = path.join(STATE_DIRECTORY).join("catalog");
        let found = storage.state("catalog")?;
        if !found.is_empty() {
            let source = Source::Directory(dir.display().to_string());
            let files = found
                .into_iter()
                .filter(|(path, _)| is_of_catalog(path, with_fixtures))
                .map(|(path, bytes)| {
                    let text = String::from_utf8(bytes);
                    let text = text.map_err(|error| unreadable(&dir.join(&path), &error));
                    Ok((path, text?))
                });
            let files = files.collect::<Result<BTreeMap<_, _>, Stop>>()?;
            return Ok(CatalogFiles { source, files });
        }
    }
    Ok(built_in())
}

/// Returns true if a catalog can be made of the file at this path, or its fixtures can.
fn is_of_catalog(path: &str, with_fixtures: bool) -> bool {
    let is_json = Path::new(path).extension().is_some_and(|end| end == "json");
    match path.split_once('/') {
        None => path == "catalog.json",
        Some(("migrations" | "schemas", name)) => is_json && !name.contains('/'),
        Some(("fixtures", _)) => is_json && with_fixtures,
        Some(_) => false,
    }
}

/// Writes files of a catalog: all of them, or none if one exists already.
///
/// # Errors
/// A file exists, or cannot be written.
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

/// Replaces the text of a catalog's own file, atomically.
///
/// # Errors
/// The file is not as it was read, is not a regular file, or cannot be written.
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
    let (beside, file) = create_beside(dir).map_err(|error| failed(&error))?;
    let write = |mut file: File| {
        file.set_permissions(metadata.permissions())?;
        file.write_all(after.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, &path)
    };
    write(file).map_err(|error| {
        // Left behind it does no harm: no catalog has a file of that name, and the next one gets another.
        fs::remove_file(&beside).unwrap_or_default();
        failed(&error)
    })
}

/// Makes a file beside the catalog's own, under the first name that is free: an earlier one may have been left by a crash.
fn create_beside(dir: &Path) -> io::Result<(PathBuf, File)> {
    let mut number = 1;
    loop {
        let beside = dir.join(format!("catalog.json.new{number}"));
        match File::create_new(&beside) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            Err(error) => {
                let message = format!("cannot create `{}`: {error}", beside.display());
                return Err(io::Error::new(error.kind(), message));
            }
            Ok(file) => return Ok((beside, file)),
        }
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// Reads `catalog.json`, `migrations/*.json` and `schemas/*.json` of a directory; with fixtures, also the JSON files below `fixtures`.
fn read(dir: &Path, with_fixtures: bool) -> Result<BTreeMap<String, String>, Stop> {
    let mut files = BTreeMap::new();
    files.insert("catalog.json".to_owned(), text(&dir.join("catalog.json"))?);
    for folder in ["migrations", "schemas"] {
        read_folder(dir, folder, false, &mut files)?;
    }
    if with_fixtures {
        read_folder(dir, "fixtures", true, &mut files)?;
    }
    Ok(files)
}

/// Reads the JSON files of a folder, if it is there. A deep folder has folders.
fn read_folder(
    dir: &Path,
    folder: &str,
    is_deep: bool,
    files: &mut BTreeMap<String, String>,
) -> Result<(), Stop> {
    let inner = dir.join(folder);
    let entries = match fs::read_dir(&inner) {
        Err(error) if is_absent(&error) => return Ok(()),
        other => other.map_err(|error| unreadable(&inner, &error))?,
    };
    for entry in entries {
        let entry = entry.map_err(|error| unreadable(&inner, &error))?;
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        let place = entry.path();
        let kind = entry
            .file_type()
            .map_err(|error| unreadable(&place, &error))?;
        if is_deep && kind.is_dir() {
            read_folder(dir, &path, true, files)?;
        } else if place.extension().is_some_and(|end| end == "json") {
            files.insert(path, text(&place)?);
        }
    }
    Ok(())
}

/// The text of a file, or as much of it as shows that it is too large.
fn text(path: &Path) -> Result<String, Stop> {
    let mut text = String::new();
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    let read = file.take(MAX_BYTES as u64 + 1).read_to_string(&mut text);
    read.map_err(|error| unreadable(path, &error))?;
    Ok(text)
}

fn unreadable(path: &Path, error: &dyn std::fmt::Display) -> Stop {
    let message = format!("cannot read `{}`: {error}", path.display());
    Stop::new(Code::CatalogInvalid, message)
}
