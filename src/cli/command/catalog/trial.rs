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
use crate::cli::exit::Failure;
use crate::cli::session::Session;

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
    let mut session = args.author.begin(cli)?;
    let remarks = try_it(&mut session, args).map(|trial| remarks(&trial));
    for remark in remarks.iter().flat_map(|remarks| &remarks.all) {
        session.report.item(remark);
    }
    Ok(session.answer(remarks))
}

fn try_it(session: &mut Session<'_, '_>, args: &TrialArgs) -> Result<Trial, Failure> {
    let on = args.on.as_deref();
    let named = args.author.catalog.as_deref();
    let files = session.catalog_files(named, on.unwrap_or(Path::new(".")))?;
    let catalog = files.load()?;
    Ok(Trial {
        fixtures: Fixtures::read(&catalog, &files.files),
        tree: on
            .map(|root| rehearse(session, &catalog, root))
            .transpose()?,
        catalog,
    })
}

fn rehearse(
    session: &mut Session<'_, '_>,
    catalog: &Catalog,
    root: &Path,
) -> Result<TreeRehearsal, Failure> {
    let located = Located::find(root)?;
    let storage = Files::open(&located, OpenOptions::default())?;
    let request = session.request(&located, Selection::default());
    let frame = Frame::new(&storage, catalog, &request, &|| None)?;
    let rehearsal = rehearse_tree(&frame)?;
    for notice in &rehearsal.notices {
        session.report.warn(notice);
    }
    Ok(rehearsal)
}
