//! The statements of all journals of a tree about each manifest.
//!
//! Invariant: a certain statement follows from complete journals; an incomplete journal makes all statements before it uncertain.

use std::collections::HashMap;

use crate::clock::Timestamp;
use crate::code::Code;
use crate::digest::Digest;
use crate::journal::{Account, Condition, Deed, Entry};
use crate::path::TreePath;
use crate::report::Diagnosis;

/// The statements of all journals.
#[derive(Debug, Clone, Default)]
pub struct Witnesses {
    of: HashMap<TreePath, Witness>,
    operations: Vec<Operation>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Operation {
    id: String,
    catalog: Option<Digest>,
    started: Option<Timestamp>,
}

/// The statements of the journals about one manifest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Witness {
    /// The last write to the manifest.
    pub last: Option<LastWrite>,
    /// The replacements that were not undone, in order.
    pub replaced: Vec<RecordedReplacement>,
}

/// The last write of an operation to a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastWrite {
    /// The index of the operation.
    pub operation: u32,
    /// The SHA-256 of the bytes.
    pub digest: Digest,
    /// True if it is certain that it was done, and that no other journal recorded a later one.
    pub is_certain: bool,
}

/// One replacement that a journal recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedReplacement {
    /// The index of the operation.
    pub operation: u32,
    /// The SHA-256 of the original.
    pub before: Digest,
    /// The SHA-256 of the new bytes.
    pub after: Digest,
    /// The file name of the backup, if it is known.
    pub backup: Option<Box<str>>,
    /// True if the backup must still exist.
    pub is_kept: bool,
}

impl Witnesses {
    /// Adds the account of the next operation, in the order of their start.
    ///
    /// `is_unfinished` is true if the operation did not end, or still runs. Returns the problem of the journal, if it has one.
    pub fn add(&mut self, id: &str, account: &Account, is_unfinished: bool) -> Option<Diagnosis> {
        let catalog = account
            .began
            .as_ref()
            .map(|began| began.catalog_digest.parse());
        let started = account.began.as_ref();
        let started = started.and_then(|began| began.started_at.parse().ok());
        let operation = u32::try_from(self.operations.len()).unwrap_or(u32::MAX);
        self.operations.push(Operation {
            id: id.to_owned(),
            catalog: catalog.and_then(Result::ok),
            started,
        });
        let finding = broken(id, account, is_unfinished);
        if finding.is_some() || is_unfinished {
            let began = account.began.as_ref();
            let keeps_backups = began.is_some_and(|began| began.command == "migrate");
            self.doubt(keeps_backups);
        }
        for entry in &account.entries {
            self.add_entry(operation, entry);
        }
        finding
    }

    /// Makes all statements uncertain, because an operation with an incomplete journal may have changed any manifest, and removed any backup unless it `keeps_backups`.
    pub fn doubt(&mut self, keeps_backups: bool) {
        for witness in self.of.values_mut() {
            if let Some(last) = &mut witness.last {
                last.is_certain = false;
            }
            for replaced in &mut witness.replaced {
                replaced.is_kept &= keeps_backups;
            }
        }
    }

    /// The manifests that must exist according to the journals, in path order.
    #[must_use]
    pub fn expected(&self) -> Vec<(&TreePath, &LastWrite)> {
        let mut expected: Vec<_> = self
            .of
            .iter()
            .filter_map(|(path, witness)| {
                let last = witness.last.as_ref().filter(|last| last.is_certain)?;
                Some((path, last))
            })
            .collect();
        expected.sort_unstable_by_key(|(path, _)| *path);
        expected
    }

    /// The statements about one manifest.
    #[must_use]
    pub fn of(&self, path: &TreePath) -> Option<&Witness> {
        self.of.get(path)
    }

    /// The id of the operation with this index.
    #[must_use]
    pub fn operation(&self, place: u32) -> &str {
        self.at(place).map_or("", |operation| &operation.id)
    }

    /// The digest of the catalog of the operation with this index.
    #[must_use]
    pub fn catalog(&self, place: u32) -> Option<Digest> {
        self.at(place).and_then(|operation| operation.catalog)
    }

