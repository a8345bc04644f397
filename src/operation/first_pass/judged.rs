//! What came of a first pass: a small fact about each manifest, and what does not hold.
//!
//! Says what follows for an operation; reads a tree only to see whether it is still the one that was judged.
//!
//! Invariant: what it says of a manifest it says of the bytes that were read, and of no others.

use std::collections::BTreeMap;

use rayon::ThreadPool;
use rayon::prelude::*;

use super::super::evaluate::refused;
use super::super::settle::Settling;
use super::super::tally::Tally;
use super::super::turns::Turns;
use super::look::{Look, Rehearsed, Seen};
use crate::code::Code;
use crate::digest::Digest;
use crate::engine::{Failure, TreeFacts, TreeRules, consequence};
use crate::path::TreePath;
use crate::report::{Diagnosis, Enforcement, Outcome, Status, Stop, Watch};
use crate::rule::OnFailure;
use crate::storage::{Found, FoundList, Storage};

/// How many manifests are looked at before what they contribute is taken in.
const BATCH: usize = 4096;

/// What came of a first pass.
pub(in super::super) struct Judged {
    /// All manifests that were looked at.
    manifests: FoundList,
    /// What is remembered of each.
    looked: Vec<Looked>,
    /// What does not hold of manifests because of others.
    pub(super) failures: BTreeMap<u32, Vec<Failure>>,
    /// Manifests that would be refused, or cannot be read.
    troubles: BTreeMap<u32, Diagnosis>,
    /// The first failure that halts, and how many manifests have one.
    halted: Option<(String, u64)>,
    /// Directories with manifests that should have been looked at, and could not be listed.
    pub(super) unlisted: Vec<Diagnosis>,
}

/// What is remembered of a manifest.
#[derive(Debug, Clone, Copy)]
struct Looked {
    /// The digest of what was read, where it could be read.
    digest: Option<Digest>,
    rehearsed: Rehearsed,
}

impl Judged {
    pub(super) fn of(manifests: FoundList) -> Self {
        Self {
            looked: Vec::with_capacity(manifests.len()),
            manifests,
            failures: BTreeMap::new(),
            troubles: BTreeMap::new(),
            halted: None,
            unlisted: Vec::new(),
        }
    }

    /// Looks at all manifests, in parallel, and gives what they contribute.
    pub(super) fn gather<S: Storage>(
        &mut self,
        look: &Look<'_, S>,
        pool: &ThreadPool,
        watch: &dyn Watch,
    ) -> TreeFacts {
        let mut facts = TreeFacts::default();
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

    fn take(&mut self, index: u32, mut seen: Seen, whole: &TreeRules<'_>, facts: &mut TreeFacts) {
        self.looked.push(Looked {
            digest: seen.digest,
            rehearsed: seen.rehearsed,
        });
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
        whole.add(index, seen.contribution, facts);
    }

    pub(super) fn judge(&mut self, whole: &TreeRules<'_>, facts: TreeFacts, rules: Enforcement) {
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
                .find(|failure| consequence(failure.on_failure, rules) == OnFailure::Halt);
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
    pub(in super::super) fn is_halted(&self) -> bool {
        self.halted.is_some()
    }

    /// Whether a manifest is pending, and no rule, taken as `rules` says, nor anything in the manifest is in the way.
    pub(in super::super) fn may_be_migrated(&self, path: &TreePath, rules: Enforcement) -> bool {
        self.index_of(path).is_some_and(|index| {
            let mut failures = self.failures.get(&index).into_iter().flatten();
            self.is_rehearsed(index)
                && !self.troubles.contains_key(&index)
                && failures.all(|failure| consequence(failure.on_failure, rules) == OnFailure::Warn)
        })
    }

    fn is_rehearsed(&self, index: u32) -> bool {
        self.looked
            .get(index as usize)
            .is_some_and(|looked| looked.rehearsed != Rehearsed::Not)
    }

    /// Whether `manifests` are those that were looked at, and each still says what it said, byte for byte.
    pub(in super::super) fn stands<S: Storage>(
        &self,
        storage: &S,
        manifests: &FoundList,
        pool: &ThreadPool,
    ) -> bool {
        let turns = Turns::default();
        let is_as_read = |buffer: &mut Vec<u8>, (found, looked): (Found, &Looked)| {
            turns.take(buffer, |buffer, most| {
                let read = storage.read_small(&found.path, buffer, most).transpose()?;
                Some(looked.digest == read.ok().map(|_| Digest::of(buffer)))
            })
        };
        let is_as_seen = |buffer: &mut Vec<u8>, index: usize| {
            let found = manifests.range(index..index + 1).next();
            found.zip(self.looked.get(index)).is_some_and(|one| {
                // What is wrong with it without reading it stands in the list.
                one.0.trouble.is_some() || is_as_read(buffer, one)
            })
        };
        self.manifests == *manifests
            && pool.install(|| {
                let all = (0..manifests.len()).into_par_iter();
                all.map_init(Vec::new, is_as_seen).all(|stands| stands)
            })
    }

    /// The stop that a failure is which halts; what is wrong with each manifest is told.
    pub(in super::super) fn halted(
        &self,
        selected: &FoundList,
        tally: &mut Tally<'_>,
    ) -> Option<Stop> {
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
    pub(in super::super) fn beside(&self, selected: &FoundList) -> Vec<Diagnosis> {
        let mut notices = Vec::new();
        notices.extend(self.halts().map(|stop| Diagnosis {
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
            notices.extend(failures.map(|failure| Diagnosis {
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
    pub(in super::super) fn looked_at(&self) -> u64 {
        self.manifests.len() as u64
    }

    /// Directories with manifests that should have been looked at, and could not be listed.
    pub(in super::super) fn unlisted(&self) -> &[Diagnosis] {
        &self.unlisted
    }

    fn index_of(&self, path: &TreePath) -> Option<u32> {
        u32::try_from(self.manifests.position(path)?).ok()
    }

    /// Whether a pending manifest is the one that was judged, and may be migrated as far as the tree is concerned. Gives whether schemas and rules of the document have nothing to say, and need not be asked again.
    pub(in super::super) fn check(
        &self,
        path: &TreePath,
        digest: Digest,
        settling: &mut Settling<'_>,
    ) -> Result<bool, Diagnosis> {
        let index = self
            .index_of(path)
            .filter(|index| self.is_rehearsed(*index));
        let looked = index.and_then(|index| Some((index, self.looked.get(index as usize)?)));
        let judged = looked.filter(|(_, looked)| looked.digest == Some(digest));
        let Some((index, looked)) = judged else {
            return Err(Diagnosis::new(
                Code::ChangedMeanwhile,
                "it is not what it was when the rules over the tree were checked".to_owned(),
            ));
        };
        let failures = self.failures.get(&index).into_iter().flatten();
        settling
            .take_failures(failures.cloned())
            .map_err(|refusal| refused(&refusal))?;
        Ok(looked.rehearsed == Rehearsed::Silent)
    }
}
