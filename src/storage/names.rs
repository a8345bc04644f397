//! The names of backups, and of the other entries that operations make beside manifests.
//! Invariant: every name is one plain component.

use crate::code::Code;
use crate::digest::Digest;
use crate::journal::BackupId;
use crate::path::Name;
use crate::report::Diagnosis;
use crate::storage::values::EntryKind;

/// The name of the state directory, which also begins the names of files staged beside manifests.
pub const STATE_DIRECTORY: &str = ".migrate-manifests";

/// The number of further names, after the plain one and the one with a hash.
const LAST_BACKUP: u32 = 9;

pub(super) fn backups(manifest: Name<'_>, before: Digest) -> impl Iterator<Item = BackupId> {
    let names = (0..=LAST_BACKUP).map(move |number| match number {
        0 => format!("{manifest}.backup"),
        1 => format!("{manifest}.backup.{}", before.short()),
        _ => format!("{manifest}.backup.{}-{number}", before.short()),
    });
    names.filter_map(|name| BackupId::new(&name))
}

pub(super) fn looks_like_backup(manifest: Name<'_>, name: Name<'_>) -> bool {
    let rest = name.as_bytes().strip_prefix(manifest.as_bytes());
    let rest = rest.and_then(|rest| rest.strip_prefix(b".backup"));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"."))
}

/// Returns true for the name of a file that was rescued beside a manifest. Older versions of the program did not always know the manifest.
pub(super) fn looks_rescued(manifest: Name<'_>, name: Name<'_>) -> bool {
    let of = |manifest: &[u8]| {
        let rest = name.as_bytes().strip_prefix(manifest)?;
        std::str::from_utf8(rest.strip_prefix(b".rescued.")?).ok()
    };
    let Some(digits) = of(manifest.as_bytes()).or_else(|| of(b"manifest")) else {
        return false;
    };
    let digits = digits.split('-').next().unwrap_or_default();
    let is_hex = digits.len() == 16 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex || digits == "unread"
}

pub(super) fn is_backup(manifest: Name<'_>, before: Digest, backup: &BackupId) -> bool {
    backups(manifest, before).any(|name| name == *backup)
}

pub(super) fn all_taken(manifest: Name<'_>) -> Diagnosis {
    Diagnosis::new(
        Code::BackupNameTaken,
        format!("every name from `{manifest}.backup` on is taken"),
    )
}

/// The kind of an entry of the tree, by its name.
pub(super) fn kind_by_name(name: &[u8], kind: EntryKind) -> EntryKind {
    match kind {
        EntryKind::Directory if name == STATE_DIRECTORY.as_bytes() => EntryKind::State,
        EntryKind::File if is_staged(name) => EntryKind::Staged,
        other => other,
    }
}

/// Returns true if a file has the name of one that an operation stages beside a manifest. Only a journal can say whether it is one, so it is left.
fn is_staged(name: &[u8]) -> bool {
    let rest = name.strip_prefix(STATE_DIRECTORY.as_bytes());
    let Some((id, staged)) = rest
        .and_then(|rest| std::str::from_utf8(rest.strip_prefix(b".")?).ok())
        .and_then(|rest| rest.rsplit_once('.'))
    else {
        return false;
    };
    let is_hex = |part: &str| part.len() == 16 && part.bytes().all(|b| b.is_ascii_hexdigit());
    !id.is_empty()
        && staged
            .split('-')
            .take(3)
            .filter(|part| is_hex(part))
            .count()
            == 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_names_are_tried_and_no_other_is_that_of_a_backup() {
        let manifest = Name::constant("manifest.json");
        let before = Digest::of(b"1");
        let names: Vec<_> = backups(manifest, before).collect();
        assert_eq!(names.len(), 10);
        assert_eq!(names[0].as_str(), "manifest.json.backup");
        assert!(names.iter().all(|name| is_backup(manifest, before, name)));
        for wrong in ["manifest.json", "manifest.json.backup.x", "other.backup"] {
            let wrong = BackupId::new(wrong).unwrap();
            assert!(!is_backup(manifest, before, &wrong));
        }
    }

    #[test]
    fn a_rescued_file_is_recognised_by_its_digest() {
        let is = |name: &str| {
            looks_rescued(
                Name::constant("m.json"),
                Name::new(name.as_bytes()).unwrap(),
            )
        };
        for rescued in [
            "m.json.rescued.0123456789abcdef",
            "m.json.rescued.unread-2",
            "manifest.rescued.0123456789abcdef",
        ] {
            assert!(is(rescued), "{rescued}");
        }
        for other in [
            "m.json",
            "m.json.rescued.x",
            "m.rescued.0123456789abcdef",
            "n.json.rescued.unread",
        ] {
            assert!(!is(other), "{other}");
        }
    }

    #[test]
    fn a_backup_is_recognised_by_the_beginning_of_its_name() {
        let is = |name: &str| {
            let name = Name::new(name.as_bytes()).unwrap();
            looks_like_backup(Name::new(b"m").unwrap(), name)
        };
        assert!(is("m.backup") && is("m.backup.x"));
        assert!(!is("m") && !is("m.backups") && !is("n.backup") && !is("m.back"));
    }
}
