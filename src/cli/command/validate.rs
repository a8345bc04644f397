//! `validate`: documents checked before they are written.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;

use migrate_manifests::code::Code;
use migrate_manifests::report::Stop;
use migrate_manifests::validate::{CheckedDocument, Validator, each_document};
use migrate_manifests::version::Version;

use crate::cli::args::{ClockArgs, OutputArgs};
use crate::cli::escape;
use crate::cli::exit::Failure;
use crate::cli::kinds;
use crate::cli::options::{Output, Purpose, all_and_quiet, clock, refuse_contradictions};
use crate::cli::render::{Document, Surface, Tone, counted, grouped, json_lines, json_text, wrap};
use crate::cli::session::{self, Apart, Invocation, Subject};
use crate::cli::streams::Streams;

/// What `validate` is told.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ValidateArgs {
    /// One document, or one on each line (- is standard input)
    file: PathBuf,

    /// The version that each must have [default: the one that it declares]
    #[arg(long, value_name = "VERSION", help_heading = "What")]
    target_version: Option<Version>,

    /// Of this kind, where the catalog has several
    #[arg(long, value_name = "KIND", help_heading = "What")]
    kind: Option<String>,

    /// Use the catalog in DIR
    ///
    /// Without this flag: the one of the tree that FILE stands in, else the built-in one.
    #[arg(long, value_name = "DIR", help_heading = "How")]
    catalog: Option<PathBuf>,

    #[command(flatten)]
    clock: ClockArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Validates.
pub(crate) fn run(args: ValidateArgs, invocation: &Invocation<'_>, streams: Streams) -> ExitCode {
    let now = refuse_contradictions(&[all_and_quiet(&args.output)])
        .and_then(|()| clock(args.clock.now, invocation.env));
    let now = match now {
        Ok(now) => now,
        Err(stop) => return session::refuse(stop, invocation, streams),
    };
    let output = Output::new(&args.output, Purpose::Look, invocation.env);
    let subject = Subject {
        target: args.target_version.clone(),
        ..Subject::looking("validate", now)
    };
    let file = (args.file != Path::new("-")).then_some(args.file.as_path());
    let apart = Apart {
        catalog: args.catalog.as_deref(),
        beside: file,
    };
    session::apart(
        &apart,
        &output,
        &subject,
        streams,
        |catalog, stdin, surface| {
            let name = file.and_then(Path::file_name);
            let name = name.map(std::ffi::OsStr::as_encoded_bytes);
            let kind = kinds::choose(catalog, args.kind.as_deref(), name)?;
            let rules = Validator::new(kind, args.target_version)
                .map_err(|error| Failure::new(error.code(), &error))?;
            let result = check(&rules, file, stdin, output.all)?;
            Ok(result.document(output, surface)?)
        },
    )
}

/// What came of an input.
struct Outcome {
    place: String,
    is_file: bool,
    /// Those with findings, or all.
    told: Vec<CheckedDocument>,
    checked: u64,
    invalid: u64,
}

fn check(
    rules: &Validator<'_>,
    file: Option<&Path>,
    stdin: &mut dyn Read,
    all: bool,
) -> Result<Outcome, Stop> {
    let place = file.map_or_else(
        || "standard input".to_owned(),
        |file| escape::path(file.as_os_str().as_encoded_bytes()).into_owned(),
    );
    let mut result = Outcome {
        place,
        is_file: file.is_some(),
        told: Vec::new(),
        checked: 0,
        invalid: 0,
    };
    let mut each = |document: migrate_manifests::validate::InputDocument<'_>| {
        let checked = rules.check(document);
        result.checked += 1;
        result.invalid += u64::from(!checked.is_valid());
        if all || !checked.findings.is_empty() {
            result.told.push(checked);
        }
    };
    let read = match file {
        Some(file) => {
            File::open(file).and_then(|file| each_document(BufReader::new(file), &mut each))
        }
        None => each_document(BufReader::new(stdin), &mut each),
    };
    match read {
        Ok(()) => Ok(result),
        Err(error) => Err(Stop {
            hint: Some("give a file with one document, or one on each line".to_owned()),
            ..Stop::new(
                Code::SelectionInvalid,
                format!("cannot read `{}`: {error}", result.place),
            )
        }),
    }
}

impl Outcome {
    fn document(&self, output: Output, surface: Surface) -> Result<Document, Stop> {
        let told: Vec<_> = self.told.iter().map(Told::from).collect();
        Ok(Document {
            text: self.text(output, surface),
            totals: vec![
                ("checked", json_text(&self.checked)?),
                ("invalid", json_text(&self.invalid)?),
            ],
            members: vec![("documents", json_text(&told)?)],
            lines: json_lines(&told)?,
            code: u8::from(self.invalid > 0),
            ..Document::default()
        })
    }

    fn text(&self, output: Output, surface: Surface) -> String {
        let mut shown: String = self.told.iter().map(|one| self.one(one, surface)).collect();
        if output.quiet {
            return shown;
        }
        let gap = if shown.is_empty() { "" } else { "\n" };
        let codes: BTreeSet<Code> = self
            .told
            .iter()
            .flat_map(|one| one.findings.iter().map(|finding| finding.code))
            .collect();
        let label = surface.paint.text(Tone::Hint, "hint: ");
        shown.push_str(gap);
        for code in &codes {
            let hint = wrap(&format!("{code}: {}", code.hint()), surface.columns, 6);
            shown.extend([&label, hint.as_str(), "\n"]);
        }
        if !codes.is_empty() {
            shown.push('\n');
        }
        shown + &wrap(&self.sentence(), surface.columns, 0) + "\n"
    }

    fn one(&self, checked: &CheckedDocument, surface: Surface) -> String {
        let place = match checked.line {
            Some(line) => format!("line {line}"),
            None => self.place.clone(),
        };
        let mut shown = if checked.is_valid() {
            let version = checked.version.as_ref().map(ToString::to_string);
            format!("valid     {place}  {}\n", version.unwrap_or_default())
        } else {
            let label = surface.paint.text(Tone::Trouble, "invalid");
            format!("{label}   {place}\n")
        };
        for finding in &checked.findings {
            let told = format!("{}: {}", finding.code, escape::message(&finding.message));
            let told = wrap(&told, surface.columns, 10);
            shown.extend(["          ", &told, "\n"]);
        }
        shown
    }

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

/// One document as programs see it.
#[derive(Serialize)]
struct Told<'a> {
    line: Option<u64>,
    version: Option<&'a Version>,
    findings: Vec<ToldFinding<'a>>,
}

#[derive(Serialize)]
struct ToldFinding<'a> {
    code: &'static str,
    message: &'a str,
}

impl<'a> From<&'a CheckedDocument> for Told<'a> {
    fn from(checked: &'a CheckedDocument) -> Self {
        let findings = checked.findings.iter().map(|finding| ToldFinding {
            code: finding.code.as_str(),
            message: &finding.message,
        });
        Self {
            line: checked.line,
            version: checked.version.as_ref(),
            findings: findings.collect(),
        }
    }
}
