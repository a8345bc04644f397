//! `backups prune`: removes backups whose every value the migrated manifest has.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::ExitCode;

use migrate_manifests::code::Code;
use migrate_manifests::operation::backups::{self, Prune};
use migrate_manifests::path::TreePath;
use migrate_manifests::report::{Backup, Fate, Stop, Summary};

use super::entry::{BackupSink, NO_BACKUP, members, place, size};
use crate::cli::args::{WholeArgs, WriteArgs};
use crate::cli::environment::Cli;
use crate::cli::invocation::Invocation;
use crate::cli::options::{ReportOptions, TreeOptions, all_and_quiet, refuse_contradictions};
use crate::cli::render::{
    Align, End, Ending, JsonObject, Page, Report, ReportItem, Tone, counted, grouped, table,
};

const COST: &str = "a manifest without its backup cannot be rolled back (backup_pruned)";
const COST_OF_DESTRUCTION: &str =
    ", and a value that only its backup has is lost for ever: export it first";

#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "A backup is removed only if the migration of it, computed again, gives the bytes of the manifest, and if each of its values is in the manifest, too. Afterwards the manifest cannot be rolled back."
)]
pub(super) struct PruneArgs {
    /// Only backups made at least so long ago, as in 7d, 12h, 30m or 2w
    ///
    /// Counted from the start of the operation that made them, as its journal says.
    #[arg(long, value_name = "AGE", value_parser = seconds, help_heading = "What")]
    older_than: i64,

    /// Show what would happen; write nothing
    #[arg(long, help_heading = "What")]
    dry_run: bool,

    /// Also remove backups that have the only copy of a value
    ///
    /// A value that a step removed or changed is then nowhere in the tree. Export these backups first.
    #[arg(long, help_heading = "What")]
    include_destructive: bool,

    #[command(flatten)]
    write: WriteArgs,
    #[command(flatten)]
    whole: WholeArgs,
}

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

pub(super) fn run(args: PruneArgs, cli: &mut Cli<'_>) -> Result<ExitCode, Stop> {
    let whole = args.whole;
    refuse_contradictions(&[all_and_quiet(&whole.output)])?;
    let (output, clock) = (&whole.output, &whole.work.clock);
    let mut reporting = ReportOptions::new("backups", output, clock, cli.env)?;
    reporting.output.loss_is_failure = !args.dry_run;
    reporting.facts.dry_run = args.dry_run;
    let is_quiet = whole.output.quiet;
    let tree = TreeOptions {
        wait: args.write.wait,
        ..TreeOptions::of_whole(whole)
    };
    let options = Prune {
        older_than_seconds: args.older_than,
        include_destructive: args.include_destructive,
    };
    let mut invocation = Invocation::begin(cli, reporting);
    let mut end = PruneEnd {
        dry_run: args.dry_run,
        cost: if args.include_destructive {
            format!("{COST}{COST_OF_DESTRUCTION}")
        } else {
            COST.to_owned()
        },
        fates: BTreeMap::new(),
    };
    let done = invocation.set_up(&tree).and_then(|setup| {
        if !args.dry_run && !is_quiet {
            // The command asks no question.
            let note = format!("note: {}\n", end.cost);
            let stderr = &mut invocation.cli.streams.stderr;
            // The report has the same sentence.
            stderr.write_all(note.as_bytes()).unwrap_or_default();
        }
        let mut pruning = BackupSink {
            report: &mut invocation.report,
            each: |backup: &Backup, report: &mut Report| {
                end.add(backup);
                report.item(&PrunedBackup(backup));
            },
        };
        Ok(backups::prune(&setup.frame()?, options, &mut pruning))
    });
    Ok(invocation.end(done, &end))
}

struct PrunedBackup<'b>(&'b Backup);

impl ReportItem for PrunedBackup<'_> {
    fn list(&self) -> &'static str {
        "backups"
    }

    fn answers(&self) -> Option<&TreePath> {
        Some(&self.0.path)
    }

    fn text(&self, page: &mut Page) {
        let Self(backup) = self;
        let fate = &backup.fate;
        let tone = match fate {
            Fate::Prunable => Tone::Pending,
            Fate::Pruned => Tone::Added,
            fate if fate.is_trouble() => Tone::Trouble,
            _ => Tone::Plain,
        };
        let is_shown = if fate.is_trouble() || page.view.quiet {
            fate.is_trouble()
        } else if fate.reason().is_none() {
            page.count_listed(tone, fate.as_str())
        } else {
            page.view.all
        };
        if !is_shown {
            return;
        }
        let label = page.label(tone, fate.as_str());
        let place = place(backup);
        let why = fate.reason();
        let why = why.map_or_else(String::new, |why| page.why(why));
        page.head(&format!("{label}{place}\n{why}"));
    }

    fn json(&self, object: &mut JsonObject, _: bool) {
        let Self(backup) = self;
        members(backup, object)
            .member("operation", &backup.operation)
            .member("verdict", backup.fate.as_str())
            .diagnosis(backup.fate.reason());
    }
}

struct PruneEnd {
    dry_run: bool,
    cost: String,
    fates: BTreeMap<(&'static str, Option<Code>), (u64, u64)>,
}

impl PruneEnd {
    fn add(&mut self, backup: &Backup) {
        let reason = backup.fate.reason().map(|reason| reason.code);
        let (count, bytes) = self
            .fates
            .entry((backup.fate.as_str(), reason))
            .or_default();
        *count += 1;
        *bytes += backup.size;
    }

    fn closing(&self, summary: &Summary) -> String {
        let of = |fate: &str| {
            let these = self.fates.iter().filter(|((one, _), _)| *one == fate);
            these.fold((0, 0), |sum, (_, one)| (sum.0 + one.0, sum.1 + one.1))
        };
        let backups = |count| counted(count, "backup", "backups");
        match (of("prunable"), of("pruned"), &summary.operation) {
            ((count, bytes), _, _) if self.dry_run && count > 0 => format!(
                "Nothing was written. Without --dry-run {} of {} would go. The price: {}.",
                backups(count),
                size(bytes),
                self.cost
            ),
            (_, (count, bytes), Some(operation)) => format!(
                "Removed {} of {} in operation {operation}.",
                backups(count),
                size(bytes)
            ),
            _ if summary.stop.is_some() => "Nothing was written.".to_owned(),
            _ => "Nothing to prune. Nothing was written.".to_owned(),
        }
    }
}

impl Ending for PruneEnd {
    fn lists(&self) -> &'static [&'static str] {
        &["backups"]
    }

    fn without_items(&self) -> &'static str {
        NO_BACKUP
    }

    fn text(&self, end: &End<'_>, page: &mut Page) {
        if page.view.quiet {
            return;
        }
        page.print_omitted();
        let rows: Vec<_> = self
            .fates
            .iter()
            .map(|((fate, code), (count, bytes))| {
                let why = code.map_or_else(String::new, |code| code.to_string());
                vec![(*fate).to_owned(), why, grouped(*count), size(*bytes)]
            })
            .collect();
        let right = Align::Right;
        let table = table(&rows, &[Align::Left, Align::Left, right, right]);
        let gap = if rows.is_empty() { "" } else { "\n" };
        let closing = page.sentences(&[self.closing(end.summary)]);
        page.list(&[&table, gap, &closing].concat());
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
