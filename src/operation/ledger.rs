//! Reading the ledger: all journals of a tree, and the catalogs that operations used.
//!
//! Invariant: a journal that cannot be read or believed is named once, and never ends a command that only reads.

use std::collections::HashMap;

use super::accept::StateFinding;
use super::frame::unfinished_notice;
use super::order;
use crate::catalog::{Catalog, Source};
use crate::code::Code;
use crate::digest::Digest;
use crate::journal::{HeadState, Heads, JournalDamage, Ledger, Operation, OperationState};
use crate::report::{Diagnosis, Stop};
use crate::storage::{Log, STATE_DIRECTORY, Storage};

pub(super) struct Journals {
    pub(super) ledger: Ledger,
    pub(super) warnings: Vec<Diagnosis>,
    pub(super) findings: Vec<StateFinding>,
    /// True if it is known that there are none.
    pub(super) are_none: bool,
    /// For each operation its id, whether it is unfinished, and the bytes of its journal: it changes with each write.
    snapshot: Vec<(String, bool, u64)>,
}

impl Journals {
    fn empty() -> Self {
        Self {
            ledger: Ledger::default(),
            warnings: Vec::new(),
            findings: Vec::new(),
            are_none: false,
            snapshot: Vec::new(),
        }
    }

    /// Reads all journals; only a warning if they cannot be listed.
    pub(super) fn read(storage: &dyn Storage) -> Self {
        Self::listed(storage).unwrap_or_else(|diagnosis| Self {
            warnings: vec![diagnosis],
            ..Self::empty()
        })
    }

    fn listed(storage: &dyn Storage) -> Result<Self, Diagnosis> {
        let mut journals = Self::empty();
        let before = order::head(storage);
        let logs = storage.logs()?;
        journals.are_none = logs.is_empty();
        let named = logs.iter();
        let named = named.map(|log| (&log.id, log.serial.zip(log.tree)));
        let head = before.as_ref().unwrap_or(&HeadState::Absent);
        journals.ledger.expect_tree(Ledger::tree_of(head, named));
        for log in &logs {
            let ledger = &mut journals.ledger;
            ledger.reserve(log.bytes);
            ledger.begin(log.id.clone());
            let read = storage.log(&log.id, &mut |record, memo| {
                ledger.fold_with(record, memo);
            });
            match read {
                Ok(end) => {
                    ledger.chained(end.chain, end.fingerprint);
                    ledger.end(end.condition, end.bytes, log.is_unfinished);
                }
                // Recovery examines an operation without a journal.
                Err(diagnosis) if diagnosis.code == Code::OperationUnknown => {
                    ledger.end_missing();
                }
                Err(diagnosis) => {
                    ledger.end_unread();
                    journals.unread(log.id.as_str(), diagnosis);
                }
            }
            let operation = journals.ledger.operations().last();
            journals.findings.extend(operation.and_then(trust_finding));
            journals.snapshot.push((
                log.id.as_str().to_owned(),
                log.is_unfinished,
                operation.map_or(0, |operation| operation.bytes),
            ));
        }
        let operations = logs.iter().zip(journals.ledger.operations());
        let unfinished: Vec<&str> = operations
            .filter(|(log, operation)| {
                log.is_unfinished && operation.state != OperationState::Unknown
            })
            .map(|(log, _)| log.id.as_str())
            .collect();
        if !unfinished.is_empty() {
            journals.warnings.insert(0, unfinished_notice(&unfinished));
        }
        journals.check_order(before, order::head(storage));
        Ok(journals)
    }

    /// Compares the journals with each other and with the head, as it was before they were read and after.
    fn check_order(
        &mut self,
        before: Result<HeadState, Diagnosis>,
        after: Result<HeadState, Diagnosis>,
    ) {
        match before.and_then(|before| {
            Ok(Heads {
                before,
                after: after?,
            })
        }) {
            Ok(heads) => {
                let flaws = self.ledger.check_order(&heads);
                self.are_none &= flaws.is_empty();
                let ledger = &self.ledger;
                let findings = flaws.iter().map(|flaw| order::finding(flaw, ledger));
                self.findings.extend(findings);
            }
            Err(unread) => self.warnings.push(unread),
        }
    }

    /// The operations that are at work or were interrupted.
    pub(super) fn unfinished(&self) -> impl Iterator<Item = &str> {
        let unfinished = self
            .snapshot
            .iter()
            .filter(|(_, is_unfinished, _)| *is_unfinished);
        unfinished.map(|(id, ..)| id.as_str())
    }

    fn unread(&mut self, id: &str, diagnosis: Diagnosis) {
        if diagnosis.code == Code::NotRegular {
            let finding = Diagnosis::new(Code::JournalDamaged, diagnosis.message);
            self.findings.push(finding.into());
        } else {
            let message = format!("the journal of operation `{id}`: {}", diagnosis.message);
            self.warnings
                .push(Diagnosis::new(Code::StateUnreadable, message));
        }
    }

