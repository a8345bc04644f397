//! Adds a version to a catalog in a directory, or begins one there.
//! Invariant: if the version cannot be added, nothing is written.

use std::path::Path;

use super::catalogs::{BUILT_IN, CatalogFiles, change_catalog, read_catalog, write_catalog};
use super::named::exists;
use crate::catalog::skeleton::{self, NewSchema};
use crate::catalog::{Kind, Source, choose_kind};
use crate::code::Code;
use crate::rehearsal::{NewVersion, begin};
use crate::report::Stop;
use crate::version::Version;

/// A version that was added to a catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddedVersion {
    /// Its files.
    pub begun: NewVersion,
    /// The result of naming its schema in the catalog file; the error is what the author has to do by hand. `None` if there is no schema.
    pub changed: Option<Result<(), String>>,
}

/// Adds a version of a kind to the catalog in `dir`. A catalog that is not there yet is begun: it extends the built-in one.
///
/// # Errors
/// The catalog cannot be read, the kind must be named, the version is not above the latest, or a file cannot be written.
pub fn add_version(
    dir: &Path,
    version: &Version,
    kind: Option<&str>,
) -> Result<AddedVersion, Stop> {
    let refused = |message: String, hint: &str| Stop {
        hint: Some(hint.to_owned()),
        ..Stop::new(Code::Usage, message)
    };
    if dir.as_os_str() == BUILT_IN {
        let message = "--catalog built-in names the built-in catalog, which cannot be changed";
        return Err(refused(
            message.to_owned(),
            "give ./built-in, or another name",
        ));
    }
    let is_there = exists(&dir.join("catalog.json"));
    let files = if is_there {
        read_catalog(Some(dir), None)?
    } else {
        CatalogFiles {
            source: Source::Directory(dir.display().to_string()),
            files: skeleton::extension(&name_of(dir)),
        }
    };
    let catalog = files.load()?;
    let kind = choose_kind(&catalog, kind, None)?;
    let index = catalog.kinds().iter().position(|one| one.name == kind.name);
    let begun = index.and_then(|index| begin(&catalog, &files.files, index, version));
    let mut begun = begun.ok_or_else(|| {
        let (latest, name) = (kind.registry.latest(), &kind.name);
        let message =
            format!("`{version}` is not above `{latest}`, the latest version of kind `{name}`");
        refused(message, "give a version above it")
    })?;
    if !is_there {
        begun.files.extend(files.files.clone());
    }
    write_catalog(dir, &begun.files)?;
    let own = files.files.get("catalog.json").map_or("", String::as_str);
    let changed = begun.schema.as_ref().map(|schema| {
        let named = name_schema(dir, own, schema);
        named.map_err(|why| format!("{why}. {}", by_hand(version, schema, kind)))
    });
    Ok(AddedVersion { begun, changed })
}

fn name_schema(dir: &Path, own: &str, schema: &NewSchema) -> Result<(), String> {
    match &schema.catalog {
        Some(text) => change_catalog(dir, own, text).map_err(|stop| stop.message),
        None => Err("there is no place for it".to_owned()),
    }
}

fn by_hand(version: &Version, schema: &NewSchema, kind: &Kind) -> String {
    let (path, name) = (&schema.path, &kind.name);
    format!("Add \"{version}\": \"{path}\" to `schemas` of kind `{name}` there")
}

fn name_of(dir: &Path) -> String {
    let name = dir
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_else(|| "catalog".to_owned())
}
