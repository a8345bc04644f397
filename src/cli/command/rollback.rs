//! `rollback`: the originals that an operation replaced come back.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use migrate_manifests::journal::OperationId;
use migrate_manifests::operation::{Rollback, Undo, rollback};
use migrate_manifests::outside;
use migrate_manifests::report::Stop;

use crate::cli::args::ChangeArgs;
use crate::cli::environment::{Cli, Environment};
use crate::cli::exit;
use crate::cli::invocation::Invocation;
use crate::cli::options::{
    ReportOptions, TreeOptions, all_and_quiet, refuse_contradictions, usage,
};
use crate::cli::render::{End, Ending, Headline, Page, sections};

#[derive(Debug, Clone, clap::Args)]
pub(super) struct RollbackArgs {
    /// The operation to undo, as reports name it
    ///
    /// The command operations lists the ids. With --last or --manifest no id is needed, and the first word is ROOT.
    #[arg(value_name = "ID")]
    first: Option<PathBuf>,

    /// The directory that holds the artifacts, or its parent [default: .]
    #[arg(value_name = "ROOT")]
    second: Option<PathBuf>,

    /// Undo the last migration that is not undone yet
    ///
    /// A rollback is never rolled back: to have migrated manifests back, migrate again.
    #[arg(long, help_heading = "What")]
    last: bool,

    /// Restore originals also if their mode, owner, time or attributes were changed
    ///
    /// The journal has the mode, owner, modification time and a digest of the extended attributes of each original. Without this flag a backup that differs is refused. With it the backup comes back as it is now.
    #[arg(long, help_heading = "What")]
    allow_changed_metadata: bool,

    /// Check everything and show what would happen; write nothing
    #[arg(long, help_heading = "What")]
    dry_run: bool,

    #[command(flatten)]
    change: ChangeArgs,
}

pub(super) fn run(args: RollbackArgs, cli: &mut Cli<'_>) -> Result<ExitCode, Stop> {
    let ResolvedRollback {
        reporting,
        tree,
        options,
    } = resolve(args, cli.env, &outside::is_directory)?;
    let terms = exit::terms(&tree, &reporting.output);
    let mut invocation = Invocation::begin(cli, reporting);
    invocation.terms = terms;
    let done = invocation
        .set_up(&tree)
        .and_then(|setup| Ok(rollback(&setup.frame()?, &options, &mut invocation.report)));
    Ok(invocation.end(done, &RollbackEnd))
}

#[derive(Debug)]
struct ResolvedRollback {
    reporting: ReportOptions,
    tree: TreeOptions,
    options: Rollback,
}

fn resolve(
    args: RollbackArgs,
    env: &Environment,
    is_dir: &dyn Fn(&Path) -> bool,
) -> Result<ResolvedRollback, Stop> {
    let change = args.change;
    refuse_contradictions(&[
        (
            args.last && args.second.is_some(),
            "--last and an id exclude each other: the one finds the operation, the other names it",
        ),
        all_and_quiet(&change.output),
    ])?;
    let names_manifests = !change.select.manifest.is_empty() || change.select.files_from.is_some();
    let (id, root) = match (args.first, args.second) {
        (Some(id), Some(root)) => (Some(id), Some(root)),
        (Some(word), None) if args.last || !is_id(&word, is_dir) => (None, Some(word)),
        (word, None) => (word, None),
        (None, root) => (None, root),
    };
    let undo = match id {
        Some(id) => Undo::Operation(id.to_string_lossy().into_owned()),
        None if args.last => Undo::Last,
        None if names_manifests => Undo::Manifests,
        None => {
            return Err(Stop {
                hint: Some(
                    "give an id, --last or --manifest; `migrate-manifests operations` lists the ids"
                        .to_owned(),
                ),
                ..usage("it is not said what to roll back")
            });
        }
    };
    let (output, clock) = (&change.output, &change.work.clock);
    let mut reporting = ReportOptions::new("rollback", output, clock, env)?;
    reporting.output.view.headline = Headline::Tree;
    reporting.output.loss_is_failure = !args.dry_run;
    reporting.facts.dry_run = args.dry_run;
    Ok(ResolvedRollback {
        reporting,
        options: Rollback {
            undo,
            max_failures: change.write.max_failures,
            allow_changed_metadata: args.allow_changed_metadata,
        },
        tree: TreeOptions::of_change(root, change),
    })
}

struct RollbackEnd;

