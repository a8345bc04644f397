//! Tests of text reports, compared in full.

use super::ReportTest;
use crate::cli::args::{Color, Format};
use crate::cli::command::migrate::{Backups, MigrateEnd};
use crate::cli::command::status::StatusEnd;
use crate::cli::render::Ending;
use migrate_manifests::code::Code;
use migrate_manifests::journal::BackupId;
use migrate_manifests::path::TreePath;
use migrate_manifests::report::{
    Counts, Diagnosis, Difference, Event, Outcome, RouteCount, Signal, Sink as _, Start, Status,
    Stop, Summary,
};
use migrate_manifests::version::Version;

const RUN: &str = "575fc3b9-1d70-42de-a69c-c377ffce9d2f";

fn version(text: &str) -> Version {
    text.parse().unwrap()
}

fn path(text: &str) -> TreePath {
    TreePath::new(text.as_bytes()).unwrap()
}

fn head(dry_run: bool) -> Start {
    Start {
        command: "migrate".to_owned(),
        dry_run,
        tree: "/data/artifacts".to_owned(),
        catalog_name: "run-manifest".to_owned(),
        catalog_source: "built in".to_owned(),
        catalog_digest: format!("sha256:0123456789abcdef{}", "0".repeat(48)),
        target: Some(version("1.2.0")),
        latest: Some(version("1.2.0")),
        started_at: "2026-03-01T00:00:00Z".parse().unwrap(),
    }
}

fn moved(status: Status, place: &str, from: &str, to: &str) -> Outcome {
    Outcome {
        from: Some(version(from)),
        to: Some(version(to)),
        ..Outcome::new(path(place), status)
    }
}

fn troubled(place: &str, code: Code, message: &str) -> Outcome {
    Outcome::troubled(path(place), Diagnosis::new(code, message))
}

fn route(from: &str, count: u64) -> RouteCount {
    RouteCount {
        from: version(from),
        to: version("1.2.0"),
        via: Vec::new(),
        count,
    }
}

struct Show {
    /// The flag that prevents writing; `None` for a list of versions.
    flag: Option<&'static str>,
    is_list: bool,
    report_test: fn(&mut ReportTest),
    columns: Option<usize>,
    outcomes: Vec<Outcome>,
    directories: Vec<Diagnosis>,
    summary: Summary,
}

impl Show {
    fn new(flag: Option<&'static str>, columns: Option<usize>) -> Self {
        Self {
            flag,
            is_list: false,
            report_test: |_| (),
            columns,
            outcomes: Vec::new(),
            directories: Vec::new(),
            summary: Summary::default(),
        }
    }

    fn list(columns: Option<usize>) -> Self {
        Self {
            is_list: true,
            ..Self::new(None, columns)
        }
    }

    fn text(&self) -> String {
        let mut report_test = ReportTest::new(Format::Text);
        report_test.output.view.columns = self.columns;
        report_test.output.view.lists_pending = !self.is_list;
        (self.report_test)(&mut report_test);
        let head = head(self.flag.is_some() || self.is_list);
        let mut events = vec![Event::Started(&head)];
        events.extend(self.directories.iter().map(Event::DirectoryFailed));
        events.extend(self.outcomes.iter().map(Event::Outcome));
        let mut end = MigrateEnd {
            flag: self.flag,
            backups: Backups::None,
        };
        for event in &events {
            end.event(event).unwrap();
        }
        let end: &dyn Ending = if self.is_list { &StatusEnd } else { &end };
        report_test.print(&events, &self.summary, end).0
    }
}

fn troubled_preview(columns: usize) -> Show {
    Show {
        outcomes: vec![
            moved(
                Status::Pending,
                &format!("runs/{RUN}/manifest.json"),
                "1.0.0",
                "1.2.0",
            ),
            troubled(
                "job/bad\u{1b}[2J\nrun/manifest.json",
                Code::DuplicateName,
                "line 4, column 3: the name `a\u{202e}` stands there twice, first at line 2, column 3",
            ),
            moved(Status::Ahead, "job/new/manifest.json", "1.3.0", "1.3.0"),
            moved(Status::Current, "job/done/manifest.json", "1.2.0", "1.2.0"),
        ],
        directories: vec![Diagnosis {
            code: Code::PermissionDenied,
            path: Some(path("job/closed")),
            message: "cannot list the directory: permission denied".to_owned(),
        }],
        summary: Summary {
            counts: Counts {
                found: 6,
                selected: 5,
                pending: 1,
                current: 1,
                ahead: 1,
                deferred: 1,
                refused: 1,
                excluded: 1,
                directories_failed: 1,
                ..Counts::default()
            },
            routes: vec![
                RouteCount {
                    via: vec![version("1.0.5"), version("1.1.0")],
                    ..route("1.0.0", 1)
                },
                route("1.1.0", 12_000),
            ],
            oldest_deferred: Some((path("job/busy/manifest.json"), 1_772_064_000)),
            ..Summary::default()
        },
        ..Show::new(Some("--dry-run"), Some(columns))
    }
}

