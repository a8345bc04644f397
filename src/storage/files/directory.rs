//! An open directory of the tree: its entries, and the documents in it.
//! Invariant: every document is looked up in the open directory, without following links and without leaving it.

use std::fs::{FileTimes, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, SystemTime};

use super::core::{Core, FileStamp, OpenFile};
use super::disk::{Disk, FileTime};
use super::error::{diagnose, if_there, is_gone};
use super::names;
use super::permit;
use super::recorded::Recorded;
use crate::code::Code;
use crate::journal::Memo;
use crate::path::Name;
use crate::report::Diagnosis;
use crate::storage::seam::{OpenDirectory, Successor};
use crate::storage::values::{
    Attributes, Entries, EntryKind, Failed, LargerDocument, LinkTarget, Property,
    PropertyDifference, ReadVersion,
};

pub(super) struct FileDirectory<'c, D: Disk> {
    core: &'c Core<D>,
    dir: D::Dir,
    path: Vec<u8>,
}

impl<'c, D: Disk> FileDirectory<'c, D> {
    /// Opens the directory at `path`; an empty path is the tree.
    pub(super) fn open(core: &'c Core<D>, path: &[u8]) -> Result<Self, Failed> {
        let dir = core.open_dir(path).map_err(|error| failed(core, &error))?;
        let path = path.to_vec();
        Ok(Self { core, dir, path })
    }
}

/// Nothing can have a name that is too long, either.
fn leads_nowhere(error: &io::Error) -> bool {
    is_gone(error) || error.kind() == io::ErrorKind::InvalidFilename
}

fn failed<D: Disk>(core: &Core<D>, error: &io::Error) -> Failed {
    core.note_failed_read(error);
    match error.kind() {
        io::ErrorKind::NotFound => Failed::Gone,
        io::ErrorKind::CrossesDevices => Failed::OtherFileSystem,
        _ => Failed::Error(diagnose("cannot list", error)),
    }
}

/// A version of a document; the file stays open, so that a replacement needs not look it up again.
fn version<D: Disk>(read: OpenFile<D>) -> ReadVersion {
    let stat = read.stamp.0;
    let times = FileTimes::new()
        .set_accessed(time(stat.accessed))
        .set_modified(time(stat.modified));
    let mut version = ReadVersion::new(stat.modified.0, stat.size, read);
    version.attributes = Some(Attributes {
        times,
        permissions: Permissions::from_mode(stat.mode & 0o777),
    });
    version
}

pub(super) fn stamp_of<D: Disk>(version: &ReadVersion) -> Result<FileStamp, Diagnosis> {
    let read = version.token::<OpenFile<D>>();
    read.map(|read| read.stamp).ok_or_else(foreign)
}

pub(super) fn foreign() -> Diagnosis {
    Diagnosis::new(Code::IoError, "it was read from another storage")
}

impl<D: Disk> OpenDirectory for FileDirectory<'_, D> {
    fn list(&self) -> Result<Entries, Failed> {
        let (disk, dir) = (&self.core.disk, &self.dir);
        let (mut entries, mut untold) = (Entries::default(), Vec::new());
        let listed = disk.list(
            dir,
            &mut |name, kind| match names::kind_by_name(name, kind) {
                EntryKind::Unknown | EntryKind::State => untold.push(name.to_vec()),
                known => entries.push(name, known),
            },
        );
        listed.map_err(|error| failed(self.core, &error))?;
        for name in untold {
            let Some(plain) = Name::new(&name) else {
                continue;
            };
            let stat =
                if_there(disk.stat_at(dir, plain)).map_err(|error| failed(self.core, &error))?;
            if let Some(stat) = stat {
                entries.push(&name, names::kind_of(disk.caller(), plain, &stat));
            }
        }
        Ok(entries)
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
                for name in names {
                    let manifest = join(&path, name.as_bytes());
                    match core.disk.stat_below(&core.root, &manifest, true) {
                        Ok(_) => return Ok(LinkTarget::Run),
                        Err(error) if is_gone(&error) => {}
                        Err(error) => return Err(diagnose("cannot follow the link", &error)),
                    }
                }
                LinkTarget::Inside
            }
            Ok(_) => LinkTarget::Inside,
            Err(error) if error.kind() == io::ErrorKind::CrossesDevices => LinkTarget::Outside,
            Err(error) if leads_nowhere(&error) => LinkTarget::Missing,
            Err(error) => return Err(diagnose("cannot follow the link", &error)),
        })
    }

    fn read(
        &self,
        document: Name<'_>,
        most: usize,
        into: &mut Vec<u8>,
    ) -> Result<Result<ReadVersion, Diagnosis>, LargerDocument> {
        match self.core.read(&self.dir, document.as_bytes(), most, into) {
            Ok(read) => Ok(Ok(version(read?))),
            Err(diagnosis) => Ok(Err(diagnosis)),
        }
    }

    fn compare(
        &self,
        version: &ReadVersion,
        recorded: Memo<'_>,
        properties: &[Property],
    ) -> Result<Vec<PropertyDifference>, Diagnosis> {
        let read = version.token::<OpenFile<D>>().ok_or_else(foreign)?;
        let recorded = Recorded::from_memo(recorded).ok_or_else(foreign)?;
        let attributes = || self.core.disk.attributes(&read.file);
        let differences = recorded.differences(properties, &read.stamp.0, attributes);
        differences.map_err(|error| diagnose("cannot read its extended attributes", &error))
    }

    fn may_change(
        &self,
        manifest: Name<'_>,
        version: &ReadVersion,
        into: Successor<'_>,
    ) -> Result<(), Diagnosis> {
        let (disk, dir) = (&self.core.disk, &self.dir);
        let read = version.token::<OpenFile<D>>().ok_or_else(foreign)?;
        match into {
            Successor::New(digest) => {
                permit::check_path(&self.path, manifest)?;
                permit::may_move(self.core, dir, &read.stamp)?;
                let free = digest.map(|digest| permit::free_backups(disk, dir, manifest, digest()));
                // Somebody may have asked before; the answer is the same.
                let _known = read.free_backups.set(free.transpose()?.unwrap_or_default());
                Ok(())
            }
            Successor::Original(original) => {
                permit::may_restore(self.core, dir, &read.stamp, &stamp_of::<D>(original)?)
            }
        }
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
