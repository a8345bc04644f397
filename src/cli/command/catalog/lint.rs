//! `catalog lint`: what migrations may lose, and what looks wrong.

use migrate_manifests::catalog::{Catalog, Place};
use migrate_manifests::code::Code;
use migrate_manifests::operation::TreeRehearsal;
use migrate_manifests::rehearsal::{Remark, lint};

use super::remarks::{Remarks, Told};
use super::trial::Trial;
use crate::cli::render::{counted, grouped};

/// Lints.
pub(super) fn remarks(trial: &Trial) -> Remarks {
    let tree = trial.tree.as_ref();
    let mut remarks = lint(&trial.catalog, &trial.fixtures);
    remarks.extend(tree.iter().flat_map(|tree| unused(&trial.catalog, tree)));
    remarks.extend(tree.and_then(left_out));
    let told = remarks.iter().map(|remark| match (&remark.step, tree) {
        (Some(step), Some(tree)) => {
            let changed = tree.changed.get(step).map_or(&[][..], Vec::as_slice);
            Told::from(remark).changing(changed)
        }
        _ => Told::from(remark),
    });
    Remarks {
        told: told.collect(),
        manifests: tree.map(|tree| tree.manifests),
        sentence: String::new(),
        tested: None,
    }
}

/// That manifests which would be refused are not among those that a step changes.
fn left_out(tree: &TreeRehearsal) -> Option<Remark> {
    let refused = tree.troubled.len() as u64;
    let message = format!(
        "{} of {} would be refused; what steps change is told of the others",
        grouped(refused),
        counted(tree.manifests, "manifest", "manifests"),
    );
    (refused > 0).then_some(Remark {
        code: Code::ManifestsRefused,
        place: Place::Catalog,
        step: None,
        message,
    })
}

/// Kinds of which a tree has no manifest.
fn unused(catalog: &Catalog, tree: &TreeRehearsal) -> Vec<Remark> {
    let kinds = catalog.kinds().iter().enumerate();
    let unused = kinds.filter(|(index, _)| !tree.kinds.contains(index));
    unused
        .map(|(_, kind)| Remark {
            code: Code::KindUnused,
            place: Place::Catalog,
            step: None,
            message: format!("no manifest of the tree is of the kind `{}`", kind.name),
        })
        .collect()
}
