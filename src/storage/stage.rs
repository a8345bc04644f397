//! Staging: the new file is written complete where nobody sees it.
//!
//! Invariant: nothing that existed before is touched here.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::disk::{Crossing, Disk, EntryKind, MetadataError, Stat};
use super::file_system::{Stamp, open_trouble};
use super::permit::permit;
use super::transaction::{Device, FileTransaction, Sync};
use super::{ReadError, Replacement, storage_failed, trouble_of};
use crate::code::Code;
use crate::digest::Digest;
use crate::journal::{Intent, Record, RecordedPath, Way};
use crate::path::TreePath;
use crate::report::Diagnosis;

/// A new file that is written, but neither durable nor visible.
pub struct Staged<D: Disk> {
    pub(super) path: TreePath,
    pub(super) stamp: Stamp,
    pub(super) before: Digest,
    /// The free backup names, in order; one or two.
    pub(super) backups: Vec<String>,
    /// The name of the new file, in the staging directory or beside the manifest.
    pub(super) name: String,
    pub(super) beside: bool,
    /// What the new file is once it is written.
    pub(super) made: Option<Stat>,
    pub(super) way: Way,
    pub(super) device: Arc<Device<D>>,
}

impl<D: Disk> FileTransaction<D> {
    pub(super) fn stage_one(
        &self,
        replacement: &Replacement<'_, Stamp>,
    ) -> Result<Staged<D>, ReadError> {
        let disk = &self.core.disk;
        let path = replacement.path;
        let trouble = |verb: &'static str| {
            move |error: io::Error| ReadError::Trouble(trouble_of(verb, &error))
        };
        let dir = disk
            .open_dir(&self.core.root, path.parent(), self.core.crossing)
            .map_err(trouble("cannot open the run directory"))?;
        let manifest = disk
            .open(&dir, path.file_name(), Crossing::Stay)
            .map_err(|error| ReadError::Trouble(open_trouble(&error)))?;
        let stat = disk.stat(&manifest).map_err(trouble("cannot read"))?;
        if !replacement.version.is(&stat) {
            return Err(ReadError::Trouble(changed_meanwhile()));
        }
        let device = self
            .device(stat.device, &dir)
            .map_err(trouble("cannot find out what the file system can do"))?;
        let backups =
            permit(disk, &dir, path, &stat, replacement.before).map_err(ReadError::Trouble)?;
        let after = Digest::of(replacement.bytes);
        let short_name = format!(
            "{}-{}-{}{}",
            Digest::of(path.as_bytes()).short(),
            replacement.before.short(),
            after.short(),
            match self.tries.load(Ordering::Relaxed) {
                0 => String::new(),
                tries => format!("-{tries}"),
            }
        );
        let beside = self.is_beside(stat.device, path.parent());
        let mut staged = Staged {
            path: path.clone(),
            stamp: *replacement.version,
            before: replacement.before,
            backups,
            name: if beside {
                self.beside_name(&short_name)
            } else {
                short_name
            },
            beside,
            made: None,
            way: device.way(),
            device,
        };
        if beside {
            // In the run directory the file would be nobody's if nothing announced it.
            self.announce(&staged, after, None)
                .map_err(ReadError::Stop)?;
        }
        let target = if beside { &dir } else { &self.staging };
        let file = disk
            .create(target, staged.name.as_bytes())
            .map_err(|error| stage_error("cannot create the new file", beside, &error))?;
        let written = self.write_new(&file, &manifest, &stat, replacement.bytes, &staged);
        match written {
            Ok(made) => staged.made = Some(made),
            Err(error) => {
                self.unlink_quietly(target, &staged.name);
                return Err(error);
            }
        }
        if let Err(stop) = self.announce(&staged, after, staged.made.map(|made| made.inode)) {
            self.unlink_quietly(target, &staged.name);
            return Err(ReadError::Stop(stop));
        }
        Ok(staged)
    }

    /// Writes the new file's bytes, owner, mode and attributes; gives what it is then.
    fn write_new(
        &self,
        file: &D::File,
        manifest: &D::File,
        stat: &Stat,
        bytes: &[u8],
        staged: &Staged<D>,
    ) -> Result<Stat, ReadError> {
        let disk = &self.core.disk;
        let failed = |verb| move |error| stage_error(verb, staged.beside, &error);
        disk.write(file, bytes)
            .map_err(failed("cannot write the new file"))?;
        let made = disk
            .copy_metadata(manifest, stat, file)
            .map_err(|error| match error {
                MetadataError::NotReproducible { what, source } => {
                    ReadError::Trouble(not_reproducible(&what, source))
                }
                MetadataError::Io(error) => stage_error(
                    "cannot copy owner, mode or attributes",
                    staged.beside,
                    &error,
                ),
            })?;
        if staged.device.sync == Sync::File {
            // The original too: its writer may not have flushed it, and it is to be the backup.
            disk.sync_file(manifest)
                .map_err(failed("cannot flush the manifest"))?;
            disk.sync_file(file)
                .map_err(failed("cannot flush the new file"))?;
        }
        Ok(made)
    }

    /// Records the intent; one of a file beside the manifest reaches the kernel before the file is made.
    fn announce(
        &self,
        staged: &Staged<D>,
        after: Digest,
        inode: Option<u64>,
    ) -> Result<(), crate::report::Stop> {
        let stat = &staged.stamp.stat;
        let mut journal = self.journal();
        journal.append(&Record::Intent(Box::new(Intent {
            path: RecordedPath::new(&staged.path),
            before: staged.before.to_string(),
            after: after.to_string(),
            mode: format!("{:04o}", stat.mode),
            owner: stat.owner,
            group: stat.group,
            modified: stat.modified,
            accessed: stat.accessed,
            backups: staged.backups.clone(),
            staged: staged.name.clone(),
            beside: staged.beside,
            inode,
            way: staged.way,
        })));
        journal.relieve(&self.core.disk);
        if inode.is_none() {
            let written = journal.write_out(&self.core.disk);
            drop(journal);
            written.map_err(|error| self.fail("cannot write the journal", &error))?;
        }
        Ok(())
    }

    /// Removes a file that nobody has seen; whatever else stands under its name is left to recovery.
    pub(super) fn remove_staged(&self, staged: &Staged<D>) {
        let disk = &self.core.disk;
        if !staged.beside {
            return self.remove_own(&self.staging, staged);
        }
        match disk.open_dir(&self.core.root, staged.path.parent(), self.core.crossing) {
            Ok(dir) => self.remove_own(&dir, staged),
            Err(_) => self.leave_to_recovery(),
        }
    }

    fn remove_own(&self, dir: &D::Dir, staged: &Staged<D>) {
        let found = self.core.disk.stat_at(dir, staged.name.as_bytes());
        match found {
            Ok(stat) if staged.is_own(&stat) => self.unlink_quietly(dir, &staged.name),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            _ => self.leave_to_recovery(),
        }
    }

    /// Removes a file of ours. Where that fails it stays, and recovery removes it.
    pub(super) fn unlink_quietly(&self, dir: &D::Dir, name: &str) {
        if self.core.disk.unlink(dir, name.as_bytes()).is_err() {
            self.leave_to_recovery();
        }
    }
}