fn expect(shown: &str, name: &str, expected: &str) {
    if std::env::var_os("BLESS").is_some() {
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("src/cli/tests")
            .join(name);
        std::fs::write(file, shown).unwrap();
    } else {
        assert_eq!(shown, expected);
    }
}

#[test]
fn a_dry_run_at_sixty_columns() {
    expect(
        &troubled_preview(60).text(),
        "dry-run-60.txt",
        include_str!("dry-run-60.txt"),
    );
}

#[test]
fn a_dry_run_at_a_hundred_columns() {
    expect(
        &troubled_preview(100).text(),
        "dry-run-100.txt",
        include_str!("dry-run-100.txt"),
    );
}

#[test]
fn quiet_leaves_only_trouble() {
    let mut show = troubled_preview(100);
    show.report_test = |report_test| report_test.output.view.quiet = true;
    assert_eq!(
        show.text(),
        "\
failed    job/closed (directory)
          permission_denied: cannot list the directory: permission denied
refused   \"job/bad\\u001b[2J\\nrun/manifest.json\"
          duplicate_name: line 4, column 3: the name `a\\u202e` stands there twice, first at line 2,
          column 3
"
    );
}

#[test]
fn quiet_leaves_warnings_that_are_trouble() {
    let mut report_test = ReportTest::new(Format::Text);
    report_test.output.view.quiet = true;
    let warnings = [
        Diagnosis::new(Code::Recovered, "operation one had not ended"),
        Diagnosis::new(Code::JournalUnknown, "operation two is not finished"),
        Diagnosis::new(Code::Rescued, "a file was rescued"),
    ];
    let events = warnings.each_ref().map(Event::Warning);
    let (stdout, stderr) = report_test.print(&events, &Summary::default(), &());
    assert_eq!(stdout, "");
    assert_eq!(
        stderr,
        format!(
            "warning: operation two is not finished (journal_unknown)\nhint: {}\nwarning: a file was rescued (rescued)\nhint: {}\n",
            Code::JournalUnknown.hint(),
            Code::Rescued.hint()
        )
    );
}

#[test]
fn of_many_pending_manifests_twenty_are_listed() {
    let mut show = Show::new(Some("--dry-run"), None);
    show.outcomes = (0..1234)
        .map(|n| {
            moved(
                Status::Pending,
                &format!("job/{n:04}/manifest.json"),
                "1.0.0",
                "1.2.0",
            )
        })
        .collect();
    show.summary.counts = Counts {
        found: 1234,
        selected: 1234,
        pending: 1234,
        ..Counts::default()
    };
    show.summary.routes = vec![route("1.0.0", 1234)];
    let text = show.text();
    assert_eq!(text.matches("manifest.json").count(), 20);
    let end = "\
pending   1.0.0 -> 1.2.0  job/0019/manifest.json
pending   ... and 1,214 more (--all lists them)

found    1,234
pending  1,234

routes
  1.0.0 -> 1.2.0  1,234

Nothing was written. To migrate the 1,234 pending manifests, run the same command without --dry-run.
";
    assert!(text.ends_with(end), "{text}");
    show.report_test = |report_test| report_test.output.view.all = true;
    let text = show.text();
    assert_eq!(text.matches("manifest.json").count(), 1234);
    assert!(!text.contains("more"));
}

#[test]
fn a_migration_names_operation_and_backups() {
    let mut show = Show::new(None, Some(60));
    show.outcomes = vec![Outcome {
        backup: BackupId::new("manifest.json.backup"),
        ..moved(Status::Migrated, "job/run/manifest.json", "1.0.0", "1.2.0")
    }];
    show.summary = Summary {
        operation: "20260301T000000Z-1".parse().ok(),
        counts: Counts {
            found: 1,
            selected: 1,
            migrated: 1,
            ..Counts::default()
        },
        routes: vec![route("1.0.0", 1)],
        ..Summary::default()
    };
    assert_eq!(
        show.text(),
        "\
tree      /data/artifacts
catalog   run-manifest (built in), sha256:0123456789abcdef
target    1.2.0

migrated  1.0.0 -> 1.2.0  job/run/manifest.json

found     1
migrated  1

routes
  1.0.0 -> 1.2.0  1

Migrated 1 manifest to 1.2.0 in operation
20260301T000000Z-1. Each original is kept beside its
manifest as manifest.json.backup.
To go back: migrate-manifests rollback 20260301T000000Z-1
"
    );
}

