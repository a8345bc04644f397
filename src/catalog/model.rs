//! The catalog: its name and source, its kinds, and its bundle with the digest.
//! Invariant: a [`Catalog`] is checked, and its digest covers all of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::dimensions::Dimension;
use super::error::{CatalogError, CatalogProblem, of_registry, unknown_kind};
use super::kind::Kind;
use super::layout::{BUILT_IN_NAME, CATALOG};
use super::migration::Migration;
use super::place::Place;
use super::source_file::SourceFile;
use super::{built_in, layout, loader};
use crate::digest::Digest;
use crate::form::ObjectProblem;
use crate::json::{Fragment, Text, Value};
use crate::version::Version;

/// The folder of a bundle for compiled migrations. No catalog has files there.
const COMPILED: &str = "compiled/";

/// A set of kinds, with their versions, migrations and rules.
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

/// The source of a catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The catalog in this program.
    BuiltIn,
    /// A directory, by its path.
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
    /// The built-in catalog `run-manifest`.
    ///
    /// # Errors
    /// Never, in a program that passed its tests.
    pub fn built_in() -> Result<Self, CatalogError> {
        Self::from_files(Source::BuiltIn, &Self::built_in_files())
    }

    /// The files of the built-in catalog, by path.
    pub fn built_in_files() -> BTreeMap<String, String> {
        built_in::files()
    }

    /// Reads a catalog from `files`: a text for each path in its directory.
    ///
    /// The digest covers `catalog.json`, `migrations/*.json`, the schemas that kinds name, and the same files of an extended catalog. It does not cover other files in `schemas/`, `fixtures/`, `rollout.json`, and files that are not JSON.
    ///
    /// # Errors
    /// The first problem, with file and place.
    pub fn from_files(
        source: Source,
        files: &BTreeMap<String, String>,
    ) -> Result<Self, CatalogError> {
        Self::check_files(source, files).map_err(first)
    }

    /// Does the same as [`from_files`](Self::from_files), but reports more problems.
    ///
    /// # Errors
    /// All problems that can be found at once, at least one.
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

    /// Reads a catalog from `files`; those of its base are in a folder with the name of the base.
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

    /// Reads a catalog from its bundle.
    ///
    /// # Errors
    /// The text is no bundle of a valid catalog, or it names migrations that were compiled into a program.
    pub fn from_bundle(source: Source, bundle: &str) -> Result<Self, CatalogError> {
        let files: BTreeMap<String, String> = SourceFile::read("bundle", bundle)?.form()?;
        if let Some(path) = files.keys().find(|path| path.starts_with(COMPILED)) {
            return Err(CatalogError {
                place: Place::File(path.clone()),
                problem: CatalogProblem::CompiledIn,
            });
        }
        loader::base(&files)?;
        Self::of(source, files).map_err(first)
    }

    /// The same catalog with one more migration, whose transforms are part of a program.
    ///
    /// The digest covers the versions, the summary and the names of the transforms, but not their code. If the code changes, change the summary or a name, too.
    ///
    /// # Errors
    /// The catalog has no such kind, the summary is empty, or the migration does not fit to the others.
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
        found.registry = registry.map_err(|error| whole(of_registry(kind, error)))?;
        self.files.insert(path, entry.to_string());
        self.bundle = bundle_of(&self.files);
        self.digest = Digest::of(self.bundle.as_bytes());
        Ok(self)
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The source.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The SHA-256 of the bundle.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// One JSON document with all files (path to text, sorted by path), from which [`from_bundle`](Self::from_bundle) reads the catalog again.
    pub fn bundle(&self) -> &str {
        &self.bundle
    }

    /// The text of a file of the catalog. Files of its base are in a folder with the name of the base.
    pub fn file(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// The text of the schema for a version of a kind.
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
    pub fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    /// The names of directories that are never entered.
    pub fn opaque(&self) -> &[String] {
        &self.opaque
    }

    /// The globs of documents that are no manifests of this catalog.
    pub fn exclude(&self) -> &[String] {
        &self.exclude
    }

    /// The members that are columns of an index, those of the base first.
    pub fn dimensions(&self) -> &[Dimension] {
        &self.dimensions
    }

    /// The latest version; `None` if kinds have different ones.
    pub fn latest(&self) -> Option<&Version> {
        let mut latest = self.kinds.iter().map(|kind| kind.registry.latest());
        let first = latest.next()?;
        latest.all(|other| other == first).then_some(first)
    }

    /// The kinds with this file name, and their indices.
    pub fn kinds_named(&self, file_name: &[u8]) -> impl Iterator<Item = (usize, &Kind)> {
        let kinds = self.kinds.iter().enumerate();
        kinds.filter(move |(_, kind)| kind.file.as_bytes() == file_name)
    }

    /// The index of the kind of a document in a file with this name.
    pub fn kind_of(&self, file_name: &[u8], document: Value<'_>) -> Option<usize> {
        let mut kinds = self.kinds_named(file_name);
        let (index, _) = kinds.find(|(_, kind)| kind.fits(document))?;
        Some(index)
    }

    /// The file names of manifests, each once.
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
