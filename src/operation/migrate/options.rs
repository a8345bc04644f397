//! The options of a migration.
//! Invariant: what is not asked for is off.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::operation::survey::Survey;
use crate::path::TreePath;
use crate::plan::PlanFile;
use crate::report::Enforcement;
use crate::selection::{Selection, Tolerance};
use crate::version::Version;

/// The detail of a dry run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Every manifest is validated and decided on, none transformed: a list of versions.
    Versions,
    /// Pending manifests are transformed in memory, to see whether they can be.
    Outcomes,
    /// The same, with the checksums that the migration would record.
    Checksums,
    /// The same, with both texts in every pending outcome.
    Differences,
}

/// A migration. Every default is the caller's business.
#[derive(Debug, Clone)]
pub struct Migrate {
    /// The detail of a dry run.
    pub detail: Detail,
    /// The target version; `None` is the latest.
    pub target: Option<Version>,
    /// True if runs that are still marked as being written are migrated, too.
    pub include_running: bool,
    /// True if manifests above the target version are migrated down to it.
    pub allow_downgrade: bool,
    /// The members whose values are counted.
    pub survey: Survey,
    /// The plan to execute, if any. Its target applies, and only its manifests are selected.
    pub plan: Option<Arc<PlanFile>>,
    /// The strictness of schemas and rules.
    pub rules: Enforcement,
    /// The number of manifests in trouble at which the operation stops; `None` is no limit.
    pub max_failures: Option<Tolerance>,
}

impl Migrate {
    pub(super) fn target(&self) -> Option<Version> {
        match &self.plan {
            Some(plan) => plan.head().target_version.clone(),
            None => self.target.clone(),
        }
    }

    pub(super) fn narrow<'s>(&self, selection: &'s Selection) -> Cow<'s, Selection> {
        let Some(plan) = &self.plan else {
            return Cow::Borrowed(selection);
        };
        let named: Option<BTreeSet<&TreePath>> = selection
            .manifests
            .as_ref()
            .map(|named| named.iter().collect());
        let selected = plan
            .paths()
            .filter(|path| named.as_ref().is_none_or(|named| named.contains(path)));
        Cow::Owned(Selection {
            manifests: Some(selected.cloned().collect()),
            ..selection.clone()
        })
    }
}
