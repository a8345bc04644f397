//! `catalog test`: migrations tried on fixtures, on documents that are made up, and on a tree.

use std::process::ExitCode;

use serde::Serialize;

use migrate_manifests::rehearsal::{Fixtures, test};

use super::remarks::{Remarks, Told};
use super::{AuthorArgs, OnArgs};
use crate::cli::exit::Failure;
use crate::cli::render::{counted, json_text};
use crate::cli::session::Invocation;
use crate::cli::streams::Streams;

/// What `catalog test` is told.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct TestArgs {
    #[command(flatten)]
    on: OnArgs,
    #[command(flatten)]
    author: AuthorArgs,
}

/// What was tried, as programs see it.
#[derive(Serialize)]
struct Tried {
    fixtures: usize,
    documents: usize,
    manifests: Option<u64>,
    pending: Option<u64>,
}

/// Tests.
pub(super) fn run(args: &TestArgs, invocation: &Invocation<'_>, streams: Streams) -> ExitCode {
    let on = args.on.on.as_deref();
    super::look(
        &args.author,
        on,
        invocation,
        streams,
        |files, output, surface| {
            let catalog = files.load()?;
            let tested = test(&catalog, &Fixtures::read(&catalog, &files.files));
            let tree = super::rehearse(&catalog, &args.on)?;
            let mut told: Vec<_> = tested.remarks.iter().map(Told::from).collect();
            if let Some(tree) = &tree {
                let troubled = tree.troubled.iter();
                told.extend(troubled.map(|(path, trouble)| Told::troubled(path, trouble)));
                let broken = tree.broken.iter();
                told.extend(broken.map(|(path, remark)| Told::from(remark).of(path)));
            }
            let tried = Tried {
                fixtures: tested.fixtures,
                documents: tested.documents,
                manifests: tree.as_ref().map(|tree| tree.manifests),
                pending: tree.as_ref().map(|tree| tree.pending),
            };
            let remarks = Remarks {
                told,
                manifests: tried.manifests,
                sentence: sentence(&tried),
                tested: Some(json_text(&tried).map_err(Failure::from)?),
            };
            let mut document = remarks.document(output, surface).map_err(Failure::from)?;
            document.notices = tree.map(|tree| tree.notices).unwrap_or_default();
            Ok(document)
        },
    )
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
