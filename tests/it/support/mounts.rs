//! Real file systems for tests, each with something that others lack.
//!
//! What each of them can do was tried on Linux 6.18; the table stands in `docs/durability.md`. All of them need root.
//!
//! Invariant: what was mounted is unmounted when the [`Mount`] is dropped, also when the test fails.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use super::skip::{is_root, skip};
use super::wait;

/// A kind of file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FsType {
    /// With a journal, and with `noauto_da_alloc`, because the default hides missing flushes.
    Ext4,
    /// Changes of names are not ordered across a crash; the magic number is that of [`FsType::Ext4`].
    Ext4WithoutJournal,
    /// As [`FsType::Ext4WithoutJournal`].
    Ext2,
    Xfs,
    Btrfs,
    /// Of this many bytes and inodes: for running out of them.
    Tmpfs {
        bytes: u64,
        inodes: u64,
    },
    /// No extended attributes, no limit.
    Ramfs,
    /// An upper and a lower directory on a tmpfs.
    Overlay,
    /// Through FUSE: no hard links, no exchange, no rename without replacing; modes and owners cannot be set, times are in seconds, inode numbers change when the kernel forgets them; names must be UTF-8 without control characters, quotes or backslashes, and case does not count.
    Exfat,
    /// ext4 through FUSE: hard links, but no exchange and no rename without replacing; `syncfs` returns without having written anything.
    Fuse2fs,
    /// A directory through FUSE: as [`FsType::Fuse2fs`].
    Bindfs,
}

impl FsType {
    /// The name that `REQUIRE` uses.
    pub(crate) fn capability(self) -> &'static str {
        match self {
            Self::Ext4 | Self::Ext4WithoutJournal => "ext4",
            Self::Ext2 => "ext2",
            Self::Xfs => "xfs",
            Self::Btrfs => "btrfs",
            Self::Tmpfs { .. } => "tmpfs",
            Self::Ramfs => "ramfs",
            Self::Overlay => "overlay",
            Self::Exfat => "exfat",
            Self::Fuse2fs => "fuse2fs",
            Self::Bindfs => "bindfs",
        }
    }

    /// Size of the image, and the command that makes the file system in it.
    fn image(self) -> Option<(u64, &'static [&'static str])> {
        match self {
            Self::Ext4 | Self::Fuse2fs => Some((64, &["mkfs.ext4", "-q", "-F"])),
            Self::Ext4WithoutJournal => {
                Some((64, &["mkfs.ext4", "-q", "-F", "-O", "^has_journal"]))
            }
            Self::Ext2 => Some((64, &["mkfs.ext2", "-q", "-F"])),
            Self::Xfs => Some((300, &["mkfs.xfs", "-q"])),
            Self::Btrfs => Some((128, &["mkfs.btrfs", "-q"])),
            Self::Exfat => Some((64, &["mkfs.exfat"])),
            Self::Tmpfs { .. } | Self::Ramfs | Self::Overlay | Self::Bindfs => None,
        }
    }
}

/// Why a file system is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Skipped {
    /// The name that `REQUIRE` uses.
    pub(crate) capability: &'static str,
    pub(crate) reason: String,
}

/// A file system that is mounted until this is dropped.
#[derive(Debug)]
pub(crate) struct Mount {
    fs_type: Option<FsType>,
    /// Holds image, mount point and whatever else the mount needs.
    home: TempDir,
    /// Mount points, in the order of mounting.
    mounted: Vec<PathBuf>,
}

/// The file system, or the test is skipped (or fails, if it is required): then the caller returns.
pub(crate) fn mount(fs_type: FsType) -> Option<Mount> {
    or_skip(Mount::new(fs_type))
}

/// What was made, or the test is skipped (or fails, if it is required): then the caller returns.
pub(crate) fn or_skip<T>(made: Result<T, Skipped>) -> Option<T> {
    made.map_err(|skipped| skip(skipped.capability, &skipped.reason))
        .ok()
}

impl Mount {
    /// Makes a file system and mounts it.
    ///
    /// # Errors
    /// The caller is not root, or a program or the kernel lacks something.
    pub(crate) fn new(fs_type: FsType) -> Result<Self, Skipped> {
        let mut mount = Self::unmounted(Some(fs_type))?;
        if let Some((mebibytes, make)) = fs_type.image() {
            let image = mount.image();
            File::create(&image)
                .and_then(|file| file.set_len(mebibytes << 20))
                .map_err(|error| mount.skipped(&format!("create the image: {error}")))?;
            mount.command(make, [image])?;
        }
        mount.attach(fs_type)?;
        Ok(mount)
    }

    /// The directory `of`, seen through a mount that is read-only.
    ///
    /// # Errors
    /// As [`Mount::new`].
    pub(crate) fn read_only(of: &Path) -> Result<Self, Skipped> {
        let mut mount = Self::unmounted(None)?;
        let point = mount.point("mnt")?;
        mount.command(&["mount", "--bind"], [of, &point])?;
        mount.mounted.push(point.clone());
        mount.command(&["mount", "-o", "remount,bind,ro"], [point])?;
        Ok(mount)
    }

