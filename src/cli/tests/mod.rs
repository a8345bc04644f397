//! Tests of the output: the program up to the start of an operation, and reports as text and as JSON.

mod people;
mod programs;

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use super::args::{Color, Format, OutputArgs};
use super::options::{Output, ReportOptions};
use super::progress::Progress;
use super::render::{Ending, Facts, Headline, ListedManifests, Report};
use super::streams::Stream;
use super::*;
use migrate_manifests::report::{Event, Sink as _, Summary};

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct ReportTest {
    output: Output,
    facts: Facts,
    listed: Option<ListedManifests>,
}

impl ReportTest {
    fn new(format: Format) -> Self {
        let env = Environment::empty();
        let reporting = ReportOptions::at(env.started, "migrate", &OutputArgs::default(), &env);
        let ReportOptions {
            mut output,
            mut facts,
        } = reporting;
        output.format = format;
        output.color = Color::Never;
        output.view.headline = Headline::Target;
        facts.dry_run = false;
        Self {
            output,
            facts,
            listed: None,
        }
    }

    fn print(
        self,
        events: &[Event<'_>],
        summary: &Summary,
        ending: &dyn Ending,
    ) -> (String, String) {
        let (stdout, stderr) = (Captured::default(), Captured::default());
        let out = Stream::new(Box::new(stdout.clone()), false);
        let err = Stream::new(Box::new(stderr.clone()), false);
        let mut report = Report::new(&self.output, (&out, &err), Progress::hidden(), self.facts);
        if let Some(listed) = &self.listed {
            report.expect(listed);
        }
        for event in events {
            report.event(event).unwrap();
        }
        report.end(summary, ending);
        assert!(report.lost().is_none());
        (stdout.text(), stderr.text())
    }
}

struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn run_into(words: &[&str], stdout: Box<dyn Write + Send>) -> (ExitCode, String) {
    run_between(words, Box::new(io::empty()), stdout)
}

fn run_between(
    words: &[&str],
    stdin: Box<dyn Read>,
    stdout: Box<dyn Write + Send>,
) -> (ExitCode, String) {
    let typed: Vec<OsString> = std::iter::once(&"migrate-manifests")
        .chain(words)
        .map(OsString::from)
        .collect();
    let env = Environment::empty();
    let stderr = Captured::default();
    let streams = Streams {
        stdin,
        stdout: Stream::new(stdout, false),
        stderr: Stream::new(Box::new(stderr.clone()), false),
    };
    let code = run(Cli {
        typed: &typed,
        env: &env,
        streams,
    });
    (code, stderr.text())
}

fn run_words(words: &[&str]) -> (ExitCode, String, String) {
    let stdout = Captured::default();
    let (code, stderr) = run_into(words, Box::new(stdout.clone()));
    (code, stdout.text(), stderr)
}

#[test]
fn wrong_usage_exits_2_and_says_why() {
    let (code, stdout, stderr) = run_words(&["--dryrun"]);
    assert_eq!(code, ExitCode::from(2));
    assert_eq!(stdout, "");
    assert_eq!(
        stderr,
        "error: unexpected argument '--dryrun' found\nhint: a similar argument exists: '--dry-run'\n"
    );
}

#[test]
fn arguments_that_cannot_be_meant_are_refused_with_the_reason() {
    for (words, expected) in [
        (
            &["--shard", "4/4"][..],
            "error: invalid value '4/4' for '--shard <K/N>': `4/4` is not a shard: expected K/N with K from 0 and below N, as in `0/4`\nhint: see --help\n",
        ),
        (
            &["status", "--fields", ""],
            "error: invalid value '' for '--fields <MEMBERS>': expected the name of a member, or a JSON Pointer\nhint: see --help\n",
        ),
        (
            &["status", "--quiet"],
            "error: status and --quiet exclude each other: nothing of the list would be left\nhint: leave one of them out\n",
        ),
    ] {
        let (code, stdout, stderr) = run_words(words);
        assert_eq!(
            (code, &*stdout, &*stderr),
            (ExitCode::from(2), "", expected)
        );
    }
}

/// Standard input that cannot be read.
struct Unreadable;

impl Read for Unreadable {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::from_raw_os_error(5))
    }
}

#[test]
fn standard_input_that_cannot_be_read_is_told() {
    let stdout = Captured::default();
    let words = ["show", "-", "--catalog", "built-in"];
    let (code, stderr) = run_between(&words, Box::new(Unreadable), Box::new(stdout.clone()));
    assert_eq!((code, &*stdout.text()), (ExitCode::from(2), ""));
    assert_eq!(
        stderr,
        "error: cannot read standard input: Input/output error (os error 5)\nhint: check the selection\n"
    );
}

#[test]
fn wrong_usage_is_still_one_object_for_programs() {
    for words in [
        &["--format", "json", "--dryrun", "--now", "@0"][..],
        &["--format=json", "--check", "--list-versions", "--now=@0"],
        &["/nowhere/at/all", "--format", "json", "--now", "@0"],
    ] {
        let (code, stdout, stderr) = run_words(words);
        assert_eq!(code, ExitCode::from(2));
        let report: serde_json::Value = serde_json::from_str(&stdout).unwrap();
        assert_eq!(report["format"], "migrate-manifests/report/1");
        assert_eq!(report["started_at"], "1970-01-01T00:00:00Z");
        assert_eq!(report["counts"]["found"], 0);
        assert_eq!(report["manifests"], serde_json::json!([]));
        assert!(stderr.starts_with("error: "), "{stderr}");
        assert!(stderr.contains(report["error"]["hint"].as_str().unwrap()));
    }
}

#[test]
fn wrong_usage_is_one_line_for_those_who_read_lines() {
    let (_, stdout, _) = run_words(&["--format", "jsonl", "--shard", "4/4"]);
    let report: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(report["format"], "migrate-manifests/outcome/1");
    assert_eq!(report["error"]["code"], "usage");
    assert_eq!(stdout.lines().count(), 1);
}

#[test]
fn a_list_that_cannot_be_read_is_told_with_its_cause() {
    let tree = tempfile::tempdir().unwrap();
    let root = tree.path().to_str().unwrap();
    let (code, stdout, stderr) = run_words(&[root, "--dry-run", "--files-from", "/nowhere/list"]);
    assert_eq!((code, stdout.as_str()), (ExitCode::from(2), ""));
    assert_eq!(
        stderr,
        "error: cannot read the list of manifests from `/nowhere/list`\ncaused by: No such file or directory (os error 2)\nhint: check the selection\n"
    );
}

#[test]
fn help_and_version_are_data() {
    let (code, stdout, stderr) = run_words(&["--version", "--format", "json"]);
    assert_eq!((code, stderr.as_str()), (ExitCode::SUCCESS, ""));
    assert_eq!(
        stdout,
        concat!("migrate-manifests ", env!("CARGO_PKG_VERSION"), "\n")
    );
    let (_, stdout, _) = run_words(&["--help"]);
    assert!(stdout.contains("Which manifests:") && stdout.contains("Exit codes"));
    assert!(!stdout.contains("--sync"));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error_where_nothing_is_written() {
    let tree = tempfile::tempdir().unwrap();
    let root = tree.path().to_str().unwrap();
    for words in [
        &["--help"][..],
        &["--dry-run", root],
        &["--format", "json", "--check", root],
    ] {
        let (_, stderr) = run_into(words, Box::new(Closed));
        assert_eq!(stderr, "", "{words:?}");
    }
}
