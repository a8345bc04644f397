//! The system calls of the simulated disk.
//!
//! Owns what each call changes. What of a change survives is not decided here.
//!
//! Invariant: a call that returns an error has changed nothing, unless a fuse says otherwise or a sync failed.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rustix::io::Errno;

use super::disk::{Access, Dir, File, Handle, Sabotage, Simulated, State, error};
use super::fuses::Call;
use super::image::{Body, Id};
use super::rules::{Extent, Links, entry};
use crate::digest::Digest;
use crate::path::Name;
use crate::storage::EntryKind;
use crate::storage::disk::{Crossing, Disk, FileTime, MetadataError, Stat, Traits};

fn both(a: Name<'_>, b: Name<'_>) -> Vec<u8> {
    [a.as_bytes(), b" ", b.as_bytes()].concat()
}

impl Disk for Simulated {
    type Dir = Dir;
    type File = File;

    fn caller(&self) -> u32 {
        self.state().caller
    }

    fn open_dir(&self, at: &Dir, path: &[u8], crossing: Crossing) -> io::Result<Dir> {
        let opened = self.run(&[&at.handle], Call::OpenDir, path, |state, _| {
            let id = state.look_up(at.handle.id, path, Links::RefuseButLast, crossing)?;
            match state.store.now.get(id).entries() {
                Some(_) => Ok(state.open(id)),
                None => error(Errno::NOTDIR),
            }
        })?;
        Ok(self.dir(opened))
    }

    fn list(&self, dir: &Dir, each: &mut dyn FnMut(&[u8], EntryKind)) -> io::Result<()> {
        let listed = self.run(&[&dir.handle], Call::List, b"", |state, _| {
            // A handle that was listed stands at the end.
            if dir.is_listed.swap(true, Ordering::Relaxed) {
                return Ok(Vec::new());
            }
            let Some(entries) = state.store.now.get(dir.handle.id).entries() else {
                return error(Errno::NOTDIR);
            };
            let kind = |id: Id| {
                let known = state.lists_kinds.then(|| state.store.now.get(id).kind());
                known.unwrap_or(EntryKind::Unknown)
            };
            let entries = entries
                .iter()
                .map(|(name, id)| (Arc::clone(name), kind(*id)));
            Ok(entries.collect::<Vec<_>>())
        })?;
        // No order is promised, so the sorted one is not given either.
        for (name, kind) in listed.iter().rev() {
            each(name, *kind);
        }
        Ok(())
    }

    fn read_link(&self, at: &Dir, name: Name<'_>) -> io::Result<Vec<u8>> {
        self.run(
            &[&at.handle],
            Call::ReadLink,
            name.as_bytes(),
            |state, _| {
                let id = state.named(at.handle.id, name)?;
                match &state.store.now.get(id).body {
                    Body::Link(target) => Ok(target.to_vec()),
                    Body::File { .. } | Body::Directory(_) | Body::Fifo => error(Errno::INVAL),
                }
            },
        )
    }

    fn stat_below(&self, at: &Dir, path: &[u8], follow: bool) -> io::Result<Stat> {
        let links = if follow {
            Links::Follow
        } else {
            Links::RefuseButLast
        };
        self.run(&[&at.handle], Call::Stat, path, |state, _| {
            if path.is_empty() {
                return error(Errno::NOENT);
            }
            let id = state.look_up(at.handle.id, path, links, Crossing::Cross)?;
            Ok(state.stat(id))
        })
    }

    fn stat_at(&self, dir: &Dir, name: Name<'_>) -> io::Result<Stat> {
        self.run(&[&dir.handle], Call::Stat, name.as_bytes(), |state, _| {
            let id = state.named(dir.handle.id, name)?;
            Ok(state.stat(id))
        })
    }

    fn most_open_files(&self) -> u64 {
        u64::MAX
    }

    fn check_writable(&self, dir: &Dir) -> io::Result<()> {
        // Permission bits are not enforced: the caller is root, or owns everything.
        self.stat_dir(dir).map(drop)
    }

    fn stat_dir(&self, dir: &Dir) -> io::Result<Stat> {
        self.run(&[&dir.handle], Call::Stat, b"", |state, _| {
            Ok(state.stat(dir.handle.id))
        })
    }

