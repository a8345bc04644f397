//! Pruning: removes backups whose every value the manifest has, and whose manifest can be computed from what is left of the proof.
//!
//! Decided without the lock first; where something is to go, decided once more under it.
//!
//! Invariant: a backup goes only where the migration of it, computed again, gives the bytes that stand there.

use rayon::ThreadPool;
use rayon::prelude::*;

use super::{BackupsOptions, Heard, Look};
use crate::catalog::Catalog;
use crate::clock::Timestamp;
use crate::code::Code;
use crate::digest::Digest;
use crate::event::Watch;
use crate::journal::{Ended, Record, RecordedPath, Settled};
use crate::json::Text;
use crate::manifest::{Manifest, kind_of};
use crate::operation::listing;
use crate::operation::survey::Survey;
use crate::operation::tally::Tally;
use crate::operation::witnesses::Catalogs;
use crate::operation::writing::Writing;
use crate::path::TreePath;
use crate::report::{Notice, Signal, Stop, Trouble};
use crate::rule::Enforcement;
use crate::storage::{Backup, Found, OperationHead, Prune, Storage, Transaction};
use crate::verify::{
    Evidence, Finding, Original, Replaced, Replay, Witness, Witnesses, check_history, values_lost,
};

/// What is to be pruned. Every default is the caller's business.
#[derive(Debug, Clone)]
pub struct PruneOptions {
    /// Which manifests' backups, and how many threads.
    pub backups: BackupsOptions,
    /// Only those that were made at least so many seconds ago.
    pub older_than_seconds: i64,
    /// Whether a backup goes that has the only copy of a value.
    pub include_destructive: bool,
    /// Whether everything is decided and nothing written.
    pub dry_run: bool,
    /// The system's time: ages are counted from here, and the operation's id says it.
    pub started: Timestamp,
    /// Whether to wait for another operation's end.
    pub wait: bool,
}

/// What came of one backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pruned {
    /// The manifest that it stands beside.
    pub path: TreePath,
    /// Its file name.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// The operation that made it, where a journal says so.
    pub operation: Option<String>,
    /// Whether it goes, or why it stays.
    pub verdict: Verdict,
}

/// Whether a backup goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It would go.
    Goes,
    /// It is gone.
    Gone,
    /// It stays: not because something is wrong, or because something is.
    Stays(Finding),
    /// It should have gone, and could not.
    Failed(Trouble),
}

/// What a pruning came to.
#[derive(Debug, Clone, Default)]
pub struct Pruning {
    /// The operation's id; `None` where nothing was written.
    pub operation: Option<String>,
    /// Each backup, by manifest and name.
    pub backups: Vec<Pruned>,
    /// What somebody should know.
    pub notices: Vec<Notice>,
    /// Why it could not do as asked, if it could not.
    pub stop: Option<Stop>,
    /// The signal that ended it early, if one did.
    pub signal: Option<Signal>,
}

/// Removes what `options` ask for from the tree in `storage`.
#[must_use]
pub fn prune_backups<S: Storage>(
    storage: &S,
    catalog: &Catalog,
    options: &PruneOptions,
    watch: &dyn Watch,
) -> Pruning {
    let mut pruning = Pruning::default();
    if let Err(stop) = run(storage, catalog, options, watch, &mut pruning) {
        pruning.stop.get_or_insert(stop);
    }
    pruning.signal = watch.signal();
    pruning
}

