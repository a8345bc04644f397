//! The journals of a tree against each other, and against its head.
//! Each journal of format 2 names the operation before it and the end of that journal's chain; the head names the last one.
//! Invariant: each cause is one flaw, and an operation whose journal is gone makes everything before it uncertain.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use super::head::Head;
use super::id::{OperationId, TreeId};
use super::ledger::{JournalDamage, Ledger, NONE, Operation, OperationState};
use super::reader::ChainEnds;
use crate::digest::Digest;

/// The head as it stands in the state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeadState {
    /// There is none.
    Absent,
    /// It cannot be understood.
    Damaged,
    /// It can be read.
    Sound(Head),
}

impl HeadState {
    /// The state of a head with these bytes.
    pub fn of(bytes: Option<&[u8]>) -> Self {
        match bytes.map(Head::read) {
            None => Self::Absent,
            Some(None) => Self::Damaged,
            Some(Some(head)) => Self::Sound(head),
        }
    }

    fn sound(&self) -> Option<&Head> {
        match self {
            Self::Sound(head) => Some(head),
            Self::Absent | Self::Damaged => None,
        }
    }
}

/// The heads before and after the journals were read; operations may have begun in between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heads {
    /// What it names had a journal when the journals were read.
    pub before: HeadState,
    /// It names every operation that had changed anything when the journals were read.
    pub after: HeadState,
}

/// A contradiction between the journals, or between them and the head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderFlaw {
    /// A journal that is named is not there, or has lost what is named of it.
    Journal {
        /// Its operation.
        operation: OperationId,
        /// The later operation that names it; `None` if the head does.
        named_by: Option<OperationId>,
        /// The remains of it.
        loss: JournalLoss,
        /// The number of operations before it that seem to have no journal either, because serial numbers are missing.
        more: u64,
    },
    /// An operation has begun without a head, though there were operations before it.
    Unlinked {
        /// The operation.
        operation: OperationId,
        /// The number of operations before it that seem to have no journal.
        more: u64,
    },
    /// There is no head.
    HeadAbsent,
    /// The head cannot be understood.
    HeadDamaged,
    /// The head is of another tree than the journals.
    HeadForeign,
    /// The head does not name the last operation.
    HeadBehind {
        /// The operation that it names.
        named: Option<OperationId>,
        /// The last one.
        last: OperationId,
    },
}

/// The remains of a journal that is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JournalLoss {
    /// There is no file.
    Gone,
    /// The file has no record.
    Emptied,
    /// The line that is named is not in it.
    Cut,
}

/// One operation, named by the head or by the journal of a later operation.
struct NamedOperation {
    operation: OperationId,
    chain: Digest,
    /// The serial number that it must have, or one less than that of the journal that names it.
    serial: Option<u64>,
    /// The operation that names it; `None` for the head.
    by: Option<OperationId>,
    /// The place of that operation; behind all for the head.
    place: usize,
}

impl Ledger {
    /// The tree of these journals: the one that the head names if any of them is of it or is the one that the head names, else that of the last journal.
    ///
    /// `journals` are their ids, and the serial numbers and trees that they name.
    pub fn tree_of<'j>(
        head: &HeadState,
        journals: impl Iterator<Item = (&'j OperationId, Option<(u64, TreeId)>)>,
    ) -> Option<TreeId> {
        let head = head.sound();
        let (mut is_named, mut last) = (false, None);
        for (id, numbered) in journals {
            let tree = numbered.map(|(_, tree)| tree);
            is_named |= head
                .is_some_and(|head| head.operation.as_ref() == Some(id) || tree == Some(head.tree));
            if numbered.map(|(serial, _)| serial) > last.map(|(serial, _)| serial) {
                last = numbered;
            }
        }
        let last = last.map(|(_, tree)| tree);
        head.filter(|_| is_named)
            .map_or(last, |head| Some(head.tree))
    }

    /// Compares the journals with each other and with the head, after all of them were folded. Operations whose journals are gone get a place.
    pub fn check_order(&mut self, heads: &Heads) -> Vec<OrderFlaw> {
        let before = heads.before.sound().filter(|head| self.is_of_tree(head));
        let mut flaws = self.head_flaws(&heads.after);
        let mut named = self.named_operations(before);
        // The last first, because what gets a place moves those behind it.
        named.sort_by_key(|one| std::cmp::Reverse(one.place));
        let mut lost: Vec<OrderFlaw> = named
            .iter()
            .filter_map(|one| self.check_named(one))
            .collect();
        lost.reverse();
        flaws.extend(lost);
        flaws.extend(self.unlinked());
        flaws
    }

    fn is_of_tree(&self, head: &Head) -> bool {
        self.tree.is_none_or(|tree| tree == head.tree)
    }

    fn head_flaws(&self, head: &HeadState) -> Vec<OrderFlaw> {
        let last = self.operations.iter().filter(|one| one.wrote_anything());
        let last = last.max_by_key(|one| one.serial());
        let last = last.and_then(|last| Some((last, last.serial()?)));
        let flaw = match (head, last) {
            (HeadState::Absent, Some(_)) => OrderFlaw::HeadAbsent,
            (HeadState::Damaged, _) => OrderFlaw::HeadDamaged,
            (HeadState::Sound(head), _) if !self.is_of_tree(head) => OrderFlaw::HeadForeign,
            (HeadState::Sound(head), Some((last, serial))) if head.serial < serial => {
                OrderFlaw::HeadBehind {
                    named: head.operation.clone(),
                    last: last.id.clone(),
                }
            }
            _ => return Vec::new(),
        };
        vec![flaw]
    }