    /// The start of the operation with this index, by the system's clock.
    #[must_use]
    pub fn started(&self, place: u32) -> Option<Timestamp> {
        self.at(place).and_then(|operation| operation.started)
    }

    /// The digests of the catalogs of all operations.
    pub fn catalogs(&self) -> impl Iterator<Item = Digest> {
        self.operations
            .iter()
            .filter_map(|operation| operation.catalog)
    }

    fn at(&self, place: u32) -> Option<&Operation> {
        self.operations.get(usize::try_from(place).ok()?)
    }

    fn add_entry(&mut self, operation: u32, entry: &Entry) {
        let Self { of, operations } = self;
        let is = |place: u32, id: &str| {
            let found = usize::try_from(place)
                .ok()
                .and_then(|at| operations.get(at));
            found.is_some_and(|operation| operation.id == id)
        };
        let witness = of.entry(entry.path.clone()).or_default();
        if entry.is_done == Some(false) {
            // The manifest is as before, or another program changed it.
            if let Some(last) = &mut witness.last {
                last.is_certain = false;
            }
            return;
        }
        let is_certain = entry.is_done == Some(true);
        let last_write = |digest| {
            Some(LastWrite {
                operation,
                digest,
                is_certain,
            })
        };
        match &entry.deed {
            Deed::Replaced {
                before,
                after,
                backup,
            } => {
                witness.last = last_write(*after);
                witness.replaced.push(RecordedReplacement {
                    operation,
                    before: *before,
                    after: *after,
                    backup: backup.clone(),
                    is_kept: is_certain,
                });
            }
            Deed::Restored { after, undoes, .. } => {
                witness.last = last_write(*after);
                if is_certain {
                    witness.replaced.retain(|one| !is(one.operation, undoes));
                } else {
                    expect_no_backup(witness, |one| is(one.operation, undoes));
                }
            }
            // It was done, or that is uncertain: the backup may be gone.
            Deed::Pruned { of, .. } => expect_no_backup(witness, |one| is(one.operation, of)),
        }
    }
}

fn broken(id: &str, account: &Account, is_unfinished: bool) -> Option<Diagnosis> {
    let (code, what) = match account.condition {
        Condition::Damaged => (
            Code::JournalDamaged,
            "has a broken chain, or the name of another: what follows the break is not believed",
        ),
        Condition::Unknown => (
            Code::JournalUnknown,
            "says something that this version of the program does not know: a newer one wrote it, or it was edited",
        ),
        Condition::Whole | Condition::Torn if account.is_cut(is_unfinished) => (
            Code::JournalDamaged,
            "ends too early, though nothing of the operation is unfinished",
        ),
        Condition::Whole | Condition::Torn => return None,
    };
    let message = format!("the journal of operation `{id}` {what}");
    Some(Diagnosis::new(code, message))
}

fn expect_no_backup(witness: &mut Witness, is_it: impl Fn(&RecordedReplacement) -> bool) {
    for replaced in &mut witness.replaced {
        replaced.is_kept &= !is_it(replaced);
    }
}

