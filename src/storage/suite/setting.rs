//! What the suite's tests share: a tree of three manifests, the ways to replace them, one run of the engine.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::OnceLock;

use crate::catalog::Catalog;
use crate::clock::Timestamp;
use crate::code::Code;
use crate::operation::{Depth, Options, RollbackMode, RollbackOptions, Undo, migrate, rollback};
use crate::report::{Diagnosis, Event, Outcome, Sink, Status, Stop, Summary};
use crate::selection::Selection;
use crate::storage::disk::{Disk, Traits};
use crate::storage::simulated::{Call, Medium, Often, Simulated};
use crate::storage::{FileSystem, Lacking, OpenOptions, Recovery, Storage as _, SyncChoice};

/// The manifests of the usual tree, in path order.
pub(super) const MANIFESTS: [&str; 3] = [
    "a/r1/manifest.json",
    "a/r2/manifest.json",
    "b/r1/manifest.json",
];

/// The bytes of a manifest of version 1.0.0; different for each name.
pub(super) fn original(name: &str) -> Vec<u8> {
    format!(
        "{{\n  \"schema_version\": \"1.0.0\",\n  \"run_id\": \"{name}\",\n  \"value\": 31.245270191439438\n}}\n"
    )
    .into_bytes()
}

pub(super) const ALL: Traits = Traits {
    exchange: true,
    links: true,
    syncfs: true,
    fine_times: true,
};

/// A kind of disk, and how the storage is told to treat it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setting {
    pub(super) name: &'static str,
    pub(super) medium: Medium,
    pub(super) traits: Traits,
    pub(super) lacking: &'static [Lacking],
    pub(super) sync: SyncChoice,
    /// Whether the directory `a` is another device.
    pub(super) mounted: bool,
    /// What an exchange says all the same.
    pub(super) exchange_fails: Option<(i32, Often)>,
}

const fn ordered(name: &'static str) -> Setting {
    Setting {
        name,
        medium: Medium::Ordered,
        traits: ALL,
        lacking: &[],
        sync: SyncChoice::Auto,
        mounted: false,
        exchange_fails: None,
    }
}

const fn unordered(name: &'static str) -> Setting {
    Setting {
        medium: Medium::Unordered,
        traits: Traits {
            exchange: false,
            ..ALL
        },
        ..ordered(name)
    }
}

const UNTRUSTED: Traits = Traits {
    exchange: false,
    links: true,
    syncfs: false,
    fine_times: false,
};

const NOT_SUPPORTED: i32 = 22;
const OTHER_DEVICE: i32 = 18;

/// Every way to replace a manifest on every medium that it is used on.
pub(super) const SETTINGS: &[Setting] = &[
    ordered("exchange"),
    Setting {
        traits: Traits {
            fine_times: false,
            ..ALL
        },
        ..ordered("exchange, coarse times")
    },
    Setting {
        traits: Traits {
            syncfs: false,
            ..ALL
        },
        ..ordered("exchange, file by file")
    },
    Setting {
        lacking: &[Lacking::SameDevice],
        ..ordered("exchange, beside")
    },
    Setting {
        traits: Traits {
            syncfs: false,
            ..ALL
        },
        lacking: &[Lacking::SameDevice],
        ..ordered("exchange, beside, file by file")
    },
    Setting {
        mounted: true,
        ..ordered("exchange, two devices")
    },
    Setting {
        exchange_fails: Some((OTHER_DEVICE, Often::Once)),
        ..ordered("another device shows at the exchange")
    },
    Setting {
        exchange_fails: Some((NOT_SUPPORTED, Often::ForEver)),
        ..ordered("no exchange shows at the exchange")
    },
    Setting {
        lacking: &[Lacking::Exchange],
        ..ordered("link, ordered")
    },
    Setting {
        lacking: &[Lacking::Exchange, Lacking::Links],
        ..ordered("copy, ordered")
    },
    unordered("link, unordered"),
    Setting {
        traits: UNTRUSTED,
        ..unordered("link, unordered, file by file")
    },
    Setting {
        traits: UNTRUSTED,
        lacking: &[Lacking::SameDevice],
        ..unordered("link, unordered, beside, file by file")
    },
    Setting {
        traits: UNTRUSTED,
        mounted: true,
        ..unordered("link, unordered, two devices, file by file")
    },
    Setting {
        traits: Traits {
            links: false,
            exchange: false,
            ..ALL
        },
        ..unordered("copy, unordered")
    },
    Setting {
        traits: Traits {
            links: false,
            ..UNTRUSTED
        },
        ..unordered("copy, unordered, file by file")
    },
    Setting {
        traits: Traits {
            links: false,
            ..UNTRUSTED
        },
        lacking: &[Lacking::SameDevice],
        ..unordered("copy, unordered, beside, file by file")
    },
];

/// Protocols that are broken on purpose: what looks for losses must find some.
pub(super) const BROKEN: &[Setting] = &[
    Setting {
        traits: Traits {
            syncfs: false,
            ..ALL
        },
        sync: SyncChoice::Batch,
        ..ordered("broken: a flush that does nothing is trusted")
    },
    Setting {
        sync: SyncChoice::None,
        ..ordered("broken: nothing is flushed")
    },
    Setting {
        traits: ALL,
        ..unordered("broken: exchange where names are not ordered")
    },
    Setting {
        traits: Traits {
            exchange: false,
            syncfs: false,
            ..ALL
        },
        sync: SyncChoice::Batch,
        ..unordered("broken: link, a flush that does nothing is trusted")
    },
];

