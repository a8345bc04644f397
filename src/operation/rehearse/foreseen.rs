//! What a migration of the tree would know before it wrote anything: its first pass, asked by a rehearsal.
//!
//! Judges nothing itself.
//!
//! Invariant: of each manifest it says what the migration would say.

use std::collections::BTreeMap;
use std::io;
use std::num::NonZeroUsize;

use rayon::ThreadPool;

use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::engine::Plan;
use crate::operation::first_pass::{FirstPass, Judged};
use crate::operation::migrate::{Depth, Options};
use crate::operation::settle::Settling;
use crate::operation::survey::Survey;
use crate::operation::tally::Tally;
use crate::path::TreePath;
use crate::report::{Diagnosis, Enforcement, Event, Outcome, Sink, Stop, Watch};
use crate::selection::Selection;
use crate::storage::{FoundList, Storage};

/// What came of the first pass, where rules need one.
pub(super) struct Foreseen {
    judged: Option<Judged>,
    /// Why the migration would stop before it wrote anything.
    pub(super) halted: Option<Stop>,
    troubles: Troubles,
}

impl Foreseen {
    pub(super) fn of<S: Storage>(
        storage: &S,
        plan: &Plan<'_>,
        pool: &ThreadPool,
        jobs: NonZeroUsize,
        manifests: &FoundList,
        watch: &dyn Watch,
    ) -> Result<Self, Stop> {
        let options = options(jobs);
        let judged = match FirstPass::new(plan.catalog(), &options)? {
            Some(pass) => Some(pass.run(storage, plan, &options, manifests, pool, watch)?),
            None => None,
        };
        let mut troubles = Troubles::default();
        let halted = judged.as_ref().and_then(|judged| {
            judged.halted(manifests, &mut Tally::new(&mut troubles, &options.survey))
        });
        Ok(Self {
            judged,
            halted,
            troubles,
        })
    }

    /// What is wrong with a manifest, where the migration would stop and say that.
    pub(super) fn check(&self, path: &TreePath) -> Result<(), Diagnosis> {
        match self.troubles.0.get(path) {
            Some(trouble) => Err(trouble.clone()),
            None => Ok(()),
        }
    }

    /// What rules over the tree say of a pending manifest.
    pub(super) fn settle(
        &self,
        path: &TreePath,
        digest: Digest,
        settling: &mut Settling<'_>,
    ) -> Result<(), Diagnosis> {
        match &self.judged {
            Some(judged) => judged.check(path, digest, settling).map(drop),
            None => Ok(()),
        }
    }
}

/// Hears what is told of manifests that are in trouble.
#[derive(Default)]
struct Troubles(BTreeMap<TreePath, Diagnosis>);

impl Sink for Troubles {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        if let Event::Outcome(Outcome {
            path,
            trouble: Some(trouble),
            ..
        }) = event
        {
            self.0.insert(path.clone(), trouble.clone());
        }
        Ok(())
    }
}

/// A dry run of the whole tree, also of what a writer still has.
fn options(jobs: NonZeroUsize) -> Options {
    Options {
        depth: Depth::Rehearse,
        command: "catalog",
        tree: String::new(),
        now: Timestamp::EPOCH,
        started: Timestamp::EPOCH,
        target: None,
        include_running: true,
        allow_downgrade: false,
        selection: Selection::default(),
        survey: Survey::default(),
        plan: None,
        jobs,
        batch: NonZeroUsize::MIN,
        rules: Enforcement::AsWritten,
        max_failures: None,
        wait: false,
    }
}
