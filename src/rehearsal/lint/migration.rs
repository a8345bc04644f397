//! Lints one migration.
//! Invariant: a step is tried even if one before it refuses the document.

use super::schemas;
use crate::catalog::{Catalog, Kind, Migration, Place};
use crate::code::Code;
use crate::engine::{examine_as, trace};
use crate::rehearsal::laws::{apply_step, check_shortcut};
use crate::rehearsal::remark::Remark;
use crate::transform::Transform;

pub(super) struct LintedMigration<'c> {
    pub(super) kind: &'c Kind,
    pub(super) migration: &'c Migration,
    pub(super) documents: Vec<String>,
}

impl LintedMigration<'_> {
    pub(super) fn lint_steps(&self) -> Vec<Remark> {
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
                remarks.map(move |(code, message)| self.remark_on_step(index, code, &message))
            })
            .collect()
    }

    /// Applies one step after the other. A step that refuses the document is skipped, so that the next ones are tried, too.
    fn try_on(&self, document: &str, applied: &mut [bool]) {
        let mut text = document.to_owned();
        for (transform, applied) in self.migration.transforms.iter().zip(applied) {
            if let Some((next, changed)) = apply_step(transform.as_ref(), &text) {
                *applied |= changed;
                text = next;
            }
        }
    }

    pub(super) fn lint_contradictions(&self, catalog: &Catalog) -> Vec<Remark> {
        let contradictions = schemas::contradictions(catalog, self.kind, self.migration);
        let remarks = contradictions.into_iter().map(|(index, message)| {
            self.remark_on_step(index, Code::StepContradictsSchema, &message)
        });
        remarks.collect()
    }

    pub(super) fn lint_shortcut(&self) -> Option<Remark> {
        let (from, to) = (&self.migration.from, &self.migration.to);
        self.kind.registry.detour(from, to)?;
        let edge = self.kind.registry.step(from, to)?;
        self.documents.iter().find_map(|document| {
            let manifest = examine_as(self.kind, document.as_bytes()).ok()?;
            let direct = trace(&manifest, &edge).ok()?;
            check_shortcut(&manifest, self.migration, &direct.text)
        })
    }

    fn remark_on_step(&self, index: usize, code: Code, message: &str) -> Remark {
        let message = format!("`{}` {message}", self.migration.transforms[index].name());
        let remark = Remark::new(code, Place::Catalog, message);
        remark.on_step(self.kind, self.migration, index)
    }
}

fn loss(transform: &dyn Transform) -> Option<(Code, String)> {
    match (transform.destroys(), transform.inverse()) {
        (Some(what), _) => Some((Code::StepDestroys, format!("destroys {what}"))),
        (None, Err(none)) => Some((Code::StepWithoutInverse, format!("has no inverse: {none}"))),
        (None, Ok(_)) => None,
    }
}
