//! `validate`: documents checked before they are written.

use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use migrate_manifests::catalog::choose_kind;
use migrate_manifests::code::Code;
use migrate_manifests::outside;
use migrate_manifests::report::{Stop, Summary};
use migrate_manifests::validate::{CheckedDocument, InputDocument, Validator, each_document};
use migrate_manifests::version::Version;

use crate::cli::args::{ClockArgs, OutputArgs};
use crate::cli::environment::Cli;
use crate::cli::escape;
use crate::cli::exit::CommandFailure;
use crate::cli::invocation::Invocation;
use crate::cli::options::{ReportOptions, all_and_quiet, refuse_contradictions};
use crate::cli::render::{End, Ending, JsonObject, Page, ReportItem, Tone, counted, grouped};

#[derive(Debug, Clone, clap::Args)]
pub(super) struct ValidateArgs {
    /// One document, or one on each line (- is standard input)
    file: PathBuf,

    /// The version that each must have [default: the one that it declares]
    #[arg(long, value_name = "VERSION", help_heading = "What")]
    target_version: Option<Version>,

    /// Of this kind, where the catalog has several
    #[arg(long, value_name = "KIND", help_heading = "What")]
    kind: Option<String>,

    /// Use the catalog in DIR (built-in is the built-in one)
    ///
    /// Without this flag: the one of the tree that FILE stands in, else the built-in one.
    #[arg(long, value_name = "DIR", help_heading = "How")]
    catalog: Option<PathBuf>,

    #[command(flatten)]
    clock: ClockArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: ValidateArgs, cli: &mut Cli<'_>) -> Result<ExitCode, Stop> {
    refuse_contradictions(&[all_and_quiet(&args.output)])?;
    let mut reporting = ReportOptions::new("validate", &args.output, &args.clock, cli.env)?;
    reporting.facts.target.clone_from(&args.target_version);
    let is_file = args.file != Path::new("-");
    let mut end = ValidateEnd {
        place: if is_file {
            escape::path(args.file.as_os_str().as_encoded_bytes()).into_owned()
        } else {
            "standard input".to_owned()
        },
        is_file,
        checked: 0,
        invalid: 0,
    };
    let mut invocation = Invocation::begin(cli, reporting);
    let done = check(&mut invocation, args, &mut end);
    Ok(invocation.end(done, &end))
}

fn check(
    invocation: &mut Invocation<'_, '_>,
    args: ValidateArgs,
    end: &mut ValidateEnd,
) -> Result<Summary, CommandFailure> {
    let file = end.is_file.then_some(args.file.as_path());
    let catalog = invocation.catalog(args.catalog.as_deref(), file)?;
    let name = file.and_then(Path::file_name);
    let name = name.map(std::ffi::OsStr::as_encoded_bytes);
    let kind = choose_kind(&catalog, args.kind.as_deref(), name)?;
    let rules = Validator::new(kind, args.target_version)
        .map_err(|error| CommandFailure::new(error.code(), &error))?;
    let report = &mut invocation.report;
    let mut each = |document: InputDocument<'_>| {
        let checked = rules.check(document);
        end.checked += 1;
        end.invalid += u64::from(!checked.is_valid());
        let place = &end.place;
        report.item(&PlacedDocument { checked, place });
    };
    let read = match file {
        Some(file) => {
            outside::open(file).and_then(|file| each_document(BufReader::new(file), &mut each))
        }
        None => each_document(BufReader::new(&mut invocation.cli.streams.stdin), &mut each),
    };
    read.map_err(|error| Stop {
        hint: Some("give a file with one document, or one on each line".to_owned()),
        ..Stop::new(
            Code::SelectionInvalid,
            format!("cannot read `{}`: {error}", end.place),
        )
    })?;
    Ok(Summary::default())
}

struct PlacedDocument<'p> {
    checked: CheckedDocument,
    place: &'p str,
}

impl ReportItem for PlacedDocument<'_> {
    fn list(&self) -> &'static str {
        "documents"
    }

    fn is_listed_by_default(&self) -> bool {
        !self.checked.findings.is_empty()
    }

    fn text(&self, page: &mut Page) {
        let checked = &self.checked;
        if !page.view.all && !self.is_listed_by_default() {
            return;
        }
        let place = match checked.line {
            Some(line) => format!("line {line}"),
            None => self.place.to_owned(),
        };
        let mut shown = if checked.is_valid() {
            let version = checked.version.as_ref().map(ToString::to_string);
            format!("valid     {place}  {}\n", version.unwrap_or_default())
        } else {
            format!("{}{place}\n", page.label(Tone::Trouble, "invalid"))
        };
        for finding in &checked.findings {
            shown.push_str(&page.why(finding));
        }
        page.head(&shown);
    }

    fn json(&self, object: &mut JsonObject, _: bool) {
        object
            .member("line", self.checked.line)
            .member("version", &self.checked.version)
            .list("findings", &self.checked.findings, |object, finding| {
                object.diagnosis(Some(finding));
            });
    }
}

struct ValidateEnd {
    place: String,
    is_file: bool,
    checked: u64,
    invalid: u64,
}

impl Ending for ValidateEnd {
    fn lists(&self) -> &'static [&'static str] {
        &["documents"]
    }

    fn text(&self, _: &End<'_>, page: &mut Page) {
        if page.view.quiet {
            return;
        }
        page.close_list(&[self.sentence()]);
    }

    fn totals(&self, object: &mut JsonObject) {
        object
            .member("checked", self.checked)
            .member("invalid", self.invalid);
    }

    fn has_trouble(&self) -> bool {
        self.invalid > 0
    }
}

impl ValidateEnd {
    fn sentence(&self) -> String {
        let place = if self.is_file {
            format!("in {}", self.place)
        } else {
            format!("on {}", self.place)
        };
        match (self.checked, self.invalid) {
            (0, _) => format!("There is no document {place}."),
            (1, 0) => format!("The document {place} is valid."),
            (1, _) => format!("The document {place} is not valid."),
            (all, 0) => format!("All {} documents {place} are valid.", grouped(all)),
            (all, invalid) => format!(
                "{} of {} {place} {} not valid.",
                grouped(invalid),
                counted(all, "document", "documents"),
                if invalid == 1 { "is" } else { "are" }
            ),
        }
    }
}
