//! `catalog test`: migrations tried on fixtures, on documents that are made up, and on a tree.

use serde::Serialize;

use migrate_manifests::operation::TreeRehearsal;
use migrate_manifests::rehearsal::test;
use migrate_manifests::report::Stop;

use super::remarks::{Remarks, Told};
use super::trial::Trial;
use crate::cli::render::{counted, json_text};

/// What was tried, as programs see it.
#[derive(Serialize)]
struct Tried {
    fixtures: usize,
    documents: usize,
    manifests: Option<u64>,
    pending: Option<u64>,
}

/// Tests.
pub(super) fn remarks(trial: &Trial) -> Result<Remarks, Stop> {
    let tested = test(&trial.catalog, &trial.fixtures);
    let tree = trial.tree.as_ref();
    let mut told: Vec<_> = tested.remarks.iter().map(Told::from).collect();
    told.extend(tree.into_iter().flat_map(told_of));
    let tried = Tried {
        fixtures: tested.fixtures,
        documents: tested.documents,
        manifests: tree.map(|tree| tree.manifests),
        pending: tree.map(|tree| tree.pending),
    };
    Ok(Remarks {
        told,
        manifests: tried.manifests,
        sentence: sentence(&tried),
        tested: Some(json_text(&tried)?),
    })
}

/// What is to be said of the manifests of a tree.
fn told_of(tree: &TreeRehearsal) -> Vec<Told> {
    let troubled = tree.troubled.iter();
    let warned = tree.warned.iter();
    let broken = tree.broken.iter();
    let halted = tree.halted.iter();
    let halted = halted.map(|stop| Told::of_tree(stop.code, &stop.message));
    halted
        .chain(troubled.map(|(path, trouble)| Told::troubled(path, trouble)))
        .chain(warned.map(Told::from))
        .chain(broken.map(|(path, remark)| Told::from(remark).of(path)))
        .collect()
}

fn sentence(tried: &Tried) -> String {
    let mut parts = vec![
        counted(tried.fixtures as u64, "fixture", "fixtures"),
        counted(
            tried.documents as u64,
            "made-up document",
            "made-up documents",
        ),
    ];
    if let (Some(manifests), Some(pending)) = (tried.manifests, tried.pending) {
        let manifests = counted(manifests, "manifest", "manifests");
        parts.push(format!("{manifests} ({pending} pending)"));
    }
    let last = parts.pop().unwrap_or_default();
    format!("Tried {} and {last}.", parts.join(", "))
}
