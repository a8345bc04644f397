//! Names that the protocol gives to files: journals, staged files, files that are kept; those of backups are made in `names`.
//! A name that stands in a journal counts only if it is one that the operation of that journal could have made.
//! Invariant: every name made here is one plain component.

use super::disk::Stat;
use crate::digest::Digest;
use crate::journal::OperationId;
use crate::path::{Name, TreePath};
pub(super) use crate::storage::names::{
    STATE_DIRECTORY, all_taken, backups, is_backup, kind_by_name, looks_like_backup,
};
use crate::storage::values::EntryKind;

pub(super) const STAGED_BESIDE: &str = ".migrate-manifests.";

/// The kind of an entry of the tree, by its name and its owner.
pub(super) fn kind_of(caller: u32, name: Name<'_>, stat: &Stat) -> EntryKind {
    match kind_by_name(name.as_bytes(), stat.kind) {
        EntryKind::State if stat.owner != caller => EntryKind::ForeignState,
        kind => kind,
    }
}

pub(super) fn journal(operation: &OperationId) -> String {
    format!("{operation}.jsonl")
}

pub(super) fn operation_of(journal: &[u8]) -> Option<OperationId> {
    let name = std::str::from_utf8(journal).ok()?;
    name.strip_suffix(".jsonl")?.parse().ok()
}

pub(super) fn staged(path: &TreePath, before: Digest, after: Digest, tries: u32) -> String {
    let path = Digest::of(path.as_bytes());
    let [path, before, after] = [path, before, after].map(|digest| digest.leading_u64());
    let name = format!("{path:016x}-{before:016x}-{after:016x}");
    match tries {
        0 => name,
        tries => format!("{name}-{tries}"),
    }
}

/// The beginning of the name of a file that an operation stages beside a manifest; the name that it has in the staging directory follows.
pub(super) fn beside(operation: &OperationId) -> String {
    format!("{STAGED_BESIDE}{operation}.")
}

pub(super) fn is_staged(path: &TreePath, before: Digest, after: Digest, name: &str) -> bool {
    let first = staged(path, before, after, 0);
    match name.strip_prefix(&first) {
        Some("") => true,
        Some(rest) => rest
            .strip_prefix('-')
            .and_then(|tries| tries.parse::<u32>().ok())
            .is_some_and(|tries| tries > 0 && rest == format!("-{tries}")),
        None => false,
    }
}

/// The name of a file that is kept because it may be somebody's only copy; `digest` is the short form of its bytes' digest.
pub(super) fn rescued(manifest: Name<'_>, digest: &str) -> String {
    format!("{manifest}.rescued.{digest}")
}

/// `name`, then `name-2` to `name-99`.
pub(super) fn numbered(name: &str) -> impl Iterator<Item = String> {
    let more = (2..100).map(move |number| format!("{name}-{number}"));
    std::iter::once(name.to_owned()).chain(more)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_the_operation_could_have_made_are_its_own() {
        let (path, id) = (
            TreePath::new(b"a/r/manifest.json").unwrap(),
            "20261121T051136Z-1".parse().unwrap(),
        );
        let (before, after) = (Digest::of(b"1"), Digest::of(b"2"));
        let made = staged(&path, before, after, 0);
        assert!(is_staged(&path, before, after, &made));
        assert!(is_staged(
            &path,
            before,
            after,
            &staged(&path, before, after, 12)
        ));
        for wrong in ["-0", "-01", "-", "-x", ".x", "/../x", "-1/x"] {
            assert!(!is_staged(&path, before, after, &format!("{made}{wrong}")));
        }
        assert!(!is_staged(&path, after, before, &made));
        assert_eq!(beside(&id), ".migrate-manifests.20261121T051136Z-1.");
    }
}
