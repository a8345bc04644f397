//! `catalog lint`: values that migrations may lose, and probable mistakes.

use migrate_manifests::rehearsal::{lint, lint_tree};

use super::remarks::{Remark, Remarks};
use super::trial::Trial;

pub(super) fn remarks(trial: &Trial) -> Remarks {
    let tree = trial.tree.as_ref();
    let mut remarks = lint(&trial.catalog, &trial.fixtures);
    if let Some(tree) = tree {
        let refused = tree.troubled.len() as u64;
        let (kinds, manifests) = (&tree.kinds, tree.manifests);
        remarks.extend(lint_tree(&trial.catalog, kinds, manifests, refused));
    }
    let all = remarks.iter().map(|remark| match (&remark.step, tree) {
        (Some(step), Some(tree)) => {
            let changed = tree.changed.get(step).map_or(&[][..], Vec::as_slice);
            Remark::from(remark).changing(changed)
        }
        _ => Remark::from(remark),
    });
    Remarks {
        all: all.collect(),
        manifests: tree.map(|tree| tree.manifests),
        tried: None,
    }
}
