//! Staging: the new file is written complete where nobody sees it.
//! In the staging directory that is done at once. Beside a manifest it waits until the intent is durable, in `secure`: a file there that no journal announces would be nobody's.
//! Invariant: nothing that existed before is touched here.

use std::io;
use std::sync::atomic::Ordering;

use super::core::OpenFile;
use super::device::Sync;
use super::directory::foreign;
use super::disk::{Crossing, Disk, MetadataError};
use super::error::{diagnose, storage_failed_at};
use super::names;
use super::parts::ReplacingPart;
use super::permit;
use super::protocol::{Protocol, plain};
use super::replacement::{NotStaged, Secured, Staged};
use crate::code::Code;
use crate::digest::Digest;
use crate::journal::{BackupId, Opaque, Record, Replacing};
use crate::path::TreePath;
use crate::report::Diagnosis;
use crate::storage::seam::ReplaceManifest;
use crate::storage::trouble::changed_meanwhile;

struct OpenManifest<D: Disk> {
    path: TreePath,
    before: Digest,
    read: OpenFile<D>,
}

impl<D: Disk> Protocol<D> {
    pub(super) fn stage(&self, replace: ReplaceManifest<'_>) -> Result<Staged<D>, NotStaged> {
        let read = replace.version.into_token::<OpenFile<D>>();
        let manifest = OpenManifest {
            path: replace.path.clone(),
            before: replace.before,
            read: *read.ok_or_else(foreign)?,
        };
        self.stage_open(manifest, replace.bytes)
    }

    /// Stages a manifest once more, for another way: the bytes are those that were staged before.
    pub(super) fn stage_again(&self, secured: Secured<D>) -> Result<Staged<D>, NotStaged> {
        let bytes = self.read_staged(&secured.staged);
        // Its backup, too, where it has one already: a manifest with two names could not be staged.
        self.take_back(&secured);
        let staged = secured.staged;
        let reopened = bytes.and_then(|bytes| {
            let dir = self.core.open_dir(staged.path.parent())?;
            let (file, _) = self.core.read_whole(&dir, staged.path.name())?;
            let stat = self.disk().stat(&file)?;
            Ok((bytes, file, stat))
        });
        let (bytes, file, stat) =
            reopened.map_err(|error| diagnose("cannot stage it once more", &error))?;
        if !staged.stamp.is_displaced(&stat) {
            return Err(changed_meanwhile().into());
        }
        let manifest = OpenManifest {
            path: staged.path,
            before: staged.before,
            read: OpenFile::new(file, stat),
        };
        self.stage_open(manifest, &bytes)
    }

    fn read_staged(&self, staged: &Staged<D>) -> io::Result<Vec<u8>> {
        let (_, bytes) = if staged.beside {
            let dir = self.core.open_dir(staged.path.parent())?;
            self.core.read_whole(&dir, staged.name.name())?
        } else {
            self.core.read_whole(&self.staging, staged.name.name())?
        };
        if Digest::of(&bytes) == staged.after {
            Ok(bytes)
        } else {
            Err(io::ErrorKind::InvalidData.into())
        }
    }

    fn stage_open(&self, manifest: OpenManifest<D>, bytes: &[u8]) -> Result<Staged<D>, NotStaged> {
        let OpenManifest { path, before, read } = manifest;
        let number = read.stamp.0.device;
        let is_beside = self.is_beside(number, path.parent());
        let backups = self.backups(&path, before, &read)?;
        let device = self.device_of(number, &path)?;
        let after = Digest::of(bytes);
        let tries = self.tries.load(Ordering::Relaxed);
        let name = names::staged(&path, before, after, tries);
        let name = if is_beside {
            self.beside_name(&name)
        } else {
            plain(&name)
        };
        let mut staged = Staged {
            name: name.map_err(|error| diagnose("cannot name the new file", &error))?,
            path,
            stamp: read.stamp,
            before,
            after,
            attributes: None,
            backups,
            beside: is_beside,
            unwritten: is_beside.then(|| bytes.to_vec()),
            made: None,
            way: device.way(),
            device,
        };
        if !is_beside {
            self.write_new(&self.staging, &read.file, bytes, &mut staged)?;
        }
        self.announce(&staged);
        Ok(staged)
    }

    /// Writes a new file beside its manifest, if it is to stand there; its intent must be durable.
    pub(super) fn write_beside(&self, staged: &mut Staged<D>) -> Result<(), NotStaged> {
        let Some(bytes) = staged.unwritten.take() else {
            return Ok(());
        };
        let dir = self.core.run_dir(&staged.path)?;
        let name = staged.path.file_name();
        let manifest = self.disk().open(&dir, name, Crossing::Stay);
        let manifest = manifest.map_err(|error| diagnose("cannot open the manifest", &error))?;
        let stat = self.disk().stat(&manifest);
        let stat = stat.map_err(|error| diagnose("cannot look at the manifest", &error))?;
        if !staged.stamp.is(&stat) {
            return Err(changed_meanwhile().into());
        }
        self.write_new(&dir, &manifest, &bytes, staged)?;
        self.announce(staged);
        Ok(())
    }

