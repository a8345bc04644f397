//! `explain`: everything about one manifest.

mod text;
mod told;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use migrate_manifests::operation::{ExplainOptions, explain};
use migrate_manifests::version::Version;

use crate::cli::args::{OneArgs, OutputArgs};
use crate::cli::exit::Failure;
use crate::cli::options::{DEFAULT_JOBS, Output, Place, Purpose, clock};
use crate::cli::render::{Document, Surface, json_text};
use crate::cli::session::{self, Invocation, Prepared, Subject};
use crate::cli::streams::Streams;

/// What `explain` is told.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ExplainArgs {
    /// A manifest or its run directory
    path: PathBuf,

    /// As a migration to this version sees it [default: the latest]
    #[arg(long, value_name = "VERSION", help_heading = "What")]
    target_version: Option<Version>,

    #[command(flatten)]
    one: OneArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Explains it.
pub(crate) fn run(args: ExplainArgs, invocation: &Invocation<'_>, streams: Streams) -> ExitCode {
    let output = Output::new(&args.output, Purpose::Look, invocation.env);
    let now = match clock(args.one.clock.now, invocation.env) {
        Ok(now) => now,
        Err(stop) => return session::refuse(stop, invocation, streams),
    };
    let subject = Subject {
        target: args.target_version.clone(),
        ..Subject::looking("explain", now)
    };
    let path = args.path.clone();
    let options = ExplainOptions {
        tree: String::new(),
        now,
        target: args.target_version,
        jobs: DEFAULT_JOBS,
    };
    let place = Place::of_manifest(args.path, args.one.root, args.one.tree);
    session::read(&place, &output, &subject, streams, |prepared, surface| {
        explained(prepared, &path, options, surface)
    })
}

fn explained(
    prepared: &Prepared,
    path: &Path,
    options: ExplainOptions,
    surface: Surface,
) -> Result<Document, Failure> {
    let options = ExplainOptions {
        tree: prepared.tree.clone(),
        ..options
    };
    let manifest = prepared.only(path)?;
    let (storage, catalog) = (&prepared.storage, &prepared.catalog);
    let explanation = explain(storage, catalog, manifest, &options)?;
    let member = json_text(&told::Told::from(&explanation))?;
    Ok(Document {
        text: text::text(&explanation, catalog, &options, surface),
        members: vec![("manifest", member.clone())],
        lines: vec![member],
        ..Document::default()
    })
}
