//! What may go: a backup whose migration, computed again, gives the manifest, and whose every value the manifest has.
//!
//! It writes nothing; whether what it says is done is not its business.
//!
//! Invariant: whatever cannot be proven stays, with the reason.

use crate::engine::examine;
use crate::report::Diagnosis;
use rayon::ThreadPool;
use rayon::prelude::*;

use super::{PruneOptions, Pruned, Pruning, Verdict};
use crate::catalog::Catalog;
use crate::code::Code;
use crate::digest::Digest;
use crate::json::Text;
use crate::operation::backups::{Heard, Look};
use crate::operation::survey::Survey;
use crate::operation::tally::Tally;
use crate::operation::witnesses::Catalogs;
use crate::path::TreePath;
use crate::proof::{
    Evidence, Original, RecordedReplacement, Replay, Witness, Witnesses, check_history, values_lost,
};
use crate::report::Watch;
use crate::storage::{Backup, Found, Storage};

/// A backup that goes, as it was read.
pub(super) struct Going<V> {
    /// Its place among all backups.
    pub(super) place: usize,
    pub(super) path: TreePath,
    pub(super) of: String,
    pub(super) name: String,
    pub(super) version: V,
    pub(super) digest: Digest,
}

/// Judges every backup; gives those that go.
pub(super) fn judge_all<S: Storage>(
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
                    Err(trouble) => Err(trouble.clone()),
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
    ) -> Result<(String, Digest), Diagnosis> {
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
            return Err(Diagnosis::new(
                Code::ChangedSince,
                "the manifest is not what the operation left any more",
            ));
        }
        let manifest = examine(self.catalog, found.path.file_name(), bytes).map_err(|one| {
            let refusal = one.refusal;
            Diagnosis::new(refusal.code(), refusal.to_string())
        })?;
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
            .map_err(|why| Diagnosis::new(Code::NotReplayable, why))?;
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

    fn check_age(&self, replaced: &RecordedReplacement) -> Result<(), Diagnosis> {
        let now = self.options.started.unix_seconds();
        let started = self.witnesses.started(replaced.operation);
        let age = started.map(|started| now - started.unix_seconds());
        if age.is_some_and(|age| age >= self.options.older_than_seconds) {
            return Ok(());
        }
        let operation = self.witnesses.operation(replaced.operation);
        Err(Diagnosis::new(
            Code::BackupTooYoung,
            format!("operation `{operation}` made it later than that"),
        ))
    }
}

/// Whether what an operation wrote stands there, or was found by the operations after it up to what stands there.
fn leads_to(witness: Option<&Witness>, replaced: &RecordedReplacement, raw: Digest) -> bool {
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

fn refuse_lost(before: &Text<'_>, after: &str) -> Result<(), Diagnosis> {
    let after = Text::scan(after.as_bytes())
        .map_err(|error| Diagnosis::new(error.problem.code(), error.to_string()))?;
    let lost = values_lost(before, &after);
    let Some(first) = lost.first() else {
        return Ok(());
    };
    let more = match lost.len() {
        1 => String::new(),
        several => format!(", and of {} more", several - 1),
    };
    Err(Diagnosis::new(
        Code::OnlyCopy,
        format!("it has the only copy of the value at `{first}`{more}"),
    ))
}

/// What is wrong with a backup that has the name of one that a journal knows, and other bytes.
fn changed(original: &Original<'_>, witness: Option<&Witness>) -> Option<Diagnosis> {
    let all = witness.map_or(&[][..], |witness| &witness.replaced);
    let is_named =
        |one: &&RecordedReplacement| one.is_kept && one.backup.as_deref() == Some(original.name());
    let mut named = all.iter().filter(is_named);
    let expected = named.next_back()?.before;
    let found = original.raw()?;
    (found != expected).then(|| {
        let message =
            format!("it has the SHA-256 {found}, expected {expected}, that of the original");
        Diagnosis::new(Code::BackupChanged, message)
    })
}

fn unrelated(name: &str) -> Diagnosis {
    Diagnosis::new(
        Code::BackupUnrelated,
        format!("no journal and no history says that `{name}` is an original"),
    )
}
