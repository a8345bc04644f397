//! Rules over the tree: collects a few facts of each document, and finds the manifests that violate a rule.
//!
//! Keeps facts in memory, never documents. Opens no files.
//!
//! Invariant: the failures do not depend on the order in which facts were added.

use std::collections::BTreeMap;

use super::rules::Failure;
use crate::catalog::Catalog;
use crate::json::Value;
use crate::rule::{Body, Check, Fact, Rule, TreeRule, Violation};
use crate::version::Version;

/// The rules over the tree of a catalog.
#[derive(Debug)]
pub struct TreeRules<'c> {
    rules: Vec<KindRule<'c>>,
}

/// A rule over the tree, with the indices of the kinds of which it needs facts.
#[derive(Debug)]
struct KindRule<'c> {
    rule: &'c Rule,
    body: &'c dyn TreeRule,
    own: usize,
    other: Option<usize>,
}

/// The moment at which a document is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// It will not be migrated.
    AtRest,
    /// It will be migrated.
    Before,
    /// It was migrated.
    After,
}

/// The facts of one document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DocumentFacts {
    /// Each fact with the index of its list in [`TreeFacts`].
    facts: Vec<(usize, Fact)>,
    /// The rules that the document violates by itself.
    pub failures: Vec<Failure>,
}

/// The facts of all documents, with the numbers of their manifests: for each rule one list for its own kind, and one for the other.
#[derive(Debug, Default)]
pub struct TreeFacts(Vec<Vec<(u32, Fact)>>);

impl<'c> TreeRules<'c> {
    /// The rules of `catalog` that concern the whole tree.
    #[must_use]
    pub fn of(catalog: &'c Catalog) -> Self {
        let kinds = catalog.kinds();
        let index = |name: &str| kinds.iter().position(|kind| kind.name == name);
        let rules = kinds.iter().flat_map(|kind| {
            let rules = kind.rules.iter();
            rules.map(move |rule| (kind.index(), rule))
        });
        let rules = rules.filter_map(|(own, rule)| match &rule.body {
            Body::Document(_) => None,
            Body::Tree(body) => Some(KindRule {
                rule,
                body: &**body,
                own,
                other: body.other_kind().and_then(index),
            }),
        });
        Self {
            rules: rules.collect(),
        }
    }

    /// Returns true if the catalog has no such rules.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Collects the facts of a document of the kind with this index.
    pub fn collect(
        &self,
        kind_index: usize,
        version: &Version,
        moment: Moment,
        document: Value<'_>,
        into: &mut DocumentFacts,
    ) {
        for (index, one) in self.rules.iter().enumerate() {
            let applies = match moment {
                Moment::AtRest => true,
                Moment::Before => one.rule.check == Check::Require,
                Moment::After => one.rule.check == Check::Ensure,
            };
            if !applies {
                continue;
            }
            if one.own == kind_index && one.rule.is_about(version, document) {
                into.add(2 * index, one.rule, one.body.own_fact(document));
            }
            if one.other == Some(kind_index) {
                into.add(2 * index + 1, one.rule, one.body.other_fact(document));
            }
        }
    }

    /// Adds the facts of the manifest with this number.
    pub fn add(&self, manifest: u32, facts: DocumentFacts, into: &mut TreeFacts) {
        into.0.resize_with(2 * self.rules.len(), Vec::new);
        for (list, fact) in facts.facts {
            into.0[list].push((manifest, fact));
        }
    }

    /// Finds the failures of each manifest; `path` gives the path for a number.
    #[must_use]
    pub fn judge(
        &self,
        mut facts: TreeFacts,
        path: &dyn Fn(u32) -> String,
    ) -> BTreeMap<u32, Vec<Failure>> {
        let mut failures: BTreeMap<u32, Vec<Failure>> = BTreeMap::new();
        for (one, facts) in self.rules.iter().zip(facts.0.chunks_exact_mut(2)) {
            let [own, others] = facts else { continue };
            for (manifest, reason) in one.body.judge(own, others, path) {
                let failure = Failure::of(one.rule, reason);
                failures.entry(manifest).or_default().push(failure);
            }
        }
        failures
    }
}

impl DocumentFacts {
    fn add(&mut self, list: usize, rule: &Rule, found: Result<Option<Fact>, Violation>) {
        match found {
            Ok(fact) => self.facts.extend(fact.map(|fact| (list, fact))),
            Err(violation) => self.failures.push(Failure::of(rule, violation.to_string())),
        }
    }
}
