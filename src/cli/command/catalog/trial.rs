//! The input of `catalog lint` and `catalog test`: a catalog with its fixtures, and a tree if one is given.
//!
//! Invariant: nothing is written.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use migrate_manifests::catalog::Catalog;
use migrate_manifests::operation::{Frame, TreeRehearsal, rehearse_tree};
use migrate_manifests::rehearsal::Fixtures;
use migrate_manifests::report::Stop;
use migrate_manifests::selection::Selection;
use migrate_manifests::storage::{Files, Located, OpenOptions};

use super::author::AuthorArgs;
use super::remarks::Remarks;
use crate::cli::environment::Cli;
use crate::cli::exit::CommandFailure;
use crate::cli::invocation::Invocation;

#[derive(Debug, Clone, clap::Args)]
pub(super) struct TrialArgs {
    /// Try it on every manifest of TREE, too, in memory; nothing is written
    #[arg(long, value_name = "TREE", help_heading = "What")]
    on: Option<PathBuf>,

    #[command(flatten)]
    author: AuthorArgs,
}

pub(super) struct Trial {
    pub(super) catalog: Catalog,
    pub(super) fixtures: Fixtures,
    pub(super) tree: Option<TreeRehearsal>,
}

pub(super) fn run(
    args: &TrialArgs,
    cli: &mut Cli<'_>,
    remarks: impl FnOnce(&Trial) -> Remarks,
) -> Result<ExitCode, Stop> {
    let mut invocation = args.author.begin(cli)?;
    let remarks = try_it(&mut invocation, args).map(|trial| remarks(&trial));
    for remark in remarks.iter().flat_map(|remarks| &remarks.all) {
        invocation.report.item(remark);
    }
    Ok(invocation.answer(remarks))
}

fn try_it(invocation: &mut Invocation<'_, '_>, args: &TrialArgs) -> Result<Trial, CommandFailure> {
    let on = args.on.as_deref();
    let named = args.author.catalog.as_deref();
    let files = invocation.catalog_files(named, on.unwrap_or(Path::new(".")))?;
    let catalog = files.load()?;
    Ok(Trial {
        fixtures: Fixtures::read(&catalog, &files.files),
        tree: on
            .map(|root| rehearse(invocation, &catalog, root))
            .transpose()?,
        catalog,
    })
}

fn rehearse(
    invocation: &mut Invocation<'_, '_>,
    catalog: &Catalog,
    root: &Path,
) -> Result<TreeRehearsal, CommandFailure> {
    let located = Located::find(root)?;
    let storage = Files::open(&located, OpenOptions::default())?;
    let request = invocation.request(&located, Selection::default());
    let frame = Frame::new(&storage, catalog, &request, &|| None)?;
    let rehearsal = rehearse_tree(&frame)?;
    for notice in &rehearsal.notices {
        invocation.report.warn(notice);
    }
    Ok(rehearsal)
}
