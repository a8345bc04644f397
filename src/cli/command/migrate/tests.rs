//! Tests of the arguments of a migration: their defaults, and what contradicts itself.

use super::*;
use crate::cli::args::Color;
use crate::cli::command::list::Args;
use crate::cli::options::Output;
use crate::cli::render::PageView;
use clap::Parser as _;
use migrate_manifests::code::Code;
use migrate_manifests::storage::{Lacking, SyncChoice};

fn env() -> Environment {
    Environment {
        term: Some("xterm".into()),
        columns: Some(80),
        ..Environment::empty()
    }
}

fn resolved_in(words: &str, env: &Environment) -> Result<ResolvedMigrate, Stop> {
    let typed = std::iter::once("migrate-manifests").chain(words.split_whitespace());
    resolve(Args::try_parse_from(typed).unwrap().migrate, env)
}

fn resolved(words: &str) -> ResolvedMigrate {
    resolved_in(words, &env()).unwrap()
}

#[test]
fn nothing_typed_migrates_the_working_directory_with_sixteen_jobs() {
    let options = resolved("");
    assert_eq!(options.tree.root, PathBuf::from("."));
    assert!(!options.tree.storage.cross_file_systems && options.tree.storage.lacking.is_empty());
    assert_eq!(options.tree.storage.sync, SyncChoice::Auto);
    assert_eq!(options.mode, MigrateMode::Write);
    assert_eq!(options.reporting.facts.command, "migrate");
    assert_eq!(options.tree.jobs.get(), 16);
    assert_eq!(options.reporting.facts.started_at, env().started);
    assert_eq!(options.options.target, None);
    assert_eq!(options.options.max_failures, None);
    assert!(!options.tree.wait && !options.options.include_running);
    assert!(!options.tree.selection.is_partial());
    assert_eq!(
        options.reporting.output,
        Output {
            format: Format::Text,
            view: PageView {
                all: false,
                quiet: false,
                columns: Some(80),
                headline: Headline::Target,
                lists_pending: true,
            },
            color: Color::Auto,
            loss_is_failure: true,
            uses_stderr: false,
        }
    );
}

#[test]
fn only_a_plain_migration_writes_and_only_programs_get_predicted_checksums() {
    for (words, mode, detail) in [
        ("--list-versions", MigrateMode::Versions, Detail::Versions),
        (
            "--list-versions --dry-run",
            MigrateMode::Versions,
            Detail::Versions,
        ),
        ("--dry-run", MigrateMode::Preview, Detail::Outcomes),
        ("--check", MigrateMode::Check, Detail::Outcomes),
        (
            "--check --dry-run --format json",
            MigrateMode::Check,
            Detail::Checksums,
        ),
        (
            "--dry-run --format jsonl",
            MigrateMode::Preview,
            Detail::Checksums,
        ),
        ("--diff", MigrateMode::Differences, Detail::Differences),
        (
            "--diff --dry-run --check",
            MigrateMode::Differences,
            Detail::Differences,
        ),
        ("--format json", MigrateMode::Write, Detail::Checksums),
    ] {
        let asked = resolved(words);
        assert_eq!(
            (asked.mode, asked.options.detail),
            (mode, detail),
            "{words}"
        );
        assert_eq!(asked.reporting.facts.dry_run, mode != MigrateMode::Write);
    }
    assert_eq!(
        resolved("--list-versions").reporting.facts.command,
        "status"
    );
}

