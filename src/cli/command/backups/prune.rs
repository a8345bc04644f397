//! `backups prune`: removes backups that the manifests and the catalog make up for.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::ExitCode;

use serde::Serialize;

use migrate_manifests::code::{Class, Code};
use migrate_manifests::operation::{PruneOptions, Pruned, Pruning, Verdict, prune_backups};
use migrate_manifests::report::{Stop, Summary};

use super::{Frame, ToldPath, place, size};
use crate::cli::args::{WholeArgs, WriteArgs};
use crate::cli::escape;
use crate::cli::exit::Failure;
use crate::cli::options::{Output, Purpose, all_and_quiet, refuse_contradictions};
use crate::cli::render::{
    Align, Document, Surface, Tone, counted, grouped, json_lines, json_text, table, wrap,
};
use crate::cli::session::{self, Invocation};
use crate::cli::streams::Streams;

/// What it costs, said before anything goes.
const COST: &str = "without its backup a manifest cannot be rolled back (backup_pruned); what the backup said can still be computed from manifest, history and catalog";
/// What it costs beside, where that is asked for.
const COST_OF_DESTRUCTION: &str =
    ", but a value of which a backup has the only copy is gone for ever: export it first";
/// How many backups of one verdict are listed without `--all`.
const LISTED_MOST: usize = 20;

/// What a pruning is told.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "A backup goes only if the migration of it, computed again, gives the bytes of the manifest, and if each of its values is in the manifest, too. Without its backup a manifest cannot be rolled back any more."
)]
pub(crate) struct PruneArgs {
    /// Only backups made at least so long ago, as in 7d, 12h, 30m or 2w
    ///
    /// Counted from the start of the operation that made them, as its journal says.
    #[arg(long, value_name = "AGE", value_parser = seconds, help_heading = "What")]
    older_than: i64,

    /// Show what would happen; write nothing
    #[arg(long, help_heading = "What")]
    dry_run: bool,

    /// Remove also what has the only copy of a value
    ///
    /// Export it before: what a step removed or changed is then nowhere in the tree.
    #[arg(long, help_heading = "What")]
    include_destructive: bool,

    #[command(flatten)]
    write: WriteArgs,
    #[command(flatten)]
    whole: WholeArgs,
}

/// What it costs.
fn cost(include_destructive: bool) -> String {
    let more = if include_destructive {
        COST_OF_DESTRUCTION
    } else {
        ""
    };
    format!("{COST}{more}")
}

/// Reads an age: a number and its unit.
fn seconds(text: &str) -> Result<i64, String> {
    let wrong = || "expected a number and a unit, as in 7d, 12h, 30m, 45s or 2w".to_owned();
    let unit = text.chars().last().ok_or_else(wrong)?;
    let factor = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return Err(wrong()),
    };
    let digits = &text[..text.len() - 1];
    if !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(wrong());
    }
    let number: i64 = digits.parse().map_err(|_| wrong())?;
    number.checked_mul(factor).ok_or_else(wrong)
}

/// Prunes.
pub(crate) fn run(args: &PruneArgs, invocation: &Invocation<'_>, streams: Streams) -> ExitCode {
    let purpose = if args.dry_run {
        Purpose::Look
    } else {
        Purpose::Migrate
    };
    let framed = refuse_contradictions(&[all_and_quiet(&args.whole.output)])
        .and_then(|()| Frame::new(&args.whole, purpose, args.dry_run, invocation.env));
    let frame = match framed {
        Ok(frame) => frame,
        Err(stop) => return session::refuse(stop, invocation, streams),
    };
    let started = invocation.env.started;
    let mut stderr = streams.stderr.clone();
    frame.attend(streams, |scene| {
        let (storage, catalog) = (&scene.prepared.storage, &scene.prepared.catalog);
        let asked = PruneOptions {
            backups: scene.asked,
            older_than_seconds: args.older_than,
            include_destructive: args.include_destructive,
            dry_run: args.dry_run,
            started,
            wait: args.write.wait,
        };
        if !args.dry_run && !scene.output.quiet {
            // Nobody who reads it can be asked; the report says it, too.
            let note = format!("note: {}\n", cost(args.include_destructive));
            stderr.write_all(note.as_bytes()).unwrap_or_default();
        }
        let pruning = prune_backups(storage, catalog, &asked, scene.lookout);
        document(pruning, scene.output, scene.surface, args).map_err(Failure::from)
    })
}

/// One backup as programs see it.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    path: ToldPath,
    backup: &'a str,
    size: u64,
    operation: Option<&'a str>,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
}

impl<'a> From<&'a Pruned> for Told<'a> {
    fn from(pruned: &'a Pruned) -> Self {
        let why = reason(&pruned.verdict);
        Self {
            path: (&pruned.path).into(),
            backup: &pruned.name,
            size: pruned.size,
            operation: pruned.operation.as_deref(),
            verdict: word(&pruned.verdict),
            code: why.map(|(code, _)| code.as_str()),
            message: why.map(|(_, message)| message),
        }
    }
}

fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Goes => "prunable",
        Verdict::Gone => "pruned",
        Verdict::Stays(_) => "kept",
        Verdict::Failed(_) => "failed",
    }
}

fn reason(verdict: &Verdict) -> Option<(Code, &str)> {
    match verdict {
        Verdict::Goes | Verdict::Gone => None,
        Verdict::Stays(finding) => Some((finding.code, &finding.message)),
        Verdict::Failed(trouble) => Some((trouble.code, &trouble.message)),
    }
}

/// Whether somebody has to look at it.
fn is_wrong(verdict: &Verdict) -> bool {
    match verdict {
        Verdict::Goes | Verdict::Gone => false,
        Verdict::Stays(finding) => finding.code.class() != Class::Note,
        Verdict::Failed(_) => true,
    }
}

fn document(
    pruning: Pruning,
    output: &Output,
    surface: Surface,
    args: &PruneArgs,
) -> Result<Document, Stop> {
    let told: Vec<_> = pruning.backups.iter().map(Told::from).collect();
    let wrong = pruning.backups.iter().any(|one| is_wrong(&one.verdict));
    Ok(Document {
        text: text(&pruning, output, surface, args),
        members: vec![("backups", json_text(&told)?)],
        lines: json_lines(&told)?,
        summary: Summary {
            operation: pruning.operation,
            stop: pruning.stop,
            signal: pruning.signal,
            ..Summary::default()
        },
        code: u8::from(wrong),
        notices: pruning.notices,
        ..Document::default()
    })
}

fn text(pruning: &Pruning, output: &Output, surface: Surface, args: &PruneArgs) -> String {
    let mut shown = String::new();
    let mut counts: BTreeMap<(&str, Option<Code>), (u64, u64)> = BTreeMap::new();
    for one in &pruning.backups {
        let why = reason(&one.verdict);
        let key = (word(&one.verdict), why.map(|(code, _)| code));
        let (count, bytes) = counts.entry(key).or_default();
        *count += 1;
        *bytes += one.size;
        let is_shown = if output.quiet {
            is_wrong(&one.verdict)
        } else {
            output.all || is_wrong(&one.verdict) || (why.is_none() && *count <= LISTED_MOST as u64)
        };
        if is_shown {
            shown.push_str(&block(one, surface));
        }
    }
    if output.quiet {
        return shown;
    }
    if !shown.is_empty() {
        shown.push('\n');
    }
    let rows: Vec<_> = counts
        .iter()
        .map(|((verdict, code), (count, bytes))| {
            let why = code.map_or_else(String::new, |code| code.to_string());
            vec![(*verdict).to_owned(), why, grouped(*count), size(*bytes)]
        })
        .collect();
    let right = Align::Right;
    shown.push_str(&table(&rows, &[Align::Left, Align::Left, right, right]));
    let sentence = wrap(&closing(pruning, args), surface.columns, 0);
    shown.extend([if rows.is_empty() { "" } else { "\n" }, &sentence, "\n"]);
    shown
}

fn block(one: &Pruned, surface: Surface) -> String {
    const INDENT: usize = 10;
    let tone = match &one.verdict {
        Verdict::Goes => Tone::Pending,
        Verdict::Gone => Tone::Added,
        verdict if is_wrong(verdict) => Tone::Trouble,
        _ => Tone::Plain,
    };
    let name = word(&one.verdict);
    let fill = INDENT.saturating_sub(name.len()).max(1);
    let label = surface.paint.text(tone, name);
    let mut lines = format!("{label}{:fill$}{}\n", "", place(&one.path, &one.name));
    if let Some((code, message)) = reason(&one.verdict) {
        let why = format!("{code}: {}", escape::message(message));
        let why = wrap(&why, surface.columns, INDENT);
        lines.extend([&" ".repeat(INDENT), &why, "\n"].map(|part: &str| part.to_owned()));
    }
    lines
}

fn closing(pruning: &Pruning, args: &PruneArgs) -> String {
    let of = |wanted: &str| {
        let all = pruning.backups.iter();
        let these = all.filter(|one| word(&one.verdict) == wanted);
        these.fold((0, 0), |(count, bytes), one| (count + 1, bytes + one.size))
    };
    let backups = |count| counted(count, "backup", "backups");
    match (of("prunable"), of("pruned"), &pruning.operation) {
        ((count, bytes), _, _) if args.dry_run && count > 0 => format!(
            "Nothing was written. Without --dry-run {} of {} would go. The price: {}.",
            backups(count),
            size(bytes),
            cost(args.include_destructive)
        ),
        (_, (count, bytes), Some(operation)) => format!(
            "Removed {} of {} in operation {operation}.",
            backups(count),
            size(bytes)
        ),
        _ => "Nothing to prune. Nothing was written.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_has_a_unit() {
        let ages = ["7d", "12h", "30m", "45s", "2w", "0s"].map(|text| seconds(text).unwrap());
        assert_eq!(ages, [604_800, 43_200, 1_800, 45, 1_209_600, 0]);
        for wrong in [
            "",
            "7",
            "d",
            "-1d",
            "1.5d",
            "7 d",
            "9999999999999999999d",
            "7é",
        ] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
