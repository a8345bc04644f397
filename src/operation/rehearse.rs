//! A whole tree in memory: what the migrations of a catalog would do to every manifest, and whether their laws hold there.
//!
//! For authors. Writes nothing and takes no lock.
//!
//! Invariant: every selected manifest is counted once, in path order, whatever the number of threads.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;

use rayon::prelude::*;

use super::evaluate::refused;
use super::listing;
use super::turns::Turns;
use crate::catalog::Catalog;
use crate::event::Watch;
use crate::json::Text;
use crate::manifest::{Manifest, kind_of};
use crate::path::TreePath;
use crate::plan::{Decision, Plan};
use crate::refusal::Refusal;
use crate::rehearsal::{Rehearsed, Remark, StepId, rehearse};
use crate::report::{Notice, Stop, Trouble};
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
    pub troubled: Vec<(TreePath, Trouble)>,
    /// Laws that do not hold, and of which manifests.
    pub broken: Vec<(TreePath, Remark)>,
    /// The indices of the kinds that were found.
    pub kinds: BTreeSet<usize>,
    /// What somebody should know of the listing.
    pub notices: Vec<Notice>,
}

/// Takes every manifest of a tree to the latest version of its kind, in memory, also those that a writer still has.
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
    let mut rehearsal = TreeRehearsal {
        notices: [listing.directories_failed, listing.warnings].concat(),
        ..TreeRehearsal::default()
    };
    let turns = Turns::default();
    let end = listing.manifests.len();
    for start in (0..end).step_by(BATCH) {
        let batch: Vec<Found> = listing
            .manifests
            .range(start..end.min(start + BATCH))
            .collect();
        let looks: Vec<Look> = pool.install(|| {
            let looks = batch.par_iter().map_init(Vec::new, |buffer, found| {
                look(storage, &plan, found, &turns, buffer)
            });
            looks.collect()
        });
        for (found, look) in batch.into_iter().zip(looks) {
            rehearsal.add(found.path, look);
        }
    }
    Ok(rehearsal)
}

/// What was seen of one manifest.
struct Look {
    kind: Option<usize>,
    came: Result<Option<Rehearsed>, Trouble>,
}

fn look<S: Storage>(
    storage: &S,
    plan: &Plan<'_>,
    found: &Found,
    turns: &Turns,
    buffer: &mut Vec<u8>,
) -> Look {
    turns.take(buffer, |buffer, most| {
        let mut kind = None;
        let read = match &found.trouble {
            Some(trouble) => Err(trouble.clone()),
            None => storage.read_small(&found.path, buffer, most),
        };
        let came = read.transpose()?.and_then(|_| {
            let came = rehearsed(plan, found, buffer, &mut kind);
            came.map_err(|refusal| refused(&refusal))
        });
        Some(Look { kind, came })
    })
}

fn rehearsed(
    plan: &Plan<'_>,
    found: &Found,
    bytes: &[u8],
    kind: &mut Option<usize>,
) -> Result<Option<Rehearsed>, Refusal> {
    let text = Text::scan(bytes)?;
    let index = kind_of(plan.catalog(), found.path.file_name(), text.root())?;
    *kind = Some(index);
    let manifest = Manifest::read(&text, &plan.catalog().kinds()[index])?;
    match plan.decide(&manifest, index)? {
        Decision::Pending(route) => rehearse(&manifest, route).map(Some),
        Decision::Current | Decision::Ahead | Decision::Deferred { .. } => Ok(None),
    }
}

impl TreeRehearsal {
    fn add(&mut self, path: TreePath, look: Look) {
        self.manifests += 1;
        self.kinds.extend(look.kind);
        match look.came {
            Err(trouble) => self.troubled.push((path, trouble)),
            Ok(None) => {}
            Ok(Some(rehearsed)) => {
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
}
