//! The arguments as they were typed, and what `--help` says of them.
//!
//! Parsing does nothing and decides nothing: what was not typed is `None`, and `options` says what that means.

mod groups;

use std::ffi::OsString;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgAction, CommandFactory as _, FromArgMatches as _, Parser};

use migrate_manifests::code::Code;
use migrate_manifests::report::Stop;

use super::command::{self, Command, MigrateArgs};
use super::escape;

pub(crate) use groups::{
    ChangeArgs, ClockArgs, Color, Feature, Format, LimitArgs, OneArgs, OutputArgs, RulesArgs,
    SelectArgs, Sync, TreeArgs, WholeArgs, WorkArgs, WriteArgs,
};

/// Help is never set wider than this, however wide the terminal.
const WIDEST_HELP: usize = 100;

/// Moves a tree of JSON manifests to a new schema version.
///
/// Finds every manifest.json below ROOT, reads its schema_version and migrates it to the target version. What no migration names keeps its bytes. Each original is kept beside its manifest as a backup. A manifest that may not be migrated is left as it is, named and counted; the others go on.
///
/// To see what would happen, start with --dry-run.
#[derive(Debug, Clone, Parser)]
#[command(
    name = "migrate-manifests",
    version,
    disable_help_flag = true,
    disable_version_flag = true,
    args_conflicts_with_subcommands = true,
    subcommand_value_name = "COMMAND",
    after_help = "--help says more, with examples and exit codes.",
    after_long_help = AFTER_LONG_HELP
)]
#[expect(
    clippy::doc_markdown,
    reason = "the comments are the help text, where backticks would be printed"
)]
pub(crate) struct Args {
    /// What to do, if not to migrate.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    /// What a migration is told.
    #[command(flatten)]
    pub(crate) migrate: MigrateArgs,

    /// Print help; -h is shorter, --help says more
    #[arg(short, long, action = ArgAction::Help, global = true, help_heading = "Help")]
    help: Option<bool>,

    /// Print name and version
    #[arg(short = 'V', long, action = ArgAction::Version, help_heading = "Help")]
    version: Option<bool>,
}

const AFTER_LONG_HELP: &str = "\
Examples:
  migrate-manifests --dry-run artifacts
      what would happen
  migrate-manifests --diff --limit 1 artifacts
      the first difference, as text
  migrate-manifests --job 'ig-*' --limit 10 artifacts
      a first small step
  migrate-manifests artifacts
      all of it
  migrate-manifests --check --quiet artifacts
      for CI: exits 3 if anything is pending
  migrate-manifests --format json artifacts > report.json
      a report for programs

Exit codes (where several apply, the first of this list):
  130  interrupted by SIGINT (Ctrl-C)
  143  interrupted by SIGTERM
    6  the storage failed, and the operation stopped
    5  another operation is at work
    2  wrong usage, or it could not start
    1  finished, but some manifests were refused, failed,
       in conflict or not attempted, a directory could not
       be listed, or verify or validate found something
    3  something is pending (--check)
    0  all as asked

Ctrl-C ends the batch at work and prints the summary. Whatever
happens, every manifest is whole, old or new; run again to go on.";

/// What the arguments ask for.
#[derive(Debug)]
pub(crate) enum Request {
    /// Help or version: this text.
    Show(Shown),
    /// Work.
    Work(Box<Args>),
}

/// A text with and without its style.
#[derive(Debug)]
pub(crate) struct Shown {
    /// As it is.
    pub(crate) plain: String,
    /// With escape sequences.
    pub(crate) styled: String,
}

impl From<&StyledStr> for Shown {
    fn from(text: &StyledStr) -> Self {
        Self {
            plain: without_trailing_space(&text.to_string()),
            styled: without_trailing_space(&text.ansi().to_string()),
        }
    }
}

/// The parser fills the empty lines in its help with spaces.
fn without_trailing_space(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(str::trim_end).collect();
    lines.join("\n") + "\n"
}

/// Reads the arguments, the program's name first.
///
/// # Errors
/// They are wrong: the stop says how, in one line.
pub(crate) fn read(typed: &[OsString], columns: Option<usize>) -> Result<Request, Stop> {
    let width = columns.unwrap_or(WIDEST_HELP).min(WIDEST_HELP);
    let parsed = Args::command()
        .term_width(width)
        .try_get_matches_from(typed)
        .and_then(|matches| Args::from_arg_matches(&matches));
    match parsed {
        Ok(args) => Ok(Request::Work(Box::new(args))),
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
            ) =>
        {
            Ok(Request::Show(Shown::from(&error.render())))
        }
        Err(error) => Err(no_command(&error).unwrap_or_else(|| wrong(&error.to_string()))),
    }
}

