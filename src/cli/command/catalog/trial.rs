//! The input of `catalog lint` and `catalog test`: a catalog with its fixtures, and a tree if one is given.
//!
//! Invariant: nothing is written.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use migrate_manifests::catalog::Catalog;
use migrate_manifests::operation::{Frame, Request, TreeRehearsal, rehearse_tree};
use migrate_manifests::rehearsal::Fixtures;
use migrate_manifests::report::{Stop, Summary};
use migrate_manifests::selection::Selection;
use migrate_manifests::storage::{Files, Located, OpenOptions};

use super::author::AuthorArgs;
use super::remarks::Remarks;
use crate::cli::environment::Cli;
use crate::cli::exit::{Failure, Terms};
use crate::cli::options::DEFAULT_JOBS;
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
    Ok(match try_it(&mut session, args) {
        Ok(trial) => {
            for notice in trial.tree.iter().flat_map(|tree| &tree.notices) {
                session.report.warn(notice);
            }
            let remarks = remarks(&trial);
            // Output that is lost is remembered by the report.
            let _remembered = remarks.report(&mut session.report);
            session.end(Ok(Summary::default()), &remarks, Terms::default())
        }
        Err(failure) => session.end(Err(failure), &(), Terms::default()),
    })
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
    session: &Session<'_, '_>,
    catalog: &Catalog,
    root: &Path,
) -> Result<TreeRehearsal, Failure> {
    let located = Located::find(root)?;
    let storage = Files::open(&located, OpenOptions::default())?;
    let (facts, env) = (&session.report.facts, session.cli.env);
    let request = Request {
        command: facts.command.clone(),
        tree: located.tree.to_string_lossy().into_owned(),
        now: facts.started_at,
        started: env.started,
        selection: Selection::default(),
        jobs: DEFAULT_JOBS,
        dry_run: true,
        who: env.actor(session.cli.typed),
        wait: false,
    };
    let frame = Frame::new(&storage, catalog, &request, &|| None)?;
    Ok(rehearse_tree(&frame)?)
}
