//! An open directory of the tree: its entries, its documents, the files below it.
//! Invariant: every file is looked up in the open directory, without following links and without leaving it.

use std::fs::{File, FileTimes, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, SystemTime};

use super::core::{Core, OpenFile, Stamp};
use super::disk::{Crossing, Disk, FileTime};
use super::error::{diagnose, diagnose_open};
use super::names;
use super::permit;
use crate::code::Code;
use crate::digest::Digest;
use crate::journal::BackupId;
use crate::path::{Name, TreePath};
use crate::report::Diagnosis;
use crate::storage::seam::{Backup, Directory, Entries, EntryKind, Failed, LinkTarget, Version};

pub(super) struct OpenDirectory<'c, D: Disk> {
    core: &'c Core<D>,
    dir: D::Dir,
    path: Vec<u8>,
    entries: Entries,
}

impl<'c, D: Disk> OpenDirectory<'c, D> {
    /// Opens and lists the directory at `path`; an empty path is the tree.
    pub(super) fn open(core: &'c Core<D>, path: &[u8]) -> Result<Self, Failed> {
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => Failed::Gone,
            io::ErrorKind::CrossesDevices => Failed::OtherFileSystem,
            _ => Failed::Error(diagnose("cannot list", &error)),
        };
        let dir = core.open_dir(path).map_err(failed)?;
        let mut entries = Entries::default();
        let mut untold = Vec::new();
        let listed = core.disk.list(&dir, &mut |name, kind| match kind {
            EntryKind::Unknown => untold.push(name.to_vec()),
            known => entries.push(name, names::kind_by_name(name, known)),
        });
        listed.map_err(failed)?;
        for name in untold {
            let Some(plain) = Name::new(&name) else {
                continue;
            };
            let stat = core.disk.stat_at(&dir, plain).map_err(failed)?;
            entries.push(&name, names::kind_by_name(&name, stat.kind));
        }
        Ok(Self {
            core,
            dir,
            path: path.to_vec(),
            entries,
        })
    }

    /// A version of a document; the file stays open, so that a replacement needs not look it up again.
    fn version(&self, manifest: Name<'_>, mut read: OpenFile<D>) -> Version {
        let is_backup = |(name, _)| names::looks_like_backup(manifest, name);
        read.no_backups = !self.entries.iter().any(is_backup);
        version(read)
    }
}

pub(super) fn version<D: Disk>(read: OpenFile<D>) -> Version {
    let stat = &read.stamp.0;
    Version::new(stat.modified.0, stat.size, read)
}

pub(super) fn stamp_of<D: Disk>(version: &Version) -> Result<Stamp, Diagnosis> {
    let read = version.token::<OpenFile<D>>();
    read.map(|read| read.stamp).ok_or_else(foreign)
}

pub(super) fn foreign() -> Diagnosis {
    Diagnosis::new(Code::IoError, "it was read from another storage")
}

