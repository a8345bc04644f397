//! The file format of catalogs: from texts to kinds.
//!
//! Strict: unknown members, duplicate names and what is not supported yet are errors with file, line and column. Opens no file itself.
//!
//! Invariant: what comes out was checked whole; nothing behind it checks again.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::document::Document;
use super::error::{CatalogError, CatalogProblem, Place};
use super::kind::{DeferredWhen, Kind, is_file_name};
use super::migration::Migration;
use super::registry::Registry;
use super::snapshots::Snapshots;
use super::step::{self, Frame, Read, ReadError};
use super::{rules, schemas};
use crate::json::{Fragment, Pointer, Value};
use crate::version::Version;

const CATALOG: &str = "catalog.json";

/// What the files of a catalog say.
pub(super) struct Contents {
    pub(super) name: String,
    pub(super) kinds: Vec<Kind>,
    pub(super) opaque: Vec<String>,
    pub(super) exclude: Vec<String>,
    /// The paths of the schemas that kinds name.
    pub(super) schemas: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct CatalogForm {
    #[serde(rename = "$schema", default)]
    _schema: Option<String>,
    name: String,
    #[serde(rename = "extends", default)]
    _extends: IgnoredAny,
    kinds: BTreeMap<String, KindForm>,
    #[serde(default)]
    opaque: Vec<String>,
    #[serde(default)]
    exclude: Vec<String>,
    #[serde(rename = "dimensions", default)]
    _dimensions: IgnoredAny,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct KindForm {
    file: String,
    version: Pointer,
    history: Pointer,
    unversioned: Version,
    #[serde(default)]
    required: Vec<Pointer>,
    #[serde(default)]
    immutable: Vec<Pointer>,
    #[serde(default)]
    protected: Vec<Pointer>,
    #[serde(default)]
    deferred_when: BTreeMap<Pointer, Vec<Box<RawValue>>>,
    #[serde(default)]
    snapshots: Option<Snapshots>,
    #[serde(rename = "where", default)]
    _where: IgnoredAny,
    #[serde(default)]
    schemas: Option<BTreeMap<Version, String>>,
    #[serde(rename = "rules", default)]
    _rules: Option<Vec<RuleForm>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct MigrationForm {
    #[serde(rename = "$schema", default)]
    _schema: Option<String>,
    from: Version,
    to: Version,
    kind: String,
    summary: String,
    #[serde(rename = "steps")]
    _steps: Vec<step::Named>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct RuleForm {
    #[serde(rename = "rule")]
    _rule: String,
}

/// Whether the file at `path` is one that this format reads.
pub(super) fn takes_part(path: &str) -> Result<bool, CatalogError> {
    let is_json = |name: &str| {
        name.strip_suffix(".json")
            .is_some_and(|stem| !stem.is_empty())
    };
    let folder = path.split_once('/');
    match folder {
        None if path == CATALOG => Ok(true),
        Some(("migrations", name)) if is_json(name) && !name.contains('/') => Ok(true),
        // Those that a kind names take part; who they are is known once the kinds are read.
        None if path == "rollout.json" => Ok(false),
        Some(("schemas" | "fixtures", _)) => Ok(false),
        _ if !is_json(path) => Ok(false),
        _ => Err(CatalogError {
            place: Place::File(path.to_owned()),
            problem: CatalogProblem::UnexpectedFile,
        }),
    }
}

/// The files that a bundle holds.
pub(super) fn read_bundle(bundle: &str) -> Result<BTreeMap<String, String>, CatalogError> {
    Document::read("bundle", bundle)?.form()
}

/// Reads and checks the files of a catalog; `others` are those among which its schemas are.
pub(super) fn read(
    files: &BTreeMap<String, String>,
    others: &BTreeMap<String, String>,
) -> Result<Contents, CatalogError> {
    let text = files.get(CATALOG).ok_or(CatalogError {
        place: Place::Catalog,
        problem: CatalogProblem::NoCatalogFile,
    })?;
    let document = Document::read(CATALOG, text)?;
    let form: CatalogForm = document.form()?;
    document.check_text(&form.name, "name")?;
    for member in ["extends", "dimensions"] {
        document.check_not_supported(&[member])?;
    }
    if let Some(found) = form.opaque.iter().find(|name| !is_file_name(name)) {
        let found = found.clone();
        return Err(document.error(&["opaque"], CatalogProblem::FileName { found }));
    }
    let mut kinds = Vec::new();
    let mut schemas = Vec::new();
    for (name, mut form) in form.kinds {
        schemas.push(form.schemas.take().unwrap_or_default());
        kinds.push(read_kind(&document, &name, form)?);
    }
    check_kinds(&document, &kinds)?;
    read_migrations(files, &mut kinds)?;
    for (kind, named) in kinds.iter_mut().zip(&schemas) {
        kind.schemas = schemas::read(&document, kind, named, others)?;
    }
    for index in 0..kinds.len() {
        kinds[index].rules = rules::read(&document, &kinds, index)?;
    }
    Ok(Contents {
        schemas: schemas
            .into_iter()
            .flat_map(BTreeMap::into_values)
            .collect(),
        name: form.name,
        kinds,
        opaque: form.opaque,
        exclude: form.exclude,
    })
}

fn read_kind(document: &Document<'_>, name: &str, form: KindForm) -> Result<Kind, CatalogError> {
    document.check_not_supported(&["kinds", name, "where"])?;
    let place = |member: &'static str| ["kinds", name, member];
    let mut deferred_when = Vec::new();
    for (at, values) in form.deferred_when {
        let values = values.iter().map(|value| Fragment::parse(value.get()));
        let values = values.collect::<Result<_, _>>().map_err(|error| {
            document.error(&place("deferred_when"), CatalogProblem::Text(error.problem))
        })?;
        deferred_when.push(DeferredWhen { at, values });
    }
    let registry = Registry::new(Vec::new(), form.unversioned.clone())
        .map_err(|error| registry_error(name, error))?;
    let kind = Kind {
        name: name.to_owned(),
        file: form.file,
        version: form.version,
        history: form.history,
        unversioned: form.unversioned,
        required: form.required,
        immutable: form.immutable,
        protected: form.protected,
        deferred_when,
        snapshots: form.snapshots,
        schemas: BTreeMap::new(),
        rules: Vec::new(),
        registry,
    };
    kind.check()
        .map_err(|(member, problem)| document.error(&place(member), problem))?;
    Ok(kind)
}

fn check_kinds(document: &Document<'_>, kinds: &[Kind]) -> Result<(), CatalogError> {
    if kinds.is_empty() {
        return Err(document.error(&["kinds"], CatalogProblem::NoKinds));
    }
    let mut files = BTreeMap::new();
    for kind in kinds {
        if let Some(one) = files.insert(&kind.file, &kind.name) {
            let problem = CatalogProblem::SameFile {
                file: kind.file.clone(),
                one: one.clone(),
                two: kind.name.clone(),
            };
            return Err(document.error(&["kinds", &kind.name, "file"], problem));
        }
    }
    Ok(())
}

fn read_migrations(
    files: &BTreeMap<String, String>,
    kinds: &mut [Kind],
) -> Result<(), CatalogError> {
    let mut migrations: Vec<Vec<Migration>> = kinds.iter().map(|_| Vec::new()).collect();
    for (path, text) in files.iter().filter(|(path, _)| *path != CATALOG) {
        let (index, migration) = read_migration(&Document::read(path, text)?, kinds)?;
        migrations[index].push(migration);
    }
    for (kind, migrations) in kinds.iter_mut().zip(migrations) {
        kind.registry = Registry::new(migrations, kind.unversioned.clone())
            .map_err(|error| registry_error(&kind.name, error))?;
    }
    Ok(())
}

fn read_migration(
    document: &Document<'_>,
    kinds: &[Kind],
) -> Result<(usize, Migration), CatalogError> {
    let form: MigrationForm = document.form()?;
    document.check_text(&form.summary, "summary")?;
    let Some(index) = kinds.iter().position(|kind| kind.name == form.kind) else {
        let known = kinds.iter().map(|kind| kind.name.clone()).collect();
        let found = form.kind;
        return Err(document.error(&["kind"], CatalogProblem::UnknownKind { found, known }));
    };
    let mut migration = Migration::new(form.from, form.to, form.summary);
    let reader = StepReader {
        document,
        kind: &kinds[index],
    };
    reader.read_all(document.text.root(), &mut Vec::new(), &mut migration)?;
    Ok((index, migration))
}

/// Reads the steps of one migration.
struct StepReader<'r> {
    document: &'r Document<'r>,
    kind: &'r Kind,
}

impl StepReader<'_> {
    /// Reads the member `steps` of `holder`, which stands in `frames`.
    fn read_all(
        &self,
        holder: Value<'_>,
        frames: &mut Vec<Frame>,
        migration: &mut Migration,
    ) -> Result<(), CatalogError> {
        let steps = holder.get("steps");
        for object in steps.into_iter().flat_map(|steps| steps.elements()) {
            self.read(object, frames, migration)?;
        }
        Ok(())
    }

    fn read(
        &self,
        object: Value<'_>,
        frames: &mut Vec<Frame>,
        migration: &mut Migration,
    ) -> Result<(), CatalogError> {
        // The form was checked: every step is an object that says which it is.
        let name = object.get("step");
        let place = name.unwrap_or(object);
        let name = name.and_then(|name| name.as_str()).unwrap_or_default();
        let wrong = |problem| self.document.error_at(place, problem);
        let read = step::read(&name, object.raw()).map_err(|error| match error {
            ReadError::Form(error) => self.document.form_error(&error, object.span().start),
            ReadError::Problem(problem) => wrong(problem),
        })?;
        match read {
            Read::Step(step) => {
                let placed = step::place(frames, step, self.kind).map_err(wrong)?;
                migration.transforms.push(Box::new(placed));
            }
            Read::Frame(frame) => {
                frames.push(frame);
                self.read_all(object, frames, migration)?;
                frames.pop();
            }
        }
        Ok(())
    }
}

fn registry_error(kind: &str, error: super::RegistryError) -> CatalogError {
    let (kind, error) = (kind.to_owned(), Box::new(error));
    CatalogError {
        place: Place::Catalog,
        problem: CatalogProblem::Registry { kind, error },
    }
}
