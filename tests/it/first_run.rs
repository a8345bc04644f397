//! What an operator does on the first day: look, check, migrate, look again; by hand, in parts, and from a program.
//!
//! Invariant: whole outputs and whole trees are compared, so that nothing changes without a test that says so.

mod parts;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::aftermath::ways;
use crate::support::mounts::{Mount, or_skip};
use crate::support::sandbox::{Output, Sandbox};
use crate::support::skip::skip;
use crate::support::snapshot::{Detail, Snapshot};
use crate::support::tree::{Layout, Payload, Run};

const REFUSED: &str = "\
refused   job-b/refused/manifest.json
          duplicate_name: line 1, column 40: expected each name once in an object, found `run_id` again
";
const HINT: &str =
    "hint: duplicate_name: remove one of the two members: readers disagree on which one counts\n";

/// Five manifests: two pending, and one each ahead, current and refused.
fn small() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox
        .manifest("job-a/one", manifest("1.0.0", "one"))
        .manifest("job-a/two", manifest("1.1.0", "two"))
        .manifest("job-b/ahead", manifest("1.3.0", "ahead"))
        .manifest("job-b/current", manifest("1.2.0", "current"))
        .manifest(
            "job-b/refused",
            "{\"schema_version\":\"1.0.0\",\"run_id\":\"x\",\"run_id\":\"y\"}\n",
        );
    sandbox
}

fn manifest(version: &str, run: &str) -> String {
    format!("{{\"schema_version\":\"{version}\",\"run_id\":\"{run}\"}}\n")
}

/// So many pending runs of one job.
fn pending(count: usize) -> Sandbox {
    let sandbox = Sandbox::new();
    for n in 0..count {
        sandbox.manifest(format!("job/{n:02}"), manifest("1.0.0", &n.to_string()));
    }
    sandbox
}

/// The lines that every report for people begins with.
fn heading(sandbox: &Sandbox) -> String {
    let report = sandbox.run(["--dry-run", "--format", "json"]).json();
    let digest = &report["catalog"]["digest"].as_str().unwrap()[..23];
    format!(
        "tree      [SANDBOX]/artifacts\ncatalog   run-manifest (built in), {digest}\ntarget    1.2.0\n\n"
    )
}

/// The outcome of each manifest in a report for programs.
fn outcomes(output: &Output) -> BTreeMap<String, String> {
    let report = output.json();
    let of = |one: &Value| {
        let text = |name: &str| one[name].as_str().unwrap().to_owned();
        (text("path"), text("outcome"))
    };
    report["manifests"]
        .as_array()
        .unwrap()
        .iter()
        .map(of)
        .collect()
}

fn taken(output: &Output) -> Vec<String> {
    let all = outcomes(output).into_iter();
    all.filter(|(_, outcome)| outcome == "migrated" || outcome == "pending")
        .map(|(path, _)| path.replace("/manifest.json", ""))
        .collect()
}

fn with_times() -> Detail {
    Detail {
        times: true,
        identity: true,
        ..Detail::default()
    }
}

/// Runs as the pipeline wrote them: three from before there were snapshots, and a sorted one with them.
fn like_the_real_ones(root: &Path) -> Vec<Run> {
    let mut runs: Vec<Run> = (71..74)
        .map(|seed| Run::of(seed, "1.0.0", "succeeded", Layout::PIPELINE))
        .collect();
    runs.push(Run::of(74, "1.1.0", "succeeded", Layout::PIPELINE));
    for run in &runs {
        run.write(&root.join("artifacts"), Payload::Full).unwrap();
    }
    runs
}

