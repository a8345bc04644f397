//! Parses the command line, and reads what is readable of an invalid one.
//!
//! Invariant: an invalid command line is reported in one line with a hint.

use std::ffi::OsString;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _};

use migrate_manifests::clock::Timestamp;
use migrate_manifests::code::Code;
use migrate_manifests::report::Stop;

use super::list::Args;
use crate::cli::args::{Color, Format};
use crate::cli::escape;

const WIDEST_HELP: usize = 100;

#[derive(Debug)]
pub(crate) enum CommandLine {
    Show(Shown),
    Work(Box<Args>),
}

#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) plain: String,
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

fn without_trailing_space(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(str::trim_end).collect();
    lines.join("\n") + "\n"
}

pub(crate) fn read(typed: &[OsString], columns: Option<usize>) -> Result<CommandLine, Stop> {
    let width = columns.unwrap_or(WIDEST_HELP).min(WIDEST_HELP);
    let parsed = Args::command()
        .term_width(width)
        .try_get_matches_from(typed)
        .and_then(|matches| Args::from_arg_matches(&matches));
    match parsed {
        Ok(args) => Ok(CommandLine::Work(Box::new(args))),
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
            ) =>
        {
            Ok(CommandLine::Show(Shown::from(&error.render())))
        }
        Err(error) => Err(unknown_command(&error).unwrap_or_else(|| wrong(&error.to_string()))),
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Typed {
    /// The command; a migration is one without a word for it.
    pub(crate) command: String,
    pub(crate) format: Option<Format>,
    pub(crate) color: Option<Color>,
    pub(crate) now: Option<Timestamp>,
    pub(crate) dry_run: bool,
}

/// Reads the flags that matter for reporting an invalid command line. The parser stops at the first error, so it gets each flag alone.
pub(crate) fn typed(typed: &[OsString]) -> Typed {
    let words = typed.get(1..).unwrap_or_default();
    let end = words.iter().position(|word| word == "--");
    let words = &words[..end.unwrap_or(words.len())];
    let first = lenient(&words[..words.len().min(1)]);
    let command = first.subcommand_name().unwrap_or("migrate");
    let second = lenient(&words[..words.len().min(2)]);
    let second = second
        .subcommand()
        .and_then(|(_, second)| second.subcommand_name());
    let is_set = |name: &&str| value::<bool>(words, name) == Some(true);
    Typed {
        command: command.to_owned(),
        format: value(words, "format"),
        color: value(words, "color"),
        now: value(words, "now"),
        dry_run: !writes(command, second)
            || (command == "verify" && !is_set(&"accept"))
            || (command == "verify" && !is_set(&"accept"))
            || ["dry-run", "diff", "check", "list-versions"]
                .iter()
                .any(is_set),
    }
}

/// Returns true if the command writes, unless a flag keeps it from that. The flag is the sign of it, except for commands that have nothing to foresee.
fn writes(command: &str, second: Option<&str>) -> bool {
    if matches!(
        (command, second),
        ("catalog", Some("new")) | ("state", Some("adopt"))
    ) {
        return true;
    }
    let all = Args::command();
    let first = all.find_subcommand(command).unwrap_or(&all);
    let found = second.and_then(|second| first.find_subcommand(second));
    let mut arguments = found.unwrap_or(first).get_arguments();
    arguments.any(|argument| argument.get_id() == "dry_run")
}

fn lenient(words: &[OsString]) -> ArgMatches {
    let program = OsString::from("migrate-manifests");
    let command = Args::command()
        .ignore_errors(true)
        .disable_help_subcommand(true);
    let read = command.try_get_matches_from([&program].into_iter().chain(words));
    read.unwrap_or_default()
}

fn value<T: Clone + Send + Sync + 'static>(words: &[OsString], name: &str) -> Option<T> {
    let flag = format!("--{name}");
    let is_it = |word: &OsString| {
        let rest = word.to_str().and_then(|word| word.strip_prefix(&flag));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
    };
    let places = (0..words.len()).rev().filter(|place| is_it(&words[*place]));
    places.into_iter().find_map(|place| {
        let matches = lenient(&words[place..words.len().min(place + 2)]);
        let id = name.replace('-', "_");
        matches.try_get_one::<T>(&id).ok().flatten().cloned()
    })
}

