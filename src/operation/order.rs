//! The findings about the journals of a tree as a whole, and about its head.
//! Invariant: each flaw is one finding, and names the operation that is concerned.

use super::accept::StateFinding;
use crate::code::Code;
use crate::journal::{HeadState, JournalLoss, Ledger, OperationId, OrderFlaw};
use crate::report::Diagnosis;
use crate::storage::{STATE_DIRECTORY, Storage};

const HEAD: &str = "head";

/// The head of the state.
pub(super) fn head(storage: &dyn Storage) -> Result<HeadState, Diagnosis> {
    let files = storage.state(HEAD);
    let files = files.map_err(|stop| Diagnosis::new(Code::StateUnreadable, stop.message))?;
    Ok(HeadState::of(files.get(HEAD).map(Vec::as_slice)))
}

/// The finding about a flaw in the order of these operations.
pub(super) fn finding(flaw: &OrderFlaw, ledger: &Ledger) -> StateFinding {
    let (operation, found) = match flaw {
        OrderFlaw::Journal {
            operation, loss, ..
        } => {
            let cut = ledger.operation(operation.as_str());
            let cut = cut.filter(|_| *loss == JournalLoss::Cut);
            (Some(operation), cut.and_then(|one| one.fingerprint))
        }
        OrderFlaw::Unlinked { operation, .. } => (Some(operation), None),
        OrderFlaw::HeadAbsent
        | OrderFlaw::HeadDamaged
        | OrderFlaw::HeadForeign
        | OrderFlaw::HeadBehind { .. } => (None, None),
    };
    StateFinding {
        finding: diagnosis(flaw),
        operation: operation.cloned(),
        found,
    }
}

fn diagnosis(flaw: &OrderFlaw) -> Diagnosis {
    let head = format!("`{STATE_DIRECTORY}/{HEAD}`");
    let (code, message) = match flaw {
        OrderFlaw::Journal {
            operation,
            named_by,
            loss,
            more,
        } => {
            let by = match named_by {
                None => head,
                Some(by) => format!("the journal of operation `{by}`"),
            };
            let lost = match loss {
                JournalLoss::Gone => format!("is not there, but {by} names it"),
                JournalLoss::Emptied => format!("is empty, but {by} names it"),
                JournalLoss::Cut => format!("was cut: {by} names a line that it does not have"),
            };
            let more = more_in_words(*more);
            let message = format!("the journal of operation `{operation}` {lost}{more}");
            (Code::JournalMissing, message)
        }
        OrderFlaw::Unlinked { operation, more } => (
            Code::HeadDamaged,
            format!(
                "{head} was not there when operation `{operation}` began, so nothing ties it to what came before{}",
                more_in_words(*more)
            ),
        ),
        OrderFlaw::HeadAbsent => (
            Code::HeadDamaged,
            format!("{head} is not there, but there are journals"),
        ),
        OrderFlaw::HeadDamaged => (Code::HeadDamaged, format!("{head} is not understood")),
        OrderFlaw::HeadForeign => (
            Code::HeadDamaged,
            format!("{head} is of another tree than the journals"),
        ),
        OrderFlaw::HeadBehind { named, last } => {
            let named = named.as_ref().map(OperationId::as_str);
            let named = named.map_or_else(|| "none".to_owned(), |id| format!("`{id}`"));
            let message = format!("{head} names as the last operation {named}, expected `{last}`");
            (Code::HeadDamaged, message)
        }
    };
    Diagnosis::new(code, message)
}

fn more_in_words(more: u64) -> String {
    match more {
        0 => String::new(),
        1 => "; one operation before it has no journal either".to_owned(),
        more => format!("; {more} operations before it have no journal either"),
    }
}
