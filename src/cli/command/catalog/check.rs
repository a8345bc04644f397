//! `catalog check`: a summary of a valid catalog, or all its errors.

use std::path::Path;
use std::process::ExitCode;

use migrate_manifests::catalog::{Catalog, CatalogError, Kind, Route};
use migrate_manifests::code::Code;
use migrate_manifests::report::{Diagnosis, Stop};

use super::author::AuthorArgs;
use super::remarks::RemarkItem;
use crate::cli::environment::Cli;
use crate::cli::escape;
use crate::cli::render::{End, Ending, INDENT, JsonObject, Page, ReportItem, Tone, counted};

const ROUTES_MOST: usize = 10;
const STOPS_MOST: usize = 6;

#[derive(Debug, Clone, clap::Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    author: AuthorArgs,
}

pub(super) fn run(args: &CheckArgs, cli: &mut Cli<'_>) -> Result<ExitCode, Stop> {
    let author = &args.author;
    let mut invocation = author.begin(cli)?;
    let files = invocation.catalog_files(author.catalog.as_deref(), Path::new("."));
    let checked = files.map(|files| CheckEnd(files.check()));
    match &checked {
        Ok(CheckEnd(Ok(catalog))) => {
            for kind in catalog.kinds() {
                invocation.report.item(kind);
            }
        }
        Ok(CheckEnd(Err(errors))) => {
            for error in errors {
                invocation.report.item(&Invalid(error));
            }
        }
        Err(_) => {}
    }
    Ok(invocation.answer(checked))
}

impl ReportItem for Kind {
    fn list(&self) -> &'static str {
        "kinds"
    }

    fn text(&self, _: &mut Page) {
        // The ending prints the kinds, after the line of the catalog.
    }

    fn json(&self, object: &mut JsonObject, _: bool) {
        object
            .member("kind", &self.name)
            .member("file", &self.file)
            .member("latest", self.registry.latest())
            .member("versions", self.registry.versions().len())
            .member("migrations", self.registry.migrations().count());
    }
}

struct Invalid<'e>(&'e CatalogError);

impl ReportItem for Invalid<'_> {
    fn list(&self) -> &'static str {
        "remarks"
    }

    fn text(&self, page: &mut Page) {
        let label = page.label(Tone::Trouble, "invalid");
        let message = self.0.to_string();
        let message = page.wrap(&escape::message(&message), INDENT);
        page.head(&format!("{label}{message}\n"));
    }

    fn json(&self, object: &mut JsonObject, all: bool) {
        let Self(error) = self;
        let diagnosis = Diagnosis::new(error.code(), error.problem.to_string());
        RemarkItem::new(error.place.clone(), diagnosis).json(object, all);
    }
}

struct CheckEnd(Result<Catalog, Vec<CatalogError>>);

impl Ending for CheckEnd {
    fn lists(&self) -> &'static [&'static str] {
        &["kinds", "remarks"]
    }

    fn text(&self, _: &End<'_>, page: &mut Page) {
        if page.view.quiet {
            return;
        }
        match &self.0 {
            Ok(catalog) => page.print(&sound(catalog, page.view.all)),
            Err(errors) => {
                let hint = page.paint.text(Tone::Hint, "hint: ");
                let number = counted(errors.len() as u64, "error", "errors");
                let cure = Code::CatalogInvalid.hint();
                let end = format!("{hint}{cure}\n\n{number}. The catalog cannot be used.\n");
                page.list(&end);
            }
        }
    }

    fn members(&self, object: &mut JsonObject) {
        let dimensions = match &self.0 {
            Ok(catalog) => catalog.dimensions(),
            Err(_) => &[],
        };
        object.list("dimensions", dimensions, |object, dimension| {
            object
                .member("at", dimension.at.to_string())
                .member("column", &dimension.column);
        });
    }

    fn has_trouble(&self) -> bool {
        self.0.is_err()
    }
}

fn sound(catalog: &Catalog, all: bool) -> String {
    let digest: String = catalog.digest().prefixed().chars().take(23).collect();
    let mut text = format!(
        "catalog   {} ({}), {digest}\n",
        escape::message(catalog.name()),
        escape::message(&catalog.source().to_string())
    );
    for kind in catalog.kinds() {
        text.push_str(&shown(kind, all));
    }
    for (count, dimension) in catalog.dimensions().iter().enumerate() {
        let label = if count == 0 {
            "\ndimension"
        } else {
            "         "
        };
        let at = dimension.at.to_string();
        let (at, column) = (escape::message(&at), escape::message(&dimension.column));
        text.extend([label, " ", &at, ": column ", &column, "\n"]);
    }
    text + "\nThe catalog can be used.\n"
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