/// Finds the value of an option in arguments that may be wrong elsewhere; the last one counts.
pub(crate) fn typed_value<'a>(typed: &'a [OsString], option: &str) -> Option<&'a str> {
    let words: Vec<_> = typed
        .iter()
        .skip(1)
        .map(|word| word.to_str().unwrap_or_default())
        .take_while(|word| *word != "--")
        .collect();
    let apart = words
        .windows(2)
        .enumerate()
        .filter(|(_, pair)| pair[0] == option);
    let joined = words
        .iter()
        .enumerate()
        .filter_map(|(at, word)| Some((at, word.strip_prefix(option)?.strip_prefix('=')?)));
    apart
        .map(|(at, pair)| (at, pair[1]))
        .chain(joined)
        .max_by_key(|(at, _)| *at)
        .map(|(_, value)| value)
}

/// A second word that is no command: the parser takes it for one.
fn no_command(error: &clap::Error) -> Option<Stop> {
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) else {
        return None;
    };
    let names = command::names();
    if names.contains(word) {
        return None;
    }
    Some(Stop {
        hint: Some(format!(
            "a command is the first word, and ROOT is one; the commands are: {}",
            names.join(", ")
        )),
        ..Stop::new(
            Code::Usage,
            one_line(&format!("unexpected argument '{word}' found")),
        )
    })
}

/// Makes one line, and a hint, of the parser's several.
fn wrong(rendered: &str) -> Stop {
    let told = ["\n\nUsage:", "\n\nFor more information"]
        .iter()
        .filter_map(|end| rendered.find(end))
        .min()
        .map_or(rendered, |end| &rendered[..end]);
    let (message, tip) = match told.split_once("\n\n  tip: ") {
        Some((message, tip)) => (message, Some(one_line(tip))),
        None => (told, None),
    };
    let message = message.trim_start_matches("error: ");
    Stop {
        hint: tip,
        ..Stop::new(Code::Usage, one_line(message))
    }
}

fn one_line(text: &str) -> String {
    let lines: Vec<_> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    escape::message(&lines.join(" ")).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_words(words: &[&str]) -> Result<Request, Stop> {
        let typed: Vec<OsString> = std::iter::once(&"migrate-manifests")
            .chain(words)
            .map(OsString::from)
            .collect();
        read(&typed, Some(60))
    }

    #[test]
    fn the_parser_and_its_help_texts_are_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn a_wrong_argument_is_told_in_one_line_with_a_hint() {
        let stop = read_words(&["--dryrun"]).unwrap_err();
        assert_eq!(stop.message, "unexpected argument '--dryrun' found");
        assert_eq!(stop.hint(), "a similar argument exists: '--dry-run'");
        let stop = read_words(&["--sample", "7"]).unwrap_err();
        assert_eq!(
            stop.message,
            "invalid value '7' for '--sample <PERCENT>': `7` is not a share: expected more than 0 and at most 100 per cent, as in `5%`"
        );
        assert_eq!(stop.hint(), "see --help");
        let stop = read_words(&["--format", "yaml"]).unwrap_err();
        assert_eq!(
            stop.message,
            "invalid value 'yaml' for '--format <FORMAT>' [possible values: text, json, jsonl]"
        );
    }

    #[test]
    fn the_number_of_threads_has_limits() {
        assert!(read_words(&["--jobs", "1024"]).is_ok());
        for wrong in ["0", "1025", "99999999999999999999", "many"] {
            let stop = read_words(&["--jobs", wrong]).unwrap_err();
            assert_eq!(
                stop.message,
                format!(
                    "invalid value '{wrong}' for '--jobs <N>': expected a number from 1 to 1024"
                )
            );
        }
    }

    #[test]
    fn a_wrong_argument_cannot_reach_the_terminal_as_it_is() {
        let stop = read_words(&["a", "b\u{9b}\u{202e}"]).unwrap_err();
        assert_eq!(stop.message, "unexpected argument 'b\\u009b\\u202e' found");
    }

    #[test]
    fn help_fits_sixty_columns() {
        for flag in ["-h", "--help"] {
            let Ok(Request::Show(help)) = read_words(&[flag]) else {
                panic!("no help")
            };
            let wide: Vec<_> = help
                .plain
                .lines()
                .filter(|line| line.chars().count() > 60)
                .collect();
            assert!(wide.is_empty(), "{wide:#?}");
        }
    }

    #[test]
    fn the_format_is_found_in_arguments_that_are_wrong() {
        let words = |text: &str| text.split(' ').map(OsString::from).collect::<Vec<_>>();
        for (typed, found) in [
            ("m --format json --bad", Some("json")),
            ("m --format=json", Some("json")),
            ("m --format text --format=jsonl", Some("jsonl")),
            ("m --format=jsonl --format text", Some("text")),
            ("m -- --format json", None),
            ("m --format", None),
        ] {
            assert_eq!(typed_value(&words(typed), "--format"), found, "{typed}");
        }
    }
}