fn unknown_command(error: &clap::Error) -> Option<Stop> {
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) else {
        return None;
    };
    let names = names();
    if names.contains(word) {
        return None;
    }
    Some(Stop {
        hint: Some(format!(
            "only one ROOT is allowed, and a command must be the first word; to migrate, give no command; the commands are: {}",
            names.join(", ")
        )),
        ..Stop::new(
            Code::Usage,
            one_line(&format!("unexpected argument '{word}' found")),
        )
    })
}

fn names() -> Vec<String> {
    let command = Args::command();
    command
        .get_subcommands()
        .map(|command| command.get_name().to_owned())
        .collect()
}

fn wrong(rendered: &str) -> Stop {
    let text = ["\n\nUsage:", "\n\nFor more information"]
        .iter()
        .filter_map(|end| rendered.find(end))
        .min()
        .map_or(rendered, |end| &rendered[..end]);
    let (message, tip) = match text.split_once("\n\n  tip: ") {
        Some((message, tip)) => (message, Some(one_line(tip))),
        None => (text, None),
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

    fn read_words(words: &[&str]) -> Result<CommandLine, Stop> {
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

    /// A new command is to be added to one of the two lists.
    #[test]
    fn each_command_is_known_to_write_or_not_to() {
        let all = Args::command();
        let mut known = [vec![], vec![]];
        for first in all.get_subcommands() {
            let mut add = |name: String, second: Option<&str>| {
                known[usize::from(writes(first.get_name(), second))].push(name);
            };
            if !first.has_subcommands() || first.get_name() == "backups" {
                add(first.get_name().to_owned(), None);
            }
            for second in first.get_subcommands() {
                let name = format!("{} {}", first.get_name(), second.get_name());
                add(name, Some(second.get_name()));
            }
        }
        let [reading, writing] = known;
        // Verify writes with --accept.
        let expected = [
            "verify",
            "rollback",
            "state adopt",
            "backups prune",
            "catalog new",
        ];
        assert_eq!(writing, expected);
        let expected = [
            "status",
            "plan",
            "explain",
            "show",
            "validate",
            "operations",
            "backups",
            "backups export",
            "catalog check",
            "catalog lint",
            "catalog test",
            "catalog graph",
            "catalog schema",
            "completions",
            "man",
        ];
        assert_eq!(reading, expected);
        assert!(writes("migrate", None));
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
    fn a_second_root_is_told_with_all_commands() {
        let stop = read_words(&["one", "two"]).unwrap_err();
        assert_eq!(stop.message, "unexpected argument 'two' found");
        let commands = names().join(", ");
        assert!(commands.contains("rollback, "), "{commands}");
        assert_eq!(
            stop.hint(),
            format!(
                "only one ROOT is allowed, and a command must be the first word; to migrate, give no command; the commands are: {commands}"
            )
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
            let Ok(CommandLine::Show(help)) = read_words(&[flag]) else {
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
    fn what_can_be_read_of_wrong_arguments_is_read() {
        let read = |text: &str| typed(&text.split(' ').map(OsString::from).collect::<Vec<_>>());
        for (words, format) in [
            ("m --format json --bad", Some(Format::Json)),
            ("m --format=json", Some(Format::Json)),
            ("m verify --format jsonl --bad", Some(Format::Jsonl)),
            ("m catalog lint --bad --format json", Some(Format::Json)),
            ("m --format yaml", None),
            ("m -- --format json", None),
            ("m --format", None),
        ] {
            assert_eq!(read(words).format, format, "{words}");
        }
        for (words, command) in [
            ("m --bad", "migrate"),
            ("m artifacts --bad", "migrate"),
            ("m verify --bad", "verify"),
            ("m backups prune --bad", "backups"),
        ] {
            assert_eq!(read(words).command, command, "{words}");
        }
        for (words, dry_run) in [
            ("m --bad", false),
            ("m --bad --check", true),
            ("m rollback --bad", false),
            ("m rollback --bad --dry-run", true),
            ("m explain --bad", true),
            ("m backups --bad", true),
            ("m backups export --bad", true),
            ("m backups prune --bad", false),
            ("m backups prune --bad --dry-run", true),
            ("m catalog check --bad", true),
            ("m catalog new --bad", false),
            ("m state adopt --bad", false),
        ] {
            assert_eq!(read(words).dry_run, dry_run, "{words}");
        }
        assert_eq!(read("m --bad --now @0").now, Some("@0".parse().unwrap()));
    }
}
