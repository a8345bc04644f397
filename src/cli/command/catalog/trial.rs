//! What `catalog lint` and `catalog test` share: a catalog with its fixtures, and the tree on which it is tried, where one is named.
//!
//! Invariant: nothing is written.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use migrate_manifests::catalog::Catalog;
use migrate_manifests::operation::{TreeRehearsal, rehearse_tree};
use migrate_manifests::rehearsal::Fixtures;
use migrate_manifests::report::Stop;
use migrate_manifests::storage::{FileSystem, Located, OpenOptions};

use super::AuthorArgs;
use super::remarks::Remarks;
use crate::cli::exit::Failure;
use crate::cli::options::DEFAULT_JOBS;
use crate::cli::session::Invocation;
use crate::cli::streams::Streams;

/// What a trial is told.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct TrialArgs {
    /// Try it on every manifest of TREE, too, in memory; nothing is written
    #[arg(long, value_name = "TREE", help_heading = "What")]
    on: Option<PathBuf>,

    #[command(flatten)]
    author: AuthorArgs,
}

/// What is tried, and what it would do to a tree.
pub(super) struct Trial {
    pub(super) catalog: Catalog,
    pub(super) fixtures: Fixtures,
    pub(super) tree: Option<TreeRehearsal>,
}

/// Tries the catalog, and prints what `remarks` has to say of it.
pub(super) fn run(
    args: &TrialArgs,
    invocation: &Invocation<'_>,
    streams: Streams,
    remarks: impl FnOnce(&Trial) -> Result<Remarks, Stop>,
) -> ExitCode {
    let on = args.on.as_deref();
    super::look(
        &args.author,
        on,
        invocation,
        streams,
        |files, output, surface| {
            let catalog = files.load()?;
            let trial = Trial {
                fixtures: Fixtures::read(&catalog, &files.files),
                tree: on.map(|root| rehearse(&catalog, root)).transpose()?,
                catalog,
            };
            let document = remarks(&trial).and_then(|remarks| remarks.document(output, surface));
            let mut document = document.map_err(Failure::from)?;
            document.notices = trial.tree.map(|tree| tree.notices).unwrap_or_default();
            Ok(document)
        },
    )
}

/// What the catalog would do to a tree.
fn rehearse(catalog: &Catalog, root: &Path) -> Result<TreeRehearsal, Stop> {
    let storage = FileSystem::open(&Located::find(root)?, OpenOptions::default())?;
    rehearse_tree(&storage, catalog, DEFAULT_JOBS, &|| None)
}
