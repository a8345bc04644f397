//! Compares manifests with a plan, by digest.
//!
//! Invariant: a manifest whose bytes are not those of the plan is never pending.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::catalog::{Catalog, Route};
use crate::code::Code;
use crate::digest::Digest;
use crate::engine::{Decision, Migrated, Plan, examine};
use crate::json::{Pointer, Value};
use crate::path::TreePath;
use crate::plan::{PlanEntry, PlanFile};
use crate::report::{Counts, Diagnosis, Stop};
use crate::version::Version;

pub(super) fn check_catalog(planned: &PlanFile, catalog: &Catalog) -> Result<(), Stop> {
    if planned.catalog_digest() == catalog.digest() {
        return Ok(());
    }
    let message = format!(
        "the plan was made with the catalog `{}` of digest `{}`, found `{}` of digest `{}`",
        planned.head().catalog.name,
        planned.catalog_digest().prefixed(),
        catalog.name(),
        catalog.digest().prefixed()
    );
    Err(Stop::new(Code::PlanForeign, message))
}

pub(super) struct Execution {
    planned: Arc<PlanFile>,
    /// True if some manifest was as planned.
    matched: AtomicBool,
}

impl Execution {
    pub(super) fn new(planned: &Arc<PlanFile>) -> Self {
        Self {
            planned: Arc::clone(planned),
            matched: AtomicBool::new(false),
        }
    }

    /// Compares bytes with the plan. If they are its result already, it returns their version.
    pub(super) fn compare(
        &self,
        path: &TreePath,
        bytes: &[u8],
        plan: &Plan<'_>,
    ) -> Result<Option<Version>, Diagnosis> {
        let entry = self.entry(path)?;
        let found = Digest::of(bytes);
        let done = if found == entry.before {
            None
        } else if let Some(version) = done(path, bytes, plan, &entry) {
            Some(version)
        } else {
            return Err(drifted(format!(
                "expected bytes with the digest `{}`, found `{}`",
                entry.before.prefixed(),
                found.prefixed()
            )));
        };
        self.matched.store(true, Ordering::Relaxed);
        Ok(done)
    }

    /// Compares the route and the result of a manifest that was as planned.
    pub(super) fn check_result(
        &self,
        path: &TreePath,
        route: &Route,
        migrated: &Migrated,
    ) -> Result<(), Diagnosis> {
        let (entry, found) = (self.entry(path)?, migrated.checksum_after);
        let (from, to) = &*entry.versions;
        if (from, to) != (route.from(), route.to()) {
            let message = format!(
                "expected a migration from {from} to {to}, found one from {} to {}",
                route.from(),
                route.to()
            );
            return Err(Diagnosis::new(Code::PlanMismatch, message));
        }
        if found == entry.checksum_after {
            return Ok(());
        }
        let message = format!(
            "expected a result with the checksum `{}`, found `{}`",
            entry.checksum_after.prefixed(),
            found.prefixed()
        );
        Err(Diagnosis::new(Code::PlanMismatch, message))
    }

    fn entry(&self, path: &TreePath) -> Result<PlanEntry, Diagnosis> {
        let entry = self.planned.of(path);
        entry.ok_or_else(|| drifted("it is not in the plan".to_owned()))
    }

    /// A stop if no manifest of the plan is as planned: the plan is of another tree.
    pub(super) fn foreign(&self, counts: &Counts) -> Option<Stop> {
        let looked_at_all = counts.selected > 0 && counts.not_attempted == 0;
        (looked_at_all && !self.matched.load(Ordering::Relaxed)).then(|| {
            let message = format!(
                "none of the manifests of the plan is as planned here: it was made of `{}`",
                self.planned.head().tree
            );
            Stop::new(Code::PlanForeign, message)
        })
    }
}

fn drifted(message: String) -> Diagnosis {
    Diagnosis::new(Code::PlanDrifted, message)
}

fn done(path: &TreePath, bytes: &[u8], plan: &Plan<'_>, expected: &PlanEntry) -> Option<Version> {
    let manifest = examine(plan.catalog(), path.file_name(), bytes).ok()?;
    let is_current = matches!(plan.decide(&manifest), Ok(Decision::Current));
    let recorded = last_checksum(manifest.document(), &manifest.kind().history)?;
    (is_current && recorded == expected.checksum_after).then(|| manifest.version().clone())
}

fn last_checksum(document: Value<'_>, history: &Pointer) -> Option<Digest> {
    let last = document.at(history)?.elements().last()?;
    last.get("checksum_after")?.as_str()?.parse().ok()
}
