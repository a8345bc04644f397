//! Rules over the tree: collects a few facts of each document, and finds the manifests that violate a rule.
//! Invariant: the failures do not depend on the order in which facts were added.

use std::collections::BTreeMap;

use super::manifest::Manifest;
use super::rules::Failure;
use crate::catalog::Catalog;
use crate::json::Value;
use crate::rule::{Body, Check, Fact, Rule, TreeRule, Violation};
use crate::version::Version;

#[derive(Debug)]
pub(crate) struct TreeRules<'c> {
    rules: Vec<KindRule<'c>>,
}

#[derive(Debug)]
struct KindRule<'c> {
    rule: &'c Rule,
    body: &'c dyn TreeRule,
    own: usize,
    other: Option<usize>,
}

/// The state of a manifest in which facts are collected.
#[derive(Debug, Clone, Copy)]
pub(super) enum Moment<'d> {
    AtRest,
    Before,
    After {
        version: &'d Version,
        document: Value<'d>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct DocumentFacts {
    /// Each fact with the index of its list in [`TreeFacts`].
    facts: Vec<(usize, Fact)>,
    pub failures: Vec<Failure>,
}

/// The facts of all documents, with the numbers of their manifests: for each rule one list for its own kind, and one for the other.
#[derive(Debug, Default)]
pub(crate) struct TreeFacts(Vec<Vec<(u32, Fact)>>);

impl<'c> TreeRules<'c> {
    pub(crate) fn of(catalog: &'c Catalog) -> Self {
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
                other: body.other().and_then(|(kind, _)| index(kind)),
            }),
        });
        Self {
            rules: rules.collect(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The facts of a manifest that stays as it is.
    pub(crate) fn at_rest(&self, manifest: &Manifest<'_, '_>) -> DocumentFacts {
        let mut facts = DocumentFacts::default();
        self.collect(manifest, Moment::AtRest, &mut facts);
        facts
    }

    pub(super) fn collect(
        &self,
        manifest: &Manifest<'_, '_>,
        moment: Moment<'_>,
        into: &mut DocumentFacts,
    ) {
        let kind_index = manifest.kind().index();
        let (version, document) = match moment {
            Moment::AtRest | Moment::Before => (manifest.version(), manifest.document()),
            Moment::After { version, document } => (version, document),
        };
        for (index, one) in self.rules.iter().enumerate() {
            let applies = match moment {
                Moment::AtRest => true,
                Moment::Before => one.rule.check == Check::Require,
                Moment::After { .. } => one.rule.check == Check::Ensure,
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

    pub(crate) fn add(&self, manifest: u32, facts: DocumentFacts, into: &mut TreeFacts) {
        into.0.resize_with(2 * self.rules.len(), Vec::new);
        for (list, fact) in facts.facts {
            into.0[list].push((manifest, fact));
        }
    }

    pub(crate) fn judge(
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
