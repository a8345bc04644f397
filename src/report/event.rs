//! The one stream of events that every report is made from.
//!
//! The engine emits, sinks listen: text, JSON, JSON lines, the progress bar. Outcomes come in path order, whatever the number of jobs.
//!
//! Invariant: `Started` comes first and `Finished` last, each once; every selected manifest has exactly one `Outcome`, or one `Verified`.

use std::io;

use super::diagnosis::Diagnosis;
use super::outcome::Outcome;
use super::stop::Signal;
use super::summary::Summary;
use super::verified::Verified;
use crate::clock::Timestamp;
use crate::version::Version;

/// What is known when an operation starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The command, as in `migrate`.
    pub command: &'static str,
    /// Whether nothing may be written.
    pub dry_run: bool,
    /// The tree, as an absolute path.
    pub tree: String,
    /// The catalog's name.
    pub catalog_name: String,
    /// Where the catalog comes from: `built in`, or a directory.
    pub catalog_source: String,
    /// The catalog's digest, `sha256:...`.
    pub catalog_digest: String,
    /// The target version, where there is one for all kinds.
    pub target: Option<Version>,
    /// The latest version that the catalog knows; `None` where kinds differ.
    pub latest: Option<Version>,
    /// When it started, by the clock that it was given.
    pub started_at: Timestamp,
}

/// Something that happened.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event<'a> {
    /// An operation starts.
    Started(&'a Head),
    /// The tree was listed: how many manifests are to be looked at.
    Listed {
        /// That many.
        manifests: u64,
    },
    /// The first manifest is about to be written: the operation has an id.
    Began {
        /// The operation's id.
        operation: &'a str,
    },
    /// Somebody should know something; the operation goes on.
    Warning(&'a Diagnosis),
    /// A directory could not be listed.
    DirectoryFailed(&'a Diagnosis),
    /// What came of one manifest, in path order.
    Outcome(&'a Outcome),
    /// What came of one manifest, and what was found about it: in the place of an outcome, where manifests are proved.
    Verified(&'a Verified),
    /// Something was found that is about no manifest.
    Finding(&'a Diagnosis),
    /// It is over.
    Finished(&'a Summary),
}

/// Somebody who listens to the stream.
pub trait Sink {
    /// Takes one event.
    ///
    /// # Errors
    /// The output could not be written. The operation then stops as on a signal: what was begun is finished.
    fn event(&mut self, event: &Event<'_>) -> io::Result<()>;
}

/// Listens to nothing.
impl Sink for () {
    fn event(&mut self, _: &Event<'_>) -> io::Result<()> {
        Ok(())
    }
}

/// Collects the outcomes.
impl Sink for Vec<Outcome> {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        if let Event::Outcome(outcome) = event {
            self.push((*outcome).clone());
        }
        Ok(())
    }
}

/// Collects what was found.
impl Sink for Vec<Verified> {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        if let Event::Verified(verified) = event {
            self.push((*verified).clone());
        }
        Ok(())
    }
}

/// Both listen.
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

/// Somebody who watches over an operation while it works, from any of its threads.
///
/// A closure that gives the signal is one.
pub trait Watch: Sync {
    /// The signal that has come to end the operation, if one has. Asked before each manifest, so it must be quick.
    fn signal(&self) -> Option<Signal>;

    /// One more manifest has been looked at, in no order: for progress bars.
    fn looked_at(&self) {}
}

impl<F: Fn() -> Option<Signal> + Sync> Watch for F {
    fn signal(&self) -> Option<Signal> {
        self()
    }
}
