//! The arguments as they were typed, and what `--help` says of them.
//!
//! Parsing does nothing and decides nothing: what was not typed is `None`, and `options` says what that means.

use std::ffi::OsString;
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;

use clap::builder::StyledStr;
use clap::error::ErrorKind;
use clap::{ArgAction, CommandFactory as _, FromArgMatches as _, Parser, ValueEnum};

use migrate_manifests::clock::Timestamp;
use migrate_manifests::code::Code;
use migrate_manifests::report::Stop;
use migrate_manifests::selection::{Glob, Sample, Shard, Tolerance};
use migrate_manifests::version::Version;

use super::escape;

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
    after_help = "--help says more, with examples and exit codes.",
    after_long_help = AFTER_LONG_HELP
)]
#[expect(
    clippy::doc_markdown,
    clippy::struct_excessive_bools,
    reason = "the comments are the help text, where backticks would be printed; flags are what was typed"
)]
pub(crate) struct Args {
    /// The directory that holds the artifacts, or its parent [default: .]
    ///
    /// If ROOT/artifacts is a directory, that is the tree. A directory inside a tree may be given, too; only what lies in it is then looked at.
    pub(crate) root: Option<PathBuf>,

    /// Show what would happen; write nothing
    #[arg(long, help_heading = "What")]
    pub(crate) dry_run: bool,

    /// Show the differences as text; write nothing
    ///
    /// A unified diff of each manifest that would be migrated, before and after.
    #[arg(long, help_heading = "What")]
    pub(crate) diff: bool,

    /// Exit with 3 if anything is pending; write nothing
    #[arg(long, help_heading = "What")]
    pub(crate) check: bool,

    /// Count the manifests of each version; write nothing
    #[arg(long, help_heading = "What")]
    pub(crate) list_versions: bool,

    /// Migrate to this version [default: the latest]
    #[arg(long, value_name = "VERSION", help_heading = "What")]
    pub(crate) target_version: Option<Version>,

    /// Take manifests that a writer still has, too
    ///
    /// A manifest whose status says that its run is going on is deferred: left alone, and taken the next time. With this flag it is taken now. For runs that died.
    #[arg(long, help_heading = "What")]
    pub(crate) include_running: bool,

    /// Only this manifest, or this run directory's (repeatable)
    ///
    /// Relative to the working directory; if nothing is there, to ROOT, then to the tree.
    #[arg(long, value_name = "PATH", help_heading = "Which manifests")]
    pub(crate) manifest: Vec<PathBuf>,

    /// Only runs of jobs whose name matches (repeatable)
    ///
    /// The job is the directory above the run directory.
    #[arg(long, value_name = "GLOB", help_heading = "Which manifests")]
    pub(crate) job: Vec<Glob>,

    /// Only a share of them, as in 5%
    ///
    /// Drawn by the hash of the path: the same on every machine, and a larger sample contains a smaller one.
    #[arg(long, value_name = "PERCENT", help_heading = "Which manifests")]
    pub(crate) sample: Option<Sample>,

    /// Only part K (from 0) of N equal parts, as in 0/4
    #[arg(long, value_name = "K/N", help_heading = "Which manifests")]
    pub(crate) shard: Option<Shard>,

    /// Only the first N that are pending, in path order
    #[arg(long, value_name = "N", help_heading = "Which manifests")]
    pub(crate) limit: Option<NonZeroU64>,

    /// Only those listed in FILE (- is standard input)
    ///
    /// One path in the tree a line, as reports print them. A line that begins with " is a JSON string.
    #[arg(long, value_name = "FILE", help_heading = "Which manifests")]
    pub(crate) files_from: Option<PathBuf>,

