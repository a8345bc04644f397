//! Replacing manifests: each is staged where nobody sees it; a batch is made durable and put in place together.
//! While one thread secures and publishes a batch, others stage the next one; the flush that makes the next one durable is the one that makes the batch before true.
//! Invariant: a replacement is answered as done only after a flush that came after it was put in place.

use std::mem;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};

use super::batch::Batch;
use super::disk::Disk;
use super::protocol::Protocol;
use super::publish::Published;
use super::replacement::{Secured, Staged};
use crate::code::Code;
use crate::journal::{BackupId, ChangeResult};
use crate::report::Diagnosis;
use crate::storage::results::Ticket;
use crate::storage::seam::{Answer, ReplaceManifest};

/// The most times that a manifest is staged. It is staged again where a way to replace it turns out not to work.
const TRIES: usize = 4;

pub(super) struct ReplacingQueue<D: Disk> {
    staged: Batch<(Ticket, Staged<D>)>,
    /// Manifests that are in place, and wait for the flush that makes it true. Who holds it takes a batch through.
    in_place: Mutex<Vec<InPlace>>,
}

struct InPlace {
    ticket: Ticket,
    backup: BackupId,
}

impl<D: Disk> ReplacingQueue<D> {
    pub(super) fn new(staged: Batch<(Ticket, Staged<D>)>) -> Self {
        Self {
            staged,
            in_place: Mutex::default(),
        }
    }

    pub(super) fn take(
        &self,
        protocol: &Protocol<D>,
        replace: ReplaceManifest<'_>,
        ticket: Ticket,
    ) {
        let bytes = replace.bytes.len() as u64;
        match protocol.stage(replace) {
            Ok(staged) => {
                if let Some(full) = self.staged.push((ticket, staged), bytes) {
                    self.commit(protocol, full);
                }
            }
            Err(why) => protocol.answer_not_staged(ticket, why),
        }
    }

    pub(super) fn settle(&self, protocol: &Protocol<D>) {
        let batch = self.staged.take();
        if !batch.is_empty() {
            self.commit(protocol, batch);
        }
        let mut in_place = self.in_place.lock().unwrap_or_else(PoisonError::into_inner);
        if !in_place.is_empty() {
            let all = mem::take(&mut *in_place);
            make_true(protocol, all);
        }
    }

    /// Makes a batch durable, and with it the one before true; then puts it in place. What cannot be replaced in its way is staged for another one.
    fn commit(&self, protocol: &Protocol<D>, mut batch: Vec<(Ticket, Staged<D>)>) {
        let mut in_place = self.in_place.lock().unwrap_or_else(PoisonError::into_inner);
        for tries_left in (0..TRIES).rev() {
            let before = mem::take(&mut *in_place);
            let secured = protocol.secure(batch);
            if !make_true(protocol, before) || protocol.stopped().is_some() {
                return take_back(protocol, secured, &Answer::NotAttempted);
            }
            let again = publish(protocol, secured, &mut in_place);
            if again.is_empty() {
                return;
            }
            if tries_left == 0 {
                let message = "no way to replace it works on this file system";
                let diagnosis = Diagnosis::new(Code::IoError, message);
                return take_back(protocol, again, &Answer::Not(diagnosis));
            }
            protocol.tries.fetch_add(1, Ordering::Relaxed);
            batch = Vec::new();
            for (ticket, secured) in again {
                match protocol.stage_again(secured) {
                    Ok(one) => batch.push((ticket, one)),
                    Err(why) => protocol.answer_not_staged(ticket, why),
                }
            }
        }
    }
}

/// Puts a batch in place; gives those whose way does not work there.
fn publish<D: Disk>(
    protocol: &Protocol<D>,
    batch: Vec<(Ticket, Secured<D>)>,
    in_place: &mut Vec<InPlace>,
) -> Vec<(Ticket, Secured<D>)> {
    let published = protocol.in_parallel(batch, |(ticket, secured)| {
        let published = protocol.publish(&secured);
        (ticket, secured, published)
    });
    let mut again = Vec::new();
    for (ticket, secured, published) in published {
        match published {
            Published::Done(backup) => in_place.push(InPlace { ticket, backup }),
            Published::Not(diagnosis) => {
                protocol.stop_if_full(&secured.staged.path, &diagnosis);
                protocol.answer(ticket, ChangeResult::Migrated, Answer::Not(diagnosis));
            }
            Published::Skipped => {
                protocol.answer(ticket, ChangeResult::Migrated, Answer::NotAttempted);
            }
            Published::Again => again.push((ticket, secured)),
        }
    }
    again
}

fn take_back<D: Disk>(protocol: &Protocol<D>, batch: Vec<(Ticket, Secured<D>)>, answer: &Answer) {
    for (ticket, secured) in batch {
        protocol.take_back(&secured);
        protocol.answer(ticket, ChangeResult::Migrated, answer.clone());
    }
}

/// The flush: what is in place is true from then on, and what is staged can be put in place. Gives whether it succeeded.
fn make_true<D: Disk>(protocol: &Protocol<D>, in_place: Vec<InPlace>) -> bool {
    let flushed = if protocol.has_failed() {
        Err(())
    } else {
        protocol.flush().map_err(|error| {
            let verb = "cannot make the new manifests durable";
            protocol.fail(&protocol.in_tree(verb), &error);
        })
    };
    for InPlace { ticket, backup } in in_place {
        if flushed.is_ok() {
            protocol.answer(ticket, ChangeResult::Migrated, Answer::Done(Some(backup)));
            continue;
        }
        let message = "it was replaced, but the flush that makes it durable failed";
        let diagnosis = Diagnosis::new(Code::NotDurable, message);
        protocol.settle(
            &ticket,
            ChangeResult::Failed,
            Some(backup),
            Some(diagnosis.code),
        );
        ticket.respond(Answer::Not(diagnosis));
    }
    flushed.is_ok()
}
