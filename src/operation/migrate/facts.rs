//! The result of a first pass: a small fact about each manifest, and the violations.
//!
//! Invariant: each fact is about the bytes with the recorded digest.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use crate::code::Code;
use crate::digest::Digest;
use crate::engine::{DocumentFacts, Failure, PendingFacts, TreeFacts, TreeRules, consequence};
use crate::operation::tally::too_many;
use crate::path::TreePath;
use crate::report::{Diagnosis, Enforcement, Stop};
use crate::rule::OnFailure;
use crate::selection::Tolerance;

pub(super) struct ExaminedManifest {
    pub(super) path: TreePath,
    pub(super) is_selected: bool,
    pub(super) pending: Option<Pending>,
    pub(super) facts: DocumentFacts,
    /// The reason why it would be refused or cannot be read.
    pub(super) trouble: Option<Diagnosis>,
    pub(super) halts: bool,
}

/// A manifest that would be migrated.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pending {
    pub(super) digest: Digest,
    /// True if no schema or rule of the document is violated.
    pub(super) is_clean: bool,
}

#[derive(Default)]
pub(super) struct FactCollector {
    pub(super) pass_facts: FirstPassFacts,
    facts: TreeFacts,
}

impl FactCollector {
    pub(super) fn take(&mut self, mut examined: ExaminedManifest, tree: &TreeRules<'_>) {
        let pass_facts = &mut self.pass_facts;
        let number = pass_facts.push(&examined);
        match examined.trouble {
            Some(trouble) if examined.is_selected => {
                if examined.halts {
                    pass_facts.halt(number, &trouble.message);
                }
                pass_facts.troubles.insert(number, trouble);
            }
            Some(trouble) => pass_facts.unread.push(trouble.at(examined.path)),
            None => {}
        }
        let alone = std::mem::take(&mut examined.facts.failures);
        if !alone.is_empty() {
            pass_facts.failures.entry(number).or_default().extend(alone);
        }
        tree.add(number, examined.facts, &mut self.facts);
    }

    pub(super) fn check_rules(self, tree: &TreeRules<'_>, rules: Enforcement) -> FirstPassFacts {
        let Self {
            mut pass_facts,
            facts,
        } = self;
        let path = |number: u32| pass_facts.path(number as usize).to_string();
        let failures = tree.judge(facts, &path);
        for (number, failures) in failures {
            pass_facts
                .failures
                .entry(number)
                .or_default()
                .extend(failures);
        }
        let all = std::mem::take(&mut pass_facts.failures);
        for (number, failures) in &all {
            pass_facts.refuse(*number, failures, rules);
        }
        pass_facts.failures = all;
        pass_facts
    }
}

#[derive(Default)]
pub(in crate::operation) struct FirstPassFacts {
    /// The paths, one behind the other, in path order.
    paths: Vec<u8>,
    manifests: Vec<ManifestFacts>,
    /// Rules over the tree that do not hold, by the number of the manifest.
    failures: BTreeMap<u32, Vec<Failure>>,
    /// Manifests that would be refused, or cannot be read.
    troubles: BTreeMap<u32, Diagnosis>,
    /// The first failure that halts, and the manifests that have one.
    halted: Option<(String, BTreeSet<u32>)>,
    /// Directories outside the selection that could not be listed.
    pub(super) unlisted: Vec<Diagnosis>,
    /// Manifests outside the selection that could not be read.
    unread: Vec<Diagnosis>,
}

struct ManifestFacts {
    end: u64,
    is_selected: bool,
    pending: Option<Pending>,
}

impl FirstPassFacts {
    fn push(&mut self, examined: &ExaminedManifest) -> u32 {
        let number = u32::try_from(self.manifests.len()).unwrap_or(u32::MAX);
        self.paths.extend_from_slice(examined.path.as_bytes());
        self.manifests.push(ManifestFacts {
            end: self.paths.len() as u64,
            is_selected: examined.is_selected,
            pending: examined.pending,
        });
        number
    }

