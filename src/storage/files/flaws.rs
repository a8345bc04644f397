//! The flaws of the state directory apart from what its journals say: parts that others can write, and files that were kept until somebody deals with them.
//! Invariant: nothing is opened but directories and rescued files, and nothing is changed.

use std::io;

use super::core::{Core, FileContent};
use super::disk::{Crossing, Disk, Stat};
use super::error::{diagnose, if_there};
use super::names::STATE_DIRECTORY;
use crate::code::Code;
use crate::path::Name;
use crate::report::Diagnosis;
use crate::storage::values::EntryKind;

/// So many files are named for each code; the others are counted.
const MOST_NAMED: usize = 5;

const OPERATIONS: &str = "operations";

const RESCUED: &str = "rescued";

/// The parts whose files are looked at one by one.
const PARTS: [&str; 4] = [OPERATIONS, "staging", "catalogs", RESCUED];

pub(super) fn all<D: Disk>(core: &Core<D>) -> Vec<Diagnosis> {
    let mut found = StateFlaws::default();
    if let Err(error) = examine(core, &mut found) {
        let verb = format!("cannot look through `{STATE_DIRECTORY}`");
        let message = diagnose(&verb, &error).message;
        found.unread = Some(Diagnosis::new(Code::StateUnreadable, message));
    }
    found.diagnoses()
}

#[derive(Default)]
struct StateFlaws {
    exposed: Vec<String>,
    rescued: Vec<String>,
    unread: Option<Diagnosis>,
}

fn examine<D: Disk>(core: &Core<D>, found: &mut StateFlaws) -> io::Result<()> {
    let disk = &core.disk;
    let name = Name::constant(STATE_DIRECTORY);
    let Some(state) = if_there(disk.stat_at(&core.root, name))? else {
        return Ok(());
    };
    found.exposure(STATE_DIRECTORY, &state, state.owner);
    if state.kind != EntryKind::Directory {
        return Ok(());
    }
    let dir = disk.open_dir(&core.root, STATE_DIRECTORY.as_bytes(), Crossing::Stay)?;
    each(disk, &dir, |name, stat| {
        let shown = format!("{STATE_DIRECTORY}/{name}");
        found.exposure(&shown, stat, state.owner);
        let part = PARTS.into_iter().find(|part| *part == name.to_string());
        if let (Some(part), EntryKind::Directory) = (part, stat.kind) {
            let inner = disk.open_dir(&dir, part.as_bytes(), Crossing::Stay)?;
            each(disk, &inner, |name, stat| {
                let shown = format!("{STATE_DIRECTORY}/{part}/{name}");
                if part == RESCUED {
                    // It has the owner and the mode of whoever wrote it.
                    let content = content(core, &inner, name)?;
                    found.rescued.push(format!("`{shown}`, {content},"));
                } else if part != OPERATIONS || stat.kind == EntryKind::File {
                    // A journal that is no file is a damaged one.
                    found.exposure(&shown, stat, state.owner);
                }
                Ok(())
            })?;
        }
        Ok(())
    })
}

/// Calls `look` with each entry of a directory, in the order of the names.
fn each<D: Disk>(
    disk: &D,
    dir: &D::Dir,
    mut look: impl FnMut(Name<'_>, &Stat) -> io::Result<()>,
) -> io::Result<()> {
    let fresh = disk.open_dir(dir, b"", Crossing::Stay)?;
    let mut names = Vec::new();
    disk.list(&fresh, &mut |name, _| names.push(name.to_vec()))?;
    names.sort_unstable();
    for name in names.iter().filter_map(|name| Name::new(name)) {
        // Somebody may be at work here.
        if let Some(stat) = if_there(disk.stat_at(dir, name))? {
            look(name, &stat)?;
        }
    }
    Ok(())
}

/// What a file holds, in words.
fn content<D: Disk>(core: &Core<D>, dir: &D::Dir, name: Name<'_>) -> io::Result<String> {
    Ok(match core.content(dir, name)? {
        FileContent::File(digest, _) => format!("with the SHA-256 {digest}"),
        FileContent::Absent | FileContent::Opaque => "with bytes that cannot be read".to_owned(),
    })
}

impl StateFlaws {
    fn exposure(&mut self, shown: &str, stat: &Stat, owner: u32) {
        let mode = stat.mode;
        let why = match stat.kind {
            EntryKind::Directory | EntryKind::File if mode & 0o022 != 0 => {
                format!("has mode {mode:04o}: others can write to it")
            }
            _ if stat.owner != owner => {
                let other = stat.owner;
                format!("belongs to user {other}, the state directory to user {owner}")
            }
            EntryKind::File if stat.links != 1 => {
                format!("has {} names: it can be written by another one", stat.links)
            }
            EntryKind::Directory | EntryKind::File => return,
            other => format!("is {}", other.words()),
        };
        self.exposed.push(format!("`{shown}` {why}"));
    }

    fn diagnoses(self) -> Vec<Diagnosis> {
        let exposed = some_of(Code::StateExposed, self.exposed, "files of the state");
        let rescued = self.rescued.into_iter();
        let rescued = rescued
            .map(|file| format!("{file} may be the only copy of somebody's version"))
            .collect();
        let rescued = some_of(Code::Rescued, rescued, "rescued files of the state");
        exposed
            .into_iter()
            .chain(rescued)
            .chain(self.unread)
            .collect()
    }
}

/// One diagnosis for each of the first, and one for the number of the others.
fn some_of(code: Code, messages: Vec<String>, files: &str) -> Vec<Diagnosis> {
    let left = messages.len().saturating_sub(MOST_NAMED);
    let more = (left > 0).then(|| format!("the same holds for {left} more {files}"));
    let named = messages.into_iter().take(MOST_NAMED);
    named
        .chain(more)
        .map(|message| Diagnosis::new(code, message))
        .collect()
}
