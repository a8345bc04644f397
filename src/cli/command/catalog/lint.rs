//! `catalog lint`: values that migrations may lose, and probable mistakes.

use migrate_manifests::rehearsal::{lint, lint_tree};

use super::remarks::{RemarkItem, Remarks};
use super::trial::Trial;

pub(super) fn remarks(trial: &Trial) -> Remarks {
    let tree = trial.tree.as_ref();
    let mut remarks = lint(&trial.catalog, &trial.fixtures);
    if let Some(tree) = tree {
        let refused = tree.troubled.len() as u64;
        let (kinds, manifests) = (&tree.kinds, tree.manifests);
        remarks.extend(lint_tree(&trial.catalog, kinds, manifests, refused));
    }
    let all = remarks.iter().map(|remark| {
        let mut item = RemarkItem::of_catalog(remark);
        if let (Some(step), Some(tree)) = (&remark.step, tree) {
            let changed = tree.changed.get(step).cloned();
            item.changed = Some((changed.unwrap_or_default(), tree.manifests));
        }
        item
    });
    Remarks {
        all: all.collect(),
        tried: None,
    }
}
