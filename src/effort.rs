//! The effort that one document may take: how much work schemas and steps may do for it, counted and not timed.
//! Invariant: the same document takes the same effort everywhere; only a signal ends the work earlier.

use std::cell::Cell;
use std::fmt;

use crate::report::Watch;

/// The work that is counted, each kind against a limit of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Questions about values, as a schema asks them; each takes some ten nanoseconds.
    Questions,
    /// Values that are copied out of the document.
    Copies,
    /// Changes of steps, in the history or kept as they are.
    Changes,
    /// Bytes of the values in these changes.
    Bytes,
}

/// Some work on a document would take more than its effort, or a signal has ended it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooCostly;

/// The limits for each document, and who may end the work on it.
#[derive(Clone, Copy, Default)]
pub struct EffortLimits<'w> {
    watch: Option<&'w dyn Watch>,
    /// The questions for a document of any size; `None` for the usual number.
    questions: Option<u64>,
}

/// The effort that is left for one document.
pub struct Effort<'w> {
    left: [Cell<u64>; 4],
    watch: Option<&'w dyn Watch>,
    /// The number of questions until the watch is asked again.
    unwatched: Cell<u64>,
}

const QUESTIONS: u64 = 10_000_000;
const QUESTIONS_PER_BYTE: u64 = 50;
const COPIES: u64 = 1_000_000;
/// The history names each change, so that many more would not fit into a document.
const CHANGES: u64 = 500_000;
const BYTES: u64 = 64 * 1024 * 1024;
/// A small part of a second.
const QUESTIONS_PER_WATCH: u64 = 100_000;

impl<'w> EffortLimits<'w> {
    /// The usual limits; once `watch` gives a signal, all work is too costly.
    pub fn watched(watch: &'w dyn Watch) -> Self {
        Self {
            watch: Some(watch),
            questions: None,
        }
    }

    /// The same limits, but only so many questions for each document.
    #[must_use]
    pub fn with_questions(self, questions: u64) -> Self {
        Self {
            questions: Some(questions),
            ..self
        }
    }

    /// The effort for a document of so many bytes.
    pub fn of(&self, bytes: usize) -> Effort<'w> {
        let usual = QUESTIONS + QUESTIONS_PER_BYTE * bytes as u64;
        let questions = self.questions.unwrap_or(usual);
        Effort {
            left: [questions, COPIES, CHANGES, BYTES].map(Cell::new),
            watch: self.watch,
            unwatched: Cell::new(QUESTIONS_PER_WATCH),
        }
    }
}

impl Effort<'_> {
    /// Takes so much of what is left.
    ///
    /// # Errors
    /// It is more than is left, or a signal has come.
    pub fn take(&self, work: Work, amount: u64) -> Result<(), TooCostly> {
        let left = &self.left[work as usize];
        let rest = left.get().checked_sub(amount);
        left.set(rest.unwrap_or_default());
        rest.ok_or(TooCostly)?;
        let unwatched = self.unwatched.get().checked_sub(amount.max(1));
        self.unwatched.set(unwatched.unwrap_or(QUESTIONS_PER_WATCH));
        if unwatched.is_none() && self.watch.is_some_and(|watch| watch.signal().is_some()) {
            return Err(TooCostly);
        }
        Ok(())
    }
}

impl fmt::Debug for EffortLimits<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EffortLimits")
            .field("questions", &self.questions)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Effort<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Effort")
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Signal;

    #[test]
    fn each_kind_of_work_has_a_limit_of_its_own() {
        let effort = EffortLimits::default().with_questions(5).of(1);
        assert_eq!(effort.take(Work::Questions, 5), Ok(()));
        assert_eq!(effort.take(Work::Questions, 1), Err(TooCostly));
        for (work, most) in [
            (Work::Copies, COPIES),
            (Work::Changes, CHANGES),
            (Work::Bytes, BYTES),
        ] {
            assert_eq!(effort.take(work, most), Ok(()));
            assert_eq!(effort.take(work, 1), Err(TooCostly));
        }
        let effort = EffortLimits::default().of(2);
        let usual = QUESTIONS + 2 * QUESTIONS_PER_BYTE;
        assert_eq!(effort.take(Work::Questions, usual), Ok(()));
        assert_eq!(effort.take(Work::Questions, 1), Err(TooCostly));
    }

    #[test]
    fn a_signal_ends_the_work_soon() {
        let watch = || Some(Signal::Terminate);
        let effort = EffortLimits::watched(&watch).of(0);
        let taken = (0..).take_while(|_| effort.take(Work::Questions, 1).is_ok());
        assert_eq!(taken.count() as u64, QUESTIONS_PER_WATCH);
    }
}