#[test]
fn a_dry_run_lists_what_would_happen_and_writes_nothing() {
    let sandbox = small();
    let before = Snapshot::of(sandbox.root(), with_times());
    let listed = "\
pending   1.0.0 -> 1.2.0  job-a/one/manifest.json
pending   1.1.0 -> 1.2.0  job-a/two/manifest.json
ahead     1.3.0           job-b/ahead/manifest.json
";
    let summed = "
found    5
pending  2
current  1
ahead    1
refused  1

routes
  1.0.0 -> 1.2.0  1
  1.1.0 -> 1.2.0  1

";
    let expected = |listed: &str, flag: &str| {
        format!(
            "{}{listed}{REFUSED}{summed}{HINT}
1 manifest needs attention, listed above.
Nothing was written. To migrate the 2 pending manifests, run the same command without {flag}.
",
            heading(&sandbox)
        )
    };
    let dry = sandbox.run(["--dry-run"]);
    dry.code(1)
        .stderr("")
        .stdout(&expected(listed, "--dry-run"));
    let check = sandbox.run(["--check"]);
    check
        .code(1)
        .stderr("")
        .stdout(&expected(listed, "--check"));
    let all = listed.to_owned() + "current   1.2.0           job-b/current/manifest.json\n";
    let all_of_it = sandbox.run(["--dry-run", "--all"]);
    all_of_it
        .code(1)
        .stderr("")
        .stdout(&expected(&all, "--dry-run"));
    let quiet = sandbox.run(["--dry-run", "--quiet"]);
    quiet.code(1).stderr("").stdout(REFUSED);
    assert_eq!(before, Snapshot::of(sandbox.root(), with_times()));
}

#[test]
fn versions_are_counted() {
    let sandbox = small();
    let before = sandbox.snapshot();
    let output = sandbox.run(["--list-versions"]);
    output.code(1).stderr("").stdout(&format!(
        "{}ahead     1.3.0           job-b/ahead/manifest.json
{REFUSED}
1.0.0           1  25.0%  ############
1.1.0           1  25.0%  ############
1.2.0 (latest)  1  25.0%  ############
1.3.0           1  25.0%  ############

found    5
pending  2
current  1
ahead    1
refused  1

routes
  1.0.0 -> 1.2.0  1
  1.1.0 -> 1.2.0  1

{HINT}
1 manifest needs attention, listed above.
2 of 4 manifests need migration to 1.2.0.
",
        heading(&sandbox)
    ));
    let report = sandbox.run(["--list-versions", "--format", "json"]).json();
    assert_eq!(report["command"], "status");
    assert_eq!(
        report["versions"],
        json!({"1.0.0": 1, "1.1.0": 1, "1.2.0": 1, "1.3.0": 1})
    );
    assert_eq!(before, sandbox.snapshot());
}

