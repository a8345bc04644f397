//! The first pass over a tree: what rules over the tree, and rules that halt, must know before anything is written.
//!
//! Selected manifests count as they will be, all others as they are. Writes nothing.
//!
//! Invariant: memory holds facts and digests, never documents; the second pass migrates only what has the digest that was judged.

mod look;

use std::collections::BTreeMap;

use rayon::ThreadPool;
use rayon::prelude::*;

use super::evaluate::refused;
use super::listing;
use super::migrate::{Depth, Options};
use super::settle::Settling;
use super::tally::Tally;
use super::turns::Turns;
use crate::catalog::Catalog;
use crate::code::Code;
use crate::digest::Digest;
use crate::event::Watch;
use crate::path::TreePath;
use crate::plan::Plan;
use crate::report::{Notice, Outcome, Status, Stop, Trouble};
use crate::rule::whole::{Facts, Whole};
use crate::rule::{Enforcement, Failure, OnFailure};
use crate::selection::Selection;
use crate::storage::{Found, FoundList, Storage};
use look::{Look, Seen, Selected};

/// How many manifests are looked at before what they contribute is taken in.
const BATCH: usize = 4096;

/// What an operation asks before it writes.
pub(super) struct FirstPass<'o> {
    whole: Whole<'o>,
}

/// What came of it.
pub(super) struct Judged {
    /// All manifests that were looked at.
    manifests: FoundList,
    /// The digest of each that a route was rehearsed with, whether it is refused or not.
    rehearsed: Vec<Option<Digest>>,
    /// What does not hold of manifests because of others.
    failures: BTreeMap<u32, Vec<Failure>>,
    /// Manifests that would be refused, or cannot be read.
    troubles: BTreeMap<u32, Trouble>,
    /// The first failure that halts, and how many manifests have one.
    halted: Option<(String, u64)>,
    /// Directories with manifests that should have been looked at, and could not be listed.
    unlisted: Vec<Notice>,
}

impl<'o> FirstPass<'o> {
    /// What `options` make necessary; `None` where no rule needs a first pass.
    ///
    /// # Errors
    /// Only a part of the tree is selected, and there are rules over the whole of it.
    pub(super) fn new(catalog: &'o Catalog, options: &Options) -> Result<Option<Self>, Stop> {
        if options.depth == Depth::Decide {
            return Ok(None);
        }
        let whole = Whole::of(catalog);
        let stands_alone = options.plan.is_none() && options.rules != Enforcement::AsOfWhole;
        if !whole.is_empty() && options.selection.is_partial() && stands_alone {
            let message = format!(
                "the catalog `{}` has rules over the whole tree, and only a part of it is selected",
                catalog.name()
            );
            return Err(Stop::new(Code::PartialWithTreeRules, message));
        }
        let mut rules = catalog.kinds().iter().flat_map(|kind| &kind.rules);
        let halts = rules.any(|rule| options.rules.of(rule.on_failure) == OnFailure::Halt);
        Ok((halts || !whole.is_empty()).then_some(Self { whole }))
    }

    /// Looks at all manifests that matter: the whole tree for its rules, else what is selected.
    pub(super) fn run<S: Storage>(
        &self,
        storage: &S,
        plan: &Plan<'_>,
        options: &Options,
        selected: &FoundList,
        pool: &ThreadPool,
        watch: &dyn Watch,
    ) -> Result<Judged, Stop> {
        let all_count = options.rules == Enforcement::AsOfWhole;
        let is_part = options.selection.is_partial() && (all_count || !self.whole.is_empty());
        let mut unlisted = Vec::new();
        let manifests = if is_part {
            let whole = Selection {
                exclude: options.selection.exclude.clone(),
                ..Selection::default()
            };
            let listing = listing::find(storage, plan.catalog(), &whole, pool, watch)?;
            unlisted = listing.directories_failed;
            listing.manifests
        } else {
            selected.clone()
        };
        let look = Look {
            storage,
            plan,
            whole: &self.whole,
            rules: options.rules,
            selected: if is_part && !all_count {
                Selected::These(selected)
            } else {
                Selected::All
            },
            turns: Turns::default(),
        };
        let mut judged = Judged::of(manifests);
        let facts = judged.gather(&look, pool, watch);
        judged.judge(&self.whole, facts, options.rules);
        judged.unlisted = unlisted;
        Ok(judged)
    }
}

