//! `catalog lint`: what migrations may lose, and what looks wrong.

use std::process::ExitCode;

use migrate_manifests::catalog::{Catalog, Place};
use migrate_manifests::code::Code;
use migrate_manifests::operation::TreeRehearsal;
use migrate_manifests::rehearsal::{Fixtures, Remark, lint};

use super::remarks::{Remarks, Told};
use super::{AuthorArgs, OnArgs};
use crate::cli::exit::Failure;
use crate::cli::session::Invocation;
use crate::cli::streams::Streams;

/// What `catalog lint` is told.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct LintArgs {
    #[command(flatten)]
    on: OnArgs,
    #[command(flatten)]
    author: AuthorArgs,
}

/// Lints.
pub(super) fn run(args: &LintArgs, invocation: &Invocation<'_>, streams: Streams) -> ExitCode {
    let on = args.on.on.as_deref();
    super::look(
        &args.author,
        on,
        invocation,
        streams,
        |files, output, surface| {
            let catalog = files.load()?;
            let tree = super::rehearse(&catalog, &args.on)?;
            let mut remarks = lint(&catalog, &Fixtures::read(&catalog, &files.files));
            if let Some(tree) = &tree {
                remarks.extend(unused(&catalog, tree));
            }
            let told = remarks.iter().map(|remark| match (&remark.step, &tree) {
                (Some(step), Some(tree)) => {
                    let changed = tree.changed.get(step).map_or(&[][..], Vec::as_slice);
                    Told::from(remark).changing(changed)
                }
                _ => Told::from(remark),
            });
            let remarks = Remarks {
                told: told.collect(),
                manifests: tree.as_ref().map(|tree| tree.manifests),
                sentence: String::new(),
                tested: None,
            };
            let mut document = remarks.document(output, surface).map_err(Failure::from)?;
            document.notices = tree.map(|tree| tree.notices).unwrap_or_default();
            Ok(document)
        },
    )
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