    fn named_operations(&self, head: Option<&Head>) -> Vec<NamedOperation> {
        let by_head = head.and_then(|head| {
            Some(NamedOperation {
                operation: head.operation.clone()?,
                chain: head.chain?,
                serial: Some(head.serial),
                by: None,
                place: self.operations.len(),
            })
        });
        let by_journals = self.operations.iter().enumerate();
        let by_journals = by_journals.filter_map(|(place, one)| {
            let before = one.began.as_ref()?.before.clone()?;
            Some(NamedOperation {
                operation: before.operation,
                chain: before.chain,
                serial: one.serial().map(|serial| serial.saturating_sub(1)),
                by: Some(one.id.clone()),
                place,
            })
        });
        by_journals.chain(by_head).collect()
    }

    fn check_named(&mut self, named: &NamedOperation) -> Option<OrderFlaw> {
        let id = &named.operation;
        if self.forgotten.contains_key(id) {
            return None;
        }
        let at = self.operations.iter().position(|one| one.id == *id);
        let (loss, place) = match at {
            None => {
                let place = named.place;
                self.insert(place, Operation::new(id.clone()));
                (Some(JournalLoss::Gone), place)
            }
            Some(at) if self.operations[at].began.is_none() => self.place_unread(at, named.place),
            Some(at) if self.operations[at].has_lost(named.chain) => (Some(JournalLoss::Cut), at),
            Some(_) => return None,
        };
        self.uncertain_before = self.uncertain_before.max(number(place));
        self.backups_uncertain_before = self.backups_uncertain_before.max(number(place));
        let loss = loss?;
        let operation = &mut self.operations[place];
        operation.damage = JournalDamage::Cut;
        operation.state = match loss {
            JournalLoss::Cut => OperationState::Damaged,
            JournalLoss::Gone | JournalLoss::Emptied => OperationState::Missing,
        };
        let serial = operation.serial().or(named.serial);
        Some(OrderFlaw::Journal {
            operation: id.clone(),
            named_by: named.by.clone(),
            loss,
            more: serial.map_or(0, |serial| self.missing_below(serial)),
        })
    }

    /// Moves an operation without a first record to the place before `place`, where it belongs. Returns what is lost of its journal, unless that is known already.
    fn place_unread(&mut self, at: usize, place: usize) -> (Option<JournalLoss>, usize) {
        use OperationState::{Damaged, Finished, Missing, Unfinished, Unknown, Unreadable};
        let operation = self.remove(at);
        let loss = match operation.state {
            Missing => Some(JournalLoss::Gone),
            Finished | Unfinished => Some(JournalLoss::Emptied),
            Damaged | Unknown | Unreadable => None,
        };
        let place = if at < place { place - 1 } else { place };
        self.insert(place, operation);
        (loss, place)
    }

    fn insert(&mut self, place: usize, operation: Operation) {
        self.operations.insert(place, operation);
        self.renumber(|at| if at >= number(place) { at + 1 } else { at });
    }

    /// Removes an operation that has no entries.
    fn remove(&mut self, place: usize) -> Operation {
        let removed = self.operations.remove(place);
        self.renumber(|at| if at > number(place) { at - 1 } else { at });
        removed
    }

    fn renumber(&mut self, new: impl Fn(u32) -> u32) {
        for slot in &mut self.entries {
            slot.operation = new(slot.operation);
        }
        for (place, operation) in self.operations.iter_mut().enumerate() {
            operation.place = number(place);
        }
        self.uncertain_before = new(self.uncertain_before);
        self.backups_uncertain_before = new(self.backups_uncertain_before);
    }

    /// The number of serial numbers below this one, and above the next lower one, that no journal accounts for.
    ///
    /// An operation that died before its first record was written has only its id; so has one of format 1 whose id took a number.
    fn missing_below(&self, serial: u64) -> u64 {
        let number = |one: &Operation| one.serial().unwrap_or_else(|| one.id.order().1);
        let there = self.operations.iter().map(number);
        let forgotten = self.forgotten.values().copied().flatten();
        let known: BTreeSet<u64> = there.chain(forgotten).collect();
        let lower = known.range(..serial).next_back().copied().unwrap_or(0);
        serial.saturating_sub(lower).saturating_sub(1)
    }

    /// The operations that name none before them, though there were some.
    fn unlinked(&self) -> Vec<OrderFlaw> {
        let wrote = self.operations.iter().filter(|one| one.wrote_anything());
        let first = wrote.filter_map(Operation::serial).min();
        let unlinked = self.operations.iter().filter_map(|one| {
            let (began, serial) = (one.began.as_ref()?, one.serial()?);
            let more = self.missing_below(serial);
            let is_first = first.is_none_or(|first| serial <= first) && more == 0;
            (began.before.is_none() && !is_first).then(|| OrderFlaw::Unlinked {
                operation: one.id.clone(),
                more,
            })
        });
        unlinked.collect()
    }
}

impl Operation {
    /// The serial number, if its journal says so.
    pub fn serial(&self) -> Option<u64> {
        self.began.as_ref()?.serial
    }

    /// Returns true if a journal that seems sound does not have the line that is named by its chain value.
    fn has_lost(&self, chain: Digest) -> bool {
        use OperationState::{Finished, Unfinished};
        let has_it = |ends: ChainEnds| ends.first == chain || ends.last == chain;
        matches!(self.state, Finished | Unfinished) && !self.chain.is_some_and(has_it)
    }

    /// Returns true unless nothing came after its first record. A power cut at that moment leaves a journal that nothing names.
    fn wrote_anything(&self) -> bool {
        self.has_entries || self.ended.is_some()
    }
}

fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(NONE)
}
