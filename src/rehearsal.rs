//! Rehearsals: what the migrations of a catalog do to documents, tried in memory before any manifest is touched.
//!
//! For authors. Pure: fixtures come in as texts, documents of a tree through `operation`.
//!
//! Invariant: the same catalog gives the same remarks; what is generated depends on nothing but the catalog.

mod documents;
mod fixtures;
mod laws;
mod lint;

pub use fixtures::{Fixture, Fixtures};
pub use laws::{Rehearsed, rehearse};
pub use lint::lint;

use crate::catalog::{Catalog, Migration, Place};
use crate::code::{Class, Code};
use crate::json::Text;
use crate::manifest::Manifest;
use crate::version::Version;

/// Something about a catalog that its author should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// What it is. Its class says whether something is wrong (a finding) or not (a note).
    pub code: Code,
    /// Where it is.
    pub place: Place,
    /// The step that it is about, where it is about one.
    pub step: Option<StepId>,
    /// What it is, in words.
    pub message: String,
}

impl Remark {
    /// Whether something is wrong.
    #[must_use]
    pub fn is_finding(&self) -> bool {
        self.code.class() == Class::Finding
    }
}

/// A step of a migration.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StepId {
    /// The name of the kind.
    pub kind: String,
    /// The version that the migration leads from.
    pub from: Version,
    /// The version that it leads to.
    pub to: Version,
    /// Its place among the migration's steps.
    pub index: usize,
}

/// What came of a test.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tested {
    /// How many fixtures were tried.
    pub fixtures: usize,
    /// How many generated documents could be migrated.
    pub documents: usize,
    /// What is wrong.
    pub remarks: Vec<Remark>,
}

/// Takes every fixture from before to after, and holds the laws against fixtures and generated documents: a step twice is once, up and down and up again is up, a shortcut is its composition.
#[must_use]
pub fn test(catalog: &Catalog, fixtures: &Fixtures) -> Tested {
    let mut tested = Tested {
        fixtures: fixtures.fixtures.len(),
        documents: 0,
        remarks: fixtures.remarks.clone(),
    };
    for fixture in &fixtures.fixtures {
        tested.add(fixture.check(catalog));
    }
    for kind in catalog.kinds() {
        for migration in kind.registry.migrations() {
            for document in documents::generated(catalog, kind, migration) {
                let text = Text::scan(document.as_bytes()).ok();
                let manifest = text
                    .as_ref()
                    .and_then(|text| Manifest::read(text, kind).ok());
                let rehearsed = manifest
                    .zip(kind.registry.step(&migration.from, &migration.to))
                    .and_then(|(manifest, route)| rehearse(&manifest, &route).ok());
                if let Some(rehearsed) = rehearsed {
                    tested.documents += 1;
                    tested.add(rehearsed.broken);
                }
            }
        }
    }
    tested
}

impl Tested {
    /// Adds what was not said before of the same place: one document is enough to tell.
    pub fn add(&mut self, remarks: Vec<Remark>) {
        for remark in remarks {
            let mut known = self.remarks.iter();
            if !known.any(|known| known.code == remark.code && known.place == remark.place) {
                self.remarks.push(remark);
            }
        }
    }
}

/// Where a migration stands; the catalog as a whole, where it was compiled in.
fn place_of(migration: &Migration) -> Place {
    migration.place().cloned().unwrap_or(Place::Catalog)
}