fn run<S: Storage>(
    storage: &S,
    catalog: &Catalog,
    options: &PruneOptions,
    watch: &dyn Watch,
    pruning: &mut Pruning,
) -> Result<(), Stop> {
    let jobs = options.backups.jobs.get().min(storage.most_jobs());
    let pool = listing::pool(jobs)?;
    let judge = |look: &mut Look, pruning: &mut Pruning| {
        judge_all(storage, catalog, options, &pool, watch, look, pruning)
    };
    let selection = &options.backups.selection;
    // What is unfinished is settled first: until then its journal says nothing for certain.
    let is_settled = storage.unfinished().is_ok_and(|ids| ids.is_empty());
    if options.dry_run || is_settled {
        let mut look = Look::begin(storage, catalog, selection, &pool, watch)?;
        judge(&mut look, pruning);
        let goes = |one: &Pruned| one.verdict == Verdict::Goes;
        let has_work = pruning.backups.iter().any(goes);
        if options.dry_run || !has_work || watch.signal().is_some() {
            return Ok(());
        }
    }
    let writing = Writing::new(storage, head(catalog, options), options.wait, watch);
    let locked = writing.guard_now();
    pruning.notices.extend(writing.take_recoveries().0);
    locked?;
    // What was decided before the lock was taken may have changed since.
    pruning.backups.clear();
    pruning
        .notices
        .retain(|notice| notice.code == Code::Recovered);
    let mut look = Look::begin(storage, catalog, selection, &pool, watch)?;
    let going = judge(&mut look, pruning);
    remove(&pool, watch, &writing, &going, pruning);
    let (stop, transaction) = writing.into_parts();
    if let Some(transaction) = transaction {
        let end = Record::Ended(Ended {
            migrated: 0,
            restored: None,
            recovered: false,
            stopped: stop.as_ref().map(|stop| stop.code.to_string()),
        });
        pruning.notices.extend(transaction.finish(&end));
    }
    stop.map_or(Ok(()), Err)
}

fn head(catalog: &Catalog, options: &PruneOptions) -> OperationHead {
    OperationHead {
        command: "prune",
        started: options.started,
        now: options.started,
        target: catalog.latest().cloned(),
        catalog_name: catalog.name().to_owned(),
        catalog_digest: catalog.digest(),
        catalog_bundle: catalog.bundle().to_owned(),
        rules: Enforcement::AsWritten,
        undoes: None,
    }
}

/// A backup that goes, as it was read.
struct Going<V> {
    /// Its place among all backups.
    place: usize,
    path: TreePath,
    of: String,
    name: String,
    version: V,
    digest: Digest,
}

/// Removes what goes, batch by batch, and writes down what came of each.
fn remove<S: Storage>(
    pool: &ThreadPool,
    watch: &dyn Watch,
    writing: &Writing<'_, S>,
    going: &[Going<S::Version>],
    pruning: &mut Pruning,
) {
    for batch in going.chunks(super::BATCH) {
        if watch.signal().is_some() || writing.has_stopped() {
            return;
        }
        let Some(transaction) = writing.begin() else {
            return;
        };
        pruning.operation = Some(transaction.id().to_owned());
        let asked: Vec<_> = batch
            .iter()
            .map(|one| Prune {
                path: &one.path,
                of: &one.of,
                backup: &one.name,
                version: &one.version,
                digest: one.digest,
            })
            .collect();
        let (answers, stop) = pool.install(|| transaction.prune(&asked));
        if let Some(stop) = stop {
            writing.stop(stop);
        }
        for (one, answer) in batch.iter().zip(answers) {
            let verdict = match answer {
                Ok(()) => Verdict::Gone,
                Err(trouble) => Verdict::Failed(trouble),
            };
            // What is not certain is left to recovery, which looks.
            if let Some(outcome) = certain(&verdict).filter(|_| !writing.has_stopped()) {
                transaction.append(&result(one, outcome));
            }
            pruning.backups[one.place].verdict = verdict;
        }
    }
}

/// What the journal says of a verdict that is certain.
fn certain(verdict: &Verdict) -> Option<&'static str> {
    match verdict {
        Verdict::Gone => Some("pruned"),
        Verdict::Failed(trouble) if trouble.code == Code::ChangedMeanwhile => Some("undone"),
        _ => None,
    }
}

fn result<V>(one: &Going<V>, outcome: &str) -> Record {
    Record::Result(Settled {
        path: RecordedPath::new(&one.path),
        outcome: outcome.to_owned(),
        backup: Some(one.name.clone()),
        code: None,
        from_version: None,
        to_version: None,
    })
}

