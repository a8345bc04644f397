//! The map as a storage to read from.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write as _;
use std::ops::Bound;
use std::sync::OnceLock;
use std::time::Duration;

use crate::code::Code;
use crate::digest::Digest;
use crate::journal::{BackupId, OperationId, Reader, Record};
use crate::path::{Name, TreePath};
use crate::report::{Diagnosis, Stop};
use crate::storage::names;
use crate::storage::seam::{
    Backup, Begin, Begun, Directory, Entries, EntryKind, Failed, LinkTarget, Log, LogEnd,
    StateFiles, Storage, Version,
};

use super::session::MapSession;
use super::tree::{Memory, operation_of, starts_with};

const BETWEEN_TRIES: Duration = Duration::from_millis(5);

impl Storage for Memory {
    fn list<'s>(&'s self, path: Option<&TreePath>) -> Result<Box<dyn Directory + 's>, Failed> {
        let tree = self.tree();
        let dir = path.map_or(&b""[..], TreePath::as_bytes);
        let (mut entries, mut is_empty) = (Entries::default(), true);
        let below = path.map(|path| TreePath::join(path.as_bytes(), b""));
        let start = below.as_ref().map_or(0, |below| below.as_bytes().len());
        let mut from = below.clone().map_or(Bound::Unbounded, Bound::Included);
        while let Some((path, _)) = tree.files.range((from, Bound::Unbounded)).next()
            && below.as_ref().is_none_or(|below| starts_with(path, below))
        {
            is_empty = false;
            let rest = &path.as_bytes()[start..];
            from = match rest.iter().position(|byte| *byte == b'/') {
                None => {
                    entries.push(rest, names::kind_by_name(rest, EntryKind::File));
                    Bound::Excluded(path.clone())
                }
                Some(end) => {
                    let name = &rest[..end];
                    entries.push(name, names::kind_by_name(name, EntryKind::Directory));
                    // `0` follows `/` in byte order, so this is after all of this directory.
                    let behind = [&rest[..end], b"0"].concat();
                    Bound::Included(TreePath::join(dir, &behind))
                }
            };
        }
        if is_empty && path.is_some() {
            return Err(Failed::Gone);
        }
        Ok(Box::new(MapDirectory {
            memory: self,
            path: dir.to_vec(),
            entries,
        }))
    }

    fn read(
        &self,
        path: &TreePath,
        most: usize,
        into: &mut Vec<u8>,
    ) -> Result<Option<Version>, Diagnosis> {
        self.tree().read(path, most, into)
    }

    fn look(&self, path: &TreePath) -> Result<Option<EntryKind>, Diagnosis> {
        Ok(self.tree().look(path))
    }

    fn most_jobs(&self) -> usize {
        usize::MAX
    }

    fn state(&self, path: &str) -> Result<StateFiles, Stop> {
        let tree = self.tree();
        let below = format!("{path}/");
        let files = tree.state.iter().filter_map(|(name, bytes)| {
            let name = if name == path {
                name.as_str()
            } else {
                name.strip_prefix(&below)?
            };
            Some((name.to_owned(), bytes.clone()))
        });
        Ok(files.collect())
    }

    fn logs(&self) -> Result<Vec<Log>, Diagnosis> {
        let tree = self.tree();
        let ids = tree.state.keys().filter_map(|name| operation_of(name));
        // An operation that has no journal any more is unfinished all the same.
        let ids: BTreeSet<OperationId> = ids.chain(tree.unfinished.iter().cloned()).collect();
        let mut logs: Vec<Log> = ids.into_iter().map(|id| tree.log(id)).collect();
        logs.sort_by(|one, two| (one.serial, one.id.order()).cmp(&(two.serial, two.id.order())));
        Ok(logs)
    }

    fn log(&self, id: &OperationId, each: &mut dyn FnMut(&Record)) -> Result<LogEnd, Diagnosis> {
        let Some(bytes) = self.tree().journal(id).map(<[u8]>::to_vec) else {
            let message = format!("no operation has the id `{id}`");
            return Err(Diagnosis::new(Code::OperationUnknown, message));
        };
        let mut reader = Reader::default();
        reader.feed(&bytes, &mut |record| {
            each(record);
            true
        });
        Ok(LogEnd {
            condition: reader.condition(),
            bytes: reader.all_bytes(),
        })
    }

    fn begin(&self, begin: Begin, wait: &dyn Fn() -> bool) -> Result<Option<Begun>, Stop> {
        loop {
            let mut tree = self.tree();
            if !tree.has_state && begin == Begin::IfThere {
                return Ok(None);
            }
            if !tree.is_locked {
                tree.is_locked = true;
                let is_new = !std::mem::replace(&mut tree.has_state, true);
                let recovery = tree.recover();
                let session = Box::new(MapSession {
                    memory: self.clone(),
                    is_new,
                    id: OnceLock::new(),
                });
                return Ok(Some(Begun { session, recovery }));
            }
            let holder = match &tree.holder {
                Some(holder) => format!("another operation is at work: {holder}"),
                None => "another process is looking at the tree".to_owned(),
            };
            drop(tree);
            if !wait() {
                return Err(Stop::new(Code::Locked, holder));
            }
            std::thread::sleep(BETWEEN_TRIES);
        }
    }
}