#[test]
fn the_clock_is_typed_else_the_environments_else_the_systems() {
    let dated = Environment {
        source_date_epoch: Some("1772274600".into()),
        ..env()
    };
    let now = |words| {
        resolved_in(words, &dated)
            .unwrap()
            .reporting
            .facts
            .started_at
            .to_string()
    };
    assert_eq!(now("--now 2020-01-01T00:00:00Z"), "2020-01-01T00:00:00Z");
    assert_eq!(now(""), "2026-02-28T10:30:00Z");
    let empty = Environment {
        source_date_epoch: Some("".into()),
        ..env()
    };
    assert_eq!(
        resolved_in("", &empty).unwrap().reporting.facts.started_at,
        env().started
    );
    let wrong = Environment {
        source_date_epoch: Some("today".into()),
        ..env()
    };
    let stop = resolved_in("", &wrong).unwrap_err();
    assert_eq!(stop.code, Code::Usage);
    assert_eq!(
        stop.message,
        "the environment variable SOURCE_DATE_EPOCH is `today`: expected seconds since 1970"
    );
    assert!(resolved_in("--now @0", &wrong).is_ok());
}

#[test]
fn colour_is_off_where_the_environment_does_not_want_it_unless_typed() {
    let plain = Environment {
        no_color: Some("1".into()),
        ..env()
    };
    let dumb = Environment {
        term: Some("dumb".into()),
        ..env()
    };
    let unset = Environment {
        term: None,
        ..env()
    };
    let blank = Environment {
        term: Some("".into()),
        ..env()
    };
    for env in [plain, dumb, unset, blank] {
        assert_eq!(
            resolved_in("", &env).unwrap().reporting.output.color,
            Color::Never
        );
        assert_eq!(
            resolved_in("--color always", &env)
                .unwrap()
                .reporting
                .output
                .color,
            Color::Always
        );
    }
    assert_eq!(
        resolved("--color never").reporting.output.color,
        Color::Never
    );
    let empty = Environment {
        no_color: Some("".into()),
        ..env()
    };
    assert_eq!(
        resolved_in("", &empty).unwrap().reporting.output.color,
        Color::Auto
    );
}

#[test]
fn what_contradicts_itself_is_refused_with_the_reason() {
    for (words, message) in [
        (
            "--list-versions --check",
            "--list-versions and --check exclude each other: the one counts what was found, the other says whether work is pending",
        ),
        (
            "--list-versions --diff",
            "--list-versions and --diff exclude each other: a list of versions transforms nothing that could differ",
        ),
        (
            "--list-versions --limit 3",
            "--list-versions and --limit exclude each other: a list of versions that stops early counts wrong",
        ),
        (
            "--list-versions --quiet",
            "--list-versions and --quiet exclude each other: nothing of the list would be left",
        ),
        (
            "--plan p --target-version 1.2.0",
            "--plan excludes --target-version and --include-running: the plan says which manifests, and where to",
        ),
        (
            "--plan p --list-versions",
            "--plan and --list-versions exclude each other: the one executes a plan, the other counts what was found",
        ),
        (
            "--plan - --files-from -",
            "--plan - and --files-from - exclude each other: there is one standard input",
        ),
        (
            "--diff --format json",
            "--diff is text: a report for programs carries checksums before and after, not differences",
        ),
        (
            "--diff --format jsonl",
            "--diff is text: a report for programs carries checksums before and after, not differences",
        ),
        (
            "--diff --quiet",
            "--diff and --quiet exclude each other: nothing of the differences would be left",
        ),
        (
            "--all --quiet",
            "--all and --quiet exclude each other: the one lists every manifest, the other only those in trouble",
        ),
    ] {
        let stop = resolved_in(words, &env()).unwrap_err();
        assert_eq!(
            (stop.code, &*stop.message),
            (Code::Usage, message),
            "{words}"
        );
    }
    for words in [
        "--all --quiet --format json",
        "--list-versions --quiet --format json",
        "--diff --format text",
        "--dry-run --wait",
    ] {
        assert!(resolved_in(words, &env()).is_ok(), "{words}");
    }
}

#[test]
fn hidden_switches_reach_the_storage() {
    let options =
        resolved("--sync file --assume-lacking exchange,same-device --cross-file-systems");
    assert!(options.tree.storage.cross_file_systems);
    assert_eq!(options.tree.storage.sync, SyncChoice::File);
    assert_eq!(
        options.tree.storage.lacking,
        [Lacking::Exchange, Lacking::SameDevice]
    );
}
