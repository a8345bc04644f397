//! The kernel's file systems, by directory descriptors.
//! The only file that makes system calls for the tree. Every lookup is beneath an open directory and follows no links (`openat2`); which file systems are trusted with what is decided in [`Disk::traits`] and documented in docs/durability.md.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::buffer::spare_capacity;
use rustix::fs::{
    Access, AtFlags, FileType, FlockOperation, Mode, OFlags, RawDir, RenameFlags, ResolveFlags,
    Timespec, Timestamps,
};
use rustix::io::Errno;

use super::disk::{Crossing, Disk, FileTime, MetadataError, Stat, Traits};
use super::file_system::{
    BTRFS, EXT, TMPFS, XFS, ext_has_journal, file_system_type, kernel_version,
};
use super::metadata::{
    self, copy_attributes, give_owner, mode_words, not_reproducible, owner_words,
};
use crate::digest::Digest;
use crate::path::Name;
use crate::storage::values::EntryKind;

/// The kernel's file systems.
#[derive(Debug)]
pub struct Kernel {
    caller: u32,
    /// The tree's device, where one mount may hold several: btrfs subvolumes are no mounts.
    only_device: Option<u64>,
}

/// The number of the effective user, and the name of the host.
pub fn user_and_host() -> (u32, String) {
    let host = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    (rustix::process::geteuid().as_raw(), host)
}

/// Keeps a umask from taking the owner's own rights from what the program makes: without them it could not use its lock or its journals again. Called before there are other threads.
pub fn keep_owner_rights() {
    let umask = rustix::process::umask(Mode::RWXG | Mode::RWXO);
    rustix::process::umask(umask - Mode::RWXU);
}

impl Kernel {
    /// Opens `tree`. No link on the way is followed: the path was found without any, so one that is there now was put there since.
    ///
    /// # Errors
    /// What `open` or `fstat` said.
    pub fn open(tree: &Path) -> io::Result<(Self, OwnedFd)> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let (mode, resolve) = (Mode::empty(), ResolveFlags::NO_SYMLINKS);
        let root = loop {
            match rustix::fs::openat2(rustix::fs::CWD, tree, flags, mode, resolve) {
                Err(Errno::AGAIN | Errno::INTR) => {}
                Err(Errno::NOSYS) => break rustix::fs::open(tree, flags, mode)?,
                other => break other?,
            }
        };
        let kind = file_system_type(&root)?;
        let one_device_for_each_mount = matches!(kind, EXT | XFS | TMPFS);
        let only_device = if one_device_for_each_mount {
            None
        } else {
            Some(rustix::fs::fstat(&root)?.st_dev)
        };
        let kernel = Self {
            caller: rustix::process::geteuid().as_raw(),
            only_device,
        };
        Ok((kernel, root))
    }

    fn lookup(at: &OwnedFd, path: &[u8], flags: OFlags, crossing: Crossing) -> io::Result<OwnedFd> {
        let path = if path.is_empty() { b"." } else { path };
        let flags = flags | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let mut resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
        if crossing == Crossing::Stay {
            resolve |= ResolveFlags::NO_XDEV;
        }
        loop {
            match rustix::fs::openat2(at, path, flags, Mode::empty(), resolve) {
                // A rename somewhere above made the kernel unsure; it asks to try again.
                Err(Errno::AGAIN | Errno::INTR) => {}
                Err(Errno::NOSYS) => return lookup_by_component(at, path, flags, crossing),
                other => return Ok(other?),
            }
        }
    }
}

/// What `openat2` does, for kernels and sandboxes without it.
fn lookup_by_component(
    at: &OwnedFd,
    path: &[u8],
    flags: OFlags,
    crossing: Crossing,
) -> io::Result<OwnedFd> {
    let device = rustix::fs::fstat(at)?.st_dev;
    let step = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut names: Vec<&[u8]> = path.split(|byte| *byte == b'/').collect();
    let last = names.pop().unwrap_or(b".");
    let mut here = rustix::fs::openat(at, ".", step, Mode::empty())?;
    for name in names {
        if name == b".." {
            return Err(Errno::XDEV.into());
        }
        here = rustix::fs::openat(&here, name, step, Mode::empty())?;
    }
    let found = rustix::fs::openat(&here, last, flags, Mode::empty())?;
    if last == b".." || (crossing == Crossing::Stay && rustix::fs::fstat(&found)?.st_dev != device)
    {
        return Err(Errno::XDEV.into());
    }
    Ok(found)
}

