//! Tests of JSON reports, compared in full.

use std::collections::BTreeSet;

use super::ReportTest;
use crate::cli::args::Format;
use crate::cli::render::ListedManifests;
use migrate_manifests::code::Code;
use migrate_manifests::digest::Digest;
use migrate_manifests::journal::BackupId;
use migrate_manifests::path::TreePath;
use migrate_manifests::report::{
    Counts, Diagnosis, Event, Outcome, RouteCount, Start, Status, Stop, Summary,
};
use migrate_manifests::selection::Selection;
use migrate_manifests::version::Version;

const COUNTS: &str = r#"{"found":3,"selected":3,"pending":0,"migrated":1,"current":1,"ahead":0,"deferred":0,"refused":1,"conflict":0,"failed":0,"not_attempted":0,"restored":0,"excluded":0,"directories_failed":1,"aliases":0,"dangling":0,"outside":0}"#;
const NO_COUNTS: &str = r#"{"found":0,"selected":0,"pending":0,"migrated":0,"current":0,"ahead":0,"deferred":0,"refused":0,"conflict":0,"failed":0,"not_attempted":0,"restored":0,"excluded":0,"directories_failed":0,"aliases":0,"dangling":0,"outside":0}"#;

fn version(text: &str) -> Version {
    text.parse().unwrap()
}

fn path(bytes: &[u8]) -> TreePath {
    TreePath::new(bytes).unwrap()
}

fn head(dry_run: bool) -> Start {
    Start {
        command: "migrate".to_owned(),
        dry_run,
        tree: "/data/artifacts".to_owned(),
        catalog_name: "run-manifest".to_owned(),
        catalog_source: "built in".to_owned(),
        catalog_digest: "sha256:00".to_owned(),
        target: Some(version("1.2.0")),
        latest: Some(version("1.2.0")),
        started_at: "2026-03-01T00:00:00Z".parse().unwrap(),
    }
}

fn outcomes() -> Vec<Outcome> {
    let trouble = Diagnosis::new(
        Code::SyntaxError,
        "line 1, column 2: \u{202e}\u{7f}".to_owned(),
    );
    vec![
        Outcome {
            from: Some(version("1.0.0")),
            to: Some(version("1.2.0")),
            checksum_before: Some(Digest::of(b"")),
            checksum_after: Some(Digest::of(b"")),
            backup: BackupId::new("manifest.json.backup"),
            ..Outcome::new(path(b"a/manifest.json"), Status::Migrated)
        },
        Outcome {
            from: Some(version("1.2.0")),
            ..Outcome::new(path(b"b/manifest.json"), Status::Current)
        },
        Outcome::troubled(path(b"c\xff/manifest.json"), trouble),
    ]
}

fn summary(operation: Option<&str>) -> Summary {
    Summary {
        operation: operation.map(|id| id.parse().unwrap()),
        counts: Counts {
            found: 3,
            selected: 3,
            migrated: 1,
            current: 1,
            refused: 1,
            directories_failed: 1,
            ..Counts::default()
        },
        versions: [(version("1.0.0"), 1), (version("1.2.0"), 1)].into(),
        routes: vec![RouteCount {
            from: version("1.0.0"),
            to: version("1.2.0"),
            via: vec![version("1.1.0")],
            count: 1,
        }],
        finished_at: Some("2026-03-01T00:00:00Z".parse().unwrap()),
        ..Summary::default()
    }
}

fn printed(report_test: ReportTest, dry_run: bool, operation: Option<&str>) -> String {
    let head = head(dry_run);
    let failed = Diagnosis::new(Code::PermissionDenied, "permission denied");
    let failed = failed.at(path(b"closed\xff"));
    let warning = Diagnosis::new(Code::StateUnreadable, "the state directory cannot be read");
    let outcomes = outcomes();
    let summary = summary(operation);
    let operation = summary.operation.as_ref();
    let mut events = vec![
        Event::Started(&head),
        Event::DirectoryFailed(&failed),
        Event::Warning(&warning),
    ];
    for (at, outcome) in outcomes.iter().enumerate() {
        events.push(Event::Outcome(outcome));
        if let Some(operation) = operation.filter(|_| at == 0) {
            events.push(Event::Began { operation });
        }
    }
    report_test.print(&events, &summary, &()).0
}

