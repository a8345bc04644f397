//! `catalog check`: what is there, or everything that is wrong.

use std::process::ExitCode;

use serde::Serialize;

use migrate_manifests::catalog::{Catalog, CatalogError, Dimension, Kind, Route};
use migrate_manifests::code::Code;
use migrate_manifests::report::Stop;

use super::AuthorArgs;
use super::remarks::Told;
use crate::cli::escape;
use crate::cli::exit::Failure;
use crate::cli::options::Output;
use crate::cli::render::{Document, Surface, Tone, counted, json_lines, json_text, wrap};
use crate::cli::session::Invocation;
use crate::cli::streams::Streams;

/// How many routes are shown without `--all`.
const ROUTES_MOST: usize = 10;

/// How many versions of a route are named without `--all`.
const STOPS_MOST: usize = 6;

/// What `catalog check` is told.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    author: AuthorArgs,
}

/// Checks.
pub(super) fn run(args: &CheckArgs, invocation: &Invocation<'_>, streams: Streams) -> ExitCode {
    super::look(
        &args.author,
        None,
        invocation,
        streams,
        |files, output, surface| {
            let document = match files.check() {
                Ok(catalog) => sound(&catalog, output),
                Err(errors) => wrong(&errors, output, surface),
            };
            document.map_err(Failure::from)
        },
    )
}

/// One kind as programs see it.
#[derive(Serialize)]
struct ToldKind<'c> {
    kind: &'c str,
    file: &'c str,
    latest: String,
    versions: usize,
    migrations: usize,
}

/// One dimension as programs see it.
#[derive(Serialize)]
struct ToldDimension<'c> {
    at: String,
    column: &'c str,
}

impl<'c> From<&'c Dimension> for ToldDimension<'c> {
    fn from(dimension: &'c Dimension) -> Self {
        Self {
            at: dimension.at.to_string(),
            column: &dimension.column,
        }
    }
}

fn sound(catalog: &Catalog, output: &Output) -> Result<Document, Stop> {
    let told: Vec<_> = catalog
        .kinds()
        .iter()
        .map(|kind| ToldKind {
            kind: &kind.name,
            file: &kind.file,
            latest: kind.registry.latest().to_string(),
            versions: kind.registry.versions().len(),
            migrations: kind.registry.migrations().count(),
        })
        .collect();
    let digest: String = catalog.digest().prefixed().chars().take(23).collect();
    let mut text = format!(
        "catalog   {} ({}), {digest}\n",
        escape::message(catalog.name()),
        escape::message(&catalog.source().to_string())
    );
    for kind in catalog.kinds() {
        text.push_str(&shown(kind, output.all));
    }
    let dimensions: Vec<_> = catalog
        .dimensions()
        .iter()
        .map(ToldDimension::from)
        .collect();
    text.push_str(&shown_dimensions(&dimensions));
    text.push_str("\nThe catalog can be used.\n");
    Ok(Document {
        text: if output.quiet { String::new() } else { text },
        members: vec![
            ("kinds", json_text(&told)?),
            ("dimensions", json_text(&dimensions)?),
            ("remarks", "[]".to_owned()),
        ],
        lines: json_lines(&told)?,
        ..Document::default()
    })
}

fn shown(kind: &Kind, all: bool) -> String {
    let (registry, latest) = (&kind.registry, kind.registry.latest());
    let mut text = format!(
        "\nkind      {}: {}, {}, {}\n",
        escape::message(&kind.name),
        escape::message(&kind.file),
        counted(registry.versions().len() as u64, "version", "versions"),
        counted(
            registry.migrations().count() as u64,
            "migration",
            "migrations"
        ),
    );
    let routes: Vec<Route> = registry
        .versions()
        .filter_map(|from| registry.route(from, latest))
        .collect();
    let most = if all { routes.len() } else { ROUTES_MOST };
    for route in routes.iter().take(most) {
        let stops = std::iter::once(route.from())
            .chain(route.via())
            .chain([route.to()]);
        let mut stops: Vec<_> = stops.map(ToString::to_string).collect();
        if !all && stops.len() > STOPS_MOST {
            let between = stops.len() - 2;
            stops.splice(1..=between, [format!("{between} versions")]);
        }
        text.extend(["          ", &stops.join(" -> "), "\n"]);
    }
    if let more @ 1.. = routes.len().saturating_sub(most) {
        let more = more.to_string();
        text.extend(["          ... and ", &more, " more (--all lists them)\n"]);
    }
    text
}

fn shown_dimensions(dimensions: &[ToldDimension<'_>]) -> String {
    let mut text = String::new();
    for (count, dimension) in dimensions.iter().enumerate() {
        let label = if count == 0 {
            "\ndimension"
        } else {
            "         "
        };
        let (at, column) = (
            escape::message(&dimension.at),
            escape::message(dimension.column),
        );
        text.extend([label, " ", &at, ": column ", &column, "\n"]);
    }
    text
}

fn wrong(errors: &[CatalogError], output: &Output, surface: Surface) -> Result<Document, Stop> {
    let told: Vec<_> = errors.iter().map(Told::from).collect();
    let label = surface.paint.text(Tone::Trouble, "invalid");
    let mut text = String::new();
    for error in errors {
        let message = wrap(&escape::message(&error.to_string()), surface.columns, 10);
        text.extend([&label, "   ", message.as_str(), "\n"]);
    }
    if !output.quiet {
        let hint = surface.paint.text(Tone::Hint, "hint: ");
        let (number, cure) = (errors.len() as u64, Code::CatalogInvalid.hint());
        let number = counted(number, "error", "errors");
        let end = ". The catalog cannot be used.\n";
        text.extend(["\n", &hint, cure, "\n\n", &number, end]);
    }
    Ok(Document {
        text,
        members: vec![
            ("kinds", "[]".to_owned()),
            ("dimensions", "[]".to_owned()),
            ("remarks", json_text(&told)?),
        ],
        lines: json_lines(&told)?,
        code: 1,
        ..Document::default()
    })
}
