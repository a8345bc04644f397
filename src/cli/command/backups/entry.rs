//! One backup in a list: its members for programs, its place and its size for people.

use std::io;

use migrate_manifests::report::{Backup, Event, Sink};

use crate::cli::escape;
use crate::cli::render::{JsonObject, Report, grouped};

/// The outcome of a selected manifest of `--files-from` that has no backup.
pub(super) const NO_BACKUP: &str = "no_backup";

/// Gives each backup to `each`, which counts and reports it.
pub(super) struct BackupSink<'s, F> {
    pub(super) report: &'s mut Report,
    pub(super) each: F,
}

impl<F: FnMut(&Backup, &mut Report)> Sink for BackupSink<'_, F> {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        if let Event::Backup(backup) = event {
            (self.each)(backup, self.report);
        }
        self.report.event(event)
    }
}

/// Adds the members that every list of backups has.
pub(super) fn members<'o>(backup: &Backup, object: &'o mut JsonObject) -> &'o mut JsonObject {
    object
        .path(&backup.path)
        .member("backup", &backup.name)
        .member("size", backup.size)
}

/// The path of the backup in the tree.
pub(super) fn place(backup: &Backup) -> String {
    let mut bytes = backup.path.parent().to_vec();
    if !bytes.is_empty() {
        bytes.push(b'/');
    }
    bytes.extend_from_slice(backup.name.as_str().as_bytes());
    escape::path(&bytes).into_owned()
}

pub(super) fn size(bytes: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    let unit = UNITS.iter().find(|(_, unit)| bytes >= unit * 10);
    match unit {
        Some((name, unit)) => format!("{} {name}", grouped(bytes / unit)),
        None => format!("{} B", grouped(bytes)),
    }
}
