//! What an author should look at before a catalog is used.
//!
//! Looks at migrations, fixtures and generated documents; a tree is looked at by `operation`, which asks [`rehearse`](super::rehearse).
//!
//! Invariant: a finding is certain. What only seems so is a note.

mod asked;

use super::fixtures::Fixtures;
use super::laws::{shortcut, taken};
use super::{Remark, StepId, documents, place_of};
use crate::catalog::{Catalog, Kind, Migration, Place};
use crate::code::Code;
use crate::engine::{Manifest, trace};
use crate::transform::Transform;

/// What there is to say about a catalog: by kind and migration, findings and notes.
#[must_use]
pub fn lint(catalog: &Catalog, fixtures: &Fixtures) -> Vec<Remark> {
    let mut remarks = fixtures.remarks.clone();
    for (index, kind) in catalog.kinds().iter().enumerate() {
        for migration in kind.registry.migrations() {
            let one = Linted {
                kind,
                migration,
                documents: documents_for(catalog, fixtures, index, migration),
            };
            // What a catalog that is extended does is its own author's business.
            let is_own = match place_of(migration) {
                Place::Line { file, .. } => file.starts_with("migrations/"),
                Place::File(_) | Place::Catalog => true,
            };
            if is_own {
                remarks.extend(one.steps());
                remarks.extend(one.contradictions(catalog));
            }
            remarks.extend(one.shortcut());
            if is_own && !is_shown(fixtures, index, kind, migration) {
                remarks
                    .push(one.about(Code::NoFixture, "no fixture shows what it does".to_owned()));
            }
        }
        remarks.extend(asked::of_kind(kind));
    }
    remarks
}

/// Generated documents, and those of fixtures that begin at the migration.
fn documents_for(
    catalog: &Catalog,
    fixtures: &Fixtures,
    index: usize,
    migration: &Migration,
) -> Vec<String> {
    let kind = &catalog.kinds()[index];
    let own = fixtures.fixtures.iter().filter(|fixture| {
        let from = fixture.with_route(kind, |_, route| route.from().clone());
        fixture.kind == index && from.is_ok_and(|from| from == migration.from)
    });
    let own = own.map(|fixture| fixture.before.clone());
    own.chain(documents::generated(catalog, kind, migration))
        .collect()
}

/// Whether the route of a fixture goes along the migration.
fn is_shown(fixtures: &Fixtures, index: usize, kind: &Kind, migration: &Migration) -> bool {
    let mut own = fixtures.fixtures.iter().filter(|one| one.kind == index);
    own.any(|fixture| {
        let along = fixture.with_route(kind, |_, route| {
            let mut migrations = route.migrations().iter();
            migrations.any(|one| (&one.from, &one.to) == (&migration.from, &migration.to))
        });
        along.unwrap_or(false)
    })
}

/// One migration with documents to try it on.
struct Linted<'c> {
    kind: &'c Kind,
    migration: &'c Migration,
    documents: Vec<String>,
}

impl Linted<'_> {
    fn steps(&self) -> Vec<Remark> {
        let mut applied = vec![false; self.migration.transforms.len()];
        for document in &self.documents {
            self.try_on(document, &mut applied);
        }
        let steps = self.migration.transforms.iter().zip(applied).enumerate();
        steps
            .flat_map(|(index, (transform, applied))| {
                let loss = loss(transform.as_ref());
                let never = (!applied).then(|| {
                    let tried = self.documents.len();
                    let message =
                        format!("changes none of the {tried} documents that it was tried on");
                    (Code::StepNeverApplies, message)
                });
                let remarks = loss.into_iter().chain(never);
                remarks.map(move |(code, message)| {
                    self.about_step(index, transform.as_ref(), code, &message)
                })
            })
            .collect()
    }

    /// Takes one step after the other; one that refuses is left out, so that those behind it are tried, too.
    fn try_on(&self, document: &str, applied: &mut [bool]) {
        let mut text = document.to_owned();
        for (transform, applied) in self.migration.transforms.iter().zip(applied) {
            if let Some((next, changed)) = taken(transform.as_ref(), &text) {
                *applied |= changed;
                text = next;
            }
        }
    }

    fn contradictions(&self, catalog: &Catalog) -> Vec<Remark> {
        let contradictions = asked::contradictions(catalog, self.kind, self.migration);
        let remarks = contradictions.into_iter().map(|(index, message)| {
            let step = self.migration.transforms[index].as_ref();
            self.about_step(index, step, Code::StepContradictsSchema, &message)
        });
        remarks.collect()
    }

    fn shortcut(&self) -> Option<Remark> {
        let (from, to) = (&self.migration.from, &self.migration.to);
        self.kind.registry.detour(from, to)?;
        let edge = self.kind.registry.step(from, to)?;
        self.documents.iter().find_map(|document| {
            let manifest = Manifest::of_kind(self.kind, document.as_bytes()).ok()?;
            let direct = trace(&manifest, &edge).ok()?;
            shortcut(&manifest, self.migration, &direct.text)
        })
    }

    fn about(&self, code: Code, message: String) -> Remark {
        Remark {
            code,
            place: place_of(self.migration),
            step: None,
            message,
        }
    }

    fn about_step(&self, index: usize, step: &dyn Transform, code: Code, message: &str) -> Remark {
        let place = self.migration.place_of(index).cloned();
        Remark {
            code,
            place: place.unwrap_or(Place::Catalog),
            step: Some(StepId {
                kind: self.kind.name.clone(),
                from: self.migration.from.clone(),
                to: self.migration.to.clone(),
                index,
            }),
            message: format!("`{}` {message}", step.name()),
        }
    }
}

/// What a step may lose: values, or the way back.
fn loss(transform: &dyn Transform) -> Option<(Code, String)> {
    match (transform.destroys(), transform.inverse()) {
        (Some(what), _) => Some((Code::StepDestroys, format!("destroys {what}"))),
        (None, Err(none)) => Some((Code::StepWithoutInverse, format!("has no inverse: {none}"))),
        (None, Ok(_)) => None,
    }
}
