//! `show`: one manifest as a migration would write it, on standard output.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use migrate_manifests::clock::Timestamp;
use migrate_manifests::code::Code;
use migrate_manifests::operation;
use migrate_manifests::read;
use migrate_manifests::report::Stop;
use migrate_manifests::version::Version;

use crate::cli::args::{OneArgs, OutputArgs};
use crate::cli::exit::Failure;
use crate::cli::kinds;
use crate::cli::options::{Output, Place, Purpose, clock};
use crate::cli::render::Document;
use crate::cli::session::{self, Apart, Invocation, Subject};
use crate::cli::streams::Streams;

/// What `show` is told.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ShowArgs {
    /// A manifest or its run directory (- is standard input)
    path: PathBuf,

    /// As it would be at this version [default: the latest]
    ///
    /// One that is above the version is shown as it is.
    #[arg(long, value_name = "VERSION", help_heading = "What")]
    target_version: Option<Version>,

    /// Of this kind, on standard input and where the catalog has several
    #[arg(long, value_name = "KIND", help_heading = "What")]
    kind: Option<String>,

    #[command(flatten)]
    one: OneArgs,
}

/// Shows it.
pub(crate) fn run(args: ShowArgs, invocation: &Invocation<'_>, streams: Streams) -> ExitCode {
    let output = Output::new(&OutputArgs::default(), Purpose::Look, invocation.env);
    let now = match clock(args.one.clock.now, invocation.env) {
        Ok(now) => now,
        Err(stop) => return session::refuse(stop, invocation, streams),
    };
    let subject = Subject {
        target: args.target_version.clone(),
        ..Subject::looking("show", now)
    };
    if args.path == Path::new("-") {
        let apart = Apart {
            catalog: args.one.tree.catalog.as_deref(),
            beside: args.one.root.as_deref(),
        };
        return session::apart(&apart, &output, &subject, streams, |catalog, stdin, _| {
            let kind = kinds::choose(catalog, args.kind.as_deref(), None)?;
            let mut bytes = Vec::new();
            stdin.read_to_end(&mut bytes).map_err(|error| {
                let message = format!("cannot read standard input: {error}");
                Stop::new(Code::SelectionInvalid, message)
            })?;
            let reading = read::at(kind, args.target_version.as_ref(), &bytes, now);
            let reading = reading
                .map_err(|refusal| Stop::new(refusal.code(), format!("standard input: {refusal}")));
            Ok(document(reading?.text()))
        });
    }
    let (path, target) = (args.path.clone(), args.target_version.clone());
    let place = Place::of_manifest(args.path, args.one.root, args.one.tree);
    session::read(&place, &output, &subject, streams, |prepared, _| {
        shown(prepared, &path, target.as_ref(), now)
    })
}

fn shown(
    prepared: &session::Prepared,
    path: &Path,
    target: Option<&Version>,
    now: Timestamp,
) -> Result<Document, Failure> {
    let manifest = prepared.only(path)?;
    let mut bytes = Vec::new();
    let (storage, catalog) = (&prepared.storage, &prepared.catalog);
    let reading = operation::show(storage, catalog, manifest, target, now, &mut bytes)?;
    Ok(document(reading.text()))
}

/// The very text, whatever it looks like on a terminal: it is data, to be piped on.
fn document(text: &str) -> Document {
    Document {
        text: text.to_owned(),
        ..Document::default()
    }
}