    fn refuse(&mut self, number: u32, failures: &[Failure], rules: Enforcement) {
        let with = |consequence_of| {
            let mut failures = failures.iter();
            failures.find(|failure| consequence(failure.on_failure, rules) == consequence_of)
        };
        if let Some(failure) = with(OnFailure::Halt) {
            let trouble = Diagnosis::from(&failure.refusal);
            self.halt(number, &trouble.message);
            self.troubles.insert(number, trouble);
        } else if let Some(failure) = with(OnFailure::Refuse)
            && self.manifests[number as usize].pending.is_some()
        {
            let trouble = || Diagnosis::from(&failure.refusal);
            self.troubles.entry(number).or_insert_with(trouble);
        }
    }

    fn halt(&mut self, number: u32, message: &str) {
        let first = || (message.to_owned(), BTreeSet::new());
        let (_, halting) = self.halted.get_or_insert_with(first);
        halting.insert(number);
    }

    fn bytes(&self, number: usize) -> &[u8] {
        let end = |number: usize| {
            self.manifests
                .get(number)
                .map_or(0, |manifests| manifests.end)
        };
        let start = number.checked_sub(1).map_or(0, end);
        let at = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
        self.paths
            .get(at(start)..at(end(number)))
            .unwrap_or_default()
    }

    fn path(&self, number: usize) -> TreePath {
        TreePath::join(b"", self.bytes(number))
    }

    fn number_of(&self, path: &TreePath) -> Option<u32> {
        let (mut low, mut high) = (0, self.manifests.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match self.bytes(middle).cmp(path.as_bytes()) {
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
                Ordering::Equal => return u32::try_from(middle).ok(),
            }
        }
        None
    }

    pub(in crate::operation) fn number(&self) -> u64 {
        self.manifests.len() as u64
    }

    pub(in crate::operation) fn unlisted(&self) -> &[Diagnosis] {
        &self.unlisted
    }

    pub(in crate::operation) fn unread(&self) -> &[Diagnosis] {
        &self.unread
    }

    pub(in crate::operation) fn halted(&self, most: Option<Tolerance>) -> Option<Stop> {
        if let Some((first, halting)) = &self.halted {
            let manifests = match halting.len() {
                1 => "1 manifest violates".to_owned(),
                several => format!("{several} manifests violate"),
            };
            let message = format!("{manifests} a rule that halts: {first}");
            return Some(Stop::new(Code::RuleHalted, message));
        }
        let selected = self
            .manifests
            .iter()
            .filter(|manifests| manifests.is_selected);
        too_many(most, self.troubles.len() as u64, selected.count() as u64)
    }

    pub(in crate::operation) fn trouble(&self, path: &TreePath) -> Option<&Diagnosis> {
        self.troubles.get(&self.number_of(path)?)
    }

    pub(in crate::operation) fn failures(&self, path: &TreePath) -> &[Failure] {
        let number = self.number_of(path);
        let failures = number.and_then(|number| self.failures.get(&number));
        failures.map_or(&[], Vec::as_slice)
    }

    pub(in crate::operation) fn is_pending(&self, path: &TreePath) -> bool {
        let manifests = self.manifests(path);
        manifests.is_some_and(|manifests| manifests.pending.is_some())
    }

    pub(super) fn selects(&self, path: &TreePath) -> bool {
        self.manifests(path)
            .is_none_or(|manifests| manifests.is_selected)
    }

    fn manifests(&self, path: &TreePath) -> Option<&ManifestFacts> {
        self.manifests.get(self.number_of(path)? as usize)
    }

    pub(super) fn is_to_be_written(&self) -> bool {
        let mut all = (0..).zip(&self.manifests);
        all.any(|(number, manifests)| {
            manifests.pending.is_some() && !self.troubles.contains_key(&number)
        })
    }

    /// The facts about a pending manifest with this digest; `None` if the first pass read other bytes.
    pub(super) fn pending(&self, path: &TreePath, digest: Digest) -> Option<PendingFacts<'_>> {
        let number = self.number_of(path)?;
        let pending = self.manifests.get(number as usize)?.pending?;
        (pending.digest == digest).then(|| PendingFacts {
            failures: self.failures.get(&number).map_or(&[], Vec::as_slice),
            has_passed: pending.is_clean,
        })
    }
}
