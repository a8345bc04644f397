//! `catalog test`: tries migrations on fixtures, on generated documents, and on a tree.

use migrate_manifests::catalog::Place;
use migrate_manifests::operation::TreeRehearsal;
use migrate_manifests::rehearsal::test;
use migrate_manifests::report::Diagnosis;

use super::remarks::{RemarkItem, Remarks, Tried};
use super::trial::Trial;

pub(super) fn remarks(trial: &Trial) -> Remarks {
    let tested = test(&trial.catalog, &trial.fixtures);
    let tree = trial.tree.as_ref();
    let mut all: Vec<_> = tested.remarks.iter().map(RemarkItem::of_catalog).collect();
    all.extend(tree.into_iter().flat_map(of_tree));
    Remarks {
        all,
        tried: Some(Tried {
            fixtures: tested.fixtures,
            documents: tested.documents,
            manifests: tree.map(|tree| tree.manifests),
            pending: tree.map(|tree| tree.pending),
        }),
    }
}

fn of_tree(tree: &TreeRehearsal) -> impl Iterator<Item = RemarkItem> {
    let halted = tree.halted.iter();
    let halted = halted.map(|stop| Diagnosis::new(stop.code, &*stop.message));
    let troubled = tree.troubled.iter();
    let troubled = troubled.map(|(path, trouble)| trouble.clone().at(path.clone()));
    let diagnoses = halted.chain(troubled).chain(tree.warned.iter().cloned());
    let broken = tree.broken.iter();
    diagnoses
        .map(|diagnosis| RemarkItem::new(Place::Catalog, diagnosis))
        .chain(broken.map(|(path, remark)| RemarkItem::of_manifest(path, remark)))
}