    fn backups(
        &self,
        path: &TreePath,
        before: Digest,
        read: &OpenFile<D>,
    ) -> Result<Vec<BackupId>, Diagnosis> {
        match read.free_backups.get() {
            Some(known) if known.is_empty() => {
                Ok(names::backups(path.name(), before).take(2).collect())
            }
            Some(known) => Ok(known.clone()),
            None => {
                let dir = self.core.run_dir(path)?;
                permit::check_path(path.parent(), path.name())?;
                permit::may_move(&self.core, &dir, &read.stamp)?;
                permit::free_backups(self.disk(), &dir, path.name(), before)
            }
        }
    }

    fn write_new(
        &self,
        dir: &D::Dir,
        manifest: &D::File,
        bytes: &[u8],
        staged: &mut Staged<D>,
    ) -> Result<(), NotStaged> {
        let file = self
            .disk()
            .create(dir, staged.name.name())
            .map_err(|error| {
                // It may have been made all the same.
                self.leave_to_recovery();
                stage_error("cannot create the new file", staged, &error)
            })?;
        let filled = self.fill_new(&file, manifest, bytes, staged);
        if filled.is_err() {
            self.unlink_new(dir, staged);
        }
        filled
    }

    fn fill_new(
        &self,
        file: &D::File,
        manifest: &D::File,
        bytes: &[u8],
        staged: &mut Staged<D>,
    ) -> Result<(), NotStaged> {
        let disk = self.disk();
        let failed = |verb, error: &io::Error| stage_error(verb, staged, error);
        disk.write(file, bytes)
            .map_err(|error| failed("cannot write the new file", &error))?;
        let (made, attributes) = disk
            .copy_metadata(manifest, &staged.stamp.0, file)
            .map_err(|error| match error {
                MetadataError::NotReproducible { what, source } => {
                    not_reproducible(&what, source).into()
                }
                MetadataError::Io(error) => failed("cannot copy owner, mode or attributes", &error),
            })?;
        if staged.device.sync == Sync::File {
            // The original too: its writer may not have flushed it, and it is to be the backup.
            disk.sync_file(manifest)
                .map_err(|error| failed("cannot flush the manifest", &error))?;
            disk.sync_file(file)
                .map_err(|error| failed("cannot flush the new file", &error))?;
        }
        staged.made = Some(made);
        staged.attributes = attributes;
        Ok(())
    }

    fn announce(&self, staged: &Staged<D>) {
        let part = ReplacingPart {
            attributes: staged.attributes,
            beside: staged.beside,
            inode: staged.made.map(|made| made.inode),
            ..ReplacingPart::of(
                &staged.stamp.0,
                staged.backups.clone(),
                staged.name.clone(),
                staged.way,
            )
        };
        self.append(&Record::Replacing(Box::new(Replacing {
            path: staged.path.clone(),
            before: staged.before,
            after: staged.after,
            storage: Opaque::of(&part),
        })));
    }

    /// Removes a file that nobody has seen; whatever else stands under its name is left to recovery.
    pub(super) fn remove_staged(&self, staged: &Staged<D>) {
        if !staged.beside {
            return self.remove_own(&self.staging, staged);
        }
        match self.core.open_dir(staged.path.parent()) {
            Ok(dir) => self.remove_own(&dir, staged),
            Err(_) => self.leave_to_recovery(),
        }
    }

    fn remove_own(&self, dir: &D::Dir, staged: &Staged<D>) {
        match self.disk().stat_at(dir, staged.name.name()) {
            Ok(stat) if staged.is_own(&stat) => self.unlink_new(dir, staged),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            _ => self.leave_to_recovery(),
        }
    }
}

/// An error while staging: in the state directory the storage itself has failed; in a run directory some errors are only the manifest's.
fn stage_error<D: Disk>(verb: &str, staged: &Staged<D>, error: &io::Error) -> NotStaged {
    let diagnosis = diagnose(verb, error);
    match diagnosis.code {
        Code::NotFound | Code::PermissionDenied | Code::ReadOnly if staged.beside => {
            NotStaged::Trouble(diagnosis)
        }
        // What was published meanwhile can still be made durable: the next flush says whether the storage has failed.
        _ => NotStaged::Stop(storage_failed_at(&staged.path, diagnosis)),
    }
}

fn not_reproducible(what: &str, source: Option<io::Error>) -> Diagnosis {
    let because = source.map_or_else(String::new, |error| format!(": {error}"));
    Diagnosis::new(
        Code::MetadataNotReproducible,
        format!("{what} cannot be given to the new file{because}"),
    )
}