/// Judges every backup; gives those that go.
fn judge_all<S: Storage>(
    storage: &S,
    catalog: &Catalog,
    options: &PruneOptions,
    pool: &ThreadPool,
    watch: &dyn Watch,
    look: &mut Look,
    pruning: &mut Pruning,
) -> Vec<Going<S::Version>> {
    let mut heard = Heard::default();
    let catalogs = Catalogs::load(
        storage,
        catalog,
        &look.journals.witnesses,
        &mut Tally::new(&mut heard, &Survey::default()),
    );
    let mut going = Vec::new();
    while let Some(batch) = look.next(storage, pool, watch) {
        let judge = Judge {
            storage,
            catalog,
            catalogs: &catalogs,
            witnesses: &look.journals.witnesses,
            options,
        };
        let judged: Vec<_> = pool.install(|| {
            let batch = batch.par_iter();
            batch
                .map(|(found, backups)| judge.manifest(found, backups))
                .collect()
        });
        for (one, goes) in judged.into_iter().flatten() {
            going.extend(goes.map(|(of, version, digest)| Going {
                place: pruning.backups.len(),
                path: one.path.clone(),
                of,
                name: one.name.clone(),
                version,
                digest,
            }));
            pruning.backups.push(one);
        }
    }
    pruning.notices.append(&mut look.notices);
    pruning.notices.append(&mut heard.0);
    going
}

/// The operation that made a backup, and the backup as it was read.
type Goes<V> = (String, V, Digest);

/// What all judgements share.
struct Judge<'j, S: Storage> {
    storage: &'j S,
    catalog: &'j Catalog,
    catalogs: &'j Catalogs<'j>,
    witnesses: &'j Witnesses,
    options: &'j PruneOptions,
}

impl<S: Storage> Judge<'_, S> {
    /// Judges the backups of one manifest.
    fn manifest(
        &self,
        found: &Found,
        backups: &[Backup],
    ) -> Vec<(Pruned, Option<Goes<S::Version>>)> {
        let mut versions = Vec::new();
        let mut texts = Vec::new();
        for backup in backups {
            let mut bytes = Vec::new();
            match self
                .storage
                .read_backup(&found.path, &backup.name, &mut bytes)
            {
                Ok(version) => {
                    versions.push(Some(version));
                    texts.push(Ok(bytes));
                }
                Err(trouble) => {
                    versions.push(None);
                    texts.push(Err(trouble.message));
                }
            }
        }
        let originals: Vec<_> = backups
            .iter()
            .zip(&texts)
            .map(|(backup, text)| match text {
                Ok(bytes) => Original::new(&backup.name, bytes),
                Err(why) => Original::unread(&backup.name, why.clone()),
            })
            .collect();
        let mut bytes = Vec::new();
        let read = self.storage.read(&found.path, &mut bytes);
        let judged = backups.iter().enumerate().zip(versions);
        judged
            .map(|((place, backup), version)| {
                let judged = match &read {
                    Ok(_) => self.backup(found, &bytes, &originals, place),
                    Err(trouble) => Err(trouble.clone().into()),
                };
                let one = |verdict, operation| Pruned {
                    path: found.path.clone(),
                    name: backup.name.clone(),
                    size: backup.size,
                    operation,
                    verdict,
                };
                match (judged, version) {
                    (Ok((of, digest)), Some(version)) => (
                        one(Verdict::Goes, Some(of.clone())),
                        Some((of, version, digest)),
                    ),
                    (Ok((of, _)), None) => {
                        (one(Verdict::Stays(unrelated(&backup.name)), Some(of)), None)
                    }
                    (Err(finding), _) => (one(Verdict::Stays(finding), None), None),
                }
            })
            .collect()
    }

    /// Whether one backup goes: which operation made it, and what it is.
    fn backup(
        &self,
        found: &Found,
        bytes: &[u8],
        originals: &[Original<'_>],
        place: usize,
    ) -> Result<(String, Digest), Finding> {
        let original = &originals[place];
        let witness = self.witnesses.of(&found.path);
        if let Some(changed) = changed(original, witness) {
            return Err(changed);
        }
        let replaced = original
            .replaced(witness)
            .filter(|one| one.backup.as_deref() == Some(original.name()) && one.is_kept)
            .ok_or_else(|| unrelated(original.name()))?;
        self.check_age(replaced)?;
        let raw = Digest::of(bytes);
        if !leads_to(witness, replaced, raw) {
            return Err(Finding::new(
                Code::ChangedSince,
                "the manifest is not what the operation left any more",
            ));
        }
        let text = Text::scan(bytes)
            .map_err(|error| Finding::new(error.problem.code(), error.to_string()))?;
        let manifest = kind_of(self.catalog, found.path.file_name(), text.root())
            .and_then(|index| Manifest::read(&text, &self.catalog.kinds()[index]))
            .map_err(|refusal| Finding::new(refusal.code(), refusal.to_string()))?;
        let evidence = Evidence {
            raw,
            witness,
            originals,
        };
        let proof = check_history(&manifest, &evidence);
        let record = proof
            .originals
            .iter()
            .position(|at| *at == Some(place))
            .and_then(|record| proof.records.get(record))
            .ok_or_else(|| unrelated(original.name()))?;
        let operation = self.witnesses.operation(replaced.operation);
        let used = self.witnesses.catalog(replaced.operation);
        let catalog = used
            .ok_or_else(|| format!("the journal of `{operation}` names no catalog"))
            .and_then(|digest| self.catalogs.of(digest))
            .map_err(|why| Finding::new(Code::NotReplayable, why))?;
        let before = original.text().ok_or_else(|| unrelated(original.name()))?;
        let again = Replay {
            path: &found.path,
            catalog,
            operation,
            original: original.name(),
            record,
            after: replaced.after,
        }
        .prove(before)?;
        if !self.options.include_destructive {
            refuse_lost(before, &again)?;
        }
        Ok((operation.to_owned(), replaced.before))
    }

    fn check_age(&self, replaced: &Replaced) -> Result<(), Finding> {
        let now = self.options.started.unix_seconds();
        let started = self.witnesses.started(replaced.operation);
        let age = started.map(|started| now - started.unix_seconds());
        if age.is_some_and(|age| age >= self.options.older_than_seconds) {
            return Ok(());
        }
        let operation = self.witnesses.operation(replaced.operation);
        Err(Finding::new(
            Code::BackupTooYoung,
            format!("operation `{operation}` made it later than that"),
        ))
    }
}

