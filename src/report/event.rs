//! The stream of events of an operation, from which every report is made.
//! Invariant: `Started` comes first and `Finished` last, each once; every selected manifest has exactly one `Outcome`, or one `Verified`.

use std::io;

use super::backup::Backup;
use super::diagnosis::Diagnosis;
use super::outcome::{Outcome, Verified};
use super::stop::Signal;
use super::summary::Summary;
use crate::clock::Timestamp;
use crate::journal::OperationId;
use crate::version::Version;

/// The facts about an operation that are known when it starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// The command, as in `migrate`.
    pub command: String,
    /// True if the operation may not write.
    pub dry_run: bool,
    /// The tree, as an absolute path.
    pub tree: String,
    /// The catalog's name.
    pub catalog_name: String,
    /// The source of the catalog: `built in`, or a directory.
    pub catalog_source: String,
    /// The catalog's digest, `sha256:...`.
    pub catalog_digest: String,
    /// The target version; `None` if kinds have different targets.
    pub target: Option<Version>,
    /// The latest version of the catalog; `None` if kinds have different ones.
    pub latest: Option<Version>,
    /// The start, by the clock that the operation was given.
    pub started_at: Timestamp,
}

/// One event of an operation.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The operation starts.
    Started(&'a Start),
    /// The operation has an id, because the first manifest is about to be written.
    Began {
        /// The operation's id.
        operation: &'a OperationId,
    },
    /// The operation goes on, but somebody should know this.
    Warning(&'a Diagnosis),
    /// A directory could not be listed.
    DirectoryFailed(&'a Diagnosis),
    /// One manifest is done. Outcomes come in path order.
    Outcome(&'a Outcome),
    /// One manifest was verified. This event takes the place of an outcome.
    Verified(&'a Verified),
    /// One backup, by manifest and name.
    Backup(&'a Backup),
    /// A finding that concerns no single manifest.
    Finding(&'a Diagnosis),
    /// The operation ended.
    Finished(&'a Summary),
}

/// A receiver of events.
pub trait Sink {
    /// Receives one event.
    ///
    /// # Errors
    /// The output could not be written. The operation then stops as on a signal: it finishes the manifests that it has begun.
    fn event(&mut self, event: &Event<'_>) -> io::Result<()>;
}

impl Sink for () {
    fn event(&mut self, _: &Event<'_>) -> io::Result<()> {
        Ok(())
    }
}

impl Sink for Vec<Outcome> {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        if let Event::Outcome(outcome) = event {
            self.push((*outcome).clone());
        }
        Ok(())
    }
}

impl<A: Sink, B: Sink> Sink for (A, B) {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        self.0.event(event)?;
        self.1.event(event)
    }
}

impl<S: Sink + ?Sized> Sink for &mut S {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        (**self).event(event)
    }
}

impl<S: Sink + ?Sized> Sink for Box<S> {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        (**self).event(event)
    }
}

/// Tells an operation to end, and hears of its progress. All threads of the operation call it.
///
/// A closure that returns the signal is a `Watch`.
pub trait Watch: Sync {
    /// The signal that has come to end the operation. It is called before each manifest and must be quick.
    fn signal(&self) -> Option<Signal>;

    /// One more manifest is done, in any order.
    fn looked_at(&self) {}

    /// About so many more are ahead, as far as that can be told.
    fn expects(&self, _ahead: u64) {}
}

impl<F: Fn() -> Option<Signal> + Sync> Watch for F {
    fn signal(&self) -> Option<Signal> {
        self()
    }
}