    fn stat(&self, file: &File) -> io::Result<Stat> {
        self.run(&[&file.handle], Call::Stat, &file.name, |state, _| {
            Ok(state.stat(file.handle.id))
        })
    }

    fn open(&self, at: &Dir, path: &[u8], crossing: Crossing) -> io::Result<File> {
        let opened = self.run(&[&at.handle], Call::Open, path, |state, _| {
            let id = state.look_up(at.handle.id, path, Links::Refuse, crossing)?;
            io::Result::Ok(state.open(id))
        })?;
        Ok(self.file(opened, Access::Read, path))
    }

    fn open_append(&self, dir: &Dir, name: Name<'_>) -> io::Result<File> {
        let opened = self.run(
            &[&dir.handle],
            Call::OpenAppend,
            name.as_bytes(),
            |state, _| {
                let id = state.look_up(
                    dir.handle.id,
                    name.as_bytes(),
                    Links::Refuse,
                    Crossing::Stay,
                )?;
                state.check_mutable(id)?;
                match state.store.now.get(id).entries() {
                    Some(_) => error(Errno::ISDIR),
                    None => Ok(state.open(id)),
                }
            },
        )?;
        Ok(self.file(opened, Access::Append, name.as_bytes()))
    }

    fn create(&self, dir: &Dir, name: Name<'_>) -> io::Result<File> {
        let opened = self.run(&[&dir.handle], Call::Create, name.as_bytes(), |state, _| {
            let dir = dir.handle.id;
            state.unnamed(dir, name)?;
            let made = state.make(dir, 0o600, Body::file(b""));
            state.set_name(dir, name.as_bytes(), Some(made));
            io::Result::Ok(state.open(made))
        })?;
        Ok(self.file(opened, Access::Append, name.as_bytes()))
    }

    /// Gives one byte more than `limit` where the file has more, as the kernel's implementation may.
    fn read(
        &self,
        file: &File,
        into: &mut Vec<u8>,
        _expected: usize,
        limit: usize,
    ) -> io::Result<()> {
        self.run(&[&file.handle], Call::Read, &file.name, |state, _| {
            let inode = state.store.now.get(file.handle.id);
            if inode.entries().is_some() {
                return error(Errno::ISDIR);
            }
            let bytes = inode.bytes().map_or(&[][..], |bytes| bytes);
            let end = bytes.len().min(limit.saturating_add(1));
            into.extend_from_slice(&bytes[..end]);
            Ok(())
        })
    }

    fn read_part(
        &self,
        file: &File,
        offset: u64,
        into: &mut Vec<u8>,
        most: usize,
    ) -> io::Result<()> {
        self.run(&[&file.handle], Call::Read, &file.name, |state, _| {
            let inode = state.store.now.get(file.handle.id);
            if inode.entries().is_some() {
                return error(Errno::ISDIR);
            }
            let bytes = inode.bytes().map_or(&[][..], |bytes| bytes);
            let from = usize::try_from(offset).map_or(bytes.len(), |from| from.min(bytes.len()));
            let end = from.saturating_add(most).min(bytes.len());
            into.extend_from_slice(&bytes[from..end]);
            Ok(())
        })
    }

    fn write(&self, file: &File, bytes: &[u8]) -> io::Result<()> {
        let act = |state: &mut State, extent| {
            let end = state.check_writable(file, Errno::BADF)?.size();
            let bytes = match extent {
                Extent::Whole => bytes,
                Extent::Half => &bytes[..bytes.len() / 2],
            };
            if !bytes.is_empty() {
                state.store.write(file.handle.id, end, bytes);
            }
            Ok(())
        };
        self.run(&[&file.handle], Call::Write, &file.name, act)
    }

    fn truncate(&self, file: &File, size: u64) -> io::Result<()> {
        self.run(&[&file.handle], Call::Truncate, &file.name, |state, _| {
            state.check_writable(file, Errno::INVAL)?;
            let size = usize::try_from(size).or_else(|_| error(Errno::FBIG))?;
            state.store.truncate(file.handle.id, size);
            Ok(())
        })
    }

    fn set_mode(&self, file: &File, mode: u32) -> io::Result<()> {
        self.run(&[&file.handle], Call::SetMode, &file.name, |state, _| {
            state.check_mutable(file.handle.id)?;
            state.set_attributes(file.handle.id, |attributes| {
                attributes.mode = mode & 0o7777;
            });
            Ok(())
        })
    }

