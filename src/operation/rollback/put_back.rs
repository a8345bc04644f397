//! The manifests of a rollback: looked at in parallel, put back batch by batch in path order.
//!
//! Invariant: outcomes are told in path order, and `restored` only after the flush that makes it true.

use std::sync::Mutex;

use rayon::ThreadPool;
use rayon::prelude::*;

use super::choose::{Item, Replaced, Standing};
use super::{RollbackMode, RollbackOptions};
use crate::catalog::Catalog;
use crate::code::Code;
use crate::digest::Digest;
use crate::event::{Event, Sink as _, Watch};
use crate::json::{Text, canonical};
use crate::manifest::Manifest;
use crate::operation::tally::{JournalSink, Tally};
use crate::operation::writing::{TransactionOf, Writing};
use crate::path::TreePath;
use crate::report::{Outcome, Status, Stop, Trouble};
use crate::storage::{ReadError, Restore, Restored, Storage, Transaction};
use crate::version::Version;

/// Documents larger than this are read one at a time, so that memory stays bounded.
const LARGE: usize = 1024 * 1024;

type PreparedOf<S> = <TransactionOf<S> as Transaction>::Prepared;

/// Puts originals back.
pub(super) struct PuttingBack<'o, S: Storage> {
    pub(super) storage: &'o S,
    pub(super) catalog: &'o Catalog,
    pub(super) pool: &'o ThreadPool,
    pub(super) options: &'o RollbackOptions,
    pub(super) writing: &'o Writing<'o, S>,
    pub(super) watch: &'o dyn Watch,
    /// Held while a large document is read.
    pub(super) large: Mutex<()>,
}

/// One manifest on its way through a batch.
struct Slot<'i, S: Storage> {
    outcome: Outcome,
    /// Where its original can be put back.
    open: Option<Open<'i, S>>,
    /// Whether it is announced in the journal.
    announced: bool,
}

/// An original that can be put back, as it was read.
struct Open<'i, S: Storage> {
    replaced: &'i Replaced,
    version: S::Version,
    original: S::Version,
}

/// What is said of a document that was read.
struct Document {
    raw: Digest,
    /// Where the text is valid.
    canonical: Option<Digest>,
    /// Where the catalog knows such manifests.
    version: Option<Version>,
}

