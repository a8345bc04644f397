//! The first pass: examines all manifests before the first one is written.
//!
//! Rules over the tree, rules that halt and `--max-failures` need it. Selected manifests count as they will be, all others as they are. Writes nothing.
//!
//! Invariant: memory holds paths, digests and facts, never documents; the second pass migrates only manifests with the digest of the first.

use std::collections::BTreeSet;

use super::facts::{ExaminedManifest, FactCollector, FirstPassFacts};
use super::options::{Detail, Migrate};
use super::visit::Visitor;
use crate::code::Code;
use crate::engine::{DocumentFacts, Pipeline, TreeRules, consequence, examine};
use crate::operation::find::Finder;
use crate::operation::frame::Frame;
use crate::operation::scope::Scope;
use crate::operation::walk::{Found, Visit};
use crate::path::TreePath;
use crate::report::{Enforcement, Stop};
use crate::rule::OnFailure;
use crate::selection::Selection;

const GROUP: usize = 1024;

pub(in crate::operation) struct FirstPass<'f> {
    frame: &'f Frame<'f>,
    tree: TreeRules<'f>,
    rules: Enforcement,
    /// The whole tree, if rules over the tree need more than the selection.
    whole: Option<Scope<'f>>,
}

impl<'f> FirstPass<'f> {
    pub(super) fn new(frame: &'f Frame<'f>, options: &Migrate) -> Result<Option<Self>, Stop> {
        let request = frame.request;
        if request.dry_run && options.detail == Detail::Versions {
            return Ok(None);
        }
        let mut first_pass = Self::of_all(frame, options)?;
        let has_tree_rules = !first_pass.tree.is_empty();
        let is_partial = request.selection.is_partial() || options.plan.is_some();
        if has_tree_rules && is_partial && options.plan.is_none() {
            let message = format!(
                "the catalog `{}` has rules that compare all manifests of the tree, and only some of them are selected",
                frame.catalog.name()
            );
            return Err(Stop::new(Code::PartialWithTreeRules, message));
        }
        if !(has_tree_rules && is_partial) {
            first_pass.whole = None;
        }
        let halts = first_pass.can_halt();
        Ok((has_tree_rules || halts || options.max_failures.is_some()).then_some(first_pass))
    }

    pub(in crate::operation) fn of_all(
        frame: &'f Frame<'f>,
        options: &Migrate,
    ) -> Result<Self, Stop> {
        let whole = Selection {
            exclude: frame.request.selection.exclude.clone(),
            ..Selection::default()
        };
        Ok(Self {
            frame,
            tree: TreeRules::of(frame.catalog),
            rules: options.rules,
            whole: Some(Scope::of(frame.catalog, &whole)?),
        })
    }

    fn can_halt(&self) -> bool {
        let kinds = self.frame.catalog.kinds();
        let mut rules = kinds.iter().flat_map(|kind| &kind.rules);
        rules.any(|rule| consequence(rule.on_failure, self.rules) == OnFailure::Halt)
    }