    fn copy_metadata(
        &self,
        from: &File,
        from_stat: &Stat,
        to: &File,
    ) -> Result<(Stat, Option<Digest>), MetadataError> {
        let handles = [&from.handle, &to.handle];
        self.run(&handles, Call::CopyMetadata, &to.name, |state, extent| {
            state.copy_metadata(from.handle.id, from_stat, to.handle.id, extent)
        })
    }

    fn attributes(&self, file: &File) -> io::Result<Option<Digest>> {
        self.run(&[&file.handle], Call::Attributes, &file.name, |state, _| {
            Ok(state.attributes(file.handle.id))
        })
    }

    fn set_times(&self, file: &File, accessed: FileTime, modified: FileTime) -> io::Result<()> {
        self.run(&[&file.handle], Call::SetTimes, &file.name, |state, _| {
            state.check_mutable(file.handle.id)?;
            state.set_attributes(file.handle.id, |attributes| {
                attributes.accessed = accessed;
                attributes.modified = modified;
            });
            Ok(())
        })
    }

    fn exchange(&self, a: (&Dir, Name<'_>), b: (&Dir, Name<'_>)) -> io::Result<()> {
        let handles = [&a.0.handle, &b.0.handle];
        self.run(&handles, Call::Exchange, &both(a.1, b.1), |state, _| {
            let (a, b) = ((a.0.handle.id, a.1), (b.0.handle.id, b.1));
            state.check_same_device(a.0, b.0)?;
            let (in_a, in_b) = (state.named(a.0, a.1)?, state.named(b.0, b.1)?);
            if !state.store.device(a.0).traits.exchange {
                return error(Errno::INVAL);
            }
            if in_a == in_b {
                return Ok(());
            }
            state.check_movable(a.0, in_a)?;
            state.check_movable(b.0, in_b)?;
            if state.is_within(b.0, in_a) || state.is_within(a.0, in_b) {
                return error(Errno::INVAL);
            }
            let is_dir = |id| state.store.now.get(id).entries().is_some();
            let whole = is_dir(in_a) || is_dir(in_b);
            let changes = vec![entry(a, Some(in_b)), entry(b, Some(in_a))];
            state.store.change(state.device_of(a.0), changes, whole);
            Ok(())
        })
    }

    fn rename_new(&self, from: (&Dir, Name<'_>), to: (&Dir, Name<'_>)) -> io::Result<()> {
        let (handles, names) = ([&from.0.handle, &to.0.handle], both(from.1, to.1));
        self.run(&handles, Call::RenameNew, &names, |state, _| {
            let (from, to) = ((from.0.handle.id, from.1), (to.0.handle.id, to.1));
            state.check_same_device(from.0, to.0)?;
            let moved = state.named(from.0, from.1)?;
            if state.sabotage != Some(Sabotage::Unchecked) {
                state.unnamed(to.0, to.1)?;
            }
            if !state.store.device(to.0).traits.exchange {
                return error(Errno::INVAL);
            }
            state.rename(from, to, moved)
        })
    }

    fn rename_over(&self, from: (&Dir, Name<'_>), to: (&Dir, Name<'_>)) -> io::Result<()> {
        let (handles, names) = ([&from.0.handle, &to.0.handle], both(from.1, to.1));
        self.run(&handles, Call::RenameOver, &names, |state, _| {
            let (from, to) = ((from.0.handle.id, from.1), (to.0.handle.id, to.1));
            state.check_same_device(from.0, to.0)?;
            let moved = state.named(from.0, from.1)?;
            match state.named(to.0, to.1) {
                // Small files of the state are no manifests.
                Ok(place)
                    if state.sabotage == Some(Sabotage::InPlace)
                        && to.1.as_bytes() == b"manifest.json" =>
                {
                    state.write_in_place(from, moved, place);
                    return Ok(());
                }
                Ok(_) => {}
                Err(_) => state.unnamed(to.0, to.1)?,
            }
            state.rename(from, to, moved)
        })
    }

