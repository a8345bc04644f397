//! One process: a command from its start to its end, and what it told.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::OnceLock;

use crate::catalog::Catalog;
use crate::clock::Timestamp;
use crate::code::Code;
use crate::journal::Actor;
use crate::operation::backups::{Prune, prune};
use crate::operation::{
    Detail, Frame, Migrate, Request, Rollback, Survey, Undo, Verify, migrate, rollback, verify,
};
use crate::report::{
    Backup, Diagnosis, Enforcement, Event, ExitTerms, Fate, Outcome, Sink, Status, Stop, Summary,
};
use crate::selection::Selection;
use crate::storage::{Begin, Recovery, Storage};

/// When processes start, unless a test says otherwise.
pub(super) const START: i64 = 1_772_274_600;

#[derive(Default)]
pub(super) struct Run {
    pub(super) outcomes: Vec<Outcome>,
    pub(super) backups: Vec<Backup>,
    pub(super) notices: Vec<Diagnosis>,
    pub(super) findings: Vec<Diagnosis>,
    pub(super) summary: Summary,
}

pub(super) fn catalog() -> &'static Catalog {
    static CATALOG: OnceLock<Catalog> = OnceLock::new();
    CATALOG.get_or_init(|| Catalog::built_in().unwrap())
}

pub(super) fn timestamp(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(seconds).unwrap()
}

pub(super) fn request() -> Request {
    Request {
        command: "migrate".to_owned(),
        tree: "/tree".to_owned(),
        now: timestamp(START),
        started: timestamp(START),
        selection: Selection::default(),
        jobs: NonZeroUsize::MIN,
        dry_run: false,
        who: Actor::default(),
        wait: false,
    }
}

pub(super) fn migration() -> Migrate {
    Migrate {
        detail: Detail::Outcomes,
        target: None,
        include_running: false,
        allow_downgrade: false,
        survey: Survey::default(),
        plan: None,
        rules: Enforcement::AsWritten,
        max_failures: None,
    }
}

impl Run {
    /// A process that does what `command` does.
    pub(super) fn of(
        storage: &dyn Storage,
        catalog: &Catalog,
        request: &Request,
        command: impl FnOnce(&Frame<'_>, &mut dyn Sink) -> Summary,
    ) -> Self {
        let watch = || None;
        let frame = Frame::new(storage, catalog, request, &watch).unwrap();
        let mut run = Self::default();
        let summary = command(&frame, &mut run);
        Self { summary, ..run }
    }

    pub(super) fn migrate(storage: &dyn Storage) -> Self {
        Self::migrate_at(storage, START)
    }

    /// A migration by a clock that says so many seconds; histories have another.
    pub(super) fn migrate_at(storage: &dyn Storage, seconds: i64) -> Self {
        let started = timestamp(seconds);
        let request = Request {
            started,
            ..request()
        };
        Self::of(storage, catalog(), &request, |frame, sink| {
            migrate(frame, &migration(), sink)
        })
    }

    pub(super) fn roll_back(storage: &dyn Storage) -> Self {
        Self::roll_back_at(storage, START)
    }

    pub(super) fn roll_back_at(storage: &dyn Storage, seconds: i64) -> Self {
        let last = Rollback {
            undo: Undo::Last,
            max_failures: None,
            allow_changed_metadata: false,
        };
        let request = Request {
            command: "rollback".to_owned(),
            started: timestamp(seconds),
            ..request()
        };
        Self::of(storage, catalog(), &request, |frame, sink| {
            rollback(frame, &last, sink)
        })
    }

    pub(super) fn prune_at(storage: &dyn Storage, seconds: i64) -> Self {
        let all = Prune {
            older_than_seconds: 0,
            include_destructive: false,
        };
        let request = Request {
            command: "backups prune".to_owned(),
            started: timestamp(seconds),
            ..request()
        };
        Self::of(storage, catalog(), &request, |frame, sink| {
            prune(frame, all, sink)
        })
    }

    /// Proves the tree, with every migration computed again.
    pub(super) fn verify(storage: &dyn Storage) -> Self {
        let options = Verify {
            snapshots: false,
            replay: true,
        };
        Self::of(storage, catalog(), &request(), |frame, sink| {
            verify(frame, options, sink)
        })
    }

    pub(super) fn exit_code(&self) -> u8 {
        self.summary.exit_code(ExitTerms::default()).code()
    }

    pub(super) fn status_of(&self, name: &str) -> Option<Status> {
        let outcome = self.outcomes.iter().find(|one| one.path.to_text() == name);
        outcome.map(|outcome| outcome.status)
    }

    /// True if the backup of a manifest was said to be gone.
    pub(super) fn has_pruned(&self, name: &str) -> bool {
        let mut backups = self.backups.iter();
        backups.any(|one| one.path.to_text() == name && one.fate == Fate::Pruned)
    }

    /// True if it was warned of something with this code.
    pub(super) fn warns_of(&self, code: Code) -> bool {
        self.notices.iter().any(|notice| notice.code == code)
    }

    /// Every diagnosis: of manifests, of backups, and of the operation.
    pub(super) fn diagnoses(&self) -> impl Iterator<Item = &Diagnosis> {
        let outcomes = self.outcomes.iter().filter_map(|one| one.trouble.as_ref());
        let backups = self.backups.iter().filter_map(|one| one.fate.reason());
        let all = outcomes.chain(backups);
        all.chain(&self.notices).chain(&self.findings)
    }

    pub(super) fn code(&self) -> Option<Code> {
        let trouble = self.outcomes[0].trouble.as_ref();
        trouble.map(|trouble| trouble.code)
    }
}

/// Only takes the lock, which settles what is unfinished.
pub(super) fn recover(storage: &dyn Storage) -> Result<Recovery, Stop> {
    let begun = storage.begin(Begin::IfThere, &|| false)?;
    Ok(begun.map_or_else(Recovery::default, |begun| {
        assert_eq!(begun.session.finish(None), []);
        begun.recovery
    }))
}

impl fmt::Debug for Run {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "exit code {}", self.exit_code())?;
        if let Some(stop) = &self.summary.stop {
            write!(out, ", {}: {}", stop.code, stop.message)?;
        }
        for one in &self.outcomes {
            let trouble = one.trouble.as_ref();
            let trouble = trouble.map(|trouble| format!("{}: {}", trouble.code, trouble.message));
            let (path, status) = (one.path.to_text(), one.status.as_str());
            write!(out, "\n    {path} {status} {}", trouble.unwrap_or_default())?;
        }
        for one in &self.backups {
            let (path, name, fate) = (one.path.to_text(), &one.name, &one.fate);
            write!(out, "\n    {path} {name} {fate:?}")?;
        }
        for notice in self.notices.iter().chain(&self.findings) {
            write!(out, "\n    {}: {}", notice.code, notice.message)?;
        }
        Ok(())
    }
}

impl Sink for Run {
    fn event(&mut self, event: &Event<'_>) -> std::io::Result<()> {
        match event {
            Event::Outcome(outcome) => self.outcomes.push((*outcome).clone()),
            Event::Backup(backup) => self.backups.push((*backup).clone()),
            Event::Warning(notice) => self.notices.push((*notice).clone()),
            Event::Finding(finding) => self.findings.push((*finding).clone()),
            Event::Verified(verified) => {
                self.outcomes.push(verified.outcome.clone());
                self.findings.extend(verified.findings.iter().cloned());
            }
            _ => {}
        }
        Ok(())
    }
}
