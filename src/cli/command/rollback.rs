//! `rollback`: the originals that an operation replaced come back.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use migrate_manifests::operation::{RollbackMode, RollbackOptions, Undo};
use migrate_manifests::report::Stop;
use migrate_manifests::selection::Selection;

use crate::cli::Environment;
use crate::cli::args::ChangeArgs;
use crate::cli::exit::Terms;
use crate::cli::options::{
    BATCH, DEFAULT_JOBS, Output, Place, Purpose, all_and_quiet, clock, refuse_contradictions, usage,
};
use crate::cli::order::Order;
use crate::cli::session::{self, Invocation};
use crate::cli::streams::Streams;

/// What `rollback` is told.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct RollbackArgs {
    /// The operation to undo, as reports name it
    ///
    /// See the command operations for those there are. With --last or --manifest no id is needed, and the first word is ROOT.
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

    /// Check everything and show what would happen; write nothing
    #[arg(long, help_heading = "What")]
    dry_run: bool,

    #[command(flatten)]
    change: ChangeArgs,
}

/// Rolls back, or says what a rollback would do.
pub(crate) fn run(args: RollbackArgs, invocation: &Invocation<'_>, streams: Streams) -> ExitCode {
    match resolve(args, invocation.env, &Path::is_dir) {
        Ok(order) => order.perform(streams),
        Err(stop) => session::refuse(stop, invocation, streams),
    }
}

/// Decides everything that was left open. `is_dir` says whether a path is a directory.
///
/// # Errors
/// The arguments do not fit together, or the environment is wrong.
fn resolve(
    args: RollbackArgs,
    env: &Environment,
    is_dir: &dyn Fn(&Path) -> bool,
) -> Result<Order<RollbackOptions>, Stop> {
    refuse_contradictions(&[
        (
            args.last && args.second.is_some(),
            "--last and an id exclude each other: the one finds the operation, the other names it",
        ),
        all_and_quiet(&args.change.output),
    ])?;
    let names_manifests =
        !args.change.select.manifest.is_empty() || args.change.select.files_from.is_some();
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
    let (mode, purpose) = if args.dry_run {
        (RollbackMode::Rehearse, Purpose::PreviewRollback)
    } else {
        (RollbackMode::Write, Purpose::Rollback)
    };
    let output = Output::new(&args.change.output, purpose, env);
    let place = Place::new(
        root,
        args.change.tree,
        args.change.select,
        &args.change.limit,
    );
    Ok(Order {
        operation: RollbackOptions {
            undo,
            mode,
            tree: String::new(),
            now: clock(args.change.work.clock.now, env)?,
            started: env.started,
            selection: Selection::default(),
            jobs: args.change.work.jobs.unwrap_or(DEFAULT_JOBS),
            batch: BATCH,
            max_failures: args.change.write.max_failures,
            wait: args.change.write.wait,
        },
        terms: Terms::of(&place, &output),
        place,
        output,
    })
}

/// Whether a single word is an id and not ROOT: it has the form of one, or there is no such directory.
fn is_id(word: &Path, is_dir: &dyn Fn(&Path) -> bool) -> bool {
    let text = word.to_string_lossy();
    let is_name = !text.contains('/') && !matches!(&*text, "." | "..");
    let digits =
        |text: &str, count| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    let has_form = || {
        let (date, rest) = text.split_once('T')?;
        let (time, serial) = rest.split_once("Z-")?;
        Some(digits(date, 8) && digits(time, 6) && digits(serial, serial.len()))
    };
    is_name && (has_form() == Some(true) || !is_dir(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::Args;
    use crate::cli::command::Command;
    use clap::Parser as _;

    /// What is undone and where, in a directory that has `artifacts` and a directory with the form of an id.
    fn resolved(words: &str) -> Result<(Undo, PathBuf), Stop> {
        let env = Environment {
            started: "2026-03-01T00:00:00Z".parse().unwrap(),
            source_date_epoch: None,
            no_color: None,
            term: None,
            columns: Some(80),
        };
        let typed = ["migrate-manifests", "rollback"].into_iter();
        let args = Args::try_parse_from(typed.chain(words.split_whitespace())).unwrap();
        let Some(Command::Rollback(args)) = args.command else {
            panic!("another command")
        };
        let is_dir = |path: &Path| path.ends_with("artifacts") || path.ends_with(ID);
        let options = resolve(*args, &env, &is_dir)?;
        Ok((options.operation.undo, options.place.root))
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