impl Witness {
    /// Compares the SHA-256 of the manifest's bytes with the last write.
    #[must_use]
    pub fn check(&self, raw: Digest, all: &Witnesses) -> Option<Diagnosis> {
        let last = self.last.as_ref()?;
        (last.is_certain && last.digest != raw).then(|| {
            let operation = all.operation(last.operation);
            let left = last.digest;
            Diagnosis::new(
                Code::BytesDifferFromJournal,
                format!("its bytes have the SHA-256 {raw}, expected {left}, as operation `{operation}` left it"),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{Began, Ended};

    fn digest(text: &str) -> Digest {
        Digest::of(text.as_bytes())
    }

    fn path() -> TreePath {
        TreePath::new(b"j/r/m").unwrap()
    }

    fn account(deed: Deed, is_done: Option<bool>) -> Account {
        let (mut account, path) = (Account::default(), path());
        account.ended = Some(Ended::default());
        account.entries.push(Entry {
            path,
            deed,
            is_done,
        });
        account
    }

    fn began() -> Began {
        Began {
            format: String::new(),
            operation: "two".to_owned(),
            command: "migrate".to_owned(),
            started_at: String::new(),
            now: String::new(),
            target_version: None,
            catalog: String::new(),
            catalog_digest: String::new(),
            program: String::new(),
            rules: None,
            undoes: None,
        }
    }

    #[test]
    fn a_journal_that_never_began_says_nothing() {
        let mut all = Witnesses::default();
        all.add("one", &account(replaced("a", "b"), Some(true)), false);
        let mut torn = Account::default();
        torn.condition = Condition::Torn;
        assert_eq!(all.add("two", &torn, false), None);
        assert!(check(&all, "z").is_some());
    }

    fn replaced(before: &str, after: &str) -> Deed {
        Deed::Replaced {
            before: digest(before),
            after: digest(after),
            backup: Some(format!("m.{before}").into()),
        }
    }

    fn restored(undoes: &str, after: &str) -> Deed {
        Deed::Restored {
            before: digest("x"),
            after: digest(after),
            backup: "m".into(),
            undoes: undoes.into(),
        }
    }

    fn check(all: &Witnesses, text: &str) -> Option<String> {
        let finding = all.of(&path()).unwrap().check(digest(text), all);
        finding.map(|finding| finding.message)
    }

    #[test]
    fn what_the_last_operation_left_must_stand_there() {
        let mut all = Witnesses::default();
        all.add("one", &account(replaced("a", "b"), Some(true)), false);
        all.add("two", &account(replaced("b", "c"), Some(true)), false);
        assert_eq!(check(&all, "c"), None);
        let message = format!(
            "its bytes have the SHA-256 {}, expected {}, as operation `two` left it",
            digest("b"),
            digest("c")
        );
        assert_eq!(check(&all, "b"), Some(message));
        all.add("three", &account(restored("two", "b"), Some(true)), false);
        assert_eq!(check(&all, "b"), None);
        let names = all.of(&path()).unwrap().replaced.iter();
        let names: Vec<_> = names.map(|one| one.backup.clone()).collect();
        assert_eq!(names, [Some("m.a".into())]);
    }

    #[test]
    fn what_may_or_may_not_have_been_done_proves_nothing_wrong() {
        let mut all = Witnesses::default();
        all.add("one", &account(replaced("a", "b"), Some(true)), false);
        all.add("two", &account(replaced("b", "c"), None), false);
        for text in ["b", "c", "z"] {
            assert_eq!(check(&all, text), None);
        }
        all.add("three", &account(replaced("b", "d"), Some(false)), false);
        assert_eq!(check(&all, "z"), None);
        let kept = all.of(&path()).unwrap().replaced.iter();
        let kept: Vec<_> = kept.map(|one| one.is_kept).collect();
        assert_eq!(kept, [true, false]);
    }

    #[test]
    fn what_came_before_an_operation_that_is_not_known_whole_is_not_certain() {
        for (condition, is_unfinished, message) in [
            (Condition::Torn, true, None),
            (
                Condition::Torn,
                false,
                Some(
                    "the journal of operation `two` ends too early, though nothing of the operation is unfinished",
                ),
            ),
            (
                Condition::Damaged,
                true,
                Some(
                    "the journal of operation `two` has a broken chain, or the name of another: what follows the break is not believed",
                ),
            ),
            (
                Condition::Unknown,
                true,
                Some(
                    "the journal of operation `two` says something that this version of the program does not know: a newer one wrote it, or it was edited",
                ),
            ),
        ] {
            let mut all = Witnesses::default();
            all.add("one", &account(replaced("a", "b"), Some(true)), false);
            let mut torn = Account::default();
            torn.began = Some(began());
            torn.condition = condition;
            let finding = all.add("two", &torn, is_unfinished);
            assert_eq!(finding.as_ref().map(|one| &*one.message), message);
            assert_eq!(check(&all, "z"), None);
        }
    }

    #[test]
    fn a_backup_that_was_pruned_need_not_be_there() {
        let mut all = Witnesses::default();
        all.add("one", &account(replaced("a", "b"), Some(true)), false);
        let pruned = Deed::Pruned {
            digest: digest("a"),
            backup: "m.a".into(),
            of: "one".into(),
        };
        all.add("two", &account(pruned, Some(true)), false);
        let witness = all.of(&path()).unwrap();
        assert!(!witness.replaced[0].is_kept);
        assert_eq!(check(&all, "b"), None);
    }
}
