//! What the other use cases would come to for one manifest.
//!
//! Invariant: nothing is written, and nothing is decided here.

use std::io;
use std::num::NonZeroUsize;

use super::ExplainOptions;
use crate::catalog::Catalog;
use crate::operation::{
    Depth, Options, RollbackMode, RollbackOptions, Survey, Undo, migrate, rollback as roll_back,
};
use crate::path::TreePath;
use crate::report::{Diagnosis, Enforcement, Event, Outcome, Sink, Status, Stop, Summary};
use crate::selection::Selection;
use crate::storage::Storage;

/// What was told of the only manifest.
#[derive(Default)]
struct Told {
    outcome: Option<Outcome>,
    notices: Vec<Diagnosis>,
}

impl Sink for Told {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::Outcome(outcome) => self.outcome = Some((*outcome).clone()),
            Event::Warning(notice) | Event::DirectoryFailed(notice) => {
                self.notices.push((*notice).clone());
            }
            _ => {}
        }
        Ok(())
    }
}

fn only(path: &TreePath) -> Selection {
    Selection {
        manifests: Some(vec![path.clone()]),
        ..Selection::default()
    }
}

/// What a migration of the whole tree would come to for this manifest, and how many it would hold against rules first.
pub(super) fn migration<S: Storage>(
    storage: &S,
    catalog: &Catalog,
    path: &TreePath,
    options: &ExplainOptions,
    notices: &mut Vec<Diagnosis>,
) -> Result<(Outcome, Option<u64>), Stop> {
    let asked = Options {
        depth: Depth::Difference,
        command: "explain",
        tree: options.tree.clone(),
        now: options.now,
        started: options.now,
        target: options.target.clone(),
        include_running: false,
        allow_downgrade: false,
        rules: Enforcement::AsOfWhole,
        selection: only(path),
        survey: Survey::default(),
        plan: None,
        jobs: options.jobs,
        batch: NonZeroUsize::MIN,
        max_failures: None,
        wait: false,
    };
    let mut told = Told::default();
    let summary = migrate(storage, catalog, &asked, &|| None, &mut told);
    notices.append(&mut told.notices);
    let judged = summary.judged;
    Ok((came_to(path, told, summary)?, judged))
}

/// What a rollback would come to. Why there can be none is an answer, too.
pub(super) fn rollback<S: Storage>(
    storage: &S,
    catalog: &Catalog,
    path: &TreePath,
    options: &ExplainOptions,
) -> Outcome {
    let asked = RollbackOptions {
        undo: Undo::Manifests,
        mode: RollbackMode::Rehearse,
        tree: options.tree.clone(),
        now: options.now,
        started: options.now,
        selection: only(path),
        jobs: NonZeroUsize::MIN,
        batch: NonZeroUsize::MIN,
        max_failures: None,
        wait: false,
    };
    let mut told = Told::default();
    let summary = roll_back(storage, catalog, &asked, &|| None, &mut told);
    came_to(path, told, summary).unwrap_or_else(|stop| Outcome {
        trouble: Some(Diagnosis::new(stop.code, stop.message)),
        ..Outcome::new(path.clone(), Status::Refused)
    })
}

fn came_to(path: &TreePath, told: Told, summary: Summary) -> Result<Outcome, Stop> {
    match (summary.stop, told.outcome) {
        (Some(stop), _) => Err(stop),
        (None, Some(outcome)) => Ok(outcome),
        (None, None) => Ok(Outcome::new(path.clone(), Status::NotAttempted)),
    }
}