/// What rules over the tree say of manifests as they are.
pub(super) fn as_they_are<S: Storage>(
    storage: &S,
    plan: &Plan<'_>,
    manifests: &FoundList,
    pool: &ThreadPool,
    watch: &dyn Watch,
) -> BTreeMap<u32, Vec<Failure>> {
    let whole = Whole::of(plan.catalog());
    if whole.is_empty() {
        return BTreeMap::new();
    }
    let look = Look {
        storage,
        plan,
        whole: &whole,
        rules: Enforcement::AsWritten,
        selected: Selected::None,
        turns: Turns::default(),
    };
    let mut judged = Judged::of(manifests.clone());
    let facts = judged.gather(&look, pool, watch);
    judged.judge(&whole, facts, Enforcement::AsWritten);
    judged.failures
}

impl Judged {
    fn of(manifests: FoundList) -> Self {
        Self {
            rehearsed: Vec::with_capacity(manifests.len()),
            manifests,
            failures: BTreeMap::new(),
            troubles: BTreeMap::new(),
            halted: None,
            unlisted: Vec::new(),
        }
    }

    /// Looks at all manifests, in parallel, and gives what they contribute.
    fn gather<S: Storage>(
        &mut self,
        look: &Look<'_, S>,
        pool: &ThreadPool,
        watch: &dyn Watch,
    ) -> Facts {
        let mut facts = Facts::default();
        let mut next = 0;
        while next < self.manifests.len() && watch.signal().is_none() {
            let until = self.manifests.len().min(next + BATCH);
            let batch: Vec<Found> = self.manifests.range(next..until).collect();
            let see = |buffer: &mut Vec<u8>, found: &Found| look.see(found, buffer);
            let seen: Vec<Seen> =
                pool.install(|| batch.par_iter().map_init(Vec::new, see).collect());
            for (seen, index) in seen.into_iter().zip(next..until) {
                let index = u32::try_from(index).unwrap_or(u32::MAX);
                self.take(index, seen, look.whole, &mut facts);
            }
            next = until;
        }
        facts
    }

    fn take(&mut self, index: u32, mut seen: Seen, whole: &Whole<'_>, facts: &mut Facts) {
        self.rehearsed.push(seen.rehearsed);
        if let Some(trouble) = seen.trouble {
            if seen.halts {
                self.halt(&trouble.message);
            }
            self.troubles.insert(index, trouble);
        }
        let alone = std::mem::take(&mut seen.contribution.failures);
        if !alone.is_empty() {
            self.failures.entry(index).or_default().extend(alone);
        }
        whole.take(index, seen.contribution, facts);
    }

    fn judge(&mut self, whole: &Whole<'_>, facts: Facts, rules: Enforcement) {
        let manifests = &self.manifests;
        let path = |index: u32| {
            let index = index as usize;
            let found = manifests.range(index..index + 1).next();
            found
                .map(|found| found.path.to_string())
                .unwrap_or_default()
        };
        for (index, failures) in whole.judge(facts, &path) {
            self.failures.entry(index).or_default().extend(failures);
        }
        let all = std::mem::take(&mut self.failures);
        for (index, failures) in &all {
            let halting = failures
                .iter()
                .find(|failure| rules.of(failure.on_failure) == OnFailure::Halt);
            if let Some(failure) = halting {
                let trouble = refused(&failure.refusal);
                self.halt(&trouble.message);
                self.troubles.insert(*index, trouble);
            }
        }
        self.failures = all;
    }

    fn halt(&mut self, message: &str) {
        let (_, count) = self.halted.get_or_insert_with(|| (message.to_owned(), 0));
        *count += 1;
    }

