//! Reads the files of a catalog into kinds.
//! Invariant: the result was checked completely.

use std::collections::{BTreeMap, BTreeSet};

use super::catalog_form::{CatalogForm, KindForm};
use super::dimensions::Dimension;
use super::error::{CatalogError, CatalogProblem, of_registry};
use super::kind::{DeferredWhen, Kind, Mark, is_file_name, is_reserved};
use super::layout::{BUILT_IN_NAME, CATALOG};
use super::migrations::read_migrations;
use super::place::Place;
use super::registry::Registry;
use super::source_file::SourceFile;
use super::{dimensions, rules, schemas};
use crate::form::{Object, ObjectProblem};
use crate::json::Fragment;

pub(super) struct Contents {
    pub(super) name: String,
    pub(super) kinds: Vec<Kind>,
    pub(super) opaque: Vec<String>,
    pub(super) exclude: Vec<String>,
    pub(super) dimensions: Vec<Dimension>,
    pub(super) schemas: BTreeSet<String>,
}

fn catalog_file(files: &BTreeMap<String, String>) -> Result<SourceFile<'_>, CatalogError> {
    let text = files.get(CATALOG).ok_or(CatalogError {
        place: Place::Catalog,
        problem: CatalogProblem::NoCatalogFile,
    })?;
    SourceFile::read(CATALOG, text)
}

fn base_file<'f>(
    base: &str,
    files: &'f BTreeMap<String, String>,
) -> Result<SourceFile<'f>, CatalogError> {
    let path = format!("{base}/{CATALOG}");
    let (path, text) = files.get_key_value(&path).ok_or_else(|| CatalogError {
        place: Place::File(path.clone()),
        problem: CatalogProblem::NoCatalogFile,
    })?;
    SourceFile::read(path, text)
}

pub(super) fn base(files: &BTreeMap<String, String>) -> Result<Option<String>, CatalogError> {
    let document = catalog_file(files)?;
    let form: CatalogForm = document.form()?;
    match form.extends {
        Some(found) if found != BUILT_IN_NAME => {
            let problem = CatalogProblem::Object(ObjectProblem::Unknown {
                what: "catalog",
                found,
                known: vec![BUILT_IN_NAME.to_owned()],
            });
            Err(document.error(&["extends"], problem))
        }
        base => Ok(base),
    }
}

/// Reads and checks the files of a catalog and of its base; `others` are further files, with the schemas. The errors are all that can be found at once.
pub(super) fn read(
    files: &BTreeMap<String, String>,
    others: &BTreeMap<String, String>,
) -> Result<Contents, Vec<CatalogError>> {
    let document = catalog_file(files).map_err(alone)?;
    let form = read_catalog(&document, files).map_err(alone)?;
    let base = match &form.extends {
        Some(base) => Some(base_file(base, files).map_err(alone)?),
        None => None,
    };
    let mut kinds = read_kinds(&document, form.kinds.unwrap_or_default()).map_err(alone)?;
    check_file_names(&document, &kinds, &form.opaque).map_err(alone)?;
    let unconnected = read_migrations(files, &document, &mut kinds);
    let documents: Vec<_> = base.as_ref().into_iter().chain([&document]).collect();
    let constraints = read_constraints(&documents, &mut kinds, others);
    let (schemas, dimensions) = join(unconnected, constraints)?;
    Ok(Contents {
        name: form.name,
        kinds,
        opaque: form.opaque,
        exclude: form.exclude,
        dimensions,
        schemas,
    })
}

