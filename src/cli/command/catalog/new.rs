//! `catalog new`: the files that a new version begins with.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use migrate_manifests::catalog::{Catalog, skeleton};
use migrate_manifests::report::Stop;
use migrate_manifests::storage::{read_catalog, write_catalog};
use migrate_manifests::version::Version;

use crate::cli::args::{ClockArgs, OutputArgs};
use crate::cli::escape;
use crate::cli::exit::Failure;
use crate::cli::kinds;
use crate::cli::options::{Output, Purpose, clock, usage};
use crate::cli::render::{Document, Known};
use crate::cli::session::{self, Invocation, Subject};
use crate::cli::streams::Streams;

/// What `catalog new` is told.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct NewArgs {
    /// The version that is to be added
    version: Version,

    /// The catalog in DIR, which is begun where there is none: it extends the built-in one
    #[arg(long, value_name = "DIR", help_heading = "What")]
    catalog: PathBuf,

    /// Of this kind, where the catalog has several
    #[arg(long, value_name = "KIND", help_heading = "What")]
    kind: Option<String>,

    #[command(flatten)]
    clock: ClockArgs,
}

/// Writes them, and overwrites nothing.
pub(super) fn run(args: &NewArgs, invocation: &Invocation<'_>, streams: Streams) -> ExitCode {
    let now = match clock(args.clock.now, invocation.env) {
        Ok(now) => now,
        Err(stop) => return session::refuse(stop, invocation, streams),
    };
    let output = Output::new(&OutputArgs::default(), Purpose::Look, invocation.env);
    let known = Known::from(&Subject {
        dry_run: false,
        ..Subject::looking("catalog", now)
    });
    let document = begin(args).map_err(Failure::from);
    session::tell(document, &output, known, streams)
}

fn begin(args: &NewArgs) -> Result<Document, Stop> {
    let dir = args.catalog.as_path();
    let (catalog, mut files) = if dir.join("catalog.json").exists() {
        (read_catalog(Some(dir), None)?.load()?, BTreeMap::new())
    } else {
        let catalog = Catalog::built_in();
        let catalog = catalog.map_err(|error| Stop::new(error.code(), error.to_string()))?;
        (catalog, skeleton::extension(&name_of(dir)))
    };
    let kind = kinds::choose(&catalog, args.kind.as_deref(), None)?;
    files.extend(
        skeleton::migration(kind, &args.version).ok_or_else(|| Stop {
            hint: Some("give a version above it".to_owned()),
            ..usage(format!(
                "`{}` is not above `{}`, the latest version of kind `{}`",
                args.version,
                kind.registry.latest(),
                kind.name
            ))
        })?,
    );
    write_catalog(dir, &files)?;
    let wrote = files.keys().map(|path| {
        let path = dir.join(path);
        let path = escape::path(path.as_os_str().as_encoded_bytes()).into_owned();
        format!("wrote     {path}\n")
    });
    let check = format!(
        "migrate-manifests catalog check --catalog {}",
        dir.display()
    );
    let text = wrote.collect::<String>()
        + "\nFill in the steps, and what becomes of the fixture. Then: "
        + &escape::message(&check)
        + "\n";
    Ok(Document {
        text,
        ..Document::default()
    })
}

/// A catalog is called as its directory is.
fn name_of(dir: &Path) -> String {
    let name = dir
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_else(|| "catalog".to_owned())
}