struct MapDirectory<'m> {
    memory: &'m Memory,
    path: Vec<u8>,
    entries: Entries,
}

impl MapDirectory<'_> {
    fn at(&self, name: Name<'_>) -> TreePath {
        TreePath::join(&self.path, name.as_bytes())
    }
}

impl Directory for MapDirectory<'_> {
    fn entries(&self) -> &Entries {
        &self.entries
    }

    fn follow(&self, _: Name<'_>, _: &[&str]) -> Result<LinkTarget, Diagnosis> {
        Ok(LinkTarget::Inside)
    }

    fn read(
        &self,
        manifest: Name<'_>,
        most: usize,
        into: &mut Vec<u8>,
    ) -> Result<Option<Version>, Diagnosis> {
        self.memory.tree().read(&self.at(manifest), most, into)
    }

    fn backups(&self, manifest: Name<'_>) -> Result<Vec<Backup>, Diagnosis> {
        let tree = self.memory.tree();
        let named = self.entries.iter();
        let named = named.filter(|(name, _)| names::looks_like_backup(manifest, *name));
        let mut backups: Vec<Backup> = named
            .filter_map(|(name, kind)| {
                let document = tree.files.get(&self.at(name));
                Some(Backup {
                    id: BackupId::new(std::str::from_utf8(name.as_bytes()).ok()?)?,
                    is_regular: kind == EntryKind::File,
                    size: document.map_or(0, |document| document.bytes.len() as u64),
                })
            })
            .collect();
        backups.sort_unstable_by(|one, two| one.id.cmp(&two.id));
        Ok(backups)
    }

    fn read_backup(
        &self,
        manifest: Name<'_>,
        backup: &BackupId,
        most: usize,
        into: &mut Vec<u8>,
    ) -> Result<Option<Version>, Diagnosis> {
        if !names::looks_like_backup(manifest, backup.name()) {
            return Err(names::not_a_backup(manifest, backup));
        }
        self.memory.tree().read(&self.at(backup.name()), most, into)
    }

    fn export_backup(
        &self,
        manifest: Name<'_>,
        backup: &BackupId,
        to: &mut File,
    ) -> Result<Digest, Diagnosis> {
        let mut bytes = Vec::new();
        self.read_backup(manifest, backup, usize::MAX, &mut bytes)?;
        to.write_all(&bytes).map_err(|error| {
            Diagnosis::new(Code::IoError, format!("cannot make the copy: {error}"))
        })?;
        Ok(Digest::of(&bytes))
    }

    fn read_below(&self, name: &str, feed: &mut dyn FnMut(&[u8]) -> bool) -> Result<(), Diagnosis> {
        let Some(below) = TreePath::new(name.as_bytes()) else {
            return Err(Diagnosis::new(
                Code::LeadsOut,
                format!("`{name}` does not name a file below the run directory"),
            ));
        };
        let path = TreePath::join(&self.path, below.as_bytes());
        let bytes = self.memory.tree().document_at(&path)?.bytes.clone();
        feed(&bytes);
        Ok(())
    }

    fn may_replace(
        &self,
        manifest: Name<'_>,
        _: &Version,
        digest: &dyn Fn() -> Digest,
    ) -> Result<(), Diagnosis> {
        let free = self.memory.tree().free_backup(&self.at(manifest), digest());
        free.map(drop)
    }

    fn may_restore(&self, _: &Version, _: &Version) -> Result<(), Diagnosis> {
        Ok(())
    }
}
