//! `catalog test`: tries migrations on fixtures, on generated documents, and on a tree.

use migrate_manifests::operation::TreeRehearsal;
use migrate_manifests::rehearsal::test;

use super::remarks::{Remark, Remarks, Tried};
use super::trial::Trial;

pub(super) fn remarks(trial: &Trial) -> Remarks {
    let tested = test(&trial.catalog, &trial.fixtures);
    let tree = trial.tree.as_ref();
    let mut all: Vec<_> = tested.remarks.iter().map(Remark::from).collect();
    all.extend(tree.into_iter().flat_map(of_tree));
    Remarks {
        all,
        manifests: tree.map(|tree| tree.manifests),
        tried: Some(Tried {
            fixtures: tested.fixtures,
            documents: tested.documents,
            pending: tree.map(|tree| tree.pending),
        }),
    }
}

fn of_tree(tree: &TreeRehearsal) -> Vec<Remark> {
    let troubled = tree.troubled.iter();
    let warned = tree.warned.iter();
    let broken = tree.broken.iter();
    let halted = tree.halted.iter();
    let halted = halted.map(|stop| Remark::of_tree(stop.code, &stop.message));
    halted
        .chain(troubled.map(|(path, trouble)| Remark::troubled(path, trouble)))
        .chain(warned.map(Remark::from))
        .chain(broken.map(|(path, remark)| Remark::from(remark).of(path)))
        .collect()
}
