//! Owner, mode, ACL and extended attributes, from one file to another.
//! Invariant: what cannot be made equal on the new file refuses the replacement.

use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::{Gid, Uid, XattrFlags};
use rustix::io::Errno;

use super::disk::{MetadataError, Stat};
use crate::digest::{Digest, Hasher};

/// Attributes that belong to the bytes, not to the name: the kernel makes them anew.
const MADE_BY_THE_KERNEL: [&[u8]; 2] = [b"security.ima", b"security.evm"];

/// Attributes that only root sees. The digest leaves them out, so that everybody who may read a file gets the same.
const SEEN_BY_ROOT_ONLY: &[u8] = b"trusted.";

pub(super) fn give_owner(to: &OwnedFd, wanted: &Stat) -> Result<(), MetadataError> {
    let (user, group) = (Uid::from_raw(wanted.owner), Gid::from_raw(wanted.group));
    rustix::fs::fchown(to, Some(user), Some(group))
        .map_err(|errno| not_reproducible(owner_words(wanted), Some(errno)))
}

pub(super) fn owner_words(wanted: &Stat) -> String {
    format!("owner {}:{}", wanted.owner, wanted.group)
}

pub(super) fn mode_words(wanted: &Stat) -> String {
    format!("mode {:04o}", wanted.mode)
}

fn attribute_words(name: &[u8]) -> String {
    format!("attribute {}", String::from_utf8_lossy(name))
}

pub(super) fn not_reproducible(what: String, errno: Option<Errno>) -> MetadataError {
    MetadataError::NotReproducible {
        what,
        source: errno.map(Into::into),
    }
}

/// Gives `to` exactly the extended attributes (and with them the ACL) of `from`; gives their digest, if there are any.
pub(super) fn copy_attributes(
    from: &OwnedFd,
    to: &OwnedFd,
) -> Result<Option<Digest>, MetadataError> {
    let (mut wanted, made) = (attribute_names(from)?, attribute_names(to)?);
    if wanted.is_empty() && made.is_empty() {
        return Ok(None);
    }
    let cannot = |name: &[u8]| {
        let what = attribute_words(name);
        move |errno: Errno| not_reproducible(what, Some(errno))
    };
    for name in &made {
        if !wanted.contains(name) {
            rustix::fs::fremovexattr(to, name.as_slice()).map_err(cannot(name))?;
        }
    }
    wanted.sort_unstable();
    let mut digest = AttributesDigest::default();
    for name in &wanted {
        let value = attribute(from, name)?;
        if !made.contains(name) || attribute(to, name)? != value {
            rustix::fs::fsetxattr(to, name.as_slice(), &value, XattrFlags::empty())
                .map_err(cannot(name))?;
        }
        digest.update(name, &value);
    }
    for name in &wanted {
        if attribute(to, name)? != attribute(from, name)? {
            return Err(not_reproducible(attribute_words(name), None));
        }
    }
    Ok(digest.finish())
}

/// The digest of a file's attributes, if there are any, as [`copy_attributes`] has it.
pub(super) fn attributes(file: &OwnedFd) -> io::Result<Option<Digest>> {
    let mut names = attribute_names(file)?;
    names.sort_unstable();
    let mut digest = AttributesDigest::default();
    for name in &names {
        digest.update(name, &attribute(file, name)?);
    }
    Ok(digest.finish())
}

/// The digest of attributes that are told in the order of their names.
#[derive(Default)]
struct AttributesDigest(Option<Hasher>);

impl AttributesDigest {
    fn update(&mut self, name: &[u8], value: &[u8]) {
        if name.starts_with(SEEN_BY_ROOT_ONLY) {
            return;
        }
        let hasher = self.0.get_or_insert_with(Hasher::new);
        // Lengths come first, so that names and values cannot run into each other.
        for part in [name, value] {
            hasher.update(&(part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
    }

    fn finish(self) -> Option<Digest> {
        self.0.map(Hasher::finish)
    }
}

fn attribute_names(file: &OwnedFd) -> io::Result<Vec<Vec<u8>>> {
    // With an empty buffer the call always says 0; with one byte it says ERANGE where there are any.
    let mut room = vec![0_u8; 1];
    loop {
        match rustix::fs::flistxattr(file, room.as_mut_slice()) {
            Ok(length) => {
                room.truncate(length);
                let names = room
                    .split(|byte| *byte == 0)
                    .filter(|name| !name.is_empty() && !MADE_BY_THE_KERNEL.contains(name));
                return Ok(names.map(<[u8]>::to_vec).collect());
            }
            Err(Errno::RANGE) => room.resize((room.len() * 4).max(1024), 0),
            Err(Errno::NOTSUP | Errno::NOSYS) => return Ok(Vec::new()),
            Err(errno) => return Err(errno.into()),
        }
    }
}

fn attribute(file: &OwnedFd, name: &[u8]) -> io::Result<Vec<u8>> {
    let mut room = vec![0_u8; 256];
    loop {
        match rustix::fs::fgetxattr(file, name, room.as_mut_slice()) {
            Ok(length) if length < room.len() || length == 0 => {
                room.truncate(length);
                return Ok(room);
            }
            Ok(_) | Err(Errno::RANGE) => room.resize(room.len() * 4, 0),
            Err(errno) => return Err(errno.into()),
        }
    }
}