#[test]
fn differences_are_shown_as_text() {
    let sandbox = Sandbox::new();
    sandbox.manifest(
        "job/run",
        "{\n  \"schema_version\": \"1.1.0\",\n  \"run_id\": \"a\",\n  \"x\": 1\n}\n",
    );
    let before = sandbox.snapshot();
    let output = sandbox.run(["--diff"]);
    let history = "\
+  \"migration_history\": [
+    {
+      \"from_version\": \"1.1.0\",
+      \"to_version\": \"1.2.0\",
+      \"applied_at\": \"2026-02-28T10:30:00Z\",
+      \"changes\": [
+        [
+          \"set /chain_metadata\"
+        ]
+      ],
";
    assert!(output.stdout.contains(history), "{output}");
    let beginning = format!(
        "{}--- a/job/run/manifest.json
+++ b/job/run/manifest.json
@@ -1,5 +1,23 @@
 {{
-  \"schema_version\": \"1.1.0\",
+  \"schema_version\": \"1.2.0\",
   \"run_id\": \"a\",
-  \"x\": 1
+  \"x\": 1,
+  \"chain_metadata\": {{
",
        heading(&sandbox)
    );
    assert!(output.stdout.starts_with(&beginning), "{output}");
    output.code(0).stderr("");
    assert_eq!(before, sandbox.snapshot());
}

#[test]
fn a_report_for_programs_is_exact() {
    let sandbox = small();
    let output = sandbox.run(["--format", "json"]);
    output.code(1).stderr("");
    let report = output.json();
    let operation = report["operation"].as_str().unwrap();
    let digest = report["catalog"]["digest"].as_str().unwrap();
    output.stdout(&format!(
        r#"{{
  "format": "migrate-manifests/report/1",
  "operation": "{operation}",
  "command": "migrate",
  "dry_run": false,
  "tree": "[SANDBOX]/artifacts",
  "catalog": {{"name":"run-manifest","source":"built in","digest":"{digest}"}},
  "target_version": "1.2.0",
  "started_at": "2026-02-28T10:30:00Z",
  "manifests": [
    {{"path":"job-a/one/manifest.json","outcome":"migrated","from":"1.0.0","to":"1.2.0","checksum_before":"sha256:e68ae69845ac911779a0ee76c6a823c75ee92aa0fbff55d7d4b3b11b54cd8e30","checksum_after":"sha256:05100a4b47cd71fa827bdc26f95dafe4e01783c87fafe89677ab431891b0347b","backup":"manifest.json.backup"}},
    {{"path":"job-a/two/manifest.json","outcome":"migrated","from":"1.1.0","to":"1.2.0","checksum_before":"sha256:67317bebaf07eb0704d4eff12579f72bf9d0cd834382a6e100360399c9758ff9","checksum_after":"sha256:83da832c20e880376ac6a032b711bc20f6223830256ca29d85d81af389b45c07","backup":"manifest.json.backup"}},
    {{"path":"job-b/ahead/manifest.json","outcome":"ahead","from":"1.3.0"}},
    {{"path":"job-b/refused/manifest.json","outcome":"refused","code":"duplicate_name","message":"line 1, column 40: expected each name once in an object, found `run_id` again"}}
  ],
  "counts": {{"found":5,"selected":5,"pending":0,"migrated":2,"current":1,"ahead":1,"deferred":0,"refused":1,"conflict":0,"failed":0,"not_attempted":0,"restored":0,"excluded":0,"directories_failed":0,"aliases":0,"dangling":0,"outside":0}},
  "versions": {{"1.0.0":1,"1.1.0":1,"1.2.0":1,"1.3.0":1}},
  "routes": [{{"from":"1.0.0","to":"1.2.0","via":[],"count":1}},{{"from":"1.1.0","to":"1.2.0","via":[],"count":1}}],
  "warnings": [],
  "directories": [],
  "finished_at": "2026-02-28T10:30:00Z"
}}
"#
    ));
}

#[test]
fn lines_for_programs_say_the_same_as_the_report() {
    let sandbox = small();
    let report = sandbox.run(["--dry-run", "--format", "json"]).json();
    let lines = sandbox.run(["--dry-run", "--format", "jsonl"]);
    lines.code(1).stderr("");
    let mut lines = lines.json_lines();
    let mut end = lines.pop().unwrap();
    assert_eq!(report["manifests"], Value::Array(lines));
    assert_eq!(end["format"], "migrate-manifests/outcome/1");
    end["format"] = report["format"].clone();
    end["manifests"] = report["manifests"].clone();
    assert_eq!(end, report);
}

