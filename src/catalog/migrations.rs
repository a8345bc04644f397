//! Reads the files of migrations, one migration for each file.
//! Invariant: an error about a migration has a place in its file, also if several migrations do not fit together.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde::Deserialize;

use super::error::{CatalogError, of_registry, unknown_kind};
use super::kind::Kind;
use super::layout::is_migration;
use super::migration::Migration;
use super::place::Place;
use super::registry::{Registry, RegistryError};
use super::source_file::SourceFile;
use crate::form::Object;
use crate::step::{StepName, read_steps};
use crate::version::Version;

/// A file in `migrations/` of a catalog of `migrate-manifests`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(title = "Migration"))]
#[serde(deny_unknown_fields)]
pub(super) struct MigrationForm {
    /// The schema of this file, for editors.
    #[serde(rename = "$schema", default)]
    _schema: Option<String>,
    /// The version that it leads from.
    from: Version,
    /// The version that it leads to, above `from`.
    to: Version,
    /// The kind of manifests that it is for.
    kind: String,
    /// What it is for, in a sentence for people.
    #[cfg_attr(test, schemars(regex(pattern = r"\S")))]
    summary: String,
    /// What it does, in order.
    #[serde(rename = "steps")]
    _steps: Vec<Object<StepName>>,
}

/// The folder with the migrations of the catalog itself, not of its base.
const OWN: &str = "migrations/";

struct Edge {
    kind: usize,
    migration: Migration,
    /// The places of `from` and `to`.
    ends: [Place; 2],
}

pub(super) fn read_migrations(
    files: &BTreeMap<String, String>,
    catalog: &SourceFile<'_>,
    kinds: &mut [Kind],
) -> Result<(), Vec<CatalogError>> {
    let (mut edges, mut errors) = (Vec::new(), Vec::new());
    let mut known = BTreeSet::new();
    // The migrations of the base come first, so that an error about two migrations names the one in the extension.
    let (own, base): (Vec<_>, Vec<_>) = files
        .iter()
        .filter(|(path, _)| is_migration(path))
        .partition(|(path, _)| path.starts_with(OWN));
    for (path, text) in base.into_iter().chain(own) {
        let edge = SourceFile::read(path, text).and_then(|document| read_edge(&document, kinds));
        match edge.and_then(|edge| check_edge(edge, kinds, &mut known)) {
            Ok(edge) => edges.push(edge),
            Err(error) => errors.push(error),
        }
    }
    // If a migration could not be read, a dead end would only be a consequence.
    if !errors.is_empty() {
        return Err(errors);
    }
    for (index, kind) in kinds.iter_mut().enumerate() {
        let (own, others) = edges
            .into_iter()
            .partition(|edge: &Edge| edge.kind == index);
        edges = others;
        errors.extend(connect(kind, own, catalog).err());
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(errors)
    }
}

fn check_edge(
    edge: Edge,
    kinds: &[Kind],
    known: &mut BTreeSet<(usize, Version, Version)>,
) -> Result<Edge, CatalogError> {
    let (from, to) = (edge.migration.from.clone(), edge.migration.to.clone());
    let [place_from, place_to] = &edge.ends;
    let (place, error) = if to <= from {
        (place_to, RegistryError::NotUpward { from, to })
    } else if known.insert((edge.kind, from.clone(), to.clone())) {
        return Ok(edge);
    } else {
        (place_from, RegistryError::Duplicate { from, to })
    };
    let problem = of_registry(&kinds[edge.kind].name, error);
    let place = place.clone();
    Err(CatalogError { place, problem })
}

fn is_own(place: &Place) -> bool {
    matches!(place, Place::Line { file, .. } if file.starts_with(OWN))
}

fn connect(
    kind: &mut Kind,
    edges: Vec<Edge>,
    catalog: &SourceFile<'_>,
) -> Result<(), CatalogError> {
    let mut ends = BTreeMap::new();
    let mut migrations = Vec::new();
    for edge in edges {
        let Edge {
            migration,
            ends: [from, to],
            ..
        } = edge;
        ends.entry(migration.from.clone()).or_insert(from);
        ends.entry(migration.to.clone()).or_insert(to);
        migrations.push(migration);
    }
    match Registry::new(migrations, kind.unversioned.clone()) {
        Ok(registry) => {
            kind.registry = registry;
            Ok(())
        }
        Err(error) => {
            // A version of the base is a dead end only because of an addition.
            let end = match &error {
                RegistryError::DeadEnd { version, latest } => match ends.remove(version) {
                    Some(place) if !is_own(&place) => ends.remove(latest),
                    place => place,
                },
                RegistryError::NotUpward { .. } | RegistryError::Duplicate { .. } => None,
            };
            let unversioned = ["kinds", &kind.name, "unversioned"];
            let place = end.unwrap_or_else(|| catalog.place(catalog.nearest(&unversioned)));
            let problem = of_registry(&kind.name, error);
            Err(CatalogError { place, problem })
        }
    }
}

fn read_edge(document: &SourceFile<'_>, kinds: &[Kind]) -> Result<Edge, CatalogError> {
    let form: MigrationForm = document.form()?;
    document.check_text(&form.summary, "summary")?;
    let Some(index) = kinds.iter().position(|kind| kind.name == form.kind) else {
        let known = kinds.iter().map(|kind| kind.name.clone()).collect();
        return Err(document.error(&["kind"], unknown_kind(&form.kind, known)));
    };
    let mut migration = Migration::new(form.from, form.to, form.summary);
    migration.places.push(document.place(document.text.root()));
    let steps = read_steps(document.text.root(), &kinds[index].guarded_members());
    let steps =
        steps.map_err(|wrong| document.read_error(wrong.error, wrong.object, wrong.name))?;
    for read in steps {
        migration.transforms.push(Box::new(read.step));
        migration.places.push(document.place_of(read.name));
    }
    let end = |member| document.place(document.nearest(&[member]));
    Ok(Edge {
        kind: index,
        migration,
        ends: [end("from"), end("to")],
    })
}
