//! A whole tree in memory: what the migrations of a catalog would do to every manifest, what schemas and rules would say of that, and whether the laws of migrations hold there.
//!
//! For authors. Writes nothing and takes no lock.
//!
//! Invariant: every selected manifest is counted once, in path order, whatever the number of threads.

mod foreseen;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;

use rayon::prelude::*;

use foreseen::Foreseen;

use super::evaluate::refused;
use super::listing;
use super::settle::Settling;
use super::turns::Turns;
use crate::catalog::{Catalog, Route};
use crate::digest::Digest;
use crate::engine::{
    Decision, Manifest, Plan, check_after, check_before, check_transform, examine,
};
use crate::path::TreePath;
use crate::refusal::Refusal;
use crate::rehearsal::{Rehearsal, Remark, StepId, rehearse};
use crate::report::{Diagnosis, Enforcement, Stop, Watch};
use crate::selection::Selection;
use crate::storage::{Found, Storage};

/// How many manifests are looked at before what was found is gathered.
const BATCH: usize = 1024;

/// What came of a rehearsal on a tree.
#[derive(Debug, Clone, Default)]
pub struct TreeRehearsal {
    /// How many manifests were looked at.
    pub manifests: u64,
    /// How many of them a migration would change.
    pub pending: u64,
    /// Those that each step would change.
    pub changed: BTreeMap<StepId, Vec<TreePath>>,
    /// Those that a migration would refuse or that cannot be read, and why.
    pub troubled: Vec<(TreePath, Diagnosis)>,
    /// What rules, and schemas, only warn of.
    pub warned: Vec<Diagnosis>,
    /// Why a migration of the tree would stop before it wrote anything: a rule that halts.
    pub halted: Option<Stop>,
    /// Laws that do not hold, and of which manifests.
    pub broken: Vec<(TreePath, Remark)>,
    /// The indices of the kinds that were found.
    pub kinds: BTreeSet<usize>,
    /// What somebody should know of the listing.
    pub notices: Vec<Diagnosis>,
}

/// Takes every manifest of a tree to the latest version of its kind, in memory, also those that a writer still has. Rules over the tree see it as it would be then.
///
/// # Errors
/// The tree cannot be listed.
pub fn rehearse_tree<S: Storage>(
    storage: &S,
    catalog: &Catalog,
    jobs: NonZeroUsize,
    watch: &dyn Watch,
) -> Result<TreeRehearsal, Stop> {
    let plan = Plan::new(catalog, None, true)
        .map_err(|error| Stop::new(error.code(), error.to_string()))?;
    let pool = listing::pool(jobs.get().min(storage.most_jobs()))?;
    let listing = listing::find(storage, catalog, &Selection::default(), &pool, watch)?;
    let foreseen = Foreseen::of(storage, &plan, &pool, jobs, &listing.manifests, watch)?;
    let mut rehearsal = TreeRehearsal {
        halted: foreseen.halted.clone(),
        notices: [listing.directories_failed, listing.warnings].concat(),
        ..TreeRehearsal::default()
    };
    let looking = Looking {
        storage,
        plan: &plan,
        foreseen: &foreseen,
        turns: Turns::default(),
    };
    let end = listing.manifests.len();
    for start in (0..end).step_by(BATCH) {
        let batch: Vec<Found> = listing
            .manifests
            .range(start..end.min(start + BATCH))
            .collect();
        let looks: Vec<Look> = pool.install(|| {
            let look = |buffer: &mut Vec<u8>, found: &Found| looking.look(found, buffer);
            batch.par_iter().map_init(Vec::new, look).collect()
        });
        for (found, look) in batch.into_iter().zip(looks) {
            rehearsal.add(found.path, look);
        }
    }
    Ok(rehearsal)
}

/// What was seen of one manifest.
#[derive(Default)]
struct Seen {
    kind: Option<usize>,
    rehearsed: Option<Rehearsal>,
    warned: Vec<Diagnosis>,
}

/// The same, and why the manifest would not be migrated, if it would not.
type Look = (Seen, Result<(), Diagnosis>);

/// What all looks share.
struct Looking<'l, S: Storage> {
    storage: &'l S,
    plan: &'l Plan<'l>,
    foreseen: &'l Foreseen,
    turns: Turns,
}

impl<S: Storage> Looking<'_, S> {
    fn look(&self, found: &Found, buffer: &mut Vec<u8>) -> Look {
        self.turns.take(buffer, |buffer, most| {
            let mut seen = Seen::default();
            let read = match &found.trouble {
                Some(trouble) => Err(trouble.clone()),
                None => self.storage.read_small(&found.path, buffer, most),
            };
            let came = read.transpose()?;
            let came = came.and_then(|_| self.rehearse(found, buffer, &mut seen));
            Some((seen, came))
        })
    }

    fn rehearse(&self, found: &Found, bytes: &[u8], seen: &mut Seen) -> Result<(), Diagnosis> {
        let examined = examine(self.plan.catalog(), found.path.file_name(), bytes);
        seen.kind = match &examined {
            Ok(manifest) => Some(manifest.kind().index()),
            Err(unexamined) => unexamined.kind_index,
        };
        if seen.kind.is_some() {
            self.foreseen.check(&found.path)?;
        }
        let manifest = examined.map_err(|unexamined| refused(&unexamined.refusal))?;
        match self.plan.decide(&manifest) {
            Err(refusal) => Err(refused(&refusal)),
            Ok(Decision::Pending(route)) => {
                let mut settling = Settling::new(&found.path, Enforcement::AsWritten);
                self.foreseen
                    .settle(&found.path, Digest::of(bytes), &mut settling)?;
                let rehearsed = hold(&manifest, route, &mut settling);
                seen.rehearsed = Some(rehearsed.map_err(|refusal| refused(&refusal))?);
                seen.warned = settling.notices();
                Ok(())
            }
            Ok(Decision::Current | Decision::Ahead | Decision::Deferred { .. }) => Ok(()),
        }
    }
}

/// Takes a manifest along the route, as a migration does, and then holds the laws against it.
fn hold(
    manifest: &Manifest<'_, '_>,
    route: &Route,
    settling: &mut Settling<'_>,
) -> Result<Rehearsal, Refusal> {
    let (kind, before) = (manifest.kind(), manifest.document());
    settling.take(check_before(kind, manifest.version(), before))?;
    check_transform(manifest, route, |after| {
        settling.take(check_after(kind, route.to(), before, after))
    })?;
    rehearse(manifest, route)
}

impl TreeRehearsal {
    fn add(&mut self, path: TreePath, (seen, came): Look) {
        self.manifests += 1;
        self.kinds.extend(seen.kind);
        self.warned.extend(seen.warned);
        if let Err(trouble) = came {
            self.troubled.push((path, trouble));
        } else if let Some(rehearsed) = seen.rehearsed {
            self.pending += 1;
            for step in rehearsed.changed {
                self.changed.entry(step).or_default().push(path.clone());
            }
            let broken = rehearsed.broken.into_iter();
            self.broken
                .extend(broken.map(|remark| (path.clone(), remark)));
        }
    }
}