fn entry_kind(file_type: FileType) -> EntryKind {
    match file_type {
        FileType::RegularFile => EntryKind::File,
        FileType::Directory => EntryKind::Directory,
        FileType::Symlink => EntryKind::Link,
        FileType::Fifo => EntryKind::Fifo,
        FileType::Socket => EntryKind::Socket,
        FileType::CharacterDevice | FileType::BlockDevice => EntryKind::Device,
        FileType::Unknown => EntryKind::Unknown,
    }
}

fn stat_of(stat: &rustix::fs::Stat) -> Stat {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "sizes are not negative, nanoseconds are below 10^9"
    )]
    Stat {
        kind: entry_kind(FileType::from_raw_mode(stat.st_mode)),
        device: stat.st_dev,
        inode: stat.st_ino,
        size: stat.st_size as u64,
        links: stat.st_nlink,
        mode: stat.st_mode & 0o7777,
        owner: stat.st_uid,
        group: stat.st_gid,
        accessed: (stat.st_atime, stat.st_atime_nsec as u32),
        modified: (stat.st_mtime, stat.st_mtime_nsec as u32),
        changed: (stat.st_ctime, stat.st_ctime_nsec as u32),
    }
}

fn rename_with(
    (old, from): (&OwnedFd, Name<'_>),
    (new, to): (&OwnedFd, Name<'_>),
    flags: RenameFlags,
) -> io::Result<()> {
    let (from, to) = (from.as_bytes(), to.as_bytes());
    Ok(rustix::fs::renameat_with(old, from, new, to, flags)?)
}

impl Disk for Kernel {
    type Dir = OwnedFd;
    type File = OwnedFd;

    fn caller(&self) -> u32 {
        self.caller
    }

    fn most_open_files(&self) -> u64 {
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
        limit.current.unwrap_or(u64::MAX)
    }

    fn open_dir(&self, at: &OwnedFd, path: &[u8], crossing: Crossing) -> io::Result<OwnedFd> {
        let dir = Self::lookup(at, path, OFlags::RDONLY | OFlags::DIRECTORY, crossing)?;
        if let (Some(device), Crossing::Stay) = (self.only_device, crossing)
            && rustix::fs::fstat(&dir)?.st_dev != device
        {
            return Err(Errno::XDEV.into());
        }
        Ok(dir)
    }

    fn list(&self, dir: &OwnedFd, each: &mut dyn FnMut(&[u8], EntryKind)) -> io::Result<()> {
        let mut buffer = [MaybeUninit::uninit(); 16 * 1024];
        let mut entries = RawDir::new(dir, &mut buffer);
        while let Some(entry) = entries.next() {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                each(name, entry_kind(entry.file_type()));
            }
        }
        Ok(())
    }

    fn read_link(&self, at: &OwnedFd, name: Name<'_>) -> io::Result<Vec<u8>> {
        Ok(rustix::fs::readlinkat(at, name.as_bytes(), Vec::new())?.into_bytes())
    }

    fn stat_below(&self, at: &OwnedFd, path: &[u8], follow: bool) -> io::Result<Stat> {
        let mut resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        let mut flags = OFlags::PATH | OFlags::CLOEXEC;
        if !follow {
            resolve |= ResolveFlags::NO_SYMLINKS;
            flags |= OFlags::NOFOLLOW;
        }
        loop {
            match rustix::fs::openat2(at, path, flags, Mode::empty(), resolve) {
                Err(Errno::AGAIN | Errno::INTR) => {}
                other => return Ok(stat_of(&rustix::fs::fstat(other?)?)),
            }
        }
    }

    fn stat_at(&self, dir: &OwnedFd, name: Name<'_>) -> io::Result<Stat> {
        Ok(stat_of(&rustix::fs::statat(
            dir,
            name.as_bytes(),
            AtFlags::SYMLINK_NOFOLLOW,
        )?))
    }

    fn stat_dir(&self, dir: &OwnedFd) -> io::Result<Stat> {
        Ok(stat_of(&rustix::fs::fstat(dir)?))
    }

    fn stat(&self, file: &OwnedFd) -> io::Result<Stat> {
        Ok(stat_of(&rustix::fs::fstat(file)?))
    }

    fn check_writable(&self, dir: &OwnedFd) -> io::Result<()> {
        let access = Access::WRITE_OK | Access::EXEC_OK;
        Ok(rustix::fs::accessat(dir, ".", access, AtFlags::EACCESS)?)
    }

    fn open(&self, at: &OwnedFd, path: &[u8], crossing: Crossing) -> io::Result<OwnedFd> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
        Self::lookup(at, path, flags, crossing)
    }

    fn open_append(&self, dir: &OwnedFd, name: Name<'_>) -> io::Result<OwnedFd> {
        let flags = OFlags::RDWR | OFlags::APPEND | OFlags::NONBLOCK | OFlags::NOCTTY;
        Self::lookup(dir, name.as_bytes(), flags, Crossing::Stay)
    }

    fn create(&self, dir: &OwnedFd, name: Name<'_>) -> io::Result<OwnedFd> {
        let flags = OFlags::RDWR
            | OFlags::APPEND
            | OFlags::CREATE
            | OFlags::EXCL
            | OFlags::NOFOLLOW
            | OFlags::CLOEXEC;
        Ok(rustix::fs::openat(
            dir,
            name.as_bytes(),
            flags,
            Mode::RUSR | Mode::WUSR,
        )?)
    }

    fn read(
        &self,
        file: &OwnedFd,
        into: &mut Vec<u8>,
        expected: usize,
        limit: usize,
    ) -> io::Result<()> {
        let before = into.len();
        into.reserve(expected + 1);
        loop {
            if into.capacity() == into.len() {
                into.reserve(64 * 1024);
            }
            let offset = (into.len() - before) as u64;
            let read = match rustix::io::pread(file, spare_capacity(into), offset) {
                Err(Errno::INTR) => continue,
                other => other?,
            };
            // Less than was asked for may be the end, or a file system that gives less at a time (FUSE): only its size or nothing more tells.
            let so_far = into.len() - before;
            let at_the_end = read == 0 || (so_far == expected && into.len() < into.capacity());
            if at_the_end || so_far > limit {
                return Ok(());
            }
        }
    }

    fn read_part(
        &self,
        file: &OwnedFd,
        offset: u64,
        into: &mut Vec<u8>,
        most: usize,
    ) -> io::Result<()> {
        let before = into.len();
        into.resize(before + most, 0);
        let read = loop {
            match rustix::io::pread(file, &mut into[before..], offset) {
                Err(Errno::INTR) => {}
                other => break other,
            }
        };
        into.truncate(before + *read.as_ref().unwrap_or(&0));
        read.map(drop).map_err(Into::into)
    }

    fn write(&self, file: &OwnedFd, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match rustix::io::write(file, bytes) {
                Err(Errno::INTR) => {}
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                other => bytes = &bytes[other?..],
            }
        }
        Ok(())
    }

    fn truncate(&self, file: &OwnedFd, size: u64) -> io::Result<()> {
        Ok(rustix::fs::ftruncate(file, size)?)
    }

    fn set_mode(&self, file: &OwnedFd, mode: u32) -> io::Result<()> {
        Ok(rustix::fs::fchmod(file, Mode::from_raw_mode(mode))?)
    }

    fn copy_metadata(
        &self,
        from: &OwnedFd,
        wanted: &Stat,
        to: &OwnedFd,
    ) -> Result<(Stat, Option<Digest>), MetadataError> {
        // Mostly the new file has the owner already; where only the group shows that it has not, all is done once more.
        for attempt in 0..2 {
            if wanted.owner != self.caller || attempt > 0 {
                give_owner(to, wanted)?;
            }
            rustix::fs::fchmod(to, Mode::from_raw_mode(wanted.mode))
                .map_err(|errno| not_reproducible(mode_words(wanted), Some(errno)))?;
            let attributes = copy_attributes(from, to)?;
            let made = self.stat(to)?;
            if (made.owner, made.group) == (wanted.owner, wanted.group) {
                if made.mode != wanted.mode {
                    return Err(not_reproducible(mode_words(wanted), None));
                }
                return Ok((made, attributes));
            }
        }
        Err(not_reproducible(owner_words(wanted), None))
    }

    fn attributes(&self, file: &OwnedFd) -> io::Result<Option<Digest>> {
        metadata::attributes(file)
    }

    fn set_times(&self, file: &OwnedFd, accessed: FileTime, modified: FileTime) -> io::Result<()> {
        let spec = |(seconds, nanoseconds): FileTime| Timespec {
            tv_sec: seconds,
            tv_nsec: nanoseconds.into(),
        };
        let times = Timestamps {
            last_access: spec(accessed),
            last_modification: spec(modified),
        };
        Ok(rustix::fs::futimens(file, &times)?)
    }

    fn exchange(&self, a: (&OwnedFd, Name<'_>), b: (&OwnedFd, Name<'_>)) -> io::Result<()> {
        rename_with(a, b, RenameFlags::EXCHANGE)
    }

    fn rename_new(&self, from: (&OwnedFd, Name<'_>), to: (&OwnedFd, Name<'_>)) -> io::Result<()> {
        rename_with(from, to, RenameFlags::NOREPLACE)
    }

    fn rename_over(&self, from: (&OwnedFd, Name<'_>), to: (&OwnedFd, Name<'_>)) -> io::Result<()> {
        let ((old, from), (new, to)) = (from, to);
        Ok(rustix::fs::renameat(
            old,
            from.as_bytes(),
            new,
            to.as_bytes(),
        )?)
    }

    fn link(&self, from: (&OwnedFd, Name<'_>), to: (&OwnedFd, Name<'_>)) -> io::Result<()> {
        let ((old, from), (new, to)) = (from, to);
        let flags = AtFlags::empty();
        Ok(rustix::fs::linkat(
            old,
            from.as_bytes(),
            new,
            to.as_bytes(),
            flags,
        )?)
    }

    fn unlink(&self, dir: &OwnedFd, name: Name<'_>) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(
            dir,
            name.as_bytes(),
            AtFlags::empty(),
        )?)
    }

    fn make_dir(&self, dir: &OwnedFd, name: Name<'_>) -> io::Result<()> {
        rustix::fs::mkdirat(dir, name.as_bytes(), Mode::RWXU)?;
        let made = self.open_dir(dir, name.as_bytes(), Crossing::Stay)?;
        for inherited in ["system.posix_acl_default", "system.posix_acl_access"] {
            match rustix::fs::fremovexattr(&made, inherited) {
                Ok(()) | Err(Errno::NODATA | Errno::NOTSUP | Errno::NOSYS) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(rustix::fs::fchmod(&made, Mode::RWXU)?)
    }

    fn remove_dir(&self, dir: &OwnedFd, name: Name<'_>) -> io::Result<()> {
        let flags = AtFlags::REMOVEDIR;
        Ok(rustix::fs::unlinkat(dir, name.as_bytes(), flags)?)
    }

    fn sync_fs(&self, dir: &OwnedFd) -> io::Result<()> {
        Ok(rustix::fs::syncfs(dir)?)
    }

    fn sync_file(&self, file: &OwnedFd) -> io::Result<()> {
        Ok(rustix::fs::fsync(file)?)
    }

    fn sync_dir(&self, dir: &OwnedFd) -> io::Result<()> {
        Ok(rustix::fs::fsync(dir)?)
    }

    fn random(&self) -> io::Result<[u8; 16]> {
        let mut bytes = [0; 16];
        let mut filled = 0;
        while filled < bytes.len() {
            filled += rustix::rand::getrandom(
                &mut bytes[filled..],
                rustix::rand::GetRandomFlags::empty(),
            )?;
        }
        Ok(bytes)
    }

    fn try_lock(&self, file: &OwnedFd) -> io::Result<bool> {
        match rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(true),
            Err(Errno::WOULDBLOCK) => Ok(false),
            Err(errno) => Err(errno.into()),
        }
    }

    fn traits(&self, dir: &OwnedFd) -> io::Result<Traits> {
        let kind = file_system_type(dir)?;
        let known = matches!(kind, EXT | XFS | BTRFS | TMPFS);
        let ordered = match kind {
            EXT => ext_has_journal(rustix::fs::fstat(dir)?.st_dev),
            _ => known,
        };
        Ok(Traits {
            exchange: ordered,
            links: true,
            syncfs: known && kernel_version() >= (5, 8),
            fine_times: known && kernel_version() >= (6, 13),
        })
    }
}
