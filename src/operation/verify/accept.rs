//! Accepts what a verification finds: an operation like any other, with a journal that says who, when and why.
//! Invariant: nothing is accepted that was not found under the lock, and only after the whole selection was looked at.

use super::prove::Verify;
use super::run::run;
use crate::code::Code;
use crate::journal::{Accepted, Command, Ledger, OrderFlaw};
use crate::operation::accept::{StateFinding, fingerprint};
use crate::operation::frame::{Frame, Writing};
use crate::operation::order;
use crate::operation::survey::Survey;
use crate::operation::tally::Tally;
use crate::report::{Sink, Stop, Summary};

/// An acceptance of findings.
#[derive(Debug, Clone)]
pub struct Accept {
    /// The verification whose findings are accepted.
    pub verify: Verify,
    /// The reason, for those who read the journal.
    pub reason: String,
}

/// Proves the selected manifests, and accepts the findings: later verifications do not report them as long as nothing changes.
///
/// Errors of the system are not accepted. If a signal ends it, nothing is.
pub fn accept(frame: &Frame<'_>, options: &Accept, sink: &mut dyn Sink) -> Summary {
    let mut tally = Tally::new(sink, &Survey::default());
    tally.start(&frame.head(frame.catalog.latest()));
    let opening = frame.opening(Command::Accept);
    let ended = frame.write(opening, &mut tally, |writing, tally| {
        run(frame, options.verify, true, tally)?;
        let found = tally.take_accepted();
        let is_whole = !frame.must_end(tally) && !tally.was_cut_short();
        if !is_whole {
            tally.accept_nothing();
        }
        let has_any = is_whole && !found.is_empty();
        if let Some(writing) = writing.filter(|_| has_any) {
            let recorded = record(writing, found, &options.reason);
            recorded.inspect_err(|_| tally.accept_nothing())?;
            tally.began(writing.operation());
        }
        Ok(has_any)
    });
    frame.conclude(tally, ended)
}

fn record(writing: &Writing, mut found: Vec<Accepted>, reason: &str) -> Result<(), Stop> {
    writing.accept(&[])?;
    if let Some(id) = writing.operation() {
        // Where there was no head, this operation has begun without one: that is known, too.
        let flaw = OrderFlaw::Unlinked {
            operation: id.clone(),
            more: 0,
        };
        let unlinked: StateFinding = order::finding(&flaw, &Ledger::default());
        if found.iter().any(|one| one.code == Code::HeadDamaged) {
            found.push(Accepted {
                code: Code::HeadDamaged,
                path: None,
                digest: Some(fingerprint(&unlinked)),
                operation: Some(id.clone()),
                reason: None,
            });
        }
    }
    for one in &mut found {
        one.reason = Some(reason.to_owned());
    }
    writing.accept(&found)
}