/// Whether what an operation wrote stands there, or was found by the operations after it up to what stands there.
fn leads_to(witness: Option<&Witness>, replaced: &Replaced, raw: Digest) -> bool {
    let all = witness.map_or(&[][..], |witness| &witness.replaced);
    let later = all.iter().skip_while(|one| *one != replaced).skip(1);
    let mut stands = replaced.after;
    for one in later {
        if one.before == stands {
            stands = one.after;
        }
    }
    stands == raw
}

fn refuse_lost(before: &Text<'_>, after: &str) -> Result<(), Finding> {
    let after = Text::scan(after.as_bytes())
        .map_err(|error| Finding::new(error.problem.code(), error.to_string()))?;
    let lost = values_lost(before, &after);
    let Some(first) = lost.first() else {
        return Ok(());
    };
    let more = match lost.len() {
        1 => String::new(),
        several => format!(", and of {} more", several - 1),
    };
    Err(Finding::new(
        Code::OnlyCopy,
        format!("it has the only copy of the value at `{first}`{more}"),
    ))
}

/// What is wrong with a backup that has the name of one that a journal knows, and other bytes.
fn changed(original: &Original<'_>, witness: Option<&Witness>) -> Option<Finding> {
    let all = witness.map_or(&[][..], |witness| &witness.replaced);
    let is_named = |one: &&Replaced| one.is_kept && one.backup.as_deref() == Some(original.name());
    let mut named = all.iter().filter(is_named);
    let expected = named.next_back()?.before;
    let found = original.raw()?;
    (found != expected).then(|| {
        let message =
            format!("it has the SHA-256 {found}, expected {expected}, that of the original");
        Finding::new(Code::BackupChanged, message)
    })
}

fn unrelated(name: &str) -> Finding {
    Finding::new(
        Code::BackupUnrelated,
        format!("no journal and no history says that `{name}` is an original"),
    )
}
