//! Inodes, and a whole file system of them at one moment.
//!
//! Owns what an inode is and how one change of a name or of attributes alters an image. Knows nothing of handles, of faults or of what is durable.
//!
//! Invariant: an inode never leaves an image while the disk runs, so every id is valid in every image of the same disk; inodes without a name are just not reachable.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::storage::EntryKind;
use crate::storage::disk::FileTime;

/// The place of an inode in an image; never used twice, unlike its number.
pub(super) type Id = usize;
pub(super) type Label = Arc<[u8]>;
pub(super) type Extended = BTreeMap<Vec<u8>, Vec<u8>>;

pub(super) const ROOT: Id = 0;

#[derive(Debug, Clone)]
pub(super) struct Attributes {
    pub(super) mode: u32,
    pub(super) owner: u32,
    pub(super) group: u32,
    pub(super) accessed: FileTime,
    pub(super) modified: FileTime,
    pub(super) changed: FileTime,
    pub(super) extended: Arc<Extended>,
}

#[derive(Debug, Clone)]
pub(super) enum Body {
    File {
        bytes: Arc<Vec<u8>>,
        spoiled: Option<Arc<Vec<u8>>>,
    },
    Directory(BTreeMap<Label, Id>),
    Link(Label),
    Fifo,
}

impl Body {
    pub(super) fn file(bytes: &[u8]) -> Self {
        Self::File {
            bytes: Arc::new(bytes.to_vec()),
            spoiled: None,
        }
    }

    pub(super) fn reaching_the_medium(&self) -> Option<&Arc<Vec<u8>>> {
        match self {
            Self::File { bytes, spoiled } => Some(spoiled.as_ref().unwrap_or(bytes)),
            Self::Directory(_) | Self::Link(_) | Self::Fifo => None,
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Inode {
    pub(super) number: u64,
    pub(super) device: u64,
    /// Where nothing can be renamed to from elsewhere on the same device: a project with a quota, an encrypted directory.
    pub(super) enclave: u64,
    pub(super) names: u64,
    pub(super) immutable: bool,
    pub(super) failures: u64,
    pub(super) attributes: Attributes,
    pub(super) body: Body,
}

impl Inode {
    pub(super) fn kind(&self) -> EntryKind {
        match self.body {
            Body::File { .. } => EntryKind::File,
            Body::Directory(_) => EntryKind::Directory,
            Body::Link(_) => EntryKind::Link,
            Body::Fifo => EntryKind::Fifo,
        }
    }

    pub(super) fn entries(&self) -> Option<&BTreeMap<Label, Id>> {
        match &self.body {
            Body::Directory(entries) => Some(entries),
            Body::File { .. } | Body::Link(_) | Body::Fifo => None,
        }
    }

    pub(super) fn bytes(&self) -> Option<&Arc<Vec<u8>>> {
        match &self.body {
            Body::File { bytes, .. } => Some(bytes),
            Body::Directory(_) | Body::Link(_) | Body::Fifo => None,
        }
    }

    pub(super) fn size(&self) -> usize {
        match &self.body {
            Body::File { bytes, .. } => bytes.len(),
            Body::Directory(_) => 4096,
            Body::Link(target) => target.len(),
            Body::Fifo => 0,
        }
    }
}

/// The smallest change that a medium keeps or loses as one.
#[derive(Debug, Clone)]
pub(super) enum Change {
    /// A name in a directory stands for another inode, or for none.
    Entry {
        dir: Id,
        name: Label,
        to: Option<Id>,
    },
    /// An inode has other attributes.
    Attributes { of: Id, to: Attributes },
}

/// A file system at one moment. Cloning it is cheap: inodes are shared until they change.
#[derive(Debug, Clone)]
pub(super) struct Image(Vec<Arc<Inode>>);

impl Image {
    pub(super) fn new(root: Inode) -> Self {
        Self(vec![Arc::new(root)])
    }

    pub(super) fn push(&mut self, inode: Arc<Inode>) -> Id {
        self.0.push(inode);
        self.0.len() - 1
    }

    pub(super) fn get(&self, id: Id) -> &Inode {
        &self.0[id]
    }

    pub(super) fn edit(&mut self, id: Id) -> &mut Inode {
        Arc::make_mut(&mut self.0[id])
    }

    /// Takes an inode over from another image as it is there.
    pub(super) fn adopt(&mut self, id: Id, from: &Self) {
        self.0[id] = Arc::clone(&from.0[id]);
    }

    pub(super) fn entry(&self, dir: Id, name: &[u8]) -> Option<Id> {
        self.get(dir).entries()?.get(name).copied()
    }

    pub(super) fn apply(&mut self, change: &Change, time: FileTime) {
        match change {
            Change::Entry { dir, name, to } => self.set_entry(*dir, name, *to, time),
            Change::Attributes { of, to } => self.edit(*of).attributes = to.clone(),
        }
    }

    fn set_entry(&mut self, dir: Id, name: &Label, to: Option<Id>, time: FileTime) {
        let inode = self.edit(dir);
        inode.attributes.modified = time;
        inode.attributes.changed = time;
        let Body::Directory(entries) = &mut inode.body else {
            return;
        };
        let before = match to {
            Some(id) => entries.insert(Arc::clone(name), id),
            None => entries.remove(name),
        };
        if let Some(id) = before {
            let left = self.edit(id);
            left.names = left.names.saturating_sub(1);
            left.attributes.changed = time;
        }
        if let Some(id) = to {
            let named = self.edit(id);
            named.names += 1;
            named.attributes.changed = time;
        }
    }

    /// Calls `each` with every entry below `dir`, parents before their children.
    pub(super) fn walk(&self, dir: Id, each: &mut impl FnMut(&[&[u8]], Id)) {
        let mut path = Vec::new();
        let mut above = vec![dir];
        self.walk_into(dir, &mut path, &mut above, each);
    }

    fn walk_into<'a>(
        &'a self,
        dir: Id,
        path: &mut Vec<&'a [u8]>,
        above: &mut Vec<Id>,
        each: &mut impl FnMut(&[&[u8]], Id),
    ) {
        for (name, id) in self.get(dir).entries().into_iter().flatten() {
            path.push(name);
            each(path, *id);
            let cycle = above.contains(id);
            if !cycle {
                above.push(*id);
                self.walk_into(*id, path, above, each);
                above.pop();
            }
            path.pop();
        }
    }

    /// Makes readers see what reached the medium, as nothing is left of what they saw before.
    pub(super) fn settle_on_the_medium(&mut self) {
        for inode in &mut self.0 {
            if let Body::File {
                spoiled: Some(left),
                ..
            } = &inode.body
            {
                let bytes = Arc::clone(left);
                Arc::make_mut(inode).body = Body::File {
                    bytes,
                    spoiled: None,
                };
            }
        }
    }

    /// Counts names anew, as a check of the file system at mounting does. Returns the numbers that are free, by device.
    pub(super) fn recount(&mut self) -> BTreeSet<(u64, u64)> {
        let mut names = vec![0_u64; self.0.len()];
        names[ROOT] = 1;
        self.walk(ROOT, &mut |_, id| names[id] += 1);
        let (mut free, mut used) = (BTreeSet::new(), BTreeSet::new());
        for (id, count) in names.into_iter().enumerate() {
            if self.get(id).names != count {
                self.edit(id).names = count;
            }
            let inode = self.get(id);
            let numbers = if count > 0 { &mut used } else { &mut free };
            numbers.insert((inode.device, inode.number));
        }
        free.retain(|number| !used.contains(number));
        free
    }
}