impl<D: Disk> Directory for OpenDirectory<'_, D> {
    fn entries(&self) -> &Entries {
        &self.entries
    }

    fn follow(&self, link: Name<'_>, names: &[&str]) -> Result<LinkTarget, Diagnosis> {
        let core = self.core;
        let target = match core.disk.read_link(&self.dir, link) {
            Ok(target) => target,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(LinkTarget::Inside);
            }
            Err(error) => return Err(diagnose("cannot list", &error)),
        };
        let path = match target.strip_prefix(b"/") {
            None => join(&self.path, link.as_bytes()),
            Some(_) => match below_tree(&core.tree, &target) {
                Some(path) => path.to_vec(),
                None => return Ok(LinkTarget::Outside),
            },
        };
        let found = if path.is_empty() {
            core.disk.stat_dir(&core.root)
        } else {
            core.disk.stat_below(&core.root, &path, true)
        };
        Ok(match found {
            Ok(stat) if stat.kind == EntryKind::Directory => {
                let holds = |name: &&str| {
                    let manifest = join(&path, name.as_bytes());
                    core.disk.stat_below(&core.root, &manifest, true).is_ok()
                };
                if names.iter().any(holds) {
                    LinkTarget::Run
                } else {
                    LinkTarget::Inside
                }
            }
            Ok(_) => LinkTarget::Inside,
            Err(error) if error.kind() == io::ErrorKind::CrossesDevices => LinkTarget::Outside,
            Err(_) => LinkTarget::Missing,
        })
    }

    fn read(
        &self,
        manifest: Name<'_>,
        most: usize,
        into: &mut Vec<u8>,
    ) -> Result<Option<Version>, Diagnosis> {
        let read = self.core.read(&self.dir, manifest.as_bytes(), most, into)?;
        Ok(read.map(|read| self.version(manifest, read)))
    }

    fn backups(&self, manifest: Name<'_>) -> Result<Vec<Backup>, Diagnosis> {
        let cannot = |error: io::Error| diagnose("cannot list the run directory", &error);
        let mut backups = Vec::new();
        for (name, _) in self.entries.iter() {
            let text = std::str::from_utf8(name.as_bytes()).ok();
            let Some(id) = text
                .filter(|_| names::looks_like_backup(manifest, name))
                .and_then(BackupId::new)
            else {
                continue;
            };
            let stat = self.core.disk.stat_at(&self.dir, name).map_err(cannot)?;
            backups.push(Backup {
                id,
                is_regular: stat.kind == EntryKind::File,
                size: stat.size,
            });
        }
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
        let name = backup.name();
        if !names::looks_like_backup(manifest, name) {
            return Err(names::not_a_backup(manifest, backup));
        }
        let read = self.core.read(&self.dir, name.as_bytes(), most, into)?;
        Ok(read.map(version))
    }

    fn export_backup(
        &self,
        manifest: Name<'_>,
        backup: &BackupId,
        to: &mut File,
    ) -> Result<Digest, Diagnosis> {
        let mut bytes = Vec::new();
        let read = self.read_backup(manifest, backup, usize::MAX, &mut bytes)?;
        let Some(version) = read else {
            return Err(Diagnosis::new(
                Code::TooLarge,
                "it is larger than any document",
            ));
        };
        let stat = stamp_of::<D>(&version)?.0;
        let times = FileTimes::new()
            .set_accessed(time(stat.accessed))
            .set_modified(time(stat.modified));
        to.write_all(&bytes)
            .and_then(|()| to.set_times(times))
            .and_then(|()| to.set_permissions(Permissions::from_mode(stat.mode & 0o777)))
            .map_err(|error| diagnose("cannot make the copy", &error))?;
        Ok(Digest::of(&bytes))
    }

    fn read_below(&self, name: &str, feed: &mut dyn FnMut(&[u8]) -> bool) -> Result<(), Diagnosis> {
        let disk = &self.core.disk;
        let Some(below) = TreePath::new(name.as_bytes()) else {
            return Err(Diagnosis::new(
                Code::LeadsOut,
                format!("`{name}` does not name a file below the run directory"),
            ));
        };
        let cannot = |error: io::Error| diagnose(&format!("cannot read `{name}`"), &error);
        let file = disk
            .open(&self.dir, below.as_bytes(), Crossing::Stay)
            .map_err(|error| diagnose_open(&error))?;
        let stat = disk.stat(&file).map_err(cannot)?;
        if stat.kind != EntryKind::File {
            return Err(stat.kind.not_regular());
        }
        self.core.in_pieces(&file, feed).map_err(cannot)
    }

    fn may_replace(
        &self,
        manifest: Name<'_>,
        version: &Version,
        digest: &dyn Fn() -> Digest,
    ) -> Result<(), Diagnosis> {
        let read = version.token::<OpenFile<D>>().ok_or_else(foreign)?;
        let free = permit::may_replace(&self.core.disk, &self.dir, manifest, read, digest)?;
        // Somebody may have asked before; the answer is the same.
        let _known = read.free_backups.set(free);
        Ok(())
    }

    fn may_restore(&self, manifest: &Version, backup: &Version) -> Result<(), Diagnosis> {
        let (manifest, backup) = (stamp_of::<D>(manifest)?, stamp_of::<D>(backup)?);
        permit::may_restore(&self.core.disk, &self.dir, &manifest, &backup)
    }
}

fn below_tree<'t>(tree: &[u8], target: &'t [u8]) -> Option<&'t [u8]> {
    let rest = target.strip_prefix(tree)?;
    match (rest, tree) {
        (b"", _) | (_, b"/") => Some(rest),
        _ => rest.strip_prefix(b"/"),
    }
}

fn time((seconds, nanoseconds): FileTime) -> SystemTime {
    let whole = Duration::from_secs(seconds.unsigned_abs());
    let start = if seconds < 0 {
        SystemTime::UNIX_EPOCH - whole
    } else {
        SystemTime::UNIX_EPOCH + whole
    };
    start + Duration::from_nanos(nanoseconds.into())
}

fn join(parent: &[u8], name: &[u8]) -> Vec<u8> {
    match parent {
        b"" => name.to_vec(),
        _ => [parent, b"/", name].concat(),
    }
}
