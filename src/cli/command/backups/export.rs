//! `backups export`: copies backups to a directory outside the tree, verified.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;

use migrate_manifests::operation::{Copied, ExportOptions, Exported, export_backups};
use migrate_manifests::report::{Diagnosis, Stop, Summary};
use migrate_manifests::storage::{CopyOutcome, ExportDirectory};

use super::{Frame, ToldPath, place, size};
use crate::cli::args::WholeArgs;
use crate::cli::escape;
use crate::cli::exit::Failure;
use crate::cli::options::{Output, Purpose, all_and_quiet, refuse_contradictions};
use crate::cli::render::{Document, Surface, Tone, counted, json_lines, json_text, wrap};
use crate::cli::session::{self, Invocation};
use crate::cli::streams::Streams;

/// What an export is told.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ExportArgs {
    /// The directory that the copies go to; made where it is missing
    ///
    /// Each copy gets the path that its backup has in the tree. What is there already with the same bytes is not copied again.
    directory: PathBuf,

    #[command(flatten)]
    whole: WholeArgs,
}

/// Exports.
pub(crate) fn run(args: &ExportArgs, invocation: &Invocation<'_>, streams: Streams) -> ExitCode {
    let framed = refuse_contradictions(&[all_and_quiet(&args.whole.output)])
        .and_then(|()| Frame::new(&args.whole, Purpose::Migrate, true, invocation.env));
    let frame = match framed {
        Ok(frame) => frame,
        Err(stop) => return session::refuse(stop, invocation, streams),
    };
    frame.attend(streams, |scene| {
        let (storage, catalog) = (&scene.prepared.storage, &scene.prepared.catalog);
        let asked = ExportOptions {
            backups: scene.asked,
            directory: ExportDirectory::open(&args.directory, Path::new(&scene.prepared.tree))?,
        };
        let exported = export_backups(storage, catalog, &asked, scene.lookout)?;
        document(exported, scene.output, scene.surface).map_err(Failure::from)
    })
}

/// One backup as programs see it.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    path: ToldPath,
    backup: &'a str,
    size: u64,
    sha256: Option<String>,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
}

impl<'a> From<&'a Copied> for Told<'a> {
    fn from(copied: &'a Copied) -> Self {
        let trouble = copied.outcome.as_ref().err();
        Self {
            path: (&copied.path).into(),
            backup: &copied.name,
            size: copied.size,
            sha256: copied.digest.map(|digest| digest.to_string()),
            outcome: match &copied.outcome {
                Ok(CopyOutcome::Made) => "copied",
                Ok(CopyOutcome::Present) => "present",
                Err(_) => "failed",
            },
            code: trouble.map(|trouble| trouble.code.as_str()),
            message: trouble.map(|trouble| trouble.message.as_str()),
        }
    }
}

fn document(exported: Exported, output: &Output, surface: Surface) -> Result<Document, Stop> {
    let told: Vec<_> = exported.backups.iter().map(Told::from).collect();
    let failed = exported.backups.iter().any(|one| one.outcome.is_err());
    Ok(Document {
        text: text(&exported, output, surface),
        members: vec![("backups", json_text(&told)?)],
        lines: json_lines(&told)?,
        summary: Summary {
            signal: exported.signal,
            ..Summary::default()
        },
        code: u8::from(failed || exported.is_partial),
        notices: exported.notices,
        ..Document::default()
    })
}

fn text(exported: &Exported, output: &Output, surface: Surface) -> String {
    let mut shown = String::new();
    let (mut made, mut present, mut bytes) = (0, 0, 0);
    for one in &exported.backups {
        match &one.outcome {
            Ok(CopyOutcome::Made) => {
                made += 1;
                bytes += one.size;
            }
            Ok(CopyOutcome::Present) => present += 1,
            Err(trouble) => shown.push_str(&failure(one, trouble, surface)),
        }
        if output.all && one.outcome.is_ok() {
            let word = Told::from(one).outcome;
            shown.extend([
                &format!("{word:<8}"),
                "  ",
                &place(&one.path, &one.name),
                "\n",
            ]);
        }
    }
    if output.quiet {
        return shown;
    }
    let there = match present {
        0 => String::new(),
        present => format!(" {} there already.", counted(present, "was", "were")),
    };
    let sentence = format!(
        "Copied {} of {}, each read back and compared.{there}",
        counted(made, "backup", "backups"),
        size(bytes)
    );
    shown + &wrap(&sentence, surface.columns, 0) + "\n"
}

fn failure(one: &Copied, trouble: &Diagnosis, surface: Surface) -> String {
    const INDENT: usize = 10;
    let why = format!("{}: {}", trouble.code, escape::message(&trouble.message));
    format!(
        "{}    {}\n{:INDENT$}{}\n",
        surface.paint.text(Tone::Trouble, "failed"),
        place(&one.path, &one.name),
        "",
        wrap(&why, surface.columns, INDENT)
    )
}
