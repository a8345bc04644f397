//! Lints a catalog, by kind and migration.
//! Invariant: a finding is certain; a guess is a note.

use super::migration::LintedMigration;
use super::schemas;
use crate::catalog::{Catalog, Kind, Migration, Place};
use crate::code::Code;
use crate::rehearsal::documents;
use crate::rehearsal::fixtures::Fixtures;
use crate::rehearsal::remark::{Remark, place_of};

/// Lints a catalog: findings and notes, by kind and migration.
pub fn lint(catalog: &Catalog, fixtures: &Fixtures) -> Vec<Remark> {
    let mut remarks = fixtures.remarks.clone();
    for (index, kind) in catalog.kinds().iter().enumerate() {
        for migration in kind.registry.migrations() {
            let one = LintedMigration {
                kind,
                migration,
                documents: documents_for(catalog, fixtures, index, migration),
            };
            // The author of a catalog cannot change its base.
            let is_own = match place_of(migration) {
                Place::Line { file, .. } => file.starts_with("migrations/"),
                Place::File(_) | Place::Catalog => true,
            };
            if is_own {
                remarks.extend(one.lint_steps());
                remarks.extend(one.lint_contradictions(catalog));
            }
            remarks.extend(one.lint_shortcut());
            if is_own && !is_shown(fixtures, index, kind, migration) {
                let message = "no fixture shows what it does";
                remarks.push(Remark::new(Code::NoFixture, place_of(migration), message));
            }
        }
        remarks.extend(schemas::lint_kind(kind));
    }
    remarks
}

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
