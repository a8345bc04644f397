//! What a command asks of the engine that goes through manifests: where, what, and how to tell it.
//!
//! Everything is decided but what lies in the tree; it does not know how that was typed.
//!
//! Invariant: the engine gets tree and selection of the tree that was opened, never those of another.

use std::process::ExitCode;

use migrate_manifests::operation::{
    self, Depth, RollbackMode, RollbackOptions, VerifyOptions, migrate, rollback,
};
use migrate_manifests::report::{Sink, Summary};

use super::exit::Terms;
use super::options::{Output, Place};
use super::session::{self, Lookout, Prepared, Subject};
use super::streams::Streams;

/// What is to be done, with nothing left to decide but what lies in the tree.
#[derive(Debug, Clone)]
pub(crate) struct Order<A> {
    /// Where to work, and on what.
    pub(crate) place: Place,
    /// What is printed, and how.
    pub(crate) output: Output,
    /// What the engine is asked for; it gets the tree, and what was named in it, once that is found.
    pub(crate) operation: A,
    /// What counts for the exit code.
    pub(crate) terms: Terms,
}

impl<A: Asked> Order<A> {
    /// Lets the engine work.
    pub(crate) fn perform(&self, streams: Streams) -> ExitCode {
        session::work(
            &self.place,
            &self.output,
            &self.operation.subject(),
            streams,
            |prepared, lookout, audience| self.operation.carry_out(prepared, lookout, audience),
            self.terms,
        )
    }
}

/// What the engine can be asked for.
pub(crate) trait Asked {
    /// What reports say of it before it has started.
    fn subject(&self) -> Subject;

    /// Has it done in the tree that is open.
    fn carry_out(&self, prepared: &Prepared, lookout: &Lookout, sink: &mut dyn Sink) -> Summary;
}

impl Asked for operation::Options {
    fn subject(&self) -> Subject {
        Subject {
            dry_run: self.depth != Depth::Write,
            target: self.target.clone(),
            ..Subject::looking(self.command, self.now)
        }
    }

    fn carry_out(&self, prepared: &Prepared, lookout: &Lookout, sink: &mut dyn Sink) -> Summary {
        let asked = Self {
            tree: prepared.tree.clone(),
            selection: prepared.selection.clone(),
            ..self.clone()
        };
        migrate(&prepared.storage, &prepared.catalog, &asked, lookout, sink)
    }
}

impl Asked for RollbackOptions {
    fn subject(&self) -> Subject {
        Subject {
            dry_run: self.mode == RollbackMode::Rehearse,
            ..Subject::looking("rollback", self.now)
        }
    }

    fn carry_out(&self, prepared: &Prepared, lookout: &Lookout, sink: &mut dyn Sink) -> Summary {
        let asked = Self {
            tree: prepared.tree.clone(),
            selection: prepared.selection.clone(),
            ..self.clone()
        };
        rollback(&prepared.storage, &prepared.catalog, &asked, lookout, sink)
    }
}

impl Asked for VerifyOptions {
    fn subject(&self) -> Subject {
        Subject::looking("verify", self.now)
    }

    fn carry_out(&self, prepared: &Prepared, lookout: &Lookout, sink: &mut dyn Sink) -> Summary {
        let asked = Self {
            tree: prepared.tree.clone(),
            selection: prepared.selection.clone(),
            ..self.clone()
        };
        let (storage, catalog) = (&prepared.storage, &prepared.catalog);
        operation::verify(storage, catalog, &asked, lookout, sink)
    }
}
