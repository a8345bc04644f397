//! Plans that were written, cut off, edited and put together.

use super::*;
use crate::catalog::Catalog;
use crate::plan::{PlanHead, PlanWriter};
use crate::report::{Event, Outcome, Signal, Sink as _, Status, Stop, Summary};
use crate::version::Version;

fn path(text: &[u8]) -> TreePath {
    TreePath::new(text).unwrap()
}

fn pending(at: &[u8]) -> Outcome {
    Outcome {
        from: Some(Version::new(1, 0, 0)),
        to: Some(Version::new(1, 2, 0)),
        digest_before: Some(Digest::of(at)),
        checksum_before: Some(Digest::of(b"before")),
        checksum_after: Some(Digest::of(b"after")),
        ..Outcome::new(path(at), Status::Pending)
    }
}

fn head() -> PlanHead {
    let catalog = Catalog::built_in().unwrap();
    let now = "2026-02-28T10:30:00Z".parse().unwrap();
    PlanHead::new(&catalog, None, "/data/art\u{e9}facts", now)
}

fn written(outcomes: &[Outcome], summary: &Summary) -> (bool, Vec<u8>) {
    let mut writer = PlanWriter::new(Vec::new(), &head()).unwrap();
    for outcome in outcomes {
        writer.event(&Event::Outcome(outcome)).unwrap();
    }
    writer.event(&Event::Finished(summary)).unwrap();
    writer.into_parts()
}

fn plan() -> Vec<u8> {
    let refused = Outcome::new(path(b"c/m"), Status::Refused);
    let outcomes = [pending(b"a/m"), pending(b"b\xff/m"), refused];
    written(&outcomes, &Summary::default()).1
}

fn wrong(bytes: &[u8]) -> String {
    PlanFile::read(bytes).unwrap_err().to_string()
}

/// The plan with lines changed and the digest of its last line made right again.
fn put_together(change: impl Fn(&mut Vec<String>)) -> Vec<u8> {
    let text = String::from_utf8(plan()).unwrap();
    let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
    lines.pop();
    change(&mut lines);
    let body = lines.join("\n") + "\n";
    let digest = Digest::of(body.as_bytes()).prefixed();
    format!("{body}{{\"manifests\":2,\"digest\":\"{digest}\"}}\n").into_bytes()
}