impl Setting {
    /// A disk with the usual tree.
    pub(super) fn disk(&self) -> Simulated {
        let disk = Simulated::new(self.medium, self.traits);
        for name in MANIFESTS {
            disk.add_file(name, original(name));
        }
        disk.give_mode(MANIFESTS[0], 0o640);
        disk.give_owner(MANIFESTS[1], 7, 8);
        disk.give_attribute(MANIFESTS[1], "user.kept", b"yes");
        if self.mounted {
            disk.mount("a", 2);
        }
        disk
    }

    /// Makes the exchange fail as the setting says, for the process to come.
    pub(super) fn prepare(&self, disk: &Simulated) {
        if let Some((errno, often)) = self.exchange_fails {
            disk.fail_kind(Call::Exchange, 1, errno, often);
        }
    }

    pub(super) fn open_options(&self) -> OpenOptions {
        OpenOptions {
            cross_file_systems: self.mounted,
            sync: self.sync,
            lacking: self.lacking.to_vec(),
        }
    }

    /// Whether originals are copied, and so do not keep their inode.
    pub(super) fn copies(&self) -> bool {
        !self.traits.links || self.lacking.contains(&Lacking::Links)
    }

    /// Whether a foreign writer is noticed at the very call that replaces the manifest.
    pub(super) fn notices_at_once(&self) -> bool {
        self.traits.exchange
            && !self.lacking.contains(&Lacking::Exchange)
            && self.exchange_fails.is_none()
    }

    /// One run of the engine, as a process of its own.
    pub(super) fn run(&self, disk: &Simulated, batch: usize) -> Run {
        run(&self.storage(disk), batch)
    }

    pub(super) fn storage(&self, disk: &Simulated) -> FileSystem<Simulated> {
        FileSystem::new(
            disk.clone(),
            disk.root(),
            b"/tree".to_vec(),
            self.open_options(),
        )
    }
}

impl Setting {
    /// A rollback of the last migration, as a process of its own.
    pub(super) fn roll_back(&self, disk: &Simulated, batch: usize) -> Run {
        roll_back(&self.storage(disk), batch)
    }

    /// Only takes the lock, which recovers what is unfinished.
    pub(super) fn recover(&self, disk: &Simulated) -> Result<Recovery, Stop> {
        let guarded = self.storage(disk).guard(&mut || false);
        guarded.map(|(_, recovery)| recovery)
    }
}

/// What a run told.
#[derive(Default)]
pub(super) struct Run {
    pub(super) outcomes: Vec<Outcome>,
    pub(super) notices: Vec<Diagnosis>,
    pub(super) summary: Summary,
}

impl Run {
    pub(super) fn exit_code(&self) -> u8 {
        self.summary.exit_code(false, false)
    }

    pub(super) fn status_of(&self, name: &str) -> Option<Status> {
        let outcome = self.outcomes.iter().find(|one| one.path.to_text() == name);
        outcome.map(|outcome| outcome.status)
    }
}

impl fmt::Debug for Run {
    /// What matters of it, on a few lines.
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
        for notice in &self.notices {
            write!(out, "\n    {}: {}", notice.code, notice.message)?;
        }
        Ok(())
    }
}

impl Sink for Run {
    fn event(&mut self, event: &Event<'_>) -> std::io::Result<()> {
        match event {
            Event::Outcome(outcome) => self.outcomes.push((*outcome).clone()),
            Event::Warning(notice) => self.notices.push((*notice).clone()),
            _ => {}
        }
        Ok(())
    }
}

pub(super) fn catalog() -> &'static Catalog {
    static CATALOG: OnceLock<Catalog> = OnceLock::new();
    CATALOG.get_or_init(|| Catalog::built_in().unwrap())
}

pub(super) fn options() -> Options {
    let now = Timestamp::from_unix_seconds(1_772_274_600).unwrap();
    Options {
        depth: Depth::Write,
        command: "migrate",
        tree: "/tree".to_owned(),
        now,
        started: now,
        target: None,
        include_running: false,
        allow_downgrade: false,
        survey: crate::operation::Survey::default(),
        selection: Selection::default(),
        plan: None,
        jobs: NonZeroUsize::MIN,
        batch: NonZeroUsize::MAX,
        rules: crate::report::Enforcement::AsWritten,
        max_failures: None,
        wait: false,
    }
}

pub(super) fn run<D: Disk>(storage: &FileSystem<D>, batch: usize) -> Run {
    let mut told = Run::default();
    let options = Options {
        batch: NonZeroUsize::new(batch).unwrap(),
        ..options()
    };
    let summary = migrate(storage, catalog(), &options, &|| None, &mut told);
    Run { summary, ..told }
}

pub(super) fn rollback_options() -> RollbackOptions {
    let usual = options();
    RollbackOptions {
        undo: Undo::Last,
        mode: RollbackMode::Write,
        tree: usual.tree,
        now: usual.now,
        started: usual.started,
        selection: usual.selection,
        jobs: usual.jobs,
        batch: usual.batch,
        max_failures: None,
        wait: false,
    }
}

pub(super) fn roll_back<D: Disk>(storage: &FileSystem<D>, batch: usize) -> Run {
    let mut told = Run::default();
    let options = RollbackOptions {
        batch: NonZeroUsize::new(batch).unwrap(),
        ..rollback_options()
    };
    let summary = rollback(storage, catalog(), &options, &|| None, &mut told);
    Run { summary, ..told }
}

/// What is wrong with the first manifest, if anything is.
pub(super) fn code_of(told: &Run) -> Option<Code> {
    let trouble = told.outcomes[0].trouble.as_ref();
    trouble.map(|trouble| trouble.code)
}