    /// Whether a failure halts.
    pub(super) fn is_halted(&self) -> bool {
        self.halted.is_some()
    }

    /// Whether a manifest is pending, and no rule, taken as `rules` says, nor anything in the manifest is in the way.
    pub(super) fn may_be_migrated(&self, path: &TreePath, rules: Enforcement) -> bool {
        self.index_of(path).is_some_and(|index| {
            let mut failures = self.failures.get(&index).into_iter().flatten();
            self.is_rehearsed(index)
                && !self.troubles.contains_key(&index)
                && failures.all(|failure| rules.of(failure.on_failure) == OnFailure::Warn)
        })
    }

    fn is_rehearsed(&self, index: u32) -> bool {
        self.rehearsed
            .get(index as usize)
            .is_some_and(Option::is_some)
    }

    /// The stop that a failure is which halts; what is wrong with each manifest is told.
    pub(super) fn halted(&self, selected: &FoundList, tally: &mut Tally<'_>) -> Option<Stop> {
        let stop = self.halts()?;
        for found in selected.range(0..selected.len()) {
            let trouble = self
                .index_of(&found.path)
                .and_then(|index| self.troubles.get(&index));
            let outcome = match trouble {
                Some(trouble) => Outcome::troubled(found.path, trouble.clone()),
                None => Outcome::new(found.path, Status::NotAttempted),
            };
            tally.outcome(&outcome, None, None);
        }
        Some(stop)
    }

    fn halts(&self) -> Option<Stop> {
        let (first, count) = self.halted.as_ref()?;
        let message = format!("a rule halts, of {count} manifests: {first}");
        Some(Stop::new(Code::RuleHalted, message))
    }

    /// What there is to say of `selected`, beside their outcomes, where an operation on the whole tree is only thought of: what would halt it, and what does not hold of those that it would not migrate.
    pub(super) fn beside(&self, selected: &FoundList) -> Vec<Notice> {
        let mut notices = Vec::new();
        notices.extend(self.halts().map(|stop| Notice {
            code: stop.code,
            path: None,
            message: format!("a migration would write nothing: {}", stop.message),
        }));
        for found in selected.range(0..selected.len()) {
            let Some(index) = self.index_of(&found.path) else {
                continue;
            };
            if self.is_rehearsed(index) {
                continue;
            }
            let failures = self.failures.get(&index).into_iter().flatten();
            notices.extend(failures.map(|failure| Notice {
                code: match failure.on_failure {
                    OnFailure::Warn => Code::RuleWarned,
                    OnFailure::Halt | OnFailure::Refuse => failure.refusal.code(),
                },
                path: Some(found.path.clone()),
                message: failure.refusal.to_string(),
            }));
        }
        notices
    }

    /// How many manifests were looked at.
    pub(super) fn looked_at(&self) -> u64 {
        self.manifests.len() as u64
    }

    /// Directories with manifests that should have been looked at, and could not be listed.
    pub(super) fn unlisted(&self) -> &[Notice] {
        &self.unlisted
    }

    fn index_of(&self, path: &TreePath) -> Option<u32> {
        u32::try_from(self.manifests.position(path)?).ok()
    }

    /// Whether a pending manifest is the one that was judged, and may be migrated as far as the tree is concerned.
    pub(super) fn check(
        &self,
        path: &TreePath,
        digest: Digest,
        settling: &mut Settling<'_>,
    ) -> Result<(), Trouble> {
        let index = self.index_of(path);
        let judged = index.and_then(|index| self.rehearsed.get(index as usize).copied().flatten());
        let (Some(index), true) = (index, judged == Some(digest)) else {
            return Err(Trouble {
                code: Code::ChangedMeanwhile,
                message: "it is not what it was when the rules over the tree were checked"
                    .to_owned(),
            });
        };
        let failures = self.failures.get(&index).into_iter().flatten();
        settling
            .take_failures(failures.cloned())
            .map_err(|refusal| refused(&refusal))
    }
}
