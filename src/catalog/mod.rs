//! Catalogs: schema versions, the migrations between them and the rules they keep, as data.
//!
//! Takes texts and gives checked values; reads no files and no manifests.
//!
//! Invariant: a [`Catalog`] is checked, and its digest names everything that it says.

mod document;
mod error;
mod file;
mod kind;
mod migration;
mod registry;
mod rules;
mod schemas;
mod snapshots;
pub mod step;

pub use error::{CatalogError, CatalogProblem, Place};
pub(crate) use kind::check_plain;
pub use kind::{DeferredWhen, Kind};
pub use migration::{Migration, NoWayDown};
pub use registry::{Registry, RegistryError, Route};
pub use snapshots::Snapshots;

use std::collections::BTreeMap;
use std::fmt;

use crate::digest::Digest;
use crate::json::Fragment;

/// The files of the built-in catalog, in the format that users write.
const BUILT_IN: &[(&str, &str)] = &[
    ("catalog.json", include_str!("run-manifest/catalog.json")),
    (
        "migrations/1.0.0-1.1.0.json",
        include_str!("run-manifest/migrations/1.0.0-1.1.0.json"),
    ),
    (
        "migrations/1.0.0-1.2.0.json",
        include_str!("run-manifest/migrations/1.0.0-1.2.0.json"),
    ),
    (
        "migrations/1.1.0-1.2.0.json",
        include_str!("run-manifest/migrations/1.1.0-1.2.0.json"),
    ),
];

/// Where bundles say what migrations were compiled in; no file of a catalog is there.
const COMPILED: &str = "compiled/";

/// A set of kinds with their versions and migrations.
#[derive(Debug, Clone)]
pub struct Catalog {
    name: String,
    source: Source,
    digest: Digest,
    bundle: String,
    files: BTreeMap<String, String>,
    kinds: Vec<Kind>,
    opaque: Vec<String>,
    exclude: Vec<String>,
}

/// Where a catalog comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The catalog in the program.
    BuiltIn,
    /// A directory of files, by its path.
    Directory(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn => f.write_str("built in"),
            Self::Directory(path) => f.write_str(path),
        }
    }
}

impl Catalog {
    /// The catalog `run-manifest`, which every program brings along.
    ///
    /// # Errors
    /// None in a program that passed its tests: the data is embedded, and read as any other.
    pub fn built_in() -> Result<Self, CatalogError> {
        let files = BUILT_IN
            .iter()
            .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
        Self::from_files(Source::BuiltIn, &files.collect())
    }

    /// The catalog that consists of `files`: path in the catalog's directory, with `/`, to text.
    ///
    /// Reads `catalog.json`, `migrations/*.json` and the schemas that kinds name. What else a catalog may have (other files in `schemas/`, `fixtures/`, `rollout.json`, files that are not JSON) takes no part in the digest.
    ///
    /// # Errors
    /// The first thing that is wrong, with file and place.
    pub fn from_files(
        source: Source,
        files: &BTreeMap<String, String>,
    ) -> Result<Self, CatalogError> {
        let mut used = BTreeMap::new();
        for (path, text) in files {
            if file::takes_part(path)? {
                used.insert(path.clone(), text.clone());
            }
        }
        let contents = file::read(&used, files)?;
        for path in contents.schemas {
            if let Some(text) = files.get(&path) {
                used.insert(path, text.clone());
            }
        }
        let bundle = bundle_of(&used);
        Ok(Self {
            name: contents.name,
            source,
            digest: Digest::of(bundle.as_bytes()),
            bundle,
            files: used,
            kinds: contents.kinds,
            opaque: contents.opaque,
            exclude: contents.exclude,
        })
    }

    /// The catalog that a bundle holds.
    ///
    /// # Errors
    /// The bundle is no bundle, or names migrations that were compiled into a program, or what it holds is no catalog.
    pub fn from_bundle(source: Source, bundle: &str) -> Result<Self, CatalogError> {
        let files = file::read_bundle(bundle)?;
        if let Some(path) = files.keys().find(|path| path.starts_with(COMPILED)) {
            return Err(CatalogError {
                place: Place::File(path.clone()),
                problem: CatalogProblem::CompiledIn,
            });
        }
        Self::from_files(source, &files)
    }

    /// The same catalog with one more migration, whose transforms a program brings along.
    ///
    /// The digest covers that there is such a migration, its versions, its summary and the names of its transforms, not what their code does: give it another summary or name when that changes.
    ///
    /// # Errors
    /// There is no such kind, the summary is empty, or the migration does not fit into the kind's registry.
    pub fn with_migration(
        mut self,
        kind: &str,
        migration: Migration,
    ) -> Result<Self, CatalogError> {
        let whole = |problem| CatalogError {
            place: Place::Catalog,
            problem,
        };
        if migration.summary.trim().is_empty() {
            let member = "summary".to_owned();
            return Err(whole(CatalogProblem::EmptyText { member }));
        }
        let known = self.kinds.iter().map(|kind| kind.name.clone()).collect();
        let Some(found) = self.kinds.iter_mut().find(|found| found.name == kind) else {
            let found = kind.to_owned();
            return Err(whole(CatalogProblem::UnknownKind { found, known }));
        };
        let names: Vec<_> = migration.transforms.iter().map(|one| one.name()).collect();
        let path = format!("{COMPILED}{kind}/{}-{}.json", migration.from, migration.to);
        let entry = serde_json::json!({
            "from": migration.from, "to": migration.to, "kind": kind,
            "summary": migration.summary, "transforms": names,
        });
        let registry = found.registry.with(migration, found.unversioned.clone());
        found.registry = registry.map_err(|error| {
            let (kind, error) = (kind.to_owned(), Box::new(error));
            whole(CatalogProblem::Registry { kind, error })
        })?;
        self.files.insert(path, entry.to_string());
        self.bundle = bundle_of(&self.files);
        self.digest = Digest::of(self.bundle.as_bytes());
        Ok(self)
    }

    /// What the catalog is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it comes from.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The SHA-256 of the bundle.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// One JSON document that holds every file (path to text, sorted by path), from which the catalog can be made again.
    #[must_use]
    pub fn bundle(&self) -> &str {
        &self.bundle
    }

    /// The kinds, sorted by name. There is at least one.
    #[must_use]
    pub fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    /// The names of directories that are never entered.
    #[must_use]
    pub fn opaque(&self) -> &[String] {
        &self.opaque
    }

    /// The patterns of documents that are not the catalog's, as written.
    #[must_use]
    pub fn exclude(&self) -> &[String] {
        &self.exclude
    }

    /// The index of the kind whose manifests have exactly this file name.
    #[must_use]
    pub fn kind_for_file(&self, name: &[u8]) -> Option<usize> {
        self.file_names().position(|file| file.as_bytes() == name)
    }

    /// The file name of each kind's manifests.
    pub fn file_names(&self) -> impl Iterator<Item = &str> {
        self.kinds.iter().map(|kind| kind.file.as_str())
    }
}

fn bundle_of(files: &BTreeMap<String, String>) -> String {
    let members = files
        .iter()
        .map(|(path, text)| (path.as_str(), Fragment::string(text)));
    let members: Vec<_> = members.collect();
    Fragment::object(&members).as_str().to_owned()
}

#[cfg(test)]
mod tests;
