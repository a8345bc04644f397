//! The rules of names and inodes: lookups, and the order in which errors are found.
//!
//! Owns what the kernel checks before it does something. What of a change survives is not decided here.
//!
//! Invariant: a rule that returns an error has changed nothing.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use rustix::io::Errno;

use super::disk::{Access, File, State, error};
use super::image::{Body, Change, Id, Inode, Label};
use crate::digest::{Digest, Hasher};
use crate::path::Name;
use crate::storage::disk::{Crossing, MetadataError, Stat};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Links {
    Refuse,
    /// One in the last place is the answer.
    RefuseButLast,
    Follow,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    Whole,
    Half,
}

/// Attributes that belong to the bytes, not to the name.
const MADE_BY_THE_KERNEL: [&[u8]; 2] = [b"security.ima", b"security.evm"];

/// As in the product: attributes that no digest covers.
const SEEN_BY_ROOT_ONLY: &[u8] = b"trusted.";

const LONGEST_NAME: usize = 255;

/// What a lookup follows, and where it may lead.
#[derive(Clone, Copy)]
struct Walk {
    links: Links,
    crossing: Crossing,
}

impl State {
    pub(super) fn device_of(&self, id: Id) -> u64 {
        self.store.now.get(id).device
    }

    pub(super) fn look_up(
        &self,
        at: Id,
        path: &[u8],
        links: Links,
        crossing: Crossing,
    ) -> io::Result<Id> {
        let mut stack = vec![at];
        let walk = Walk { links, crossing };
        self.step(&mut stack, path, walk, 0)?;
        stack.last().copied().map_or_else(|| error(Errno::XDEV), Ok)
    }

    /// Goes along `path` from the end of `stack`, which holds the way from where the lookup began.
    fn step(&self, stack: &mut Vec<Id>, path: &[u8], walk: Walk, hops: usize) -> io::Result<()> {
        const MOST_HOPS: usize = 40;
        if path.first() == Some(&b'/') {
            return error(Errno::XDEV);
        }
        let mut names = path.split(|byte| *byte == b'/').peekable();
        while let Some(name) = names.next() {
            let Some(here) = stack.last().copied() else {
                return error(Errno::XDEV);
            };
            let Some(entries) = self.store.now.get(here).entries() else {
                return error(Errno::NOTDIR);
            };
            match name {
                b"" | b"." => continue,
                b".." if stack.len() == 1 => return error(Errno::XDEV),
                b".." => {
                    stack.pop();
                    continue;
                }
                _ if name.len() > LONGEST_NAME => return error(Errno::NAMETOOLONG),
                _ => {}
            }
            let Some(found) = entries.get(name).copied() else {
                return error(Errno::NOENT);
            };
            let inode = self.store.now.get(found);
            if walk.crossing == Crossing::Stay && inode.device != self.device_of(stack[0]) {
                return error(Errno::XDEV);
            }
            match (&inode.body, walk.links) {
                (Body::Link(target), Links::Follow) if hops < MOST_HOPS => {
                    self.step(stack, target, walk, hops + 1)?;
                }
                (Body::Link(_), Links::RefuseButLast) if names.peek().is_none() => {
                    stack.push(found);
                }
                (Body::Link(_), _) => return error(Errno::LOOP),
                _ => stack.push(found),
            }
        }
        Ok(())
    }

    pub(super) fn stat(&self, id: Id) -> Stat {
        let inode = self.store.now.get(id);
        let subdirectories = |entries: &BTreeMap<Label, Id>| {
            let ids = entries.values();
            let dirs = ids.filter(|id| self.store.now.get(**id).entries().is_some());
            dirs.count() as u64
        };
        let links = match &inode.body {
            Body::Directory(entries) if inode.names > 0 => 2 + subdirectories(entries),
            _ => inode.names,
        };
        let attributes = &inode.attributes;
        Stat {
            kind: inode.kind(),
            device: inode.device,
            inode: inode.number,
            size: inode.size() as u64,
            links,
            mode: attributes.mode,
            owner: attributes.owner,
            group: attributes.group,
            accessed: attributes.accessed,
            modified: attributes.modified,
            changed: attributes.changed,
        }
    }

    pub(super) fn named(&self, dir: Id, name: Name<'_>) -> io::Result<Id> {
        match self.store.now.get(dir).entries() {
            None => error(Errno::NOTDIR),
            Some(entries) => match entries.get(name.as_bytes()) {
                Some(found) => Ok(*found),
                None => error(Errno::NOENT),
            },
        }
    }

    /// Refuses if a name is taken, or nothing can have it.
    pub(super) fn unnamed(&self, dir: Id, name: Name<'_>) -> io::Result<()> {
        match self.named(dir, name) {
            Ok(_) => error(Errno::EXIST),
            Err(found) if found.raw_os_error() != Some(Errno::NOENT.raw_os_error()) => Err(found),
            Err(_) if self.store.now.get(dir).names == 0 => error(Errno::NOENT),
            Err(_) => Ok(()),
        }
    }

    /// Refuses if the inode may not lose or get a name in `dir`.
    pub(super) fn check_movable(&self, dir: Id, id: Id) -> io::Result<()> {
        let inode = self.store.now.get(id);
        if inode.immutable {
            return error(Errno::PERM);
        }
        if inode.device != self.device_of(dir) {
            return error(Errno::BUSY);
        }
        Ok(())
    }