impl<D: Disk> Staged<D> {
    /// Whether a file is the one that was staged, untouched; its number alone may be another's by now.
    pub(super) fn is_own(&self, stat: &Stat) -> bool {
        self.made
            .is_some_and(|made| Stamp { stat: made }.is_displaced(stat))
    }
}

/// The conflict of a manifest that is not what was read.
pub(super) fn changed_meanwhile() -> Diagnosis {
    Diagnosis::new(
        Code::ChangedMeanwhile,
        "somebody changed it after it was read".to_owned(),
    )
}

/// An error while staging: in the state directory the storage itself has failed, in a run directory only without room.
fn stage_error(verb: &str, beside: bool, error: &io::Error) -> ReadError {
    let trouble = trouble_of(verb, error);
    match trouble.code {
        Code::NotFound | Code::PermissionDenied if beside => ReadError::Trouble(trouble),
        // What was published meanwhile can still be made durable: the next flush says whether the storage has failed.
        _ => ReadError::Stop(storage_failed(verb, error)),
    }
}

fn not_reproducible(what: &str, source: Option<io::Error>) -> Diagnosis {
    let because = source.map_or_else(String::new, |error| format!(": {error}"));
    Diagnosis::new(
        Code::MetadataNotReproducible,
        format!("{what} cannot be given to the new file{because}"),
    )
}

/// Whether something is a regular file with these bytes; `None` where there is nothing, or nothing that can be read.
pub(super) enum Content {
    /// Nothing has the name.
    Absent,
    /// A regular file with this digest and inode.
    File(Digest, Stat),
    /// Something that is no regular file, or cannot be read.
    Opaque,
}

/// Reads what a name stands for.
pub(super) fn content<D: Disk>(disk: &D, dir: &D::Dir, name: &[u8]) -> io::Result<Content> {
    let stat = match disk.stat_at(dir, name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Content::Absent),
        other => other?,
    };
    if stat.kind != EntryKind::File {
        return Ok(Content::Opaque);
    }
    let file = disk.open(dir, name, Crossing::Stay)?;
    let size = usize::try_from(stat.size).unwrap_or(usize::MAX);
    let mut bytes = Vec::new();
    disk.read(
        &file,
        &mut bytes,
        size.min(crate::json::MAX_BYTES),
        usize::MAX,
    )?;
    Ok(Content::File(Digest::of(&bytes), stat))
}