fn report(all: bool, dry_run: bool, operation: Option<&str>) -> String {
    let mut report_test = ReportTest::new(Format::Json);
    report_test.output.view.all = all;
    printed(report_test, dry_run, operation)
}

fn expected_report(operation: &str, dry_run: bool, current: &str) -> String {
    let empty = Digest::of(b"").prefixed();
    format!(
        r#"{{
  "format": "migrate-manifests/report/1",
  "operation": {operation},
  "command": "migrate",
  "dry_run": {dry_run},
  "tree": "/data/artifacts",
  "catalog": {{"name":"run-manifest","source":"built in","digest":"sha256:00"}},
  "target_version": "1.2.0",
  "started_at": "2026-03-01T00:00:00Z",
  "manifests": [
    {{"path":"a/manifest.json","outcome":"migrated","from":"1.0.0","to":"1.2.0","checksum_before":"{empty}","checksum_after":"{empty}","backup":"manifest.json.backup"}},{current}
    {{"path":"c{replaced}/manifest.json","path_b64":"Y/8vbWFuaWZlc3QuanNvbg==","outcome":"refused","code":"syntax_error","message":"line 1, column 2: \u202e\u007f"}}
  ],
  "counts": {COUNTS},
  "versions": {{"1.0.0":1,"1.2.0":1}},
  "routes": [{{"from":"1.0.0","to":"1.2.0","via":["1.1.0"],"count":1}}],
  "warnings": [{{"code":"state_unreadable","path":null,"message":"the state directory cannot be read"}}],
  "directories": [{{"code":"permission_denied","path":"closed{replaced}","path_b64":"Y2xvc2Vk/w==","message":"permission denied"}}],
  "finished_at": "2026-03-01T00:00:00Z"
}}
"#,
        replaced = '\u{fffd}'
    )
}

#[test]
fn a_report_is_one_object_with_a_manifest_a_line() {
    assert_eq!(report(false, true, None), expected_report("null", true, ""));
}

#[test]
fn a_report_with_everything_has_the_current_ones_too() {
    let current =
        "\n    {\"path\":\"b/manifest.json\",\"outcome\":\"current\",\"from\":\"1.2.0\"},";
    assert_eq!(
        report(true, true, None),
        expected_report("null", true, current)
    );
}

#[test]
fn the_operation_stands_first_though_it_is_known_late() {
    assert_eq!(
        report(false, false, Some("op-1")),
        expected_report("\"op-1\"", false, "")
    );
    assert_eq!(
        report(false, false, None),
        expected_report("null", false, "")
    );
}

#[test]
fn a_report_is_one_object_though_nothing_started() {
    let stopped = Summary {
        stop: Some(Stop::new(Code::TreeNotFound, "`nowhere` does not exist")),
        ..Summary::default()
    };
    let (printed, _) = ReportTest::new(Format::Json).print(&[], &stopped, &());
    assert_eq!(
        printed,
        format!(
            r#"{{
  "format": "migrate-manifests/report/1",
  "operation": null,
  "command": "migrate",
  "dry_run": false,
  "tree": null,
  "catalog": null,
  "target_version": null,
  "started_at": "2026-03-01T00:00:00Z",
  "manifests": [],
  "counts": {NO_COUNTS},
  "versions": {{}},
  "routes": [],
  "warnings": [],
  "directories": [],
  "finished_at": "2026-03-01T00:00:00Z",
  "error": {{"code":"tree_not_found","message":"`nowhere` does not exist","hint":"give the directory that holds the artifacts, or its parent"}}
}}
"#
        )
    );
}

