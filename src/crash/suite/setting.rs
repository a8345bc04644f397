//! A tree of three manifests, and every kind of disk that it may stand on.

use std::num::NonZeroUsize;

use crate::crash::simulated::{Medium, Sabotage, Simulated};
use crate::storage::disk::Traits;
use crate::storage::{Files, Lacking, OpenOptions, SyncChoice};

/// The manifests of the usual tree, in path order.
pub(super) const MANIFESTS: [&str; 3] = [
    "a/r1/manifest.json",
    "a/r2/manifest.json",
    "b/r1/manifest.json",
];

pub(super) const BATCHES: [usize; 3] = [1, 2, 4096];

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
    pub(super) claims: Option<Traits>,
    pub(super) lacking: &'static [Lacking],
    pub(super) sync: SyncChoice,
    /// True if the directory `a` is another device.
    pub(super) mounted: bool,
    /// True if nothing can be renamed into the directory `a` from outside, though it is the same device.
    pub(super) enclosed: bool,
    pub(super) sabotage: Option<Sabotage>,
}

const fn ordered(name: &'static str) -> Setting {
    Setting {
        name,
        medium: Medium::Ordered,
        traits: ALL,
        claims: None,
        lacking: &[],
        sync: SyncChoice::Auto,
        mounted: false,
        enclosed: false,
        sabotage: None,
    }
}

const fn unordered(name: &'static str) -> Setting {
    Setting {
        medium: Medium::Unordered,
        traits: WITHOUT_EXCHANGE,
        ..ordered(name)
    }
}

const WITHOUT_EXCHANGE: Traits = Traits {
    exchange: false,
    ..ALL
};

const UNTRUSTED: Traits = Traits {
    exchange: false,
    links: true,
    syncfs: false,
    fine_times: false,
};

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
        enclosed: true,
        ..ordered("an enclave shows at the exchange")
    },
    Setting {
        traits: WITHOUT_EXCHANGE,
        claims: Some(ALL),
        ..ordered("no exchange shows at the exchange")
    },
    Setting {
        traits: WITHOUT_EXCHANGE,
        claims: Some(ALL),
        lacking: &[Lacking::SameDevice],
        ..ordered("no exchange shows at the exchange, beside")
    },
    Setting {
        traits: Traits {
            links: false,
            ..WITHOUT_EXCHANGE
        },
        claims: Some(ALL),
        enclosed: true,
        ..ordered("neither exchange nor links, and an enclave")
    },
    Setting {
        lacking: &[Lacking::Exchange],
        ..ordered("link, ordered")
    },
    Setting {
        lacking: &[Lacking::Exchange],
        enclosed: true,
        ..ordered("link, an enclave shows at the rename")
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
        claims: Some(UNTRUSTED),
        ..unordered("no link shows at the link, unordered, file by file")
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
    Setting {
        lacking: &[Lacking::Exchange, Lacking::Links],
        sabotage: Some(Sabotage::InPlace),
        ..ordered("broken: a manifest is written in place, after a backup")
    },
];

/// A protocol that only loses what somebody else wrote.
pub(super) const RECKLESS: &[Setting] = &[Setting {
    sabotage: Some(Sabotage::Unchecked),
    ..ordered("broken: a backup name is taken without a look")
}];

impl Setting {
    /// A disk with the usual tree.
    pub(super) fn disk(&self) -> Simulated {
        let disk = Simulated::new(self.medium, self.traits);
        if let Some(claims) = self.claims {
            disk.claim(claims);
        }
        if let Some(sabotage) = self.sabotage {
            disk.sabotage(sabotage);
        }
        for name in MANIFESTS {
            disk.add_file(name, original(name));
        }
        disk.give_mode(MANIFESTS[0], 0o640);
        disk.give_owner(MANIFESTS[1], 7, 8);
        disk.give_attribute(MANIFESTS[1], "user.kept", b"yes");
        if self.mounted {
            disk.mount("a", 2);
        }
        if self.enclosed {
            assert!(disk.enclose("a"));
        }
        disk
    }

    /// The tree on a disk, as a process of its own opens it.
    pub(super) fn storage(&self, disk: &Simulated, batch: usize) -> Files<Simulated> {
        let options = OpenOptions {
            cross_file_systems: self.mounted,
            sync: self.sync,
            lacking: self.lacking.to_vec(),
            batch: NonZeroUsize::new(batch),
        };
        Files::new(disk.clone(), disk.root(), b"/tree".to_vec(), options)
    }

    /// True if a flush does nothing, or none is made.
    pub(super) fn flushes_nothing(&self) -> bool {
        self.sync == SyncChoice::None || (self.sync == SyncChoice::Batch && !self.traits.syncfs)
    }

    /// True if originals are copied, and so do not keep their inode.
    pub(super) fn copies(&self) -> bool {
        !self.traits.links || self.lacking.contains(&Lacking::Links)
    }

    /// True if a foreign writer is noticed at the very call that replaces the manifest.
    pub(super) fn notices_at_once(&self) -> bool {
        self.traits.exchange && !self.lacking.contains(&Lacking::Exchange)
    }
}
