//! The map as a storage to read from.
//! Invariant: each question is answered under the lock of the map.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::session::MapSession;
use super::tree::Memory;
use crate::journal::{Memo, OperationId, Reader};
use crate::path::{Name, TreePath};
use crate::report::{Diagnosis, Stop};
use crate::storage::names;
use crate::storage::seam::{
    Begin, Begun, Directory, EachRecord, OpenDirectory, Storage, Successor,
};
use crate::storage::trouble::{head_not_understood, locked, no_operation};
use crate::storage::values::{
    Entries, EntryKind, Failed, LargerDocument, LinkTarget, Log, LogEnd, Property,
    PropertyDifference, ReadVersion, StateFiles,
};

impl Storage for Memory {
    fn open(&self, path: Option<&TreePath>) -> Result<Directory<'_>, Failed> {
        let path = path.map_or(&b""[..], TreePath::as_bytes);
        if !path.is_empty() && self.tree().below(path).next().is_none() {
            return Err(Failed::Gone);
        }
        let open = MapDirectory {
            memory: self,
            path: path.to_vec(),
        };
        Ok(Directory::new(self, path, open))
    }

    fn look(&self, path: &TreePath) -> Result<Option<(EntryKind, u64)>, Diagnosis> {
        let found = self.tree().look(path);
        let name = path.name().as_bytes();
        Ok(found.map(|(kind, size)| (names::kind_by_name(name, kind), size)))
    }

    fn read(&self, path: &TreePath, feed: &mut dyn FnMut(&[u8]) -> bool) -> Result<(), Diagnosis> {
        let bytes = self.tree().document(path)?.bytes.clone();
        feed(&bytes);
        Ok(())
    }

    fn most_jobs(&self) -> usize {
        usize::MAX
    }

    fn state(&self, path: &str) -> Result<StateFiles, Stop> {
        let tree = self.tree();
        let files = tree.state.iter().filter_map(|(name, bytes)| {
            let name = match name.strip_prefix(path)? {
                "" => name,
                below => below.strip_prefix('/')?,
            };
            Some((name.to_owned(), bytes.clone()))
        });
        Ok(files.collect())
    }

    fn state_flaws(&self) -> Vec<Diagnosis> {
        // Nobody else can write to it, and nothing in it is ever rescued.
        Vec::new()
    }

    fn logs(&self) -> Result<Vec<Log>, Diagnosis> {
        Ok(self.tree().logs())
    }

    fn log(&self, id: &OperationId, each: EachRecord<'_>) -> Result<LogEnd, Diagnosis> {
        let journal = self.tree().journal(id).map(<[u8]>::to_vec);
        let journal = journal.ok_or_else(|| no_operation(id))?;
        let mut reader = Reader::default();
        reader.feed(&journal, &mut |record| {
            each(record, None);
            true
        });
        Ok(LogEnd::of(&reader))
    }

    fn begin(&self, begin: Begin, wait: &dyn Fn() -> bool) -> Result<Option<Begun>, Stop> {
        loop {
            let mut tree = self.tree();
            if !tree.has_state() && begin == Begin::IfThere {
                return Ok(None);
            }
            if !tree.is_locked && tree.has_damaged_head() {
                return Err(head_not_understood());
            }
            if !tree.is_locked {
                tree.is_locked = true;
                let recovery = tree.recover();
                let session = Box::new(MapSession {
                    memory: self.clone(),
                    id: OnceLock::new(),
                });
                return Ok(Some(Begun { session, recovery }));
            }
            let stop = locked(tree.holder.as_deref());
            drop(tree);
            if !wait() {
                return Err(stop);
            }
        }
    }
}

struct MapDirectory<'m> {
    memory: &'m Memory,
    path: Vec<u8>,
}

impl OpenDirectory for MapDirectory<'_> {
    fn list(&self) -> Result<Entries, Failed> {
        let tree = self.memory.tree();
        let named = tree.below(&self.path);
        let named = named.map(|below| match below.iter().position(|byte| *byte == b'/') {
            None => (below, EntryKind::File),
            Some(end) => (&below[..end], EntryKind::Directory),
        });
        let mut entries = Entries::default();
        for (name, kind) in named.collect::<BTreeMap<_, _>>() {
            entries.push(name, names::kind_by_name(name, kind));
        }
        Ok(entries)
    }

    fn follow(&self, _: Name<'_>, _: &[&str]) -> Result<LinkTarget, Diagnosis> {
        Ok(LinkTarget::Inside)
    }

    fn read(
        &self,
        document: Name<'_>,
        most: usize,
        into: &mut Vec<u8>,
    ) -> Result<Result<ReadVersion, Diagnosis>, LargerDocument> {
        let path = TreePath::join(&self.path, document.as_bytes());
        self.memory.tree().read(&path, most, into)
    }

    fn compare(
        &self,
        _: &ReadVersion,
        _: Memo<'_>,
        _: &[Property],
    ) -> Result<Vec<PropertyDifference>, Diagnosis> {
        // A document in the map has bytes and nothing else.
        Ok(Vec::new())
    }

    fn may_change(
        &self,
        manifest: Name<'_>,
        _: &ReadVersion,
        into: Successor<'_>,
    ) -> Result<(), Diagnosis> {
        let Successor::New(Some(digest)) = into else {
            return Ok(());
        };
        let path = TreePath::join(&self.path, manifest.as_bytes());
        self.memory.tree().free_backup(&path, digest()).map(drop)
    }
}