#[test]
fn a_long_report_is_held_back_whole() {
    let head = head(false);
    let long = Outcome::troubled(
        path(b"a/manifest.json"),
        Diagnosis::new(Code::IoError, "x".repeat(1 << 20)),
    );
    let mut events = vec![Event::Started(&head)];
    events.extend((0..9).map(|_| Event::Outcome(&long)));
    let summary = summary(Some("op-2"));
    let operation = summary.operation.as_ref().unwrap();
    events.push(Event::Began { operation });
    let report_test = ReportTest::new(Format::Json);
    let (printed, _) = report_test.print(&events, &summary, &());
    let report: serde_json::Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(report["operation"], "op-2");
    assert_eq!(report["manifests"].as_array().unwrap().len(), 9);
}

#[test]
fn lines_come_as_it_happens_and_counts_last() {
    let text = printed(ReportTest::new(Format::Jsonl), false, Some("op-1"));
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[0].starts_with(r#"{"path":"a/manifest.json","outcome":"migrated","#));
    assert_eq!(
        lines[2],
        format!(
            r#"{{"format":"migrate-manifests/outcome/1","operation":"op-1","command":"migrate","dry_run":false,"tree":"/data/artifacts","catalog":{{"name":"run-manifest","source":"built in","digest":"sha256:00"}},"target_version":"1.2.0","started_at":"2026-03-01T00:00:00Z","counts":{COUNTS},"versions":{{"1.0.0":1,"1.2.0":1}},"routes":[{{"from":"1.0.0","to":"1.2.0","via":["1.1.0"],"count":1}}],"warnings":[{{"code":"state_unreadable","path":null,"message":"the state directory cannot be read"}}],"directories":[{{"code":"permission_denied","path":"closed{}","path_b64":"Y2xvc2Vk/w==","message":"permission denied"}}],"finished_at":"2026-03-01T00:00:00Z"}}"#,
            '\u{fffd}'
        )
    );
}

#[test]
fn every_path_listed_has_exactly_one_line() {
    let paths: BTreeSet<_> = [
        &b"a/manifest.json"[..],
        b"b/manifest.json",
        b"web/manifest.json",
        b"z/manifest.json",
    ]
    .map(path)
    .into();
    let selection = Selection {
        exclude: vec!["web".parse().unwrap()],
        ..Selection::default()
    };
    let lines = |summary: &Summary| {
        let head = head(false);
        let outcomes = outcomes();
        let events = [
            Event::Started(&head),
            Event::Outcome(&outcomes[0]),
            Event::Outcome(&outcomes[1]),
        ];
        let report_test = ReportTest {
            listed: Some(ListedManifests {
                paths: paths.clone(),
                selection: selection.clone(),
            }),
            ..ReportTest::new(Format::Jsonl)
        };
        let (text, _) = report_test.print(&events, summary, &());
        let lines: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let printed: Vec<_> = lines[..lines.len() - 1]
            .iter()
            .map(|line| {
                format!(
                    "{} {}",
                    line["path"].as_str().unwrap(),
                    line["outcome"].as_str().unwrap()
                )
            })
            .collect();
        printed.join(", ")
    };
    assert_eq!(
        lines(&summary(None)),
        "a/manifest.json migrated, b/manifest.json current, web/manifest.json excluded, z/manifest.json excluded"
    );
    let stopped = Summary {
        stop: Some(Stop::new(Code::Locked, "somebody is at work")),
        ..summary(None)
    };
    assert_eq!(
        lines(&stopped),
        "a/manifest.json migrated, b/manifest.json current, web/manifest.json excluded, z/manifest.json not_attempted"
    );
}

#[test]
fn a_warning_is_told_with_its_place_and_each_hint_once() {
    let notices = [&b"a/Manifest.JSON"[..], b"b\n/MANIFEST.json"].map(|name| {
        let message = "differs from `manifest.json` in case only";
        Diagnosis::new(Code::NameCase, message).at(path(name))
    });
    let events = notices.each_ref().map(Event::Warning);
    let (_, warned) = ReportTest::new(Format::Text).print(&events, &Summary::default(), &());
    assert_eq!(
        warned,
        "\
warning: a/Manifest.JSON: differs from `manifest.json` in case only (name_case)
hint: rename the file if it is meant to be a manifest
warning: \"b\\n/MANIFEST.json\": differs from `manifest.json` in case only (name_case)
"
    );
}
