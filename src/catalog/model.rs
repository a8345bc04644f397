//! The catalog: its name and source, its kinds, and the bundle that its digest is taken of.
//!
//! Made from texts by the loader; opens no file.
//!
//! Invariant: a [`Catalog`] is checked, and its digest covers everything in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::dimensions::Dimension;
use super::error::{CatalogError, CatalogProblem, unknown_kind};
use super::kind::Kind;
use super::layout::{BUILT_IN_NAME, CATALOG};
use super::migration::Migration;
use super::place::Place;
use super::{built_in, layout, loader};
use crate::digest::Digest;
use crate::form::ObjectProblem;
use crate::json::{Fragment, Text, Value};
use crate::version::Version;

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
    dimensions: Vec<Dimension>,
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
        Self::from_files(Source::BuiltIn, &Self::built_in_files())
    }

    /// The files of that catalog, by path.
    #[must_use]
    pub fn built_in_files() -> BTreeMap<String, String> {
        built_in::files()
    }

    /// The catalog that consists of `files`: path in the catalog's directory, with `/`, to text.
    ///
    /// Reads `catalog.json`, `migrations/*.json` and the schemas that kinds name, and where they extend a catalog, the files of that one, too. What else a catalog may have (other files in `schemas/`, `fixtures/`, `rollout.json`, files that are not JSON) takes no part in the digest.
    ///
    /// # Errors
    /// The first thing that is wrong, with file and place.
    pub fn from_files(
        source: Source,
        files: &BTreeMap<String, String>,
    ) -> Result<Self, CatalogError> {
        Self::check_files(source, files).map_err(first)
    }

    /// As [`from_files`](Self::from_files), for authors.
    ///
    /// # Errors
    /// Everything that is wrong, as far as it can be told at once; there is at least one error.
    pub fn check_files(
        source: Source,
        files: &BTreeMap<String, String>,
    ) -> Result<Self, Vec<CatalogError>> {
        for path in files.keys() {
            layout::takes_part(path).map_err(|error| vec![error])?;
        }
        let mut files = files.clone();
        if let Some(base) = loader::base(&files).map_err(|error| vec![error])? {
            let more = Self::built_in_files().into_iter();
            files.extend(more.map(|(path, text)| (format!("{base}/{path}"), text)));
        }
        Self::of(source, files)
    }

    /// The catalog of `files`, with those of the one that it extends below the name of that one.
    fn of(source: Source, files: BTreeMap<String, String>) -> Result<Self, Vec<CatalogError>> {
        let (mut used, mut others) = (BTreeMap::new(), BTreeMap::new());
        for (path, text) in files {
            let takes_part =
                layout::takes_part(layout::within(&path)).map_err(|error| vec![error])?;
            let group = if takes_part { &mut used } else { &mut others };
            group.insert(path, text);
        }
        let contents = loader::read(&used, &others)?;
        others.retain(|path, _| contents.schemas.contains(path));
        used.append(&mut others);
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
            dimensions: contents.dimensions,
        })
    }

    /// The catalog that a bundle holds.
    ///
    /// # Errors
    /// The bundle is no bundle, or names migrations that were compiled into a program, or what it holds is no catalog.
    pub fn from_bundle(source: Source, bundle: &str) -> Result<Self, CatalogError> {
        let files = loader::read_bundle(bundle)?;
        if let Some(path) = files.keys().find(|path| path.starts_with(COMPILED)) {
            return Err(CatalogError {
                place: Place::File(path.clone()),
                problem: CatalogProblem::CompiledIn,
            });
        }
        loader::base(&files)?;
        Self::of(source, files).map_err(first)
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
            return Err(whole(ObjectProblem::empty("summary").into()));
        }
        let known = self.kinds.iter().map(|kind| kind.name.clone()).collect();
        let Some(found) = self.kinds.iter_mut().find(|found| found.name == kind) else {
            return Err(whole(unknown_kind(kind, known)));
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

    /// The text of one of its files, those of the catalog that it extends included.
    #[must_use]
    pub fn file(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// The text of the schema for a version of a kind, where there is one.
    #[must_use]
    pub fn schema(&self, kind: &str, version: &Version) -> Option<&str> {
        let version = version.to_string();
        let base = format!("{BUILT_IN_NAME}/");
        ["", &base].into_iter().find_map(|folder| {
            let text = self.file(&format!("{folder}{CATALOG}"))?;
            let text = Text::scan(text.as_bytes()).ok()?;
            let schemas = text.root().get("kinds")?.get(kind)?.get("schemas")?;
            let path = schemas.get(&version)?.as_str()?.into_owned();
            self.file(&format!("{folder}{path}"))
        })
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

    /// The members that are columns of an index, those of the catalog that it extends first.
    #[must_use]
    pub fn dimensions(&self) -> &[Dimension] {
        &self.dimensions
    }

    /// The latest version, where all kinds have the same.
    #[must_use]
    pub fn latest(&self) -> Option<&Version> {
        let mut latest = self.kinds.iter().map(|kind| kind.registry.latest());
        let first = latest.next()?;
        latest.all(|other| other == first).then_some(first)
    }

    /// The kinds whose manifests have exactly this file name, with their indices.
    pub fn kinds_named(&self, file_name: &[u8]) -> impl Iterator<Item = (usize, &Kind)> {
        let kinds = self.kinds.iter().enumerate();
        kinds.filter(move |(_, kind)| kind.file.as_bytes() == file_name)
    }

    /// The index of the kind that a document in a file of this name is of.
    #[must_use]
    pub fn kind_of(&self, file_name: &[u8], document: Value<'_>) -> Option<usize> {
        let mut kinds = self.kinds_named(file_name);
        let (index, _) = kinds.find(|(_, kind)| kind.fits(document))?;
        Some(index)
    }

    /// The file names of manifests, each once.
    #[must_use]
    pub fn file_names(&self) -> Vec<&str> {
        let names: BTreeSet<_> = self.kinds.iter().map(|kind| kind.file.as_str()).collect();
        names.into_iter().collect()
    }
}

fn first(errors: Vec<CatalogError>) -> CatalogError {
    let nothing = CatalogError {
        place: Place::Catalog,
        problem: CatalogProblem::NoCatalogFile,
    };
    errors.into_iter().next().unwrap_or(nothing)
}

fn bundle_of(files: &BTreeMap<String, String>) -> String {
    let members = files
        .iter()
        .map(|(path, text)| (path.as_str(), Fragment::string(text)));
    let members: Vec<_> = members.collect();
    Fragment::object(&members).as_str().to_owned()
}