impl<S: Storage> PuttingBack<'_, S> {
    /// Takes all manifests through, and tells what came of each.
    pub(super) fn run(&self, items: &[Item], tally: &mut Tally<'_>) {
        let mut wanted = self.options.selection.limit;
        let mut rest = items;
        while !rest.is_empty() && wanted != Some(0) {
            let end = self.options.batch.get().min(rest.len());
            let (batch, later) = rest.split_at(end);
            rest = later;
            let is_over =
                self.writing.has_stopped() || self.watch.signal().is_some() || tally.is_broken();
            let mut slots = if is_over {
                batch.iter().map(|item| not_attempted(&item.path)).collect()
            } else {
                self.pool
                    .install(|| batch.par_iter().map(|item| self.look(item)).collect())
            };
            wanted = cut(&mut slots, wanted);
            if self.options.mode == RollbackMode::Write {
                self.put_back(&mut slots, tally);
            }
            self.tell(slots, tally);
            if let Some(stop) = tally.too_many(self.options.max_failures) {
                self.writing.stop(stop);
            }
        }
    }

    /// Looks at one manifest and its backup.
    fn look<'i>(&self, item: &'i Item) -> Slot<'i, S> {
        if self.watch.signal().is_some() {
            return not_attempted(&item.path);
        }
        let replaced = match &item.standing {
            Standing::Replaced(replaced) => replaced,
            Standing::Restored => {
                return settled(Outcome::new(item.path.clone(), Status::Current));
            }
            Standing::Not(message) => {
                let outcome = Outcome::new(item.path.clone(), Status::Refused);
                return settled(refused(outcome, Code::NotReplaced, message.clone()));
            }
        };
        let slot = self.look_at_both(&item.path, replaced);
        self.watch.looked_at();
        slot
    }

    fn look_at_both<'i>(&self, path: &TreePath, replaced: &'i Replaced) -> Slot<'i, S> {
        let mut outcome = Outcome {
            backup: Some(replaced.backup.to_string()),
            ..Outcome::new(path.clone(), Status::Pending)
        };
        let read = |bytes: &mut Vec<u8>| self.storage.read(path, bytes);
        let (version, manifest) = match self.read(path, read) {
            Ok(read) => read,
            Err(trouble) => return settled(troubled(outcome, gone(trouble, replaced))),
        };
        outcome.from = manifest.version;
        outcome.checksum_before = manifest.canonical;
        if manifest.raw == replaced.original {
            outcome.status = Status::Current;
            outcome.backup = None;
            return settled(outcome);
        }
        if manifest.raw != replaced.wrote {
            return settled(troubled(outcome, changed_since(replaced, manifest.raw)));
        }
        let read = |bytes: &mut Vec<u8>| self.storage.read_backup(path, &replaced.backup, bytes);
        let (original_version, original) = match self.read(path, read) {
            Ok(read) => read,
            Err(trouble) => return settled(without_backup(outcome, &trouble, replaced)),
        };
        if original.raw != replaced.original {
            let message = format!(
                "the backup `{}` does not have the bytes that operation {} found",
                replaced.backup, replaced.operation
            );
            return settled(refused(outcome, Code::BackupChanged, message));
        }
        outcome.to = original.version;
        outcome.checksum_after = original.canonical;
        if let Err(trouble) = self.storage.may_put_back(path, &version, &original_version) {
            return settled(troubled(outcome, trouble));
        }
        Slot {
            open: Some(Open {
                replaced,
                version,
                original: original_version,
            }),
            ..settled(outcome)
        }
    }

    /// Reads a document, and says what it is.
    fn read(
        &self,
        path: &TreePath,
        read: impl FnOnce(&mut Vec<u8>) -> Result<S::Version, Trouble>,
    ) -> Result<(S::Version, Document), Trouble> {
        let mut bytes = Vec::new();
        let version = read(&mut bytes)?;
        let _one_at_a_time = (bytes.len() > LARGE).then(|| self.large.lock());
        let text = Text::scan(&bytes).ok();
        let kinds = self.catalog.kinds();
        let kind = kinds
            .iter()
            .find(|kind| kind.file.as_bytes() == path.file_name());
        let declared = text.as_ref().zip(kind).and_then(|(text, kind)| {
            let manifest = Manifest::read(text, kind).ok()?;
            Some(manifest.version().clone())
        });
        let document = Document {
            raw: Digest::of(&bytes),
            canonical: text.as_ref().map(|text| canonical::digest(text.root())),
            version: declared,
        };
        Ok((version, document))
    }

    /// Announces what can be put back, and puts it back.
    fn put_back(&self, slots: &mut [Slot<'_, S>], tally: &mut Tally<'_>) {
        if !slots.iter().any(|slot| slot.open.is_some()) {
            return;
        }
        let Some(transaction) = self.pool.install(|| self.writing.begin()) else {
            slots.iter_mut().for_each(Slot::was_not_attempted);
            return;
        };
        tally.began(transaction.id());
        tally.recovered(self.writing.take_recoveries());
        let mut answers = Vec::with_capacity(slots.len());
        self.pool.install(|| {
            slots
                .par_iter_mut()
                .map(|slot| self.prepare(transaction, slot))
                .collect_into_vec(&mut answers);
        });
        let is_over = self.writing.has_stopped() || self.watch.signal().is_some();
        let takers: Vec<usize> = (0..slots.len())
            .filter(|index| answers[*index].is_some())
            .collect();
        if is_over {
            for index in takers {
                slots[index].was_not_attempted();
            }
            return;
        }
        let prepared = answers.into_iter().flatten().collect();
        let (restored, stop) = self.pool.install(|| transaction.restore(prepared));
        for (index, restored) in takers.into_iter().zip(restored) {
            self.take(&mut slots[index], restored);
        }
        if let Some(stop) = stop {
            self.writing.stop(stop);
        }
    }

    fn prepare(
        &self,
        transaction: &TransactionOf<S>,
        slot: &mut Slot<'_, S>,
    ) -> Option<PreparedOf<S>> {
        let open = slot.open.as_ref()?;
        let replaced = open.replaced;
        let prepared = transaction.prepare(&Restore {
            path: &slot.outcome.path,
            undoes: &replaced.operation,
            version: &open.version,
            backup: &replaced.backup,
            original: &open.original,
            before: replaced.wrote,
            after: replaced.original,
        });
        match prepared {
            Ok(prepared) => {
                slot.announced = true;
                return Some(prepared);
            }
            Err(ReadError::Trouble(trouble)) => slot.fail(trouble),
            Err(ReadError::Stop(stop)) => {
                self.writing.stop(stop);
                slot.was_not_attempted();
            }
        }
        None
    }

    fn take(&self, slot: &mut Slot<'_, S>, restored: Restored) {
        match restored {
            Restored::Done => slot.outcome.status = Status::Restored,
            Restored::Skipped => slot.was_not_attempted(),
            Restored::Not(trouble) => {
                if trouble.code == Code::NoSpace {
                    let stop = Stop::new(Code::StorageFailed, trouble.message.clone());
                    self.writing.stop(stop);
                }
                slot.fail(trouble);
            }
        }
    }

    fn tell(&self, slots: Vec<Slot<'_, S>>, tally: &mut Tally<'_>) {
        for slot in slots {
            if let (Some(transaction), true) = (self.writing.transaction(), slot.announced) {
                // Gathers in memory; what cannot be written shows at the next flush.
                let _kept = JournalSink(transaction).event(&Event::Outcome(&slot.outcome));
            }
            tally.outcome(&slot.outcome, None, None);
        }
    }
}

