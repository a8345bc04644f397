//! One backup in a list: its members for programs, its place and its size for people.

use std::io;

use migrate_manifests::path::TreePath;
use migrate_manifests::report::{Backup, Event, Sink};

use crate::cli::escape;
use crate::cli::render::{Item, Object, Report, grouped};

/// Makes the item of a backup.
type MakeItem = for<'b> fn(&'b Backup) -> Box<dyn Item + 'b>;

/// Adds each backup to the totals of a command and reports it.
pub(super) struct BackupSink<'s> {
    pub(super) report: &'s mut Report,
    pub(super) add: &'s mut dyn FnMut(&Backup),
    pub(super) item: MakeItem,
}

impl Sink for BackupSink<'_> {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::Backup(backup) => {
                (self.add)(backup);
                self.report.item(&*(self.item)(backup))
            }
            event => self.report.event(event),
        }
    }
}

pub(super) fn members<'o>(backup: &Backup, object: &'o mut Object) -> &'o mut Object {
    object
        .path(&backup.path)
        .member("backup", &backup.name)
        .member("size", backup.size)
}

pub(super) fn place(path: &TreePath, name: &str) -> String {
    let mut bytes = path.parent().to_vec();
    if !bytes.is_empty() {
        bytes.push(b'/');
    }
    bytes.extend_from_slice(name.as_bytes());
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
