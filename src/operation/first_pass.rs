//! The first pass over a tree: what rules over the tree, and rules that halt, must know before anything is written.
//!
//! Selected manifests count as they will be, all others as they are. Writes nothing.
//!
//! Invariant: memory holds facts and digests, never documents; the second pass migrates only what has the digest that was judged.

mod judged;
mod look;

pub(super) use judged::Judged;

use std::collections::BTreeMap;

use rayon::ThreadPool;

use super::listing;
use super::migrate::{Depth, Options};
use super::turns::Turns;
use crate::catalog::Catalog;
use crate::code::Code;
use crate::engine::{Failure, Plan, TreeRules, consequence};
use crate::report::{Enforcement, Stop, Watch};
use crate::rule::OnFailure;
use crate::selection::Selection;
use crate::storage::{FoundList, Storage};
use look::{Look, Selected};

/// What an operation asks before it writes.
pub(super) struct FirstPass<'o> {
    whole: TreeRules<'o>,
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
        let whole = TreeRules::of(catalog);
        let stands_alone = options.plan.is_none() && options.rules != Enforcement::AsOfWhole;
        if !whole.is_empty() && options.selection.is_partial() && stands_alone {
            let message = format!(
                "the catalog `{}` has rules over the whole tree, and only a part of it is selected",
                catalog.name()
            );
            return Err(Stop::new(Code::PartialWithTreeRules, message));
        }
        let mut rules = catalog.kinds().iter().flat_map(|kind| &kind.rules);
        let halts =
            rules.any(|rule| consequence(rule.on_failure, options.rules) == OnFailure::Halt);
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
    let whole = TreeRules::of(plan.catalog());
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