    pub(super) fn check_same_device(&self, a: Id, b: Id) -> io::Result<()> {
        let (a, b) = (self.store.now.get(a), self.store.now.get(b));
        if (a.device, a.enclave) != (b.device, b.enclave) {
            return error(Errno::XDEV);
        }
        Ok(())
    }

    /// True if `dir` is `above`, or somewhere below it.
    pub(super) fn is_within(&self, dir: Id, above: Id) -> bool {
        let mut within = dir == above;
        self.store.now.walk(above, &mut |_, id| within |= id == dir);
        within
    }

    pub(super) fn write_in_place(&mut self, from: (Id, Name<'_>), moved: Id, into: Id) {
        let bytes = self
            .store
            .now
            .get(moved)
            .bytes()
            .map(|bytes| bytes.to_vec());
        self.store.truncate(into, 0);
        self.store.write(into, 0, &bytes.unwrap_or_default());
        self.set_name(from.0, from.1.as_bytes(), None);
    }

    /// Moves a name that is there to one that may be replaced.
    pub(super) fn rename(
        &mut self,
        from: (Id, Name<'_>),
        to: (Id, Name<'_>),
        moved: Id,
    ) -> io::Result<()> {
        self.check_movable(from.0, moved)?;
        let is_dir = self.store.now.get(moved).entries().is_some();
        if self.is_within(to.0, moved) {
            return error(Errno::INVAL);
        }
        let replaced = self.store.now.entry(to.0, to.1.as_bytes());
        if replaced == Some(moved) {
            return Ok(());
        }
        if let Some(replaced) = replaced {
            if self.is_within(from.0, replaced) {
                return error(Errno::NOTEMPTY);
            }
            self.check_movable(to.0, replaced)?;
            match (is_dir, self.store.now.get(replaced).entries()) {
                (true, None) => return error(Errno::NOTDIR),
                (false, Some(_)) => return error(Errno::ISDIR),
                (true, Some(entries)) if !entries.is_empty() => return error(Errno::NOTEMPTY),
                _ => {}
            }
        }
        let changes = vec![entry(to, Some(moved)), entry(from, None)];
        self.store.change(self.device_of(to.0), changes, is_dir);
        if let Some(replaced) = replaced {
            self.reclaim(replaced);
        }
        Ok(())
    }

    /// Refuses what cannot be written to.
    pub(super) fn check_writable(&self, file: &File, otherwise: Errno) -> io::Result<&Inode> {
        let inode = self.store.now.get(file.handle.id);
        if file.access == Access::Read || inode.bytes().is_none() {
            return error(otherwise);
        }
        self.check_mutable(file.handle.id)?;
        Ok(inode)
    }

    pub(super) fn check_mutable(&self, id: Id) -> io::Result<()> {
        if self.store.now.get(id).immutable {
            return error(Errno::PERM);
        }
        Ok(())
    }

    /// The digest of attributes, if there are any, as the kernel's implementation has it.
    pub(super) fn attributes(&self, of: Id) -> Option<Digest> {
        let mut extended = (*self.store.now.get(of).attributes.extended).clone();
        extended.retain(|name, _| {
            !MADE_BY_THE_KERNEL.contains(&name.as_slice()) && !name.starts_with(SEEN_BY_ROOT_ONLY)
        });
        let mut hasher = Hasher::new();
        for part in extended.iter().flat_map(|(name, value)| [name, value]) {
            hasher.update(&(part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
        (!extended.is_empty()).then(|| hasher.finish())
    }

    pub(super) fn copy_metadata(
        &mut self,
        from: Id,
        wanted: &Stat,
        to: Id,
        extent: Extent,
    ) -> Result<(Stat, Option<Digest>), MetadataError> {
        self.check_mutable(to)?;
        let made = &self.store.now.get(to).attributes;
        let caller = self.caller;
        if (made.owner, made.group) != (wanted.owner, wanted.group)
            && caller != 0
            && caller != wanted.owner
        {
            let what = format!("owner {}:{}", wanted.owner, wanted.group);
            return Err(cannot(what, Errno::PERM));
        }
        let kept = |name: &[u8]| !MADE_BY_THE_KERNEL.contains(&name);
        let mut extended = (*self.store.now.get(from).attributes.extended).clone();
        extended.retain(|name, _| kept(name));
        let digest = self.attributes(from);
        let had = Arc::clone(&made.extended);
        let refused = extended.iter().find(|(name, value)| {
            self.refused.contains(name.as_slice()) && had.get(name.as_slice()) != Some(value)
        });
        if let Some((name, _)) = refused {
            let what = format!("attribute {}", String::from_utf8_lossy(name));
            return Err(cannot(what, Errno::OPNOTSUPP));
        }
        let own = had.iter().filter(|(name, _)| !kept(name));
        extended.extend(own.map(|(name, value)| (name.clone(), value.clone())));
        self.set_attributes(to, |attributes| {
            attributes.owner = wanted.owner;
            attributes.group = wanted.group;
            if extent == Extent::Whole {
                attributes.mode = wanted.mode;
                attributes.extended = Arc::new(extended);
            }
        });
        Ok((self.stat(to), digest))
    }
}

fn cannot(what: String, errno: Errno) -> MetadataError {
    let source = Some(errno.into());
    MetadataError::NotReproducible { what, source }
}

pub(super) fn entry((dir, name): (Id, Name<'_>), to: Option<Id>) -> Change {
    let name = Label::from(name.as_bytes());
    Change::Entry { dir, name, to }
}
