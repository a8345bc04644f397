//! One unfinished operation: its lock, its journal, its staging directory, and how it is brought to an end.
//!
//! Invariant: nothing of a journal is dropped but a torn end, and a journal that is not understood is not touched at all.

use std::io;

use super::disk::{Crossing, Disk, EntryKind};
use super::file_system::Core;
use super::journal_file::JournalFile;
use super::recover::is_document;
use super::rescue::keep_in_state;
use super::settle::Found;
use super::stage::{Content, content};
use super::state::{State, journal_name};
use super::{Recovery, storage_failed};
use crate::code::Code;
use crate::journal::{Announced, Ended, Intent, Log, Record, Settled};
use crate::path::TreePath;
use crate::report::{Diagnosis, Stop};

/// An operation that left a staging directory.
pub(super) struct Unfinished<'c, D: Disk> {
    pub(super) core: &'c Core<D>,
    pub(super) state: &'c State<D>,
    pub(super) id: String,
    pub(super) staging: D::Dir,
    pub(super) log: Log,
    /// The journal, open at the end of what is sound of it; none where it is gone or never began.
    journal: Option<JournalFile<D>>,
}

/// What an operation was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Command {
    Migrate,
    Rollback,
    Prune,
}

/// What became of all that was unsettled.
#[derive(Debug, Default)]
struct Settlement {
    finished: u64,
    undone: u64,
    left: u64,
    results: Vec<Record>,
}

impl Settlement {
    fn add(&mut self, found: Found, result: Settled) {
        *match found {
            Found::Finished => &mut self.finished,
            Found::Undone => &mut self.undone,
            Found::Left => &mut self.left,
        } += 1;
        self.results.push(Record::Result(result));
    }

    fn in_words(&self, id: &str, command: Command) -> String {
        let done = match command {
            Command::Migrate => "manifests are migrated",
            Command::Rollback => "originals are back",
            Command::Prune => "backups are removed",
        };
        let left = match self.left {
            0 => String::new(),
            left => format!(", {left} changed by somebody else since"),
        };
        format!(
            "operation {id} had not ended: {} {done}, {} as they were{left}",
            self.finished, self.undone
        )
    }
}

impl<'c, D: Disk> Unfinished<'c, D> {
    /// Takes the operation's own lock and reads its journal; `None` where it is still at work.
    ///
    /// # Errors
    /// The storage failed, the journal is no file, or a newer version of the program wrote it.
    pub(super) fn open(
        core: &'c Core<D>,
        state: &'c State<D>,
        id: &str,
    ) -> Result<Option<Self>, Stop> {
        let disk = &core.disk;
        let name = journal_name(id);
        let failed =
            |error: io::Error| storage_failed(&format!("cannot recover operation {id}"), &error);
        let staging = disk
            .open_dir(&state.staging, id.as_bytes(), Crossing::Stay)
            .map_err(failed)?;
        let mut operation = Self {
            core,
            state,
            id: id.to_owned(),
            staging,
            log: Log::default(),
            journal: None,
        };
        match disk.stat_at(&state.operations, name.as_bytes()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Some(operation)),
            Err(error) => return Err(failed(error)),
            Ok(stat) if stat.kind != EntryKind::File => {
                let message = format!(
                    "the journal `{name}` of an unfinished operation is {}, not a regular file",
                    stat.kind.words()
                );
                return Err(Stop::new(Code::StateUnusable, message));
            }
            Ok(_) => {}
        }
        let file = disk
            .open_append(&state.operations, name.as_bytes())
            .map_err(failed)?;
        if !disk.try_lock(&file).map_err(failed)? {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        disk.stat(&file)
            .and_then(|stat| {
                let size = usize::try_from(stat.size).unwrap_or(0);
                disk.read(&file, &mut bytes, size, usize::MAX)
            })
            .map_err(failed)?;
        operation.log = Log::read(&bytes);
        if operation.log.unknown {
            let message = format!(
                "operation {id} is not finished, and its journal has records that this version of the program does not know"
            );
            return Err(Stop {
                hint: Some(
                    "run the version of the program that began it, or a newer one".to_owned(),
                ),
                ..Stop::new(Code::StateUnusable, message)
            });
        }
        operation.resume_journal(file, &bytes).map_err(failed)?;
        Ok(Some(operation))
    }

    /// Cuts a torn end off. Where whole lines follow a break, all of the journal is kept beside it first.
    fn resume_journal(&mut self, file: D::File, bytes: &[u8]) -> io::Result<()> {
        let (disk, log) = (&self.core.disk, &self.log);
        if log.began.is_none() {
            return Ok(());
        }
        if log.damaged {
            self.keep_damaged(bytes)?;
        }
        if log.sound_bytes < bytes.len() as u64 {
            disk.truncate(&file, log.sound_bytes)?;
        }
        self.journal = Some(JournalFile::resumed(
            file,
            log.writer.clone(),
            log.sound_bytes,
        ));
        Ok(())
    }

