//! Foreign writers at random calls of a run, and what must become of what they wrote.
//!
//! Invariant: a version that somebody else made durable, or that stood there when the process was killed, is never gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::process::Run;
use super::setting::{MANIFESTS, Setting};
use crate::code::Code;
use crate::crash::simulated::{Call, Random, Simulated};
use crate::digest::Digest;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    /// Renames a manifest that could be migrated into place.
    Replace,
    /// Renames something into place that is no manifest.
    ReplaceByGarbage,
    /// Does so twice in a row, between two of our calls.
    ReplaceTwice,
    /// Writes a manifest that could be migrated in place, and flushes nothing.
    WriteInPlace,
    /// Takes it away.
    Remove,
    /// Takes a backup name.
    TakeTheName,
}

/// A foreign writer, and when it writes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Foreign {
    deed: Deed,
    name: &'static str,
    at: usize,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Trace {
    foreign: Option<Foreign>,
    happened: Arc<AtomicBool>,
    /// True if its version was there when it was last looked for, if it was.
    stood: Option<Stood>,
}

#[derive(Debug, Clone, Copy)]
struct Stood {
    there: bool,
    durable: bool,
}

fn version(serial: u32) -> Vec<u8> {
    format!("{{\"schema_version\":\"1.0.0\",\"run_id\":\"theirs\",\"serial\":{serial}}}")
        .into_bytes()
}

const GARBAGE: &[u8] = b"theirs, and no manifest";

impl Foreign {
    /// One for a run whose calls are `log`; none where the moment is the one that cannot be watched.
    pub(super) fn any(random: &mut Random, setting: &Setting, log: &[String]) -> Option<Self> {
        let deed = [
            Deed::Replace,
            Deed::ReplaceByGarbage,
            Deed::ReplaceTwice,
            Deed::WriteInPlace,
            Deed::Remove,
            Deed::TakeTheName,
        ][random.below(6)];
        let name = MANIFESTS[random.below(MANIFESTS.len())];
        let at = 1 + random.below(log.len());
        let unseen = |index: usize| {
            let call = log.get(index).map_or("", String::as_str);
            call.contains("RenameOver") && !setting.notices_at_once()
        };
        (!unseen(at - 1) && !unseen(at)).then_some(Self { deed, name, at })
    }

    pub(super) fn hook_into(self, disk: &Simulated) -> Trace {
        let trace = Trace {
            foreign: Some(self),
            ..Trace::default()
        };
        let (deed, name) = (self.deed, self.name);
        let happened = Arc::clone(&trace.happened);
        disk.hook_at(self.at, move |disk| {
            let mut done = true;
            match deed {
                Deed::WriteInPlace => done = disk.foreign_write(name, version(1)),
                Deed::Replace => disk.foreign_replace(name, version(1)),
                Deed::ReplaceByGarbage => disk.foreign_replace(name, GARBAGE),
                Deed::ReplaceTwice => disk.foreign_replace(name, version(2)),
                Deed::Remove => drop(disk.foreign_remove(name)),
                Deed::TakeTheName => {
                    let backup = format!("{name}.backup");
                    done = disk.node(&backup).is_none();
                    if done {
                        disk.foreign_replace(backup, GARBAGE);
                    }
                }
            }
            happened.store(done, Ordering::Relaxed);
        });
        if deed == Deed::ReplaceTwice {
            disk.hook_at(self.at + 1, move |disk| {
                disk.foreign_replace(name, version(1));
            });
        }
        trace
    }
}

/// True if a path is a staged file's.
fn is_hidden(path: &str) -> bool {
    path.starts_with(".migrate-manifests/staging/") || path.contains("/.migrate-manifests.")
}

impl Trace {
    /// True if somebody else was there at all.
    pub(super) fn any(&self) -> bool {
        self.foreign.is_some() && self.happened.load(Ordering::Relaxed)
    }

    /// True if somebody else was at this manifest.
    pub(super) fn touched(&self, name: &str) -> bool {
        self.any()
            && self
                .foreign
                .as_ref()
                .is_some_and(|foreign| foreign.name == name)
    }

    /// Looks for their version: once it stood there it stays, unless only a power cut can have taken it.
    pub(super) fn look(&mut self, disk: &Simulated, nothing_lost: bool) -> Result<(), String> {
        let Some(foreign) = self.foreign.as_ref().filter(|_| self.any()) else {
            return Ok(());
        };
        let theirs = match foreign.deed {
            Deed::Replace | Deed::WriteInPlace => vec![version(1)],
            // The second may not have come to pass.
            Deed::ReplaceTwice => vec![version(1), version(2)],
            Deed::ReplaceByGarbage | Deed::TakeTheName => vec![GARBAGE.to_vec()],
            Deed::Remove => return Ok(()),
        };
        // What was written in place and not flushed may be left by a power cut in the file that the writer had before itself, and the file under the name it had before that.
        let was_durable = self.stood.is_some_and(|stood| stood.there && stood.durable);
        let unflushed = foreign.deed == Deed::WriteInPlace && !nothing_lost && !was_durable;
        let counts = |path: &str| !unflushed || !is_hidden(path);
        let stands = disk
            .tree()
            .iter()
            .any(|(path, node)| theirs.contains(&node.bytes) && counts(path));
        let must_stand = match self.stood {
            Some(stood) => stood.there && (stood.durable || nothing_lost),
            None => nothing_lost,
        };
        // What was not to be seen once is nobody's loss later.
        self.stood = Some(Stood {
            there: stands && self.stood.is_none_or(|stood| stood.there),
            durable: !nothing_lost || self.stood.is_some_and(|stood| stood.durable),
        });
        if must_stand && !stands {
            return Err("their version is lost".to_owned());
        }
        Ok(())
    }
}

/// Somebody replaces the manifest before the exchange, and once more before it is taken back.
pub(super) fn replace_around_the_exchange(disk: &Simulated, name: &'static str) {
    for (n, theirs) in [(1, &b"first"[..]), (2, b"second")] {
        disk.hook_kind(Call::Exchange, n, move |disk| {
            disk.foreign_replace(name, theirs);
        });
    }
}

/// Then the first stays, and the second is kept beside it. `deed` is what somebody is told to have done with the manifest.
pub(super) fn assert_second_rescued(disk: &Simulated, name: &str, told: &Run, deed: &str) {
    assert_eq!(told.code(), Some(Code::Rescued), "{told:?}");
    assert_eq!(disk.read_path(name).unwrap(), b"first");
    let rescued = format!("{name}.rescued.{}", Digest::of(b"second").short());
    let trouble = told.outcomes[0].trouble.as_ref().unwrap();
    let (_, file) = rescued.rsplit_once('/').unwrap();
    assert_eq!(
        trouble.message,
        format!("somebody {deed} it meanwhile; the version that was displaced is kept as `{file}`")
    );
    assert_eq!(disk.read_path(rescued).unwrap(), b"second");
}