#[test]
fn the_real_runs_are_migrated_once_and_keep_everything_else() {
    for (dir, way) in [("/tmp", ""), ("/dev/shm", "exchange")] {
        if !Path::new(dir).is_dir() {
            skip("tmpfs", "there is no /dev/shm");
            continue;
        }
        let sandbox = Sandbox::on(Path::new(dir));
        let runs = like_the_real_ones(sandbox.root());
        let before = Snapshot::of(sandbox.root(), with_times());
        let dry = sandbox.run(["--dry-run", "--format", "json"]);
        dry.code(0).stderr("");
        assert_eq!(dry.json()["counts"]["pending"], 4);
        assert_eq!(dry.json()["versions"], json!({"1.0.0": 3, "1.1.0": 1}));
        sandbox
            .run(["--check", "--quiet"])
            .code(3)
            .stdout("")
            .stderr("");
        assert_eq!(before, Snapshot::of(sandbox.root(), with_times()));

        let output = sandbox.run(["--format", "json"]);
        output.code(0);
        assert_eq!(output.json()["counts"]["migrated"], 4);
        if !way.is_empty() {
            output.stderr("");
            assert_eq!(ways(sandbox.root()), [way.to_owned()].into());
        }
        let detail = Detail {
            state: false,
            ..with_times()
        };
        let after = Snapshot::of(sandbox.root(), detail);
        assert_originals_kept(&runs, &before, &after);
        for run in &runs {
            let path = Path::new("artifacts").join(&run.dir).join("manifest.json");
            assert_only_additions(run, &sandbox.read(&path));
        }

        let whole = Snapshot::of(sandbox.root(), with_times());
        let again = sandbox.run::<&str>([]);
        again.code(0).stderr("").stdout(&format!(
            "{}found    4\ncurrent  4\n\nNothing to do: all 4 manifests are at 1.2.0. Nothing was written.\n",
            heading(&sandbox)
        ));
        sandbox
            .run(["--check", "--quiet"])
            .code(0)
            .stdout("")
            .stderr("");
        assert_eq!(whole, Snapshot::of(sandbox.root(), with_times()));
    }
}

/// The original of each run is its backup, the same file with its times, owner and mode; inputs, outputs and directories are as they were.
fn assert_originals_kept(runs: &[Run], before: &Snapshot, after: &Snapshot) {
    for run in runs {
        let path = Path::new("artifacts").join(&run.dir).join("manifest.json");
        let backup = path.with_file_name("manifest.json.backup");
        let (was, is) = (&before.0[&path], &after.0[&backup]);
        assert_eq!(
            (&was.content, was.mode, was.modified_ns),
            (&is.content, is.mode, is.modified_ns)
        );
        let inode =
            |entry: &crate::support::snapshot::Entry| entry.identity.as_ref().unwrap().inode;
        assert_eq!(inode(was), inode(is), "the backup is another file");
        assert_ne!(inode(was), inode(&after.0[&path]));
    }
    for (path, entry) in &before.0 {
        if path.file_name().unwrap() != "manifest.json" && entry.modified_ns.is_some() {
            assert_eq!(Some(entry), after.0.get(path), "{}", path.display());
        }
    }
    assert_eq!(after.0.len(), before.0.len() + runs.len());
}

/// Every line of the manifest is still there and in order, but the version's; a sorted one is still sorted.
fn assert_only_additions(run: &Run, after: &[u8]) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (before, after) = (text(&run.manifest), text(after));
    let mut rest = after.lines();
    for line in before.lines() {
        let line = line.trim_end_matches(',');
        if line.contains("\"schema_version\"") {
            continue;
        }
        assert!(
            rest.any(|found| found.trim_end_matches(',') == line),
            "{line} is gone from\n{after}"
        );
    }
    let names = |text: &str| -> Vec<String> {
        let of = |line: &str| {
            let name = line.strip_prefix("  \"")?.split_once('"')?.0;
            Some(name.to_owned())
        };
        text.lines().filter_map(of).collect()
    };
    assert_eq!(names(&before).is_sorted(), run.version == "1.1.0");
    assert_eq!(names(&after).is_sorted(), run.version == "1.1.0");
}

#[test]
fn a_dry_run_works_on_a_read_only_mount() {
    let sandbox = small();
    let Some(mount) = or_skip(Mount::read_only(sandbox.root())) else {
        return;
    };
    let root = mount.path().to_str().unwrap();
    let dry = sandbox.run([root, "--dry-run", "--format", "json"]);
    dry.code(1).stderr("");
    assert_eq!(dry.json()["counts"]["pending"], 2);
    sandbox.run([root, "--check"]).code(1).stderr("");
    sandbox.run([root, "--list-versions"]).code(1).stderr("");
    sandbox.run([root, "--diff"]).code(1).stderr("");
    let wet = sandbox.run([root, "--format", "json"]);
    wet.code(2);
    assert_eq!(wet.json()["error"]["code"], "state_unusable", "{wet}");
    assert_eq!(wet.json()["counts"]["migrated"], 0);
}
