//! `backups`: what stands beside the manifests; `prune` and `export` are beside.

mod export;
mod list;
mod prune;

use std::num::NonZeroUsize;
use std::process::ExitCode;

use clap::Subcommand;
use serde::Serialize;

use migrate_manifests::clock::Timestamp;
use migrate_manifests::operation::BackupsOptions;
use migrate_manifests::path::TreePath;
use migrate_manifests::report::Stop;

use crate::cli::Environment;
use crate::cli::args::WholeArgs;
use crate::cli::escape;
use crate::cli::exit::Failure;
use crate::cli::options::{DEFAULT_JOBS, Output, Place, Purpose, clock};
use crate::cli::render::{Document, Surface, grouped};
use crate::cli::session::{self, Invocation, Lookout, Prepared, Subject};
use crate::cli::streams::Streams;

/// What `backups` is told.
#[derive(Debug, Clone, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct BackupsArgs {
    #[command(subcommand)]
    command: Option<BackupsCommand>,
    #[command(flatten)]
    list: list::ListArgs,
}

/// What to do with backups, if not to list them.
#[derive(Debug, Clone, Subcommand)]
enum BackupsCommand {
    /// Remove backups that the manifests and the catalog make up for
    Prune(Box<prune::PruneArgs>),
    /// Copy backups to a directory outside the tree, verified
    Export(Box<export::ExportArgs>),
}

/// Does what the arguments ask for.
pub(crate) fn run(args: BackupsArgs, invocation: &Invocation<'_>, streams: Streams) -> ExitCode {
    match args.command {
        None => list::run(&args.list, invocation, streams),
        Some(BackupsCommand::Prune(args)) => prune::run(&args, invocation, streams),
        Some(BackupsCommand::Export(args)) => export::run(&args, invocation, streams),
    }
}

/// Where to work and how to tell it.
struct Frame {
    place: Place,
    output: Output,
    subject: Subject,
    jobs: NonZeroUsize,
}

/// An open tree whose backups are selected, and how to tell what came of them.
struct Scene<'a> {
    prepared: &'a Prepared,
    /// What is selected.
    asked: BackupsOptions,
    lookout: &'a Lookout,
    output: &'a Output,
    surface: Surface,
    now: Timestamp,
}

impl Frame {
    /// What the flags mean that all commands about backups share.
    fn new(
        whole: &WholeArgs,
        purpose: Purpose,
        dry_run: bool,
        env: &Environment,
    ) -> Result<Self, Stop> {
        Ok(Self {
            place: Place::of_whole(whole),
            output: Output::new(&whole.output, purpose, env),
            subject: Subject {
                dry_run,
                ..Subject::looking("backups", clock(whole.work.clock.now, env)?)
            },
            jobs: whole.work.jobs.unwrap_or(DEFAULT_JOBS),
        })
    }

    /// Opens the tree, lets a command work there, and tells what it gives.
    fn attend(
        &self,
        streams: Streams,
        act: impl FnOnce(Scene<'_>) -> Result<Document, Failure>,
    ) -> ExitCode {
        let Self {
            place,
            output,
            subject,
            jobs,
        } = self;
        session::attend(
            place,
            output,
            subject,
            streams,
            |prepared, lookout, surface| {
                act(Scene {
                    prepared,
                    asked: BackupsOptions {
                        selection: prepared.selection.clone(),
                        jobs: *jobs,
                    },
                    lookout,
                    output,
                    surface,
                    now: subject.now,
                })
            },
        )
    }
}

/// A path in the tree as programs see it.
#[derive(Serialize)]
struct ToldPath {
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_b64: Option<String>,
}

impl From<&TreePath> for ToldPath {
    fn from(path: &TreePath) -> Self {
        Self {
            path: path.to_text().into_owned(),
            path_b64: path.as_str().is_none().then(|| path.to_base64()),
        }
    }
}

/// The path of a backup as text shows it.
fn place(path: &TreePath, name: &str) -> String {
    let mut bytes = path.parent().to_vec();
    if !bytes.is_empty() {
        bytes.push(b'/');
    }
    bytes.extend_from_slice(name.as_bytes());
    escape::path(&bytes).into_owned()
}

/// A size, in the largest unit of which there are ten.
fn size(bytes: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    let unit = UNITS.iter().find(|(_, unit)| bytes >= unit * 10);
    match unit {
        Some((name, unit)) => format!("{} {name}", grouped(bytes / unit)),
        None => format!("{} B", grouped(bytes)),
    }
}