impl Ending for RollbackEnd {
    fn text(&self, end: &End<'_>, page: &mut Page) {
        let shown = [sections::counts(end.summary)];
        sections::print(end, page, &shown, result_sentences(end));
    }
}

fn result_sentences(end: &End<'_>) -> Vec<String> {
    let (summary, counts) = (end.summary, &end.summary.counts);
    let before = match &summary.undoes {
        Some(undone) => format!(" to what stood there before operation {undone}"),
        None => String::new(),
    };
    if let Some(operation) = summary.operation.as_ref().filter(|_| counts.restored > 0) {
        let restored = sections::manifests(counts.restored);
        return vec![format!(
            "Restored {restored}{before}, in operation {operation}."
        )];
    }
    let mut sentences = Vec::new();
    let is_whole = summary.stop.is_none() && summary.signal.is_none();
    if counts.pending > 0 {
        let pending = sections::manifests(counts.pending);
        sentences.push(format!("A rollback would restore {pending}{before}."));
    } else if is_whole && counts.trouble() == 0 {
        sentences.push(match (counts.found, &summary.undoes) {
            (0, None) => "Nothing to roll back: no migration is left to be undone.".to_owned(),
            (0, Some(undone)) => format!(
                "Nothing to roll back: operation {undone} is rolled back already, or replaced no manifest."
            ),
            (found, _) if counts.selected == 0 => {
                let found = sections::manifests(found);
                format!("Nothing to roll back: none of the {found} is selected.")
            }
            _ => "Nothing to roll back: the originals are in their places.".to_owned(),
        });
    }
    sentences.extend(sections::nothing_written(end));
    if counts.pending > 0 {
        sentences.push("To do so, run the same command without --dry-run.".to_owned());
    }
    sentences
}

/// Returns true if a single word is an id and not ROOT: it has the form of one, or there is no such directory.
fn is_id(word: &Path, is_dir: &dyn Fn(&Path) -> bool) -> bool {
    let text = word.to_string_lossy();
    let is_name = !text.contains('/') && !matches!(&*text, "." | "..");
    is_name && (OperationId::is_made(&text) || !is_dir(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::command::list::{Args, CommandArgs};
    use clap::Parser as _;

    /// Resolves `words` in a working directory with two directories: `artifacts`, and one named like an id.
    fn resolved(words: &str) -> Result<(Undo, PathBuf), Stop> {
        let env = Environment {
            columns: Some(80),
            ..Environment::empty()
        };
        let typed = ["migrate-manifests", "rollback"].into_iter();
        let args = Args::try_parse_from(typed.chain(words.split_whitespace())).unwrap();
        let Some(CommandArgs::Rollback(args)) = args.command else {
            panic!("another command")
        };
        let is_dir = |path: &Path| path.ends_with("artifacts") || path.ends_with(ID);
        let options = resolve(*args, &env, &is_dir)?;
        Ok((options.options.undo, options.tree.root))
    }

    const ID: &str = "20261121T051136Z-1";

    #[test]
    fn a_word_alone_is_an_id_unless_it_is_a_directory_or_something_else_says_what_to_undo() {
        let id = || Undo::Operation(ID.to_owned());
        for (words, undo, root) in [
            (ID, id(), "."),
            (&format!("{ID} artifacts"), id(), "artifacts"),
            ("--last", Undo::Last, "."),
            ("--last artifacts", Undo::Last, "artifacts"),
            ("--last nowhere", Undo::Last, "nowhere"),
            ("--manifest a/b", Undo::Manifests, "."),
            ("--manifest a/b artifacts", Undo::Manifests, "artifacts"),
            ("--files-from list", Undo::Manifests, "."),
            (&format!("--manifest a/b {ID}"), id(), "."),
            ("mistyped", Undo::Operation("mistyped".to_owned()), "."),
        ] {
            assert_eq!(resolved(words), Ok((undo, PathBuf::from(root))), "{words}");
        }
    }

    #[test]
    fn what_to_undo_must_be_said_and_only_once() {
        for words in ["", "artifacts", "some/where"] {
            let stop = resolved(words).unwrap_err();
            assert_eq!(stop.message, "it is not said what to roll back");
            assert_eq!(
                stop.hint(),
                "give an id, --last or --manifest; `migrate-manifests operations` lists the ids"
            );
        }
        let stop = resolved("--last one artifacts").unwrap_err();
        assert_eq!(
            stop.message,
            "--last and an id exclude each other: the one finds the operation, the other names it"
        );
    }
}
