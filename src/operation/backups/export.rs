//! Export: copies of backups in a directory outside the tree.
//!
//! Invariant: what is there already with the same bytes is not copied again, so an export that was cut off goes on where it stopped.

use rayon::prelude::*;

use super::{BackupsOptions, Look};
use crate::catalog::Catalog;
use crate::code::Code;
use crate::digest::Digest;
use crate::operation::listing;
use crate::path::TreePath;
use crate::report::{Diagnosis, Signal, Stop, Watch};
use crate::storage::{Backup, CopyOutcome, ExportDirectory, Found, Stamp, Storage};

/// What is to be exported, and where to.
#[derive(Debug, Clone)]
pub struct ExportOptions {
    /// Which manifests' backups, and how many threads.
    pub backups: BackupsOptions,
    /// Where the copies go.
    pub directory: ExportDirectory,
}

/// What came of one backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// The manifest that it stands beside.
    pub path: TreePath,
    /// Its file name.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// The SHA-256 of its bytes, where they could be read.
    pub digest: Option<Digest>,
    /// Whether there is a copy now, or why not.
    pub outcome: Result<CopyOutcome, Diagnosis>,
}

/// What an export came to.
#[derive(Debug, Clone, Default)]
pub struct Exported {
    /// Each backup, by manifest and name.
    pub backups: Vec<Copied>,
    /// What somebody should know.
    pub notices: Vec<Diagnosis>,
    /// Whether a directory could not be listed, so that there may be more.
    pub is_partial: bool,
    /// The signal that ended it early, if one did.
    pub signal: Option<Signal>,
}

/// Copies the backups that `options` select.
///
/// # Errors
/// The tree cannot be listed.
pub fn export_backups<S: Storage<Version = Stamp>>(
    storage: &S,
    catalog: &Catalog,
    options: &ExportOptions,
    watch: &dyn Watch,
) -> Result<Exported, Stop> {
    let jobs = options.backups.jobs.get().min(storage.most_jobs());
    let pool = listing::pool(jobs)?;
    let selection = &options.backups.selection;
    let mut look = Look::begin(storage, catalog, selection, &pool, watch)?;
    let mut exported = Exported::default();
    while let Some(batch) = look.next(storage, &pool, watch) {
        let copy = |(found, backups): &(Found, Vec<Backup>)| -> Vec<Copied> {
            let ahead = backups.iter().filter(|_| watch.signal().is_none());
            ahead
                .map(|backup| copy_one(storage, options, &look, &found.path, backup))
                .collect()
        };
        let copied: Vec<_> = pool.install(|| batch.par_iter().map(copy).collect());
        exported.backups.extend(copied.into_iter().flatten());
    }
    exported.is_partial = look.is_partial;
    (exported.notices, exported.signal) = (look.notices, watch.signal());
    Ok(exported)
}

fn copy_one<S: Storage<Version = Stamp>>(
    storage: &S,
    options: &ExportOptions,
    look: &Look,
    path: &TreePath,
    backup: &Backup,
) -> Copied {
    let mut bytes = Vec::new();
    let read = storage.read_backup(path, &backup.name, &mut bytes);
    let digest = read.is_ok().then(|| Digest::of(&bytes));
    let outcome = read.and_then(|version| {
        check(look, path, &backup.name, Digest::of(&bytes))?;
        options.directory.copy(path, &backup.name, &bytes, &version)
    });
    Copied {
        path: path.clone(),
        name: backup.name.clone(),
        size: backup.size,
        digest,
        outcome,
    }
}

/// A backup that a journal speaks of has the bytes that it speaks of.
fn check(look: &Look, path: &TreePath, name: &str, digest: Digest) -> Result<(), Diagnosis> {
    let witness = look.journals.witnesses.of(path);
    let all = witness.map_or(&[][..], |witness| &witness.replaced);
    let mut named = all
        .iter()
        .filter(|one| one.is_kept && one.backup.as_deref() == Some(name));
    match named.next_back() {
        Some(one) if one.before != digest => Err(Diagnosis::new(
            Code::BackupChanged,
            format!(
                "it has the SHA-256 {digest}, expected {}, that of the original",
                one.before
            ),
        )),
        _ => Ok(()),
    }
}
