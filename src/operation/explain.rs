//! Everything about one manifest: what is there, what a migration would do and why, what was done before, and the way back.
//!
//! Asks the other use cases, without writing: what it says of a migration or a rollback is what that would say. Takes no lock.
//!
//! Invariant: a part that cannot be told says why, and never hides the others.

mod past;
mod ways;

pub use past::{ExplainedBackup, Touched};

use std::num::NonZeroUsize;

use super::named;
use crate::catalog::Catalog;
use crate::clock::Timestamp;
use crate::code::Code;
use crate::digest::Digest;
use crate::engine::history::{self, Record};
use crate::engine::{Decision, Manifest, Plan, examine, transform};
use crate::json::{Pointer, Text};
use crate::path::TreePath;
use crate::report::{Diagnosis, Outcome, Stop};
use crate::storage::{Found, Storage};
use crate::version::Version;

/// What is asked. Every default is the caller's business.
#[derive(Debug, Clone)]
pub struct ExplainOptions {
    /// The tree as reports name it.
    pub tree: String,
    /// The clock that a history record would get.
    pub now: Timestamp,
    /// The target version; the latest where `None`.
    pub target: Option<Version>,
    /// How many threads look at the rest of the tree, where rules need it.
    pub jobs: NonZeroUsize,
}

/// Everything about one manifest.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// Its path in the tree.
    pub path: TreePath,
    /// Its kind, where that can be told.
    pub kind: Option<String>,
    /// The target of its kind.
    pub target: Option<Version>,
    /// What is there, where it can be read.
    pub content: Option<Content>,
    /// What a migration would come to, with the difference that it would make.
    pub outcome: Outcome,
    /// How many manifests were held against rules for it, where rules look at the whole tree or halt.
    pub judged: Option<u64>,
    /// The member that says that a writer still has it, and what it says.
    pub deferred_by: Option<(Pointer, String)>,
    /// The migrations that lead to the target, also where a writer still has the manifest.
    pub route: Vec<Leg>,
    /// The records of its history.
    pub history: Vec<Record>,
    /// Why no more of the history can be told.
    pub history_trouble: Option<String>,
    /// What stands beside it under backup names.
    pub backups: Vec<ExplainedBackup>,
    /// The operations that touched it, in the order in which they began.
    pub operations: Vec<Touched>,
    /// What a rollback of this manifest would come to: `pending` where it is possible.
    pub rollback: Outcome,
    /// What could not be told, and what somebody should know.
    pub notices: Vec<Diagnosis>,
}

/// The bytes of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// How many there are.
    pub size: u64,
    /// Their SHA-256.
    pub digest: Digest,
    /// When they were last modified, in seconds since 1970.
    pub modified: i64,
    /// The version; `None` where it cannot be told.
    pub version: Option<Version>,
    /// Whether the manifest itself says its version.
    pub version_is_declared: bool,
}

/// One migration of a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leg {
    /// The version that it leads from.
    pub from: Version,
    /// The version that it leads to.
    pub to: Version,
    /// What it is for.
    pub summary: String,
    /// What it would do to this manifest, as the history would say it; empty where it would be refused.
    pub changes: Vec<String>,
}

/// Explains the manifest at `path`.
///
/// # Errors
/// The target does not exist, no manifest is at the path, or it is excluded. A manifest that is broken is explained.
pub fn explain<S: Storage>(
    storage: &S,
    catalog: &Catalog,
    path: &TreePath,
    options: &ExplainOptions,
) -> Result<Explanation, Stop> {
    let plan = Plan::new(catalog, options.target.clone(), false)
        .map_err(|error| Stop::new(error.code(), error.to_string()))?;
    let found = named::find(storage, catalog, path)?;
    let mut notices = Vec::new();
    let (outcome, judged) = ways::migration(storage, catalog, path, options, &mut notices)?;
    if let Some(trouble) = &outcome.trouble
        && trouble.code == Code::NotFound
    {
        return Err(named::stop_of(path, trouble));
    }
    let rollback = ways::rollback(storage, catalog, path, options);
    let mut explanation = Explanation {
        path: path.clone(),
        kind: None,
        target: None,
        content: None,
        outcome,
        judged,
        deferred_by: None,
        route: Vec::new(),
        history: Vec::new(),
        history_trouble: None,
        backups: Vec::new(),
        operations: Vec::new(),
        rollback,
        notices,
    };
    let mut named = catalog.kinds_named(path.file_name());
    if let (Some((index, _)), None) = (named.next(), named.next()) {
        explanation.is_of_kind(&plan, index);
    }
    if found.trouble.is_none() {
        explanation.read(storage, &plan, &found, options);
        explanation.operations = past::operations(storage, path, &mut explanation.notices);
        explanation.backups = past::backups(
            storage,
            path,
            &explanation.history,
            &explanation.operations,
            &mut explanation.notices,
        );
    }
    Ok(explanation)
}

impl Explanation {
    fn is_of_kind(&mut self, plan: &Plan<'_>, kind_index: usize) {
        self.kind = Some(plan.catalog().kinds()[kind_index].name.clone());
        self.target = Some(plan.target_of(kind_index).clone());
    }

    /// Reads the manifest, as far as it can be read.
    fn read<S: Storage>(
        &mut self,
        storage: &S,
        plan: &Plan<'_>,
        found: &Found,
        options: &ExplainOptions,
    ) {
        let mut bytes = Vec::new();
        let Ok(version) = storage.read(&found.path, &mut bytes) else {
            // The outcome says why.
            return;
        };
        let mut content = Content {
            size: bytes.len() as u64,
            digest: Digest::of(&bytes),
            modified: storage.modified(&version),
            version: None,
            version_is_declared: false,
        };
        let examined = examine(plan.catalog(), found.path.file_name(), &bytes);
        let (document, index) = match &examined {
            Ok(manifest) => (Some(manifest.document()), Some(manifest.kind().index())),
            Err(unexamined) => (
                unexamined.text.as_ref().map(Text::root),
                unexamined.kind_index,
            ),
        };
        if let (Some(document), Some(index)) = (document, index) {
            self.is_of_kind(plan, index);
            let kind = &plan.catalog().kinds()[index];
            match history::read(document, &kind.history) {
                Ok(records) => self.history = records,
                Err(malformed) => self.history_trouble = Some(malformed.to_string()),
            }
        }
        if let Ok(manifest) = &examined {
            content.version = Some(manifest.version().clone());
            content.version_is_declared = manifest.version_is_declared();
            self.decide(plan, manifest, options);
        }
        self.content = Some(content);
    }

    fn decide(&mut self, plan: &Plan<'_>, manifest: &Manifest<'_, '_>, options: &ExplainOptions) {
        match plan.decide(manifest) {
            Ok(Decision::Deferred { at, value }) => self.deferred_by = Some((at, value)),
            Ok(Decision::Pending(_)) => {}
            Ok(Decision::Current | Decision::Ahead) | Err(_) => return,
        }
        let route = manifest
            .kind()
            .registry
            .route(manifest.version(), plan.target_of(manifest.kind().index()));
        let Some(route) = route else { return };
        let changes = transform(manifest, &route, options.now).map(|migrated| migrated.changes);
        let mut changes = changes.unwrap_or_default().into_iter();
        let legs = route.migrations().iter().map(|migration| Leg {
            from: migration.from.clone(),
            to: migration.to.clone(),
            summary: migration.summary.clone(),
            changes: changes.next().unwrap_or_default(),
        });
        self.route = legs.collect();
    }
}
