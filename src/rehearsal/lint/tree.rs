//! Lints a catalog by the tree on which it was tried.
//! Invariant: all remarks are notes, because no tree makes a catalog wrong.

use std::collections::BTreeSet;

use crate::catalog::{Catalog, Place};
use crate::code::Code;
use crate::rehearsal::remark::Remark;
use crate::report::{counted, grouped};

/// Lints a catalog that was tried on a tree. `kinds` has the indices of the kinds found, `manifests` is the number of manifests, `refused` the number that would be refused.
pub fn lint_tree(
    catalog: &Catalog,
    kinds: &BTreeSet<usize>,
    manifests: u64,
    refused: u64,
) -> Vec<Remark> {
    let note = |code, message: String| Remark::new(code, Place::Catalog, message);
    let all = catalog.kinds().iter();
    let unused = all.filter(|kind| !kinds.contains(&kind.index()));
    let mut notes: Vec<_> = unused
        .map(|kind| {
            let message = format!("no manifest of the tree is of the kind `{}`", kind.name);
            note(Code::KindUnused, message)
        })
        .collect();
    if refused > 0 {
        let message = format!(
            "{} of {} would be refused; what steps change is told of the others",
            grouped(refused),
            counted(manifests, "manifest", "manifests"),
        );
        notes.push(note(Code::ManifestsRefused, message));
    }
    notes
}
