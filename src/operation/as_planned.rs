//! Executing a plan: what it allows for each manifest, compared by digest.
//!
//! Decides on bytes that were read; reads and writes nothing.
//!
//! Invariant: a manifest whose bytes are not those of the plan is never pending.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::migrate::Options;
use crate::catalog::Catalog;
use crate::code::Code;
use crate::digest::Digest;
use crate::engine::{Decision, Migrated, Plan, examine};
use crate::json::{Pointer, Value};
use crate::path::TreePath;
use crate::plan::{PlanEntry, PlanFile};
use crate::report::{Counts, Diagnosis, Stop};
use crate::version::Version;

/// The options that a plan leads to: its target, its manifests, and all of these, whatever a writer does with them.
pub(super) fn options(options: &Options) -> Cow<'_, Options> {
    let Some(planned) = &options.plan else {
        return Cow::Borrowed(options);
    };
    let mut narrowed = options.clone();
    narrowed.target.clone_from(&planned.head().target_version);
    narrowed.include_running = true;
    let named: Option<BTreeSet<&TreePath>> = options
        .selection
        .manifests
        .as_ref()
        .map(|named| named.iter().collect());
    let selected = planned
        .paths()
        .filter(|path| named.as_ref().is_none_or(|named| named.contains(path)));
    narrowed.selection.manifests = Some(selected.cloned().collect());
    Cow::Owned(narrowed)
}

/// Whether the plan was made with this catalog.
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

/// A plan while it is executed.
pub(super) struct Executing {
    planned: Arc<PlanFile>,
    /// Whether some manifest was as planned.
    matched: AtomicBool,
}

/// What a plan says of bytes that were read.
pub(super) enum Standing {
    /// They are those that it was made of.
    AsPlanned(PlanEntry),
    /// They are what it leads to already, at this version.
    Done(Version),
    /// They are something else.
    Drifted(Diagnosis),
}

impl Executing {
    pub(super) fn new(planned: &Arc<PlanFile>) -> Self {
        Self {
            planned: Arc::clone(planned),
            matched: AtomicBool::new(false),
        }
    }

    /// Compares the bytes of a manifest with what the plan says of it.
    pub(super) fn compare(&self, path: &TreePath, bytes: &[u8], plan: &Plan<'_>) -> Standing {
        let found = Digest::of(bytes);
        let Some(expected) = self.planned.of(path) else {
            return Standing::Drifted(drifted("it is not in the plan".to_owned()));
        };
        let standing = if found == expected.before {
            Standing::AsPlanned(expected)
        } else if let Some(version) = done(path, bytes, plan, expected) {
            Standing::Done(version)
        } else {
            return Standing::Drifted(drifted(format!(
                "expected bytes with the digest `{}`, found `{}`",
                expected.before.prefixed(),
                found.prefixed()
            )));
        };
        self.matched.store(true, Ordering::Relaxed);
        standing
    }

    /// Why the plan is not of this tree, where none of its manifests was as planned.
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

/// Whether the migration gives what the plan predicts.
pub(super) fn check_result(expected: PlanEntry, migrated: &Migrated) -> Result<(), Diagnosis> {
    if migrated.checksum_after == expected.checksum_after {
        return Ok(());
    }
    Err(Diagnosis::new(
        Code::PlanMismatch,
        format!(
            "expected a result with the checksum `{}`, found `{}`",
            expected.checksum_after.prefixed(),
            migrated.checksum_after.prefixed()
        ),
    ))
}

/// The version of a manifest that is at the target and whose last record says what the plan predicted.
fn done(path: &TreePath, bytes: &[u8], plan: &Plan<'_>, expected: PlanEntry) -> Option<Version> {
    let manifest = examine(plan.catalog(), path.file_name(), bytes).ok()?;
    let is_current = matches!(plan.decide(&manifest), Ok(Decision::Current));
    let recorded = last_checksum(manifest.document(), &manifest.kind().history)?;
    (is_current && recorded == expected.checksum_after).then(|| manifest.version().clone())
}

fn last_checksum(document: Value<'_>, history: &Pointer) -> Option<Digest> {
    let last = document.at(history)?.elements().last()?;
    last.get("checksum_after")?.as_str()?.parse().ok()
}
