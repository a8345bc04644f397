//! `catalog new`: the files that a new version begins with.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use migrate_manifests::catalog::skeleton::{self, NewSchema};
use migrate_manifests::catalog::{Kind, Place, Source, choose_kind};
use migrate_manifests::outside::{self, CatalogFiles, change_catalog, read_catalog, write_catalog};
use migrate_manifests::rehearsal::{NewVersion, begin};
use migrate_manifests::report::Stop;
use migrate_manifests::version::Version;

use crate::cli::args::{ClockArgs, OutputArgs};
use crate::cli::environment::Cli;
use crate::cli::escape;
use crate::cli::invocation::Invocation;
use crate::cli::options::{ReportOptions, usage};
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
    if dir.as_os_str() == outside::BUILT_IN {
        return Err(Stop {
            hint: Some("give ./built-in, or another name".to_owned()),
            ..usage("--catalog built-in names the built-in catalog, which cannot be changed")
        });
    }
    let is_there = outside::exists(&dir.join("catalog.json"));
    let files = if is_there {
        read_catalog(Some(dir), None)?
    } else {
        CatalogFiles {
            source: Source::Directory(dir.display().to_string()),
            files: skeleton::extension(&name_of(dir)),
        }
    };
    let catalog = files.load()?;
    let kind = choose_kind(&catalog, args.kind.as_deref(), None)?;
    let index = catalog.kinds().iter().position(|one| one.name == kind.name);
    let mut begun = index
        .and_then(|index| begin(&catalog, &files.files, index, &args.version))
        .ok_or_else(|| Stop {
            hint: Some("give a version above it".to_owned()),
            ..usage(format!(
                "`{}` is not above `{}`, the latest version of kind `{}`",
                args.version,
                kind.registry.latest(),
                kind.name
            ))
        })?;
    if !is_there {
        begun.files.extend(files.files.clone());
    }
    write_catalog(dir, &begun.files)?;
    let own = files.files.get("catalog.json").map_or("", String::as_str);
    let changed = begun
        .schema
        .as_ref()
        .map(|schema| name_schema(args, own, schema, kind));
    Ok(NewEnd {
        dir,
        begun,
        changed,
    })
}

/// Adds a schema to the catalog file. Returns the message about the change, or about what the author has to do by hand.
fn name_schema(args: &NewArgs, own: &str, schema: &NewSchema, kind: &Kind) -> Result<(), String> {
    let changed = match &schema.catalog {
        Some(text) => change_catalog(&args.catalog, own, text).map_err(|stop| stop.message),
        None => Err("there is no place for it".to_owned()),
    };
    changed.map_err(|why| {
        format!(
            "{why}. Add \"{}\": \"{}\" to `schemas` of kind `{}` there",
            args.version, schema.path, kind.name
        )
    })
}

struct NewEnd<'d> {
    dir: &'d Path,
    begun: NewVersion,
    /// `None` if there is no schema; the error is what the author has to do by hand.
    changed: Option<Result<(), String>>,
}

impl Ending for NewEnd<'_> {
    fn text(&self, _: &End<'_>, page: &mut Page) {
        let text = self.shown(page);
        page.print(&text);
    }
}

impl NewEnd<'_> {
    fn shown(&self, page: &Page) -> String {
        let Self {
            dir,
            begun,
            changed,
        } = self;
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

fn name_of(dir: &Path) -> String {
    let name = dir
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_else(|| "catalog".to_owned())
}
