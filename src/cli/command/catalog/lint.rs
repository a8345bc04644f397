//! `catalog lint`: what migrations may lose, and what looks wrong.

use migrate_manifests::rehearsal::{lint, lint_tree};

use super::remarks::{Remarks, Told};
use super::trial::Trial;

/// Lints.
pub(super) fn remarks(trial: &Trial) -> Remarks {
    let tree = trial.tree.as_ref();
    let mut remarks = lint(&trial.catalog, &trial.fixtures);
    if let Some(tree) = tree {
        let refused = tree.troubled.len() as u64;
        let (kinds, manifests) = (&tree.kinds, tree.manifests);
        remarks.extend(lint_tree(&trial.catalog, kinds, manifests, refused));
    }
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
