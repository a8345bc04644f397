//! Backups: what stands beside manifests, which operation made it and when.
//!
//! The list is here; `prune` removes what the manifests say as well, `export` copies.
//!
//! Invariant: nothing is called a backup of an operation that its journal does not name.

mod export;
mod prune;

use std::num::NonZeroUsize;

use rayon::ThreadPool;
use rayon::prelude::*;

use super::listing;
use super::survey::Survey;
use super::tally::Tally;
use super::witnesses::Journals;
use crate::catalog::Catalog;
use crate::clock::Timestamp;
use crate::path::TreePath;
use crate::report::{Diagnosis, Event, Signal, Sink, Stop, Watch};
use crate::selection::Selection;
use crate::storage::{Backup, Found, Storage};

pub use export::{Copied, ExportOptions, Exported, export_backups};
pub use prune::{PruneOptions, Pruned, Pruning, Verdict, prune_backups};

/// How many run directories are looked at before a signal is heeded.
const BATCH: usize = 1024;

/// What is asked of a tree's backups.
#[derive(Debug, Clone)]
pub struct BackupsOptions {
    /// Which manifests' backups.
    pub selection: Selection,
    /// How many threads; fewer where the storage cannot serve so many.
    pub jobs: NonZeroUsize,
}

/// A backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptBackup {
    /// The manifest that it stands beside.
    pub path: TreePath,
    /// Its file name.
    pub name: String,
    /// Whether it is a regular file.
    pub is_regular: bool,
    /// Its size in bytes.
    pub size: u64,
    /// The operation that made it; `None` where no journal names it.
    pub operation: Option<String>,
    /// The system's time at the start of that operation.
    pub made_at: Option<Timestamp>,
}

/// The backups of a tree.
#[derive(Debug, Clone, Default)]
pub struct BackupList {
    /// Each, by manifest and name.
    pub backups: Vec<KeptBackup>,
    /// What somebody should know.
    pub notices: Vec<Diagnosis>,
    /// Whether a directory could not be listed, so that there may be more.
    pub is_partial: bool,
    /// The signal that ended the listing early, if one did.
    pub signal: Option<Signal>,
}

/// Lists the backups beside the manifests that `options` select.
///
/// # Errors
/// The tree cannot be listed.
pub fn list_backups<S: Storage>(
    storage: &S,
    catalog: &Catalog,
    options: &BackupsOptions,
    watch: &dyn Watch,
) -> Result<BackupList, Stop> {
    let pool = listing::pool(options.jobs.get().min(storage.most_jobs()))?;
    let mut look = Look::begin(storage, catalog, &options.selection, &pool, watch)?;
    let mut list = BackupList::default();
    while let Some(batch) = look.next(storage, &pool, watch) {
        for (found, backups) in batch {
            let kept = backups.into_iter().map(|one| look.known(&found.path, one));
            list.backups.extend(kept);
        }
    }
    list.is_partial = look.is_partial;
    (list.notices, list.signal) = (look.notices, watch.signal());
    Ok(list)
}

/// The manifests of a tree, and what journals say of them.
struct Look {
    journals: Journals,
    manifests: Vec<Found>,
    next: usize,
    notices: Vec<Diagnosis>,
    /// Whether a directory could not be listed.
    is_partial: bool,
}

impl Look {
    fn begin<S: Storage>(
        storage: &S,
        catalog: &Catalog,
        selection: &Selection,
        pool: &ThreadPool,
        watch: &dyn Watch,
    ) -> Result<Self, Stop> {
        let mut heard = Heard::default();
        let journals = Journals::read(storage, &mut Tally::new(&mut heard, &Survey::default()));
        let listing = listing::find(storage, catalog, selection, pool, watch)?;
        let mut notices = heard.0;
        let is_partial = !listing.directories_failed.is_empty();
        notices.extend(listing.directories_failed);
        notices.extend(listing.warnings);
        Ok(Self {
            journals,
            manifests: listing
                .manifests
                .range(0..listing.manifests.len())
                .collect(),
            next: 0,
            notices,
            is_partial,
        })
    }

    /// The next manifests that have backups, in path order; `None` at the end, or after a signal.
    fn next<S: Storage>(
        &mut self,
        storage: &S,
        pool: &ThreadPool,
        watch: &dyn Watch,
    ) -> Option<Vec<(Found, Vec<Backup>)>> {
        if self.next >= self.manifests.len() || watch.signal().is_some() {
            return None;
        }
        let end = self.manifests.len().min(self.next + BATCH);
        let batch = &self.manifests[self.next..end];
        self.next = end;
        let look = |found: &Found| {
            let backups = storage.backups(&found.path);
            watch.looked_at();
            (found.clone(), backups)
        };
        let looked: Vec<_> = pool.install(|| batch.par_iter().map(look).collect());
        let mut beside = Vec::with_capacity(looked.len());
        for (found, backups) in looked {
            match backups {
                Ok(backups) if backups.is_empty() => {}
                Ok(backups) => beside.push((found, backups)),
                Err(trouble) => {
                    self.is_partial = true;
                    self.notices.push(Diagnosis {
                        code: trouble.code,
                        path: Some(found.path),
                        message: trouble.message,
                    });
                }
            }
        }
        Some(beside)
    }

    /// A backup with what journals say of it.
    fn known(&self, path: &TreePath, backup: Backup) -> KeptBackup {
        let witnesses = &self.journals.witnesses;
        let named = |place: u32| (witnesses.operation(place).to_owned(), place);
        let made = witnesses.of(path).and_then(|witness| {
            let mut replaced = witness.replaced.iter().rev();
            replaced.find(|one| one.backup.as_deref() == Some(&*backup.name))
        });
        let made = made.map(|one| named(one.operation));
        KeptBackup {
            path: path.clone(),
            is_regular: backup.is_regular,
            size: backup.size,
            made_at: made
                .as_ref()
                .and_then(|(_, place)| witnesses.started(*place)),
            operation: made.map(|(id, _)| id),
            name: backup.name,
        }
    }
}

/// Keeps what is told beside outcomes.
#[derive(Default)]
struct Heard(Vec<Diagnosis>);

impl Sink for Heard {
    fn event(&mut self, event: &Event<'_>) -> std::io::Result<()> {
        if let Event::Warning(notice) | Event::Finding(notice) = event {
            self.0.push((*notice).clone());
        }
        Ok(())
    }
}
