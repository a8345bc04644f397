//! What follows from a verdict of schemas and rules, in one operation.
//!
//! Invariant: what the operation only warns of never refuses a manifest, and is never silent.

use crate::code::Code;
use crate::engine::{Failure, Verdict, consequence};
use crate::path::TreePath;
use crate::refusal::Refusal;
use crate::report::{Diagnosis, Enforcement};
use crate::rule::OnFailure;

/// The verdicts of one manifest, as the operation takes them.
pub(super) struct Settling<'p> {
    path: &'p TreePath,
    rules: Enforcement,
    notices: Vec<Diagnosis>,
    has_halted: bool,
}

impl<'p> Settling<'p> {
    pub(super) fn new(path: &'p TreePath, rules: Enforcement) -> Self {
        Self {
            path,
            rules,
            notices: Vec::new(),
            has_halted: false,
        }
    }

    /// Takes a verdict: the first failure that is not only warned of refuses.
    pub(super) fn take(&mut self, verdict: Verdict) -> Result<(), Refusal> {
        self.take_failures(verdict.failures.into_iter())?;
        for at in verdict.beyond_range {
            let message = format!("`{at}` is beyond the range of doubles");
            self.warn(Code::NumberBeyondRange, message);
        }
        Ok(())
    }

    /// Takes failures: the first that is not only warned of refuses, one that halts before others.
    pub(super) fn take_failures(
        &mut self,
        failures: impl Iterator<Item = Failure>,
    ) -> Result<(), Refusal> {
        let mut refusal = None;
        for failure in failures {
            match consequence(failure.on_failure, self.rules) {
                OnFailure::Warn => self.warn(Code::RuleWarned, failure.refusal.to_string()),
                OnFailure::Halt if !self.has_halted => {
                    self.has_halted = true;
                    refusal = Some(failure.refusal);
                }
                OnFailure::Halt | OnFailure::Refuse => {
                    refusal.get_or_insert(failure.refusal);
                }
            }
        }
        refusal.map_or(Ok(()), Err)
    }

    /// Whether something halts.
    pub(super) fn has_halted(&self) -> bool {
        self.has_halted
    }

    fn warn(&mut self, code: Code, message: String) {
        let path = Some(self.path.clone());
        let notice = Diagnosis {
            code,
            path,
            message,
        };
        if !self.notices.contains(&notice) {
            self.notices.push(notice);
        }
    }

    /// Whether there is anything that somebody should know.
    pub(super) fn has_noticed(&self) -> bool {
        !self.notices.is_empty()
    }

    /// What somebody should know.
    pub(super) fn notices(self) -> Vec<Diagnosis> {
        self.notices
    }
}
