//! Checks of the state: journals, head, guard, and no files of ours that are left over.
//!
//! Invariant: everything is read from the disk itself, by the journals' own reader.

use std::collections::BTreeMap;

use super::setting::MANIFESTS;
use crate::crash::simulated::Simulated;
use crate::digest::Digest;
use crate::journal::{Head, Integrity, OperationId, Reader, Record};
use crate::storage::EntryKind;

const STATE: &str = ".migrate-manifests/";
const OPERATIONS: &str = ".migrate-manifests/operations/";
const GUARD: &str = ".migrate-manifests/staging/.a-newer-version-of-migrate-manifests-";

/// One journal.
pub(super) struct Journal {
    pub(super) records: Vec<Record>,
    condition: Integrity,
    chain: Option<Digest>,
}

impl Journal {
    pub(super) fn read(bytes: &[u8]) -> Self {
        let (mut reader, mut records) = (Reader::default(), Vec::new());
        reader.feed(bytes, &mut |record| {
            records.push(record.clone());
            true
        });
        Self {
            records,
            condition: reader.condition(),
            chain: reader.writer().chain(),
        }
    }

    fn serial(&self) -> Option<u64> {
        match self.records.first()? {
            Record::Began(began) => began.serial,
            _ => None,
        }
    }

    /// True if anything was about to be done.
    fn announces(&self) -> bool {
        self.records.iter().any(|record| {
            matches!(
                record,
                Record::Replacing(_) | Record::Restoring(_) | Record::Removing(_)
            )
        })
    }

    fn has_ended(&self) -> bool {
        let mut records = self.records.iter();
        records.any(|record| matches!(record, Record::Ended(_)))
    }

    /// True if the end of this backup was announced.
    pub(super) fn announces_end_of(&self, manifest: &str) -> bool {
        self.records
            .iter()
            .any(|record| matches!(record, Record::Removing(one) if one.path.to_text() == manifest))
    }
}

/// Every journal, by id.
pub(super) fn journals(disk: &Simulated) -> BTreeMap<OperationId, Journal> {
    let mut journals = BTreeMap::new();
    for (path, node) in disk.tree() {
        let id = path
            .strip_prefix(OPERATIONS)
            .and_then(|name| name.strip_suffix(".jsonl")?.parse().ok());
        if let Some(id) = id {
            journals.insert(id, Journal::read(&node.bytes));
        }
    }
    journals
}

/// At any moment: programs that do not know format 2 are kept away before anything is announced in it.
pub(super) fn check_guard(disk: &Simulated) -> Result<(), String> {
    let journals = journals(disk);
    let needs_it = |journal: &Journal| journal.serial().is_some() && journal.announces();
    if !journals.values().any(needs_it) {
        return Ok(());
    }
    let is_guard = |path: &str, kind| path.starts_with(GUARD) && kind == EntryKind::Directory;
    if disk
        .tree()
        .iter()
        .any(|(path, node)| is_guard(path, node.kind))
    {
        Ok(())
    } else {
        Err("nothing keeps older programs away".to_owned())
    }
}

/// Where nothing is unfinished: every journal is whole and ended, the chain from journal to journal holds, and the head names the last one.
pub(super) fn check_settled(disk: &Simulated) -> Result<(), String> {
    check_guard(disk)?;
    let journals = journals(disk);
    let mut serials = BTreeMap::new();
    let mut trees = Vec::new();
    for (id, journal) in &journals {
        if journal.announces() && (journal.condition != Integrity::Whole || !journal.has_ended()) {
            return Err(format!(
                "journal {id} is {:?}, ended: {}",
                journal.condition,
                journal.has_ended()
            ));
        }
        let Some(Record::Began(began)) = journal.records.first() else {
            continue;
        };
        let Some(serial) = began.serial else { continue };
        if let Some(other) = serials.insert(serial, id) {
            return Err(format!("{id} and {other} have both the serial {serial}"));
        }
        trees.extend(began.tree);
        if let Some(before) = &began.before {
            let known = journals.get(&before.operation);
            if known.and_then(|known| known.chain) != Some(before.chain) {
                return Err(format!("the journal before {id} ends otherwise"));
            }
        }
    }
    trees.dedup();
    if trees.len() > 1 {
        return Err("the tree has two ids".to_owned());
    }
    check_head(disk, &journals)
}

fn check_head(disk: &Simulated, journals: &BTreeMap<OperationId, Journal>) -> Result<(), String> {
    let last = journals
        .iter()
        .filter(|(_, journal)| journal.announces())
        .max_by_key(|(_, journal)| journal.serial());
    let Some((last, serial)) = last.and_then(|(id, journal)| Some((id, journal.serial()?))) else {
        return Ok(());
    };
    let bytes = disk.read_path(format!("{STATE}head")).unwrap_or_default();
    let Some(head) = Head::read(&bytes) else {
        return Err("there is no head".to_owned());
    };
    let named = head.operation.as_ref().and_then(|id| journals.get(id));
    if head.serial < serial || named.is_none_or(|named| named.chain != head.chain) {
        return Err(format!(
            "the head is {head:?}, the last operation is {last}"
        ));
    }
    Ok(())
}

/// The highest serial number that is known.
pub(super) fn last_serial(disk: &Simulated) -> u64 {
    let head = disk.read_path(format!("{STATE}head"));
    let head = head.and_then(|bytes| Head::read(&bytes));
    let journals = journals(disk);
    let of_journals = journals.values().filter_map(Journal::serial);
    of_journals
        .chain(head.map(|head| head.serial))
        .max()
        .unwrap_or(0)
}

/// Drafts of small files in the state, which the next operation that begins removes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Drafts {
    MayBeLeft,
    AreGone,
}

/// Files that nobody needs any more, or that nobody should have made. `others` says whether somebody else was at a manifest.
pub(super) fn left_over(
    disk: &Simulated,
    drafts: Drafts,
    others: &dyn Fn(&str) -> bool,
) -> Option<String> {
    let is_known = |path: &str, kind: EntryKind| {
        if let Some(below) = path.strip_prefix(STATE) {
            return matches!(below, "lock" | "head" | "operations" | "catalogs")
                || below == "staging"
                || path.starts_with(GUARD)
                || below.starts_with("operations/")
                || (below.starts_with("catalogs/")
                    && (!below.starts_with("catalogs/.") || drafts == Drafts::MayBeLeft))
                || (below.starts_with("rescued") && MANIFESTS.into_iter().any(others));
        }
        kind == EntryKind::Directory
            || MANIFESTS.iter().any(|name| {
                path == *name
                    || path.starts_with(&format!("{name}.backup"))
                    || (path.starts_with(&format!("{name}.rescued.")) && others(name))
            })
    };
    disk.tree()
        .into_iter()
        .find(|(path, node)| !is_known(path, node.kind))
        .map(|(path, _)| path)
}