    /// The journals as they are now, if any operation has written since these were read.
    pub(super) fn if_changed(&self, storage: &dyn Storage) -> Option<Self> {
        let is_same = |log: &Log| {
            let known = self.snapshot.iter().find(|(id, ..)| log.id.as_str() == id);
            known.is_some_and(|(_, is_unfinished, bytes)| {
                (*is_unfinished, *bytes) == (log.is_unfinished, log.bytes)
            })
        };
        // Mostly the sizes say so, and no journal need be read again.
        let Ok(logs) = storage.logs() else {
            return Some(Self::read(storage));
        };
        if logs.len() == self.snapshot.len() && logs.iter().all(is_same) {
            return None;
        }
        let now = Self::read(storage);
        (now.snapshot != self.snapshot).then_some(now)
    }
}

pub(super) fn required(storage: &dyn Storage) -> Result<Ledger, Stop> {
    let listed = Journals::listed(storage);
    let listed = listed.map_err(|diagnosis| Stop {
        hint: Some(diagnosis.code.hint().to_owned()),
        ..Stop::new(Code::StateUnusable, diagnosis.message)
    })?;
    Ok(listed.ledger)
}

/// The finding about a journal that is not complete and trusted.
pub(super) fn trust_finding(operation: &Operation) -> Option<StateFinding> {
    let (code, what) = match operation.state {
        OperationState::Damaged if operation.damage == JournalDamage::Cut => (
            Code::JournalDamaged,
            "ends too early, though nothing of the operation is unfinished",
        ),
        OperationState::Damaged if operation.damage == JournalDamage::Foreign => (
            Code::JournalDamaged,
            "is that of another operation, or of another tree: it is not believed",
        ),
        OperationState::Damaged => (
            Code::JournalDamaged,
            "has a broken chain: what follows the break is not believed",
        ),
        OperationState::Unknown => (
            Code::JournalUnknown,
            "says something that this version of the program does not know: a newer one wrote it, or it was edited",
        ),
        // What names a journal that is missing says so.
        OperationState::Finished
        | OperationState::Unfinished
        | OperationState::Unreadable
        | OperationState::Missing => return None,
    };
    let message = format!("the journal of operation `{}` {what}", operation.id);
    Some(StateFinding {
        finding: Diagnosis::new(code, message),
        operation: Some(operation.id.clone()),
        found: operation.fingerprint,
    })
}

/// The most bytes of catalogs that are in memory beside the one in use.
const MAX_KEPT_BYTES: usize = 64 * 1024 * 1024;

pub(super) struct Catalogs<'c> {
    given: &'c Catalog,
    kept: HashMap<Digest, Result<Catalog, String>>,
}

impl<'c> Catalogs<'c> {
    pub(super) fn none(given: &'c Catalog) -> Self {
        let kept = HashMap::new();
        Self { given, kept }
    }

    pub(super) fn load(
        storage: &dyn Storage,
        given: &'c Catalog,
        ledger: &Ledger,
    ) -> (Self, Vec<Diagnosis>) {
        let (mut catalogs, mut damaged) = (Self::none(given), Vec::new());
        let mut left = MAX_KEPT_BYTES;
        for digest in ledger.catalogs() {
            if catalogs.kept.contains_key(&digest) {
                continue;
            }
            let name = digest.prefixed();
            // The copy of the one in use is examined, too: the next operation may use another.
            let catalog = match kept(storage, digest) {
                Ok(Some(bundle)) if bundle.len() > left => {
                    Err("the catalogs that were used are too large together".to_owned())
                }
                Ok(Some(bundle)) => {
                    left -= bundle.len();
                    Catalog::from_bundle(Source::Directory(name), &bundle).map_err(|error| {
                        format!("the catalog that was used cannot be read: {error}")
                    })
                }
                Ok(None) => Err(format!(
                    "the catalog {name} that was used is not kept any more"
                )),
                Err(diagnosis) => {
                    let why = format!("the catalog {name} that was used: {}", diagnosis.message);
                    if diagnosis.code == Code::KeptChanged {
                        damaged.push(diagnosis);
                    }
                    Err(why)
                }
            };
            catalogs.kept.insert(digest, catalog);
        }
        (catalogs, damaged)
    }

    pub(super) fn of(&self, digest: Digest) -> Result<&Catalog, String> {
        match self.kept.get(&digest) {
            _ if digest == self.given.digest() => Ok(self.given),
            Some(Ok(catalog)) => Ok(catalog),
            Some(Err(why)) => Err(why.clone()),
            None => Err(format!(
                "the catalog {} was not looked for",
                digest.prefixed()
            )),
        }
    }
}

fn kept(storage: &dyn Storage, digest: Digest) -> Result<Option<String>, Diagnosis> {
    let path = format!("catalogs/{digest}.json");
    let files = storage
        .state(&path)
        .map_err(|stop| Diagnosis::new(Code::IoError, stop.message))?;
    let Some(bytes) = files.into_values().next() else {
        return Ok(None);
    };
    match String::from_utf8(bytes) {
        Ok(text) if Digest::of(text.as_bytes()) == digest => Ok(Some(text)),
        Ok(text) => Err(changed(&path, Digest::of(text.as_bytes()))),
        Err(error) => Err(changed(&path, Digest::of(error.as_bytes()))),
    }
}

fn changed(path: &str, found: Digest) -> Diagnosis {
    let message =
        format!("`{STATE_DIRECTORY}/{path}` has the SHA-256 {found}, which is not its name");
    Diagnosis::new(Code::KeptChanged, message)
}