    fn link(&self, from: (&Dir, Name<'_>), to: (&Dir, Name<'_>)) -> io::Result<()> {
        let (handles, names) = ([&from.0.handle, &to.0.handle], both(from.1, to.1));
        self.run(&handles, Call::Link, &names, |state, _| {
            let (from, to) = ((from.0.handle.id, from.1), (to.0.handle.id, to.1));
            let linked = state.named(from.0, from.1)?;
            state.unnamed(to.0, to.1)?;
            state.check_same_device(from.0, to.0)?;
            let inode = state.store.now.get(linked);
            let links = state.store.device(linked).traits.links;
            if !links || inode.immutable || inode.entries().is_some() {
                return error(Errno::PERM);
            }
            state.set_name(to.0, to.1.as_bytes(), Some(linked));
            Ok(())
        })
    }

    fn unlink(&self, dir: &Dir, name: Name<'_>) -> io::Result<()> {
        self.run(&[&dir.handle], Call::Unlink, name.as_bytes(), |state, _| {
            let id = state.named(dir.handle.id, name)?;
            if state.store.now.get(id).entries().is_some() {
                return error(Errno::ISDIR);
            }
            state.check_movable(dir.handle.id, id)?;
            state.set_name(dir.handle.id, name.as_bytes(), None);
            Ok(())
        })
    }

    fn make_dir(&self, dir: &Dir, name: Name<'_>) -> io::Result<()> {
        self.run(
            &[&dir.handle],
            Call::MakeDir,
            name.as_bytes(),
            |state, _| {
                let dir = dir.handle.id;
                state.unnamed(dir, name)?;
                let made = state.make(dir, 0o700, Body::Directory(BTreeMap::new()));
                state.set_name(dir, name.as_bytes(), Some(made));
                Ok(())
            },
        )
    }

    fn remove_dir(&self, dir: &Dir, name: Name<'_>) -> io::Result<()> {
        self.run(
            &[&dir.handle],
            Call::RemoveDir,
            name.as_bytes(),
            |state, _| {
                let id = state.named(dir.handle.id, name)?;
                let Some(entries) = state.store.now.get(id).entries() else {
                    return error(Errno::NOTDIR);
                };
                state.check_movable(dir.handle.id, id)?;
                if !entries.is_empty() {
                    return error(Errno::NOTEMPTY);
                }
                state.set_name(dir.handle.id, name.as_bytes(), None);
                Ok(())
            },
        )
    }

    fn sync_fs(&self, dir: &Dir) -> io::Result<()> {
        self.run(&[&dir.handle], Call::SyncFs, b"", |state, _| {
            state.store.sync_fs(state.device_of(dir.handle.id));
            let device = state.store.device(dir.handle.id);
            if !device.traits.syncfs {
                return Ok(());
            }
            Handle::report(&dir.handle.device_failures, device.failures, device.errno)
        })
    }

    fn sync_file(&self, file: &File) -> io::Result<()> {
        let act = |state: &mut State, _| {
            let id = file.handle.id;
            match state.store.now.get(id).entries() {
                Some(_) => state.store.sync_dir(id),
                None => state.store.sync_file(id),
            }
            let errno = state.store.device(id).errno;
            Handle::report(&file.handle.failures, state.failures(id).0, errno)
        };
        self.run(&[&file.handle], Call::SyncFile, &file.name, act)
    }

    fn sync_dir(&self, dir: &Dir) -> io::Result<()> {
        self.run(&[&dir.handle], Call::SyncDir, b"", |state, _| {
            state.store.sync_dir(dir.handle.id);
            Ok(())
        })
    }

    fn random(&self) -> io::Result<[u8; 16]> {
        // Any number will do that comes only once.
        let mut state = self.state();
        state.next_handle += 1;
        Ok(u128::from(state.next_handle).to_be_bytes())
    }

    fn try_lock(&self, file: &File) -> io::Result<bool> {
        self.run(&[&file.handle], Call::TryLock, &file.name, |state, _| {
            let Handle { id, holder, .. } = file.handle;
            let has_it = state.locks.entry(id).or_insert(holder);
            Ok(*has_it == holder)
        })
    }

    fn traits(&self, dir: &Dir) -> io::Result<Traits> {
        self.run(&[&dir.handle], Call::Traits, b"", |state, _| {
            let truth = state.store.device(dir.handle.id).traits;
            Ok(state.claims.unwrap_or(truth))
        })
    }
}