    /// Examines the whole tree, and counts every manifest as it will be. `None` if nothing in the catalog makes one manifest matter to another.
    pub(in crate::operation) fn run_all(
        &self,
        visitor: &Visitor<'_>,
    ) -> Result<Option<FirstPassFacts>, Stop> {
        match &self.whole {
            Some(whole) if !self.tree.is_empty() || self.can_halt() => {
                self.run(visitor, whole).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Examines all manifests that matter: the whole tree for its rules, else what `scope` selects.
    pub(super) fn run(
        &self,
        visitor: &Visitor<'_>,
        scope: &Scope<'_>,
    ) -> Result<FirstPassFacts, Stop> {
        let named = scope.selection.manifests.as_ref();
        let named: Option<BTreeSet<&TreePath>> = named.map(|named| named.iter().collect());
        let is_selected = |path: &TreePath| {
            let is_named = named.as_ref().is_none_or(|named| named.contains(path));
            is_named && scope.selects(path)
        };
        let visitor = Visitor {
            pipeline: Pipeline {
                tree: Some(&self.tree),
                ..visitor.pipeline
            },
            pass_facts: None,
            ..*visitor
        };
        let at_rest = |visit: &Visit<'_>, buffer: &mut Vec<u8>| self.at_rest(visit, buffer);
        let mut finder = Finder::new(self.frame, self.whole.as_ref().unwrap_or(scope))?;
        let mut left = scope.selection.limit;
        let mut collector = FactCollector::default();
        loop {
            let is_wanted = left != Some(0);
            let see = |visit: &Visit<'_>, buffer: &mut Vec<u8>| {
                if is_wanted && is_selected(visit.path) {
                    visitor.foresee(visit, buffer)
                } else {
                    self.at_rest(visit, buffer)
                }
            };
            let Some(mut found) = finder.next(GROUP, &see)? else {
                break;
            };
            if let Some(left) = &mut left {
                // After the limit, manifests stay as they are.
                finder.visit_again(&mut found, &at_rest, |examined| {
                    let is_after = examined.is_selected && *left == 0;
                    let is_counted = examined.is_selected && examined.pending.is_some();
                    *left = left.saturating_sub(u64::from(is_counted));
                    is_after.then(|| examined.path.clone())
                });
            }
            for one in found {
                match one {
                    Found::Manifest(examined) => collector.take(examined, &self.tree),
                    Found::DirectoryFailed(diagnosis) if self.whole.is_some() => {
                        collector.pass_facts.unlisted.push(diagnosis);
                    }
                    // The second pass reports these.
                    Found::Warning(_) | Found::DirectoryFailed(_) => {}
                }
            }
        }
        Ok(collector.check_rules(&self.tree, self.rules))
    }

    fn at_rest(&self, visit: &Visit<'_>, buffer: &mut Vec<u8>) -> ExaminedManifest {
        facts_at_rest(self.frame, &self.tree, visit, buffer)
    }
}

/// Checks the rules over the tree on all manifests in `scope`, as they are.
pub(in crate::operation) fn tree_failures(
    frame: &Frame<'_>,
    scope: &Scope<'_>,
) -> Result<FirstPassFacts, Stop> {
    let tree = TreeRules::of(frame.catalog);
    let mut collector = FactCollector::default();
    if !tree.is_empty() {
        let mut finder = Finder::new(frame, scope)?;
        let see =
            |visit: &Visit<'_>, buffer: &mut Vec<u8>| facts_at_rest(frame, &tree, visit, buffer);
        finder.for_each(GROUP, &see, |found| {
            match found {
                Found::Manifest(examined) => collector.take(examined, &tree),
                // The operation looks at the same manifests, and reports these.
                Found::Warning(_) | Found::DirectoryFailed(_) => {}
            }
            true
        })?;
    }
    Ok(collector.check_rules(&tree, Enforcement::AsWritten))
}

/// The facts of one manifest as it is.
fn facts_at_rest(
    frame: &Frame<'_>,
    tree: &TreeRules<'_>,
    visit: &Visit<'_>,
    buffer: &mut Vec<u8>,
) -> ExaminedManifest {
    let mut examined = ExaminedManifest {
        path: visit.path.clone(),
        is_selected: false,
        pending: None,
        facts: DocumentFacts::default(),
        trouble: None,
        halts: false,
    };
    if tree.is_empty() {
        return examined;
    }
    let facts = visit.readable().and_then(|directory| {
        frame.budget.process(buffer, |bytes, most| {
            let read = directory.read(visit.path.name(), most, bytes)?;
            Ok(read.map(|_| {
                // What is no valid document of its kind says nothing.
                let manifest = examine(frame.catalog, visit.path.file_name(), bytes);
                manifest.map_or_else(|_| DocumentFacts::default(), |one| tree.at_rest(&one))
            }))
        })
    });
    match facts {
        Ok(facts) => examined.facts = facts,
        Err(diagnosis) => examined.trouble = Some(diagnosis),
    }
    examined
}