    /// What a power cut at this moment would leave: the image as it is on the medium, mounted as a file system of its own.
    ///
    /// # Errors
    /// As [`Mount::new`].
    ///
    /// # Panics
    /// If this file system has no image.
    pub(crate) fn after_power_cut(&self) -> Result<Self, Skipped> {
        let fs_type = self.fs_type.filter(|fs_type| fs_type.image().is_some());
        let fs_type = fs_type.expect("only a file system in an image survives a power cut");
        let mut copy = Self::unmounted(Some(fs_type))?;
        let sparse: &[&str] = &["cp", "--sparse=always"];
        copy.command(sparse, [self.image(), copy.image()])?;
        copy.attach(fs_type)?;
        Ok(copy)
    }

    /// Where the file system is.
    pub(crate) fn path(&self) -> &Path {
        self.mounted.last().expect("what was made is mounted")
    }

    /// Mounts it again with other options: `ro`, `rw`, `noatime`.
    ///
    /// # Errors
    /// As [`Mount::new`].
    pub(crate) fn remount(&self, options: &str) -> Result<(), Skipped> {
        let options = format!("remount,{options}");
        self.command(&["mount", "-o", &options], [self.path()])
    }

    fn unmounted(fs_type: Option<FsType>) -> Result<Self, Skipped> {
        if !is_root() {
            return Err(Skipped {
                capability: "root",
                reason: "only root can mount".to_owned(),
            });
        }
        let home = tempfile::Builder::new().prefix("mount-").tempdir();
        Ok(Self {
            fs_type,
            home: home.expect("a temporary directory can be made"),
            mounted: Vec::new(),
        })
    }

    fn image(&self) -> PathBuf {
        self.home.path().join("image")
    }

    /// A directory of our own: mount points must be empty.
    fn point(&self, name: &str) -> Result<PathBuf, Skipped> {
        let point = self.home.path().join(name);
        fs::create_dir(&point)
            .map_err(|error| self.skipped(&format!("create {}: {error}", point.display())))?;
        Ok(point)
    }

    fn attach(&mut self, fs_type: FsType) -> Result<(), Skipped> {
        let point = self.point("mnt")?;
        let image = self.image();
        let image = image.as_os_str();
        let to = point.as_os_str();
        match fs_type {
            FsType::Ext4 => self.command(
                &["mount", "-t", "ext4", "-o", "loop,noauto_da_alloc"],
                [image, to],
            )?,
            FsType::Ext4WithoutJournal => {
                self.command(&["mount", "-t", "ext4", "-o", "loop"], [image, to])?;
            }
            FsType::Ext2 => self.command(&["mount", "-t", "ext2", "-o", "loop"], [image, to])?,
            // Copies of an image have its UUID, which xfs would refuse to mount twice.
            FsType::Xfs => {
                self.command(&["mount", "-t", "xfs", "-o", "loop,nouuid"], [image, to])?;
            }
            FsType::Btrfs => self.command(&["mount", "-t", "btrfs", "-o", "loop"], [image, to])?,
            // Through a loop device, because FUSE wants a block device; the masks are the only way to modes.
            FsType::Exfat => self.command(
                &[
                    "mount",
                    "-t",
                    "exfat-fuse",
                    "-o",
                    "loop,fmask=0133,dmask=0077",
                ],
                [image, to],
            )?,
            FsType::Fuse2fs => self.command(&["fuse2fs", "-o", "fakeroot"], [image, to])?,
            FsType::Tmpfs { bytes, inodes } => {
                let options = format!("size={bytes},nr_inodes={inodes}");
                self.command(&["mount", "-t", "tmpfs", "-o", &options, "tmpfs"], [to])?;
            }
            FsType::Ramfs => self.command(&["mount", "-t", "ramfs", "ramfs"], [to])?,
            FsType::Bindfs => {
                let below = self.point("below")?;
                self.command(&["bindfs"], [below.as_os_str(), to])?;
            }
            FsType::Overlay => self.attach_overlay(to)?,
        }
        self.mounted.push(point);
        Ok(())
    }

    fn attach_overlay(&mut self, to: &OsStr) -> Result<(), Skipped> {
        let below = self.point("below")?;
        self.command(&["mount", "-t", "tmpfs", "tmpfs"], [&below])?;
        self.mounted.push(below.clone());
        for name in ["lower", "upper", "work"] {
            self.point(&format!("below/{name}"))?;
        }
        let options = ["lower", "upper", "work"]
            .map(|name| format!("{name}dir={}", below.join(name).display()))
            .join(",");
        self.command(&["mount", "-t", "overlay", "-o", &options, "overlay"], [to])
    }

    fn command<A: AsRef<OsStr>>(
        &self,
        words: &[&str],
        paths: impl IntoIterator<Item = A>,
    ) -> Result<(), Skipped> {
        let output = Command::new(words[0])
            .args(&words[1..])
            .args(paths)
            .env(
                "PATH",
                "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            )
            .output()
            .map_err(|error| self.skipped(&format!("`{}`: {error}", words[0])))?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(self.skipped(&format!(
            "`{}`: {}",
            words.join(" "),
            said.trim().replace('\n', "; ")
        )))
    }

    fn skipped(&self, reason: &str) -> Skipped {
        Skipped {
            capability: self.fs_type.map_or("root", FsType::capability),
            reason: reason.to_owned(),
        }
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        for point in self.mounted.iter().rev() {
            // A file that a killed program had open may be closed a moment later.
            let unmounted = wait::within(Duration::from_secs(5), || {
                let output = Command::new("umount").arg(point).output();
                output.is_ok_and(|output| output.status.success())
            });
            assert!(
                unmounted || thread::panicking(),
                "cannot unmount {}",
                point.display()
            );
        }
    }
}