#[test]
fn a_plan_is_ascii_lines_with_a_head_and_an_end() {
    let text = String::from_utf8(plan()).unwrap();
    let catalog = Catalog::built_in().unwrap().digest().prefixed();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(
        lines[0],
        format!(
            r#"{{"format":"migrate-manifests/plan/1","catalog":{{"name":"run-manifest","digest":"{catalog}"}},"target_version":"1.2.0","tree":"/data/art\u00e9facts","started_at":"2026-02-28T10:30:00Z","program":"{}"}}"#,
            env!("CARGO_PKG_VERSION")
        )
    );
    let [raw, before, after] =
        [&b"b\xff/m"[..], b"before", b"after"].map(|text| Digest::of(text).prefixed());
    assert_eq!(
        lines[2],
        format!(
            r#"{{"path":"b\ufffd/m","path_b64":"Yv8vbQ==","from":"1.0.0","to":"1.2.0","before":"{raw}","checksum_before":"{before}","checksum_after":"{after}"}}"#
        )
    );
    assert!(lines[3].starts_with(r#"{"manifests":2,"digest":"sha256:"#));
    assert_eq!(lines.len(), 4);
}

#[test]
fn what_was_written_is_read_back() {
    let planned = PlanFile::read(&*plan()).unwrap();
    assert_eq!(planned.head(), &head());
    let paths: Vec<_> = planned.paths().cloned().collect();
    assert_eq!(paths, [path(b"a/m"), path(b"b\xff/m")]);
    let expected = PlanEntry {
        versions: Arc::new((Version::new(1, 0, 0), Version::new(1, 2, 0))),
        before: Digest::of(b"b\xff/m"),
        checksum_after: Digest::of(b"after"),
    };
    assert_eq!(planned.of(&path(b"b\xff/m")), Some(expected));
    assert_eq!(planned.of(&path(b"c/m")), None);
}

#[test]
fn a_plan_of_nothing_is_a_plan() {
    let (is_complete, bytes) = written(&[], &Summary::default());
    assert!(is_complete);
    assert_eq!(PlanFile::read(&*bytes).unwrap().paths().len(), 0);
}

#[test]
fn an_operation_that_ended_early_leaves_no_plan() {
    let stopped = Summary {
        stop: Some(Stop::new(Code::TreeUnreadable, "no")),
        ..Summary::default()
    };
    let interrupted = Summary {
        signal: Some(Signal::Interrupt),
        ..Summary::default()
    };
    for summary in [stopped, interrupted] {
        let (is_complete, bytes) = written(&[pending(b"a/m")], &summary);
        assert!(!is_complete);
        assert_eq!(
            wrong(&bytes),
            "line 3 of the plan: expected the last line, with the number of manifests and the digest, found the end of the file"
        );
    }
}

#[test]
fn a_plan_that_was_cut_off_anywhere_is_refused() {
    let plan = plan();
    for end in 0..plan.len() {
        let error = PlanFile::read(&plan[..end]).unwrap_err();
        let PlanFileError::Line { problem, .. } = error else {
            panic!("{error}")
        };
        assert_eq!(problem, PlanProblem::Truncated, "{end}");
    }
}

#[test]
fn a_plan_in_which_any_byte_was_changed_is_refused() {
    let plan = plan();
    for at in 0..plan.len() {
        let mut edited = plan.clone();
        edited[at] ^= 1;
        assert!(PlanFile::read(&*edited).is_err(), "{at}");
    }
}

#[test]
fn an_edited_plan_is_told_from_its_digest() {
    let text = String::from_utf8(plan()).unwrap();
    let edited = text.replace("\"from\":\"1.0.0\"", "\"from\":\"1.1.0\"");
    let error = wrong(edited.as_bytes());
    assert!(
        error.starts_with("line 4 of the plan: expected lines with the digest `sha256:"),
        "{error}"
    );
    assert_eq!(
        wrong(b"[]\n"),
        "line 1 of the plan: expected an object with the format `migrate-manifests/plan/1`"
    );
}

#[test]
fn a_plan_that_was_put_together_must_still_make_sense() {
    assert!(PlanFile::read(&*put_together(|_| ())).is_ok());
    for (change, message) in [
        (
            (|lines| drop(lines.remove(1))) as fn(&mut Vec<String>),
            "line 3 of the plan: expected 2 manifests before the last line, found 1",
        ),
        (
            |lines| lines.swap(1, 2),
            "line 3 of the plan: expected a path after `b\u{fffd}/m`, found `a/m`",
        ),
        (
            |lines| lines[1] = lines[1].replace("\"from\"", "\"force\":true,\"from\""),
            "line 2 of the plan: column 21: unknown field `force`, expected one of `path`, `path_b64`, `from`, `to`, `before`, `checksum_before`, `checksum_after`",
        ),
        (
            |lines| lines[0] = lines[0].replace("\"tree\"", "\"limit\":1,\"tree\""),
            "line 1 of the plan: column 186: unknown field `limit`, expected one of `format`, `catalog`, `target_version`, `tree`, `started_at`, `program`",
        ),
        (
            |lines| lines[1] = lines[1].replace("a/m", "a/../m"),
            "line 2 of the plan: `path` is not a path in a tree",
        ),
        (
            |lines| lines[1] = lines[1].replace("\"before\":\"sha256:", "\"before\":\"md5:"),
            "line 2 of the plan: `md5:",
        ),
        (
            |lines| lines[0] = lines[0].replace("plan/1", "plan/2"),
            "line 1 of the plan: expected the format `migrate-manifests/plan/1`, found `migrate-manifests/plan/2`",
        ),
        (
            |lines| lines[1] = "x".repeat(2 * 1024 * 1024),
            "line 2 of the plan: expected at most 1048576 bytes, found more",
        ),
    ] {
        let error = wrong(&put_together(change));
        assert!(error.starts_with(message), "{error}");
    }
}

#[test]
fn nothing_may_follow_the_last_line() {
    let twice = [plan(), plan()].concat();
    assert_eq!(
        wrong(&twice),
        "line 5 of the plan: expected the end of the file, found more"
    );
}

/// The file was written once and stays: plans are kept until they are executed.
#[test]
fn a_plan_that_was_written_before_stays_readable() {
    let bytes = include_bytes!("../../../fixtures/formats/plan-1.jsonl");
    let plan = PlanFile::read(&bytes[..]).unwrap();
    assert_eq!(plan.manifests.len(), 2);
}
