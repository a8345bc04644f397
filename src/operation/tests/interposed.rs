//! A storage that calls a script before another storage, or answers itself.
//!
//! Invariant: except for its script, it behaves as the other storage.

use std::sync::Arc;

use crate::journal::{Accepted, OperationId, Stopped};
use crate::path::TreePath;
use crate::report::{Diagnosis, Stop};
use crate::storage::{
    Answer, Begin, Begun, Directory, EachRecord, EntryKind, Failed, Log, LogEnd, Opening, Respond,
    Session, StateFiles, Storage, StorageChange,
};

pub(super) trait Script: Send + Sync + 'static {
    fn lock(&self, _: Begin) {}

    fn begin(&self) -> Result<(), Stop> {
        Ok(())
    }

    /// Before a manifest is replaced or put back, or a backup of it removed; an answer is given in the storage's place.
    fn change(&self, _: &TreePath) -> Option<Answer> {
        None
    }

    fn failure(&self) -> Option<Stop> {
        None
    }

    fn list(&self, _: Option<&TreePath>) -> Option<Failed> {
        None
    }

    fn end(&self) -> Vec<Diagnosis> {
        Vec::new()
    }
}

pub(super) struct Interposed<'s, S> {
    pub(super) behind: &'s dyn Storage,
    pub(super) script: Arc<S>,
}

impl<'s, S: Script> Interposed<'s, S> {
    pub(super) fn new(behind: &'s dyn Storage, script: S) -> Self {
        let script = Arc::new(script);
        Self { behind, script }
    }
}

impl<S: Script> Storage for Interposed<'_, S> {
    fn open(&self, path: Option<&TreePath>) -> Result<Directory<'_>, Failed> {
        match self.script.list(path) {
            Some(failed) => Err(failed),
            None => self.behind.open(path),
        }
    }

    fn look(&self, path: &TreePath) -> Result<Option<(EntryKind, u64)>, Diagnosis> {
        self.behind.look(path)
    }

    fn read(&self, path: &TreePath, feed: &mut dyn FnMut(&[u8]) -> bool) -> Result<(), Diagnosis> {
        self.behind.read(path, feed)
    }

    fn most_jobs(&self) -> usize {
        self.behind.most_jobs()
    }

    fn state(&self, path: &str) -> Result<StateFiles, Stop> {
        self.behind.state(path)
    }

    fn logs(&self) -> Result<Vec<Log>, Diagnosis> {
        self.behind.logs()
    }

    fn state_flaws(&self) -> Vec<Diagnosis> {
        self.behind.state_flaws()
    }

    fn log(&self, id: &OperationId, each: EachRecord<'_>) -> Result<LogEnd, Diagnosis> {
        self.behind.log(id, each)
    }

    fn begin(&self, begin: Begin, wait: &dyn Fn() -> bool) -> Result<Option<Begun>, Stop> {
        self.script.lock(begin);
        let locked = self.behind.begin(begin, wait)?;
        Ok(locked.map(|Begun { session, recovery }| Begun {
            session: Box::new(InterposedSession {
                behind: session,
                script: Arc::clone(&self.script),
            }),
            recovery,
        }))
    }
}

struct InterposedSession<S> {
    behind: Box<dyn Session>,
    script: Arc<S>,
}

impl<S: Script> Session for InterposedSession<S> {
    fn begin(&self, opening: Opening) -> Result<OperationId, Stop> {
        self.script.begin()?;
        self.behind.begin(opening)
    }

    fn change(&self, change: StorageChange<'_>, respond: Respond) {
        match self.script.change(change.path()) {
            Some(answer) => respond(answer),
            None => self.behind.change(change, respond),
        }
    }

    fn accept(&self, findings: &[Accepted]) -> Result<(), Stop> {
        self.behind.accept(findings)
    }

    fn settle(&self) {
        self.behind.settle();
    }

    fn failure(&self) -> Option<Stop> {
        self.script.failure().or_else(|| self.behind.failure())
    }

    fn finish(self: Box<Self>, stopped: Option<Stopped>) -> Vec<Diagnosis> {
        let mut notices = self.behind.finish(stopped);
        notices.extend(self.script.end());
        notices
    }
}
