//! The types of file systems, and what the kernel says of them.
//! Invariant: a type that is not known here is trusted with nothing.

use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::OnceLock;

pub(super) const EXT: u64 = 0xEF53;
pub(super) const XFS: u64 = 0x5846_5342;
pub(super) const BTRFS: u64 = 0x9123_683E;
pub(super) const TMPFS: u64 = 0x0102_1994;

pub(super) fn file_system_type(fd: impl AsFd) -> io::Result<u64> {
    // The type is a signed or unsigned word, by architecture; all magic numbers fit 32 bits.
    #[expect(
        clippy::cast_sign_loss,
        reason = "only the low 32 bits carry the magic number"
    )]
    Ok((rustix::fs::fstatfs(fd)?.f_type as u64) & 0xFFFF_FFFF)
}

/// Returns true if an ext file system has a journal: the kernel then names the task that writes it.
pub(super) fn ext_has_journal(device: u64) -> bool {
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    let Ok(node) = std::fs::canonicalize(format!("/sys/dev/block/{major}:{minor}")) else {
        return false;
    };
    let Some(name) = node.file_name() else {
        return false;
    };
    let task = Path::new("/sys/fs/ext4").join(name).join("journal_task");
    // Without a journal the file is missing, or says `<none>`.
    std::fs::read_to_string(task).is_ok_and(|text| text.trim().parse::<u32>().is_ok())
}

pub(super) fn kernel_version() -> (u32, u32) {
    static VERSION: OnceLock<(u32, u32)> = OnceLock::new();
    *VERSION.get_or_init(|| {
        let name = rustix::system::uname();
        let release = name.release().to_string_lossy();
        let mut numbers = release
            .split(|c: char| !c.is_ascii_digit())
            .map(|part| part.parse().unwrap_or(0));
        (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
    })
}