fn read_constraints(
    documents: &[&SourceFile<'_>],
    kinds: &mut [Kind],
    others: &BTreeMap<String, String>,
) -> Result<(BTreeSet<String>, Vec<Dimension>), Vec<CatalogError>> {
    let (mut paths, mut errors) = (BTreeSet::new(), Vec::new());
    for document in documents {
        for kind in &mut *kinds {
            paths.extend(schemas::read(document, kind, others, &mut errors));
        }
    }
    for document in documents {
        for index in 0..kinds.len() {
            let rules = rules::read(document, kinds, index, &mut errors);
            kinds[index].rules.extend(rules);
        }
    }
    let dimensions = dimensions::read(documents, kinds, others, &mut errors);
    if errors.is_empty() {
        Ok((paths, dimensions))
    } else {
        Err(errors)
    }
}

/// Joins the errors of both. If migrations could not be read, errors about missing versions are only a consequence and are left out.
fn join<T>(
    migrations: Result<(), Vec<CatalogError>>,
    constraints: Result<T, Vec<CatalogError>>,
) -> Result<T, Vec<CatalogError>> {
    let Err(mut errors) = migrations else {
        return constraints;
    };
    let follows = |problem: &CatalogProblem| {
        matches!(
            problem,
            CatalogProblem::VersionUnknown { .. }
                | CatalogProblem::NoSuchMember { .. }
                | CatalogProblem::NotInSchema { .. }
        )
    };
    let more = constraints.err().unwrap_or_default().into_iter();
    errors.extend(more.filter(|error| !follows(&error.problem)));
    Err(errors)
}

fn alone(error: CatalogError) -> Vec<CatalogError> {
    vec![error]
}

fn read_catalog(
    document: &SourceFile<'_>,
    files: &BTreeMap<String, String>,
) -> Result<CatalogForm, CatalogError> {
    let form: CatalogForm = document.form()?;
    document.check_text(&form.name, "name")?;
    if let Some(found) = form.opaque.iter().find(|name| !is_file_name(name)) {
        let found = found.clone();
        return Err(document.error(&["opaque"], CatalogProblem::FileName { found }));
    }
    match &form.extends {
        Some(base) => {
            let base: CatalogForm = base_file(base, files)?.form()?;
            base.extended_by(form, document)
        }
        None if form.kinds.is_none() => {
            let problem = ObjectProblem::malformed("missing member `kinds`");
            Err(document.error_at(document.text.root(), problem.into()))
        }
        None => Ok(form),
    }
}

fn read_kinds(
    document: &SourceFile<'_>,
    forms: BTreeMap<String, Object<KindForm>>,
) -> Result<Vec<Kind>, CatalogError> {
    let mut kinds = Vec::new();
    for (name, Object(form)) in forms {
        kinds.push(read_kind(document, kinds.len(), &name, form)?);
    }
    check_kinds(document, &kinds)?;
    Ok(kinds)
}

fn read_kind(
    document: &SourceFile<'_>,
    index: usize,
    name: &str,
    form: KindForm,
) -> Result<Kind, CatalogError> {
    let place = |member: &'static str| ["kinds", name, member];
    let mut deferred_when = Vec::new();
    for (at, values) in form.deferred_when {
        let values = values.iter().map(|value| Fragment::parse(value.get()));
        let values = values.collect::<Result<_, _>>().map_err(|error| {
            document.error(&place("deferred_when"), CatalogProblem::Text(error.problem))
        })?;
        deferred_when.push(DeferredWhen { at, values });
    }
    let missing = |member: &str| {
        let problem = ObjectProblem::malformed(format!("missing member `{member}`"));
        document.error(&["kinds", name], problem.into())
    };
    let unversioned = form.unversioned.ok_or_else(|| missing("unversioned"))?;
    let registry = Registry::new(Vec::new(), unversioned.clone())
        .map_err(|error| document.error(&["kinds", name], of_registry(name, error)))?;
    let marks = form.marks.into_iter();
    let mut kind = Kind {
        index,
        name: name.to_owned(),
        file: form.file.ok_or_else(|| missing("file"))?,
        marks: marks.map(|(at, value)| Mark { at, value }).collect(),
        version: form.version.ok_or_else(|| missing("version"))?,
        history: form.history.ok_or_else(|| missing("history"))?,
        unversioned,
        required: form.required,
        immutable: form.immutable,
        protected: form.protected,
        deferred_when,
        snapshots: form.snapshots.map(|Object(snapshots)| snapshots),
        schemas: BTreeMap::new(),
        rules: Vec::new(),
        registry,
    };
    kind.check()
        .map_err(|(member, problem)| document.error(&place(member), problem))?;
    kind.guard_marks();
    Ok(kind)
}

fn check_kinds(document: &SourceFile<'_>, kinds: &[Kind]) -> Result<(), CatalogError> {
    if kinds.is_empty() {
        return Err(document.error(&["kinds"], CatalogProblem::NoKinds));
    }
    for (count, kind) in kinds.iter().enumerate() {
        let mut before = kinds[..count].iter();
        if let Some(one) = before.find(|one| !one.is_disjoint_from(kind)) {
            let problem = CatalogProblem::SameFile {
                file: kind.file.clone(),
                one: one.name.clone(),
                two: kind.name.clone(),
            };
            return Err(document.error(&["kinds", &kind.name, "file"], problem));
        }
    }
    Ok(())
}

/// Checks that the file names of kinds are not names that mean something else: manifests of such a name would never be found.
fn check_file_names(
    document: &SourceFile<'_>,
    kinds: &[Kind],
    opaque: &[String],
) -> Result<(), CatalogError> {
    for kind in kinds {
        let backup_of = |one: &&Kind| {
            let rest = kind.file.strip_prefix(&one.file);
            let rest = rest.and_then(|rest| rest.strip_prefix(".backup"));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let reason = if is_reserved(&kind.file) {
            "the program gives such names to files of its own".to_owned()
        } else if opaque.contains(&kind.file) {
            "it stands in `opaque`".to_owned()
        } else if let Some(one) = kinds.iter().find(backup_of) {
            format!("backups of kind `{}` have such names", one.name)
        } else {
            continue;
        };
        let found = kind.file.clone();
        let problem = CatalogProblem::FileNameTaken { found, reason };
        return Err(document.error(&["kinds", &kind.name, "file"], problem));
    }
    Ok(())
}