    fn keep_damaged(&self, bytes: &[u8]) -> io::Result<()> {
        let (disk, dir) = (&self.core.disk, &self.state.operations);
        let base = format!("{}.damaged", journal_name(&self.id));
        let numbered = (2_u32..).map(|serial| format!("{base}-{serial}"));
        for name in std::iter::once(base.clone()).chain(numbered) {
            match disk.create(dir, name.as_bytes()) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
                Ok(copy) => {
                    disk.write(&copy, bytes)?;
                    disk.sync_file(&copy)?;
                    return disk.sync_dir(dir);
                }
            }
        }
        Ok(())
    }

    /// Settles everything announced that has no result, then everything that no intent names, then the operation itself.
    pub(super) fn settle(&mut self, recovery: &mut Recovery) -> io::Result<()> {
        let unsettled: Vec<Announced> = self.log.unsettled().cloned().collect();
        if unsettled
            .iter()
            .any(|one| matches!(one, Announced::Restoring(_)))
        {
            // Once for all: what was put back must be durable before its backup name goes.
            self.core.disk.sync_fs(&self.state.dir)?;
        }
        let mut settled = Settlement::default();
        for announced in &unsettled {
            if let Some(path) = announced.path().to_path() {
                let (found, result) = self.settle_announced(announced, &path, recovery)?;
                settled.add(found, result);
            }
        }
        self.clear_staging(recovery)?;
        self.end(&settled)?;
        if !self.log.ended || !unsettled.is_empty() {
            recovery.notices.push(Diagnosis {
                code: Code::Recovered,
                path: None,
                message: settled.in_words(&self.id, self.command()),
            });
        }
        Ok(())
    }

    /// Settles one thing that was announced; gives the result to be recorded.
    fn settle_announced(
        &self,
        announced: &Announced,
        path: &TreePath,
        recovery: &mut Recovery,
    ) -> io::Result<(Found, Settled)> {
        let (found, backup) = match announced {
            Announced::Replacing(intent) => self.settle_one(intent, path, recovery)?,
            Announced::Restoring(restoring) => {
                (self.settle_restoring(restoring, path, recovery)?, None)
            }
            Announced::Pruning(pruning) => {
                let found = self.settle_pruning(pruning, path)?;
                (found, Some(pruning.backup.clone()))
            }
        };
        let outcome = match found {
            Found::Finished if matches!(announced, Announced::Pruning(_)) => "pruned",
            Found::Finished => "finished",
            Found::Undone => "undone",
            Found::Left => "left",
        };
        let result = Settled {
            path: announced.path().clone(),
            outcome: outcome.to_owned(),
            backup,
            code: None,
            from_version: None,
            to_version: None,
        };
        Ok((found, result))
    }

    fn command(&self) -> Command {
        match self.log.began.as_ref().map(|began| began.command.as_str()) {
            Some("rollback") => Command::Rollback,
            Some("prune") => Command::Prune,
            _ => Command::Migrate,
        }
    }

    /// Makes the results durable, then removes the staging directory, which is what says that something is unfinished.
    fn end(&mut self, settled: &Settlement) -> io::Result<()> {
        let (command, done) = (self.command(), self.log.done + settled.finished);
        let disk = &self.core.disk;
        disk.sync_fs(&self.state.dir)?;
        if let Some(journal) = &mut self.journal {
            for result in &settled.results {
                journal.append(result);
            }
            if !self.log.ended {
                journal.append(&Record::Ended(Ended {
                    migrated: if command == Command::Migrate { done } else { 0 },
                    restored: (command == Command::Rollback).then_some(done),
                    recovered: true,
                    stopped: None,
                }));
            }
            journal.sync(disk)?;
        }
        disk.remove_dir(&self.state.staging, self.id.as_bytes())
    }

    /// Everything left in the staging directory: what no intent names, or whose run directory is gone.
    fn clear_staging(&self, recovery: &mut Recovery) -> io::Result<()> {
        let disk = &self.core.disk;
        let mut names = Vec::new();
        disk.list(&self.staging, &mut |name, _| names.push(name.to_vec()))?;
        for name in names {
            let text = String::from_utf8_lossy(&name);
            let intent = self.log.intent_of(&text);
            let found = content(disk, &self.staging, &name)?;
            if self.is_ours(&found, &name, intent) {
                disk.unlink(&self.staging, &name)?;
                continue;
            }
            let short = match found {
                Content::File(digest, _) => digest.short(),
                Content::Absent | Content::Opaque => "unread".to_owned(),
            };
            let kept = keep_in_state(self.core, self.state, (&self.staging, &name), &short)?;
            let path = intent.and_then(|intent| intent.path.to_path());
            recovery.rescued(path.as_ref(), Some(kept));
        }
        Ok(())
    }

    /// Whether something in the staging directory is a new file of ours, whole or not.
    fn is_ours(&self, found: &Content, name: &[u8], intent: Option<&Intent>) -> bool {
        let disk = &self.core.disk;
        let Content::File(digest, stat) = found else {
            return false;
        };
        let text = String::from_utf8_lossy(name);
        let short = digest.short();
        let mut parts = text.split('-').skip(1);
        let is_original = parts.next() == Some(short.as_str());
        let is_new = parts.next() == Some(short.as_str());
        match intent {
            _ if is_new => true,
            _ if is_original => false,
            Some(intent) => intent.inode == Some(stat.inode),
            // Without an intent nothing was exchanged; should the journal have lost one all the same, torn bytes are still nobody's.
            None => !self.log.damaged || !is_document(disk, &self.staging, name),
        }
    }
}
