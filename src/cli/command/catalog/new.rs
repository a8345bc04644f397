//! `catalog new`: the files that a new version begins with.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use migrate_manifests::catalog::Place;
use migrate_manifests::outside::{AddedVersion, add_version};
use migrate_manifests::report::Stop;
use migrate_manifests::version::Version;

use crate::cli::args::{ClockArgs, OutputArgs};
use crate::cli::environment::Cli;
use crate::cli::escape;
use crate::cli::invocation::Invocation;
use crate::cli::options::ReportOptions;
use crate::cli::render::{End, Ending, INDENT, Page};

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

pub(super) fn run(args: &NewArgs, cli: &mut Cli<'_>) -> Result<ExitCode, Stop> {
    let output = OutputArgs::default();
    let mut reporting = ReportOptions::new("catalog", &output, &args.clock, cli.env)?;
    reporting.facts.dry_run = false;
    let invocation = Invocation::begin(cli, reporting);
    Ok(invocation.answer(write(args).map_err(Into::into)))
}

fn write(args: &NewArgs) -> Result<NewEnd<'_>, Stop> {
    let dir = args.catalog.as_path();
    let added = add_version(dir, &args.version, args.kind.as_deref())?;
    Ok(NewEnd { dir, added })
}

struct NewEnd<'d> {
    dir: &'d Path,
    added: AddedVersion,
}

impl Ending for NewEnd<'_> {
    fn text(&self, _: &End<'_>, page: &mut Page) {
        let text = self.shown(page);
        page.print(&text);
    }
}

impl NewEnd<'_> {
    fn shown(&self, page: &Page) -> String {
        let dir = self.dir;
        let AddedVersion { begun, changed } = &self.added;
        let wrapped = |message: &str| page.wrap(&escape::message(message), INDENT);
        let shown = |path: &str| {
            let path = dir.join(path);
            escape::path(path.as_os_str().as_encoded_bytes()).into_owned()
        };
        let mut text = String::new();
        for path in begun.files.keys() {
            text.extend(["wrote     ", &shown(path), "\n"]);
        }
        let catalog = shown("catalog.json");
        match changed {
            None => {}
            Some(Ok(())) => text.extend(["changed   ", &catalog, "\n"]),
            Some(Err(why)) => {
                text.extend(["by hand   ", &catalog, "\n          ", &wrapped(why), "\n"]);
            }
        }
        for remark in &begun.unfinished {
            if let Place::File(file) = &remark.place {
                let message = wrapped(&remark.message);
                text.extend(["fill in   ", &shown(file), "\n          ", &message, "\n"]);
            }
        }
        let what = match begun.schema {
            Some(_) => "the steps, what the schema asks, and what becomes of the fixture",
            None => "the steps, and what becomes of the fixture",
        };
        let check = format!(
            "migrate-manifests catalog check --catalog {}",
            dir.display()
        );
        text.extend([
            "\nFill in ",
            what,
            ". Then: ",
            &escape::message(&check),
            "\n",
        ]);
        text
    }
}