#[test]
fn nothing_to_do_is_said_plainly() {
    let closing = |counts| {
        let mut show = Show::new(None, None);
        show.summary.counts = counts;
        show.text().lines().last().unwrap().to_owned()
    };
    let counts = |found, selected, current| Counts {
        found,
        selected,
        current,
        ..Counts::default()
    };
    assert_eq!(
        closing(counts(4, 4, 4)),
        "Nothing to do: all 4 manifests are at 1.2.0. Nothing was written."
    );
    assert_eq!(
        closing(counts(1, 1, 1)),
        "Nothing to do: the manifest is at 1.2.0. Nothing was written."
    );
    assert_eq!(
        closing(counts(0, 0, 0)),
        "Nothing to do: no manifest was found. Nothing was written."
    );
    assert_eq!(
        closing(counts(4, 0, 0)),
        "Nothing to do: none of the 4 manifests found is selected. Nothing was written."
    );
    assert_eq!(
        closing(counts(4, 4, 3)),
        "Nothing to do: no manifest is pending. Nothing was written."
    );
    let refused = Counts {
        refused: 1,
        ..counts(4, 4, 3)
    };
    assert_eq!(closing(refused), "Nothing was written.");
}

#[test]
fn an_operation_that_stopped_says_how_much_is_left() {
    let mut show = Show::new(None, None);
    show.summary = Summary {
        operation: "20260301T000000Z-1".parse().ok(),
        counts: Counts {
            found: 10,
            selected: 10,
            migrated: 4,
            not_attempted: 6,
            ..Counts::default()
        },
        signal: Some(Signal::Interrupt),
        ..Summary::default()
    };
    assert_eq!(
        show.text().lines().rev().nth(1).unwrap(),
        "Stopped early: 6 not attempted. Migrated 4 manifests to 1.2.0 in operation 20260301T000000Z-1."
    );
    show.summary.operation = None;
    show.summary.counts.migrated = 0;
    show.summary.stop = Some(Stop::new(Code::StorageFailed, "no"));
    assert_eq!(
        show.text().lines().last().unwrap(),
        "Stopped early: 6 not attempted. Nothing was written."
    );
}

#[test]
fn what_could_not_begin_has_no_summary() {
    let mut show = Show::new(None, None);
    show.summary.stop = Some(Stop::new(Code::Locked, "somebody is at work"));
    assert!(show.text().ends_with("\ntarget    1.2.0\n"));
}

#[test]
fn a_list_of_versions_names_the_latest_though_no_manifest_has_it() {
    let mut show = Show::list(Some(60));
    show.summary.counts.found = 1;
    show.summary.versions = [(version("1.0.0"), 1)].into();
    let text = show.text();
    assert!(text.contains("\n1.0.0           1  100.0%  ####"), "{text}");
    assert!(text.contains("\n1.2.0 (latest)  0    0.0%\n"), "{text}");
}

#[test]
fn a_list_of_versions_has_bars_that_fit() {
    let mut show = Show::list(Some(60));
    show.summary = Summary {
        counts: Counts {
            found: 127,
            selected: 127,
            pending: 28,
            current: 99,
            ..Counts::default()
        },
        versions: [("1.0.0", 27), ("1.1.0", 1), ("1.2.0", 99)]
            .map(|(name, count)| (version(name), count))
            .into(),
        ..Summary::default()
    };
    assert_eq!(
        show.text(),
        "\
tree      /data/artifacts
catalog   run-manifest (built in), sha256:0123456789abcdef
target    1.2.0

1.0.0           27  21.2%  #######
1.1.0            1   0.7%  #
1.2.0 (latest)  99  77.9%  #########################

found    127
pending   28
current   99

28 of 127 manifests need migration to 1.2.0.
"
    );
}

#[test]
fn a_difference_stands_in_the_place_of_its_line() {
    let mut show = Show::new(Some("--diff"), None);
    show.outcomes = vec![Outcome {
        diff: Some(Box::new(Difference {
            before: "1\n".to_owned(),
            after: "2\n".to_owned(),
        })),
        ..moved(Status::Pending, "job/run/manifest.json", "1.0.0", "1.2.0")
    }];
    show.summary.counts = Counts {
        found: 1,
        selected: 1,
        pending: 1,
        ..Counts::default()
    };
    let text = show.text();
    assert!(
        text.contains("\n\n--- a/job/run/manifest.json\n+++ b/job/run/manifest.json\n@@ -1 +1 @@\n-1\n+2\n\nfound"),
        "{text}"
    );
    assert!(
        text.ends_with("\nNothing was written. To migrate the pending manifest, run the same command without --diff.\n"),
        "{text}"
    );
}

#[test]
fn colour_is_around_words_and_changes_none() {
    let plain = troubled_preview(60).text();
    let mut show = troubled_preview(60);
    show.report_test = |report_test| report_test.output.color = Color::Always;
    let coloured = show.text();
    assert!(
        coloured.contains("\u{1b}[1m\u{1b}[31mrefused\u{1b}[0m   \"job"),
        "{coloured:?}"
    );
    let mut stripped = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        stripped.push_str(before);
        rest = after.split_once('m').unwrap().1;
    }
    stripped.push_str(rest);
    assert_eq!(stripped, plain);
}
