//! The rules over the tree as a whole: which of them ask what of a document, and of which manifests they do not hold.
//!
//! Memory holds facts, never documents. Reads nothing itself.
//!
//! Invariant: what comes out does not depend on the order in which facts came in.

use std::collections::BTreeMap;

use super::tree::{Fact, Gathered, Role, TreeRule};
use super::{Body, Check, Failure, Rule, Violation};
use crate::catalog::Catalog;
use crate::json::Value;
use crate::version::Version;

/// The rules over the tree of a catalog.
#[derive(Debug)]
pub struct Whole<'c> {
    asked: Vec<Asked<'c>>,
}

#[derive(Debug)]
struct Asked<'c> {
    rule: &'c Rule,
    asks: &'c dyn TreeRule,
    own: usize,
    other: Option<usize>,
}

/// How a document that is looked at will stand in the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It stays as it is.
    AsItIs,
    /// It is there before it is migrated.
    Before,
    /// It is what the migration makes.
    After,
}

/// What one document contributes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contribution {
    facts: Vec<(usize, Role, Gathered)>,
    /// What does not hold of it alone.
    pub failures: Vec<Failure>,
}

/// What all documents contribute.
#[derive(Debug, Default)]
pub struct Facts(Vec<Vec<Fact>>);

impl<'c> Whole<'c> {
    /// The rules of `catalog` that look at the whole tree.
    #[must_use]
    pub fn of(catalog: &'c Catalog) -> Self {
        let kinds = catalog.kinds();
        let place = |name: &str| kinds.iter().position(|kind| kind.name == name);
        let rules = kinds.iter().enumerate().flat_map(|(own, kind)| {
            let rules = kind.rules.iter();
            rules.map(move |rule| (own, rule))
        });
        let asked = rules.filter_map(|(own, rule)| match &rule.body {
            Body::Document(_) => None,
            Body::Tree(asks) => Some(Asked {
                rule,
                asks: &**asks,
                own,
                other: asks.other_kind().and_then(place),
            }),
        });
        Self {
            asked: asked.collect(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.asked.is_empty()
    }

    /// Adds what a document of the kind with that index contributes.
    pub fn ask(
        &self,
        kind: usize,
        version: &Version,
        standing: Standing,
        document: Value<'_>,
        into: &mut Contribution,
    ) {
        for (index, asked) in self.asked.iter().enumerate() {
            let sees = match standing {
                Standing::AsItIs => true,
                Standing::Before => asked.rule.check == Check::Require,
                Standing::After => asked.rule.check == Check::Ensure,
            };
            if !sees {
                continue;
            }
            let mut take = |role, gathered| match gathered {
                Ok(gathered) => into
                    .facts
                    .extend(Option::map(gathered, |one| (index, role, one))),
                Err(violation) => {
                    let violation: Violation = violation;
                    into.failures
                        .push(Failure::of(asked.rule, violation.to_string()));
                }
            };
            if asked.own == kind && asked.rule.is_about(version, document) {
                take(Role::Own, asked.asks.own(document));
            }
            if asked.other == Some(kind) {
                take(Role::Other, asked.asks.other(document));
            }
        }
    }

    /// Takes in what the manifest with this number contributes.
    pub fn take(&self, manifest: u32, contribution: Contribution, into: &mut Facts) {
        into.0.resize_with(self.asked.len(), Vec::new);
        for (index, role, gathered) in contribution.facts {
            into.0[index].push(Fact {
                manifest,
                role,
                key: gathered.key,
                amount: gathered.amount,
            });
        }
    }

    /// What does not hold, by manifest; `path` names one.
    #[must_use]
    pub fn judge(&self, facts: Facts, path: &dyn Fn(u32) -> String) -> BTreeMap<u32, Vec<Failure>> {
        let mut failures: BTreeMap<u32, Vec<Failure>> = BTreeMap::new();
        for (asked, mut facts) in self.asked.iter().zip(facts.0) {
            for clash in asked.asks.judge(&mut facts, path) {
                let failure = Failure::of(asked.rule, clash.reason);
                failures.entry(clash.manifest).or_default().push(failure);
            }
        }
        failures
    }
}