    /// Paths in --files-from end with NUL, not with a line
    #[arg(
        short = '0',
        long,
        requires = "files_from",
        help_heading = "Which manifests"
    )]
    pub(crate) null: bool,

    /// Not what matches (repeatable)
    ///
    /// A glob without / matches the name of a file or directory at any depth; one with / the path in the tree. * and ? stay within one name, ** does not.
    #[arg(long, value_name = "GLOB", help_heading = "Which manifests")]
    pub(crate) exclude: Vec<Glob>,

    /// How many threads work [default: 16]
    #[arg(long, value_name = "N", value_parser = jobs, help_heading = "How")]
    pub(crate) jobs: Option<NonZeroUsize>,

    /// Stop when more are in trouble, as in 10 or 5%
    ///
    /// Refused, failed and in conflict are counted at the end of each batch, in path order. Without this flag one bad manifest never stops the others.
    #[arg(long, value_name = "N|P%", help_heading = "How")]
    pub(crate) max_failures: Option<Tolerance>,

    /// Wait for another operation's end, if one is at work
    #[arg(long, help_heading = "How")]
    pub(crate) wait: bool,

    /// Use the catalog in DIR
    ///
    /// A catalog says which versions there are and how to come from one to the next. Without this flag: the one in .migrate-manifests/catalog of the tree, else the built-in one.
    #[arg(long, value_name = "DIR", help_heading = "How")]
    pub(crate) catalog: Option<PathBuf>,

    /// The time to record [default: the system's]
    ///
    /// As in 2026-02-28T10:30:00Z, or @ and seconds since 1970. The environment variable SOURCE_DATE_EPOCH does the same.
    #[arg(long, value_name = "TIME", help_heading = "How")]
    pub(crate) now: Option<Timestamp>,

    /// Enter other file systems mounted in the tree
    #[arg(long, help_heading = "How")]
    pub(crate) cross_file_systems: bool,

    /// How changes are made durable.
    #[arg(long, value_name = "HOW", hide = true)]
    pub(crate) sync: Option<Sync>,

    /// Do as if the file system lacked these.
    #[arg(long, value_name = "WHAT", hide = true, value_delimiter = ',')]
    pub(crate) assume_lacking: Vec<Feature>,

    /// The form of the output [default: text]
    ///
    /// json is one object; jsonl is one line for each manifest as it happens and a last line with the counts. docs/formats.md describes both.
    #[arg(long, value_name = "FORMAT", help_heading = "Output")]
    pub(crate) format: Option<Format>,

    /// Only what is refused, failed or in conflict
    #[arg(short, long, help_heading = "Output")]
    pub(crate) quiet: bool,

    /// List every manifest, also those with nothing to do
    #[arg(long, help_heading = "Output")]
    pub(crate) all: bool,

    /// Use colour [default: auto]
    ///
    /// auto is on a terminal only, unless NO_COLOR is set or TERM is dumb.
    #[arg(long, value_name = "WHEN", help_heading = "Output")]
    pub(crate) color: Option<Color>,

    /// Print help; -h is shorter, --help says more
    #[arg(short, long, action = ArgAction::Help, help_heading = "Help")]
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
       in conflict or not attempted, or a directory could
       not be listed
    3  something is pending (--check)
    0  all as asked

Ctrl-C ends the batch at work and prints the summary. Whatever
happens, every manifest is whole, old or new; run again to go on.";

/// More threads than this only wait for each other; the system has not even got the memory for some tens of thousands.
const MOST_JOBS: usize = 1024;

/// Reads a number of threads.
fn jobs(text: &str) -> Result<NonZeroUsize, String> {
    text.parse()
        .ok()
        .filter(|jobs: &NonZeroUsize| jobs.get() <= MOST_JOBS)
        .ok_or_else(|| format!("expected a number from 1 to {MOST_JOBS}"))
}

/// The form of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// One JSON object.
    Json,
    /// One JSON object a line.
    Jsonl,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How changes are made durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Sync {
    /// As the file system can be trusted.
    Auto,
    /// With one flush of the file system for each batch.
    Batch,
    /// With a flush of each file and directory.
    File,
    /// Not at all, for benchmarks.
    None,
}

/// What a file system may be assumed to lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Feature {
    /// The exchange of two names.
    Exchange,
    /// Hard links.
    Links,
    /// A flush of all of it.
    Syncfs,
    /// The state directory on the device of the tree.
    SameDevice,
    /// Time stamps that tell any two writes apart.
    FineTimes,
}

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
        Err(error) => Err(wrong(&error.to_string())),
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