/// With a limit, nothing is selected behind the last manifest that it leaves; gives what is left of it.
fn cut<S: Storage>(slots: &mut Vec<Slot<'_, S>>, wanted: Option<u64>) -> Option<u64> {
    let wanted = wanted?;
    let mut open = (0..slots.len()).filter(|index| slots[*index].open.is_some());
    let last = usize::try_from(wanted - 1)
        .ok()
        .and_then(|skip| open.nth(skip));
    if let Some(last) = last {
        slots.truncate(last + 1);
    }
    let taken = slots.iter().filter(|slot| slot.open.is_some()).count();
    Some(wanted.saturating_sub(taken as u64))
}

impl<S: Storage> Slot<'_, S> {
    fn was_not_attempted(&mut self) {
        if self.open.take().is_some() {
            self.outcome = Outcome {
                from: self.outcome.from.clone(),
                ..Outcome::new(self.outcome.path.clone(), Status::NotAttempted)
            };
        }
    }

    fn fail(&mut self, trouble: Trouble) {
        self.outcome = troubled(self.outcome.clone(), trouble);
    }
}

fn settled<'i, S: Storage>(outcome: Outcome) -> Slot<'i, S> {
    Slot {
        outcome,
        open: None,
        announced: false,
    }
}

fn not_attempted<'i, S: Storage>(path: &TreePath) -> Slot<'i, S> {
    settled(Outcome::new(path.clone(), Status::NotAttempted))
}

fn troubled(outcome: Outcome, trouble: Trouble) -> Outcome {
    Outcome {
        status: trouble.status(),
        to: None,
        checksum_before: None,
        checksum_after: None,
        trouble: Some(trouble),
        ..outcome
    }
}

fn refused(outcome: Outcome, code: Code, message: String) -> Outcome {
    Outcome {
        status: Status::Refused,
        ..troubled(outcome, Trouble { code, message })
    }
}

/// The trouble of a manifest that cannot be read, with what is left of it.
fn gone(trouble: Trouble, replaced: &Replaced) -> Trouble {
    match trouble.code {
        Code::NotFound => Trouble {
            message: format!(
                "the manifest is gone; operation {} kept its original as `{}`",
                replaced.operation, replaced.backup
            ),
            ..trouble
        },
        _ => trouble,
    }
}

/// The conflict of a manifest that is not what the operation wrote.
fn changed_since(replaced: &Replaced, found: Digest) -> Trouble {
    let by = replaced.later.as_ref().filter(|(_, wrote)| *wrote == found);
    let message = match by {
        Some((later, _)) => format!(
            "operation {later} has replaced it since operation {}; roll that back first",
            replaced.operation
        ),
        None => format!(
            "it does not have the bytes that operation {} wrote: somebody changed it since",
            replaced.operation
        ),
    };
    Trouble {
        code: Code::ChangedSince,
        message,
    }
}

/// A backup cannot be read.
fn without_backup(outcome: Outcome, trouble: &Trouble, replaced: &Replaced) -> Outcome {
    let backup = &replaced.backup;
    let (code, message) = match (trouble.code, &replaced.pruned_by) {
        (Code::NotFound, Some(by)) => (
            Code::BackupPruned,
            format!("operation {by} removed the backup `{backup}`"),
        ),
        (Code::NotFound, None) => (
            Code::BackupMissing,
            format!("the backup `{backup}` is not there"),
        ),
        (code, _) => {
            let message = format!("the backup `{backup}`: {}", trouble.message);
            return troubled(outcome, Trouble { code, message });
        }
    };
    refused(outcome, code, message)
}
