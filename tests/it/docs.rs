//! What README and docs show is what the program does.
//!
//! A block tagged `console` is a session: each line that begins with `$ ` is a command, and what follows is its whole output, standard output before standard error. Commands are split at spaces (`'...'` keeps them together) and begin with `migrate-manifests`; `$ echo $?` shows the exit code of the one before; any other command is an error. The blocks of one file share one sandbox, shown as `~`, that holds copies of `fixtures/demo` and `fixtures/troubled`; in that of the README they are called `demo` and `troubled`. The clock is 2026-02-28T10:30:00Z, and every operation id is shown as of that time.
//!
//! A block tagged `json file=PATH` is the text of that file in the sandbox, from there on.
//!
//! A block tagged `json` is one JSON value, or one a line; what is a report, an outcome line, a history record or a journal line must fit its schema.
//!
//! Invariant: a document that is not there is skipped by name (`docs`), never in silence.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use migrate_manifests::report::ExitCode;
use migrate_manifests::step::STEPS;

use crate::support::aftermath::journal;
use crate::support::sandbox::{Output, Sandbox};
use crate::support::schema::problems;
use crate::support::skip::skip;
use crate::support::tree::{Layout, Payload, Run};

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// README and every page of docs.
fn pages() -> Vec<PathBuf> {
    let docs = fs::read_dir(project("docs")).unwrap();
    let mut pages: Vec<_> = docs
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    pages.push(project("README.md"));
    pages.retain(|page| {
        let is_there = page.is_file();
        if !is_there {
            skip("docs", &format!("{} is not there", page.display()));
        }
        is_there
    });
    pages.sort();
    pages
}

/// All blocks of a page, with their first lines' numbers and their tags.
fn tagged_blocks(page: &Path) -> Vec<(usize, String, String)> {
    let text = fs::read_to_string(page).unwrap();
    let mut blocks = Vec::new();
    let mut open: Option<(String, usize, String)> = None;
    for (index, line) in text.lines().enumerate() {
        let fence = line.trim_start().strip_prefix("```");
        match (&mut open, fence) {
            (None, Some(tag)) => open = Some((tag.trim().to_owned(), index + 2, String::new())),
            (Some(_), Some(_)) => {
                let (tag, at, block) = open.take().unwrap();
                blocks.push((at, tag, block));
            }
            (Some((_, _, block)), None) => {
                block.push_str(line);
                block.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "{}: a block has no end", page.display());
    blocks
}

/// The words of a command line.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut is_quoted = false;
    for character in command.chars() {
        match character {
            '\'' => is_quoted = !is_quoted,
            ' ' if !is_quoted => words.push(String::new()),
            other => words.last_mut().unwrap().push(other),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// With every operation id as of the fixed clock, numbered as they appear: a second may pass between two operations.
fn with_fixed_ids(text: &str, ids: &mut Vec<String>) -> String {
    const SHAPE: &[u8] = b"00000000T000000Z-";
    let id_len = |text: &str| {
        let bytes = text.as_bytes();
        let fits = bytes.len() > SHAPE.len()
            && SHAPE.iter().zip(bytes).all(|(wanted, found)| match wanted {
                b'0' => found.is_ascii_digit(),
                other => found == other,
            });
        let serial = bytes.iter().skip(SHAPE.len());
        let serial_len = serial.take_while(|byte| byte.is_ascii_digit()).count();
        (fits && serial_len > 0).then_some(SHAPE.len() + serial_len)
    };
    let mut out = String::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let len = id_len(rest).unwrap_or(next.len_utf8());
        let (found, after) = rest.split_at(len);
        if len > next.len_utf8() {
            let known = ids.iter().position(|id| id == found);
            let number = known.unwrap_or_else(|| {
                ids.push(found.to_owned());
                ids.len() - 1
            });
            out.push_str("20260228T103000Z-");
            out.push_str(&(number + 1).to_string());
        } else {
            out.push_str(found);
        }
        rest = after;
    }
    out
}

#[test]
fn every_session_in_the_docs_is_what_happens() {
    let mut tried = 0;
    let pages = pages();
    for page in &pages {
        let sandbox = Sandbox::new();
        let folder = if page.ends_with("README.md") {
            ""
        } else {
            "fixtures"
        };
        for tree in ["demo", "troubled"] {
            let copy = Path::new(folder).join(tree);
            sandbox.copy(Path::new("fixtures").join(tree), copy);
        }
        let mut last: Option<Output> = None;
        let mut ids = Vec::new();
        for (at, tag, block) in tagged_blocks(page) {
            let place = format!("{}:{at}", page.display());
            if let Some(path) = tag.strip_prefix("json file=") {
                sandbox.file(path, &block);
            }
            if tag != "console" {
                continue;
            }
            let mut commands: Vec<(&str, String)> = Vec::new();
            for line in block.lines() {
                match (line.strip_prefix("$ "), commands.last_mut()) {
                    (Some(command), _) => commands.push((command, String::new())),
                    (None, Some((_, output))) => {
                        output.push_str(line);
                        output.push('\n');
                    }
                    (None, None) => panic!("{place}: a session begins with a command"),
                }
            }
            for (command, expected) in commands {
                tried += 1;
                let shown = match words(command).split_first() {
                    Some((program, arguments)) if program == "migrate-manifests" => {
                        let output = sandbox.run(arguments);
                        let shown = format!("{}{}", output.stdout, output.stderr);
                        last = Some(output);
                        with_fixed_ids(&shown, &mut ids).replace("[SANDBOX]", "~")
                    }
                    Some((program, arguments)) if program == "echo" && arguments == ["$?"] => {
                        let last = last.as_ref().expect("a command before");
                        format!("{}\n", last.status.code().expect("an exit code"))
                    }
                    _ => panic!("{place}: `{command}` is no command of a session"),
                };
                assert!(
                    shown == expected,
                    "{place}: `{command}` prints\n{shown}\nand not\n{expected}"
                );
            }
        }
    }
    assert!(
        tried > 2 || pages.iter().all(|page| !page.ends_with("README.md")),
        "README shows no session"
    );
}

fn schema(name: &str) -> Option<Value> {
    let path = project("docs").join(format!("{name}.schema.json"));
    let Ok(bytes) = fs::read(&path) else {
        skip("docs", &format!("{} is not there", path.display()));
        return None;
    };
    let mut schema: Value = serde_json::from_slice(&bytes).expect("a schema is JSON");
    if name == "outcome" {
        include(&mut schema, "report");
    }
    Some(schema)
}

/// Takes the definitions over to which a schema refers in another file.
fn include(into: &mut Value, other: &str) {
    let Some(from) = schema(other) else { return };
    let text = into.to_string();
    *into = text
        .replace(&format!("{other}.schema.json#/"), "#/")
        .parse()
        .expect("it is JSON still");
    for (name, definition) in from["$defs"].as_object().expect("definitions") {
        let all = into["$defs"].as_object_mut().expect("definitions");
        all.entry(name).or_insert_with(|| definition.clone());
    }
}

/// The schema that a value claims to fit.
fn claimed(value: &Value) -> Option<&'static str> {
    let has = |name: &str| value.get(name).is_some();
    let format = value["format"].as_str().unwrap_or_default();
    if format.starts_with("migrate-manifests/report/") {
        Some("report")
    } else if has("seq") {
        Some("journal")
    } else if format.starts_with("migrate-manifests/plan/") || has("before") || has("digest") {
        Some("plan")
    } else if format.starts_with("migrate-manifests/outcome/") || has("outcome") {
        Some("outcome")
    } else if has("from_version") {
        Some("history")
    } else if has("steps") {
        Some("migration")
    } else if has("kinds") || has("extends") {
        Some("catalog")
    } else {
        None
    }
}

#[track_caller]
pub(crate) fn assert_fits(name: &str, value: &Value, place: &str) {
    if let Some(schema) = schema(name) {
        let problems = problems(&schema, value);
        assert!(
            problems.is_empty(),
            "{place}: {name}: {problems:#?}\n{value:#}"
        );
    }
}

#[test]
fn every_json_in_the_docs_is_json_and_fits_its_schema() {
    let mut tried = 0;
    for page in pages() {
        // A page may show a file that is wrong, under a name that says so.
        let is_json = |tag: &str| tag.split(' ').next() == Some("json");
        let blocks = tagged_blocks(&page).into_iter();
        for (at, tag, block) in blocks.filter(|(_, tag, _)| is_json(tag)) {
            if tag.contains("file=wrong/") {
                continue;
            }
            let place = format!("{}:{at}", page.display());
            let values: Vec<Value> = serde_json::Deserializer::from_str(&block)
                .into_iter()
                .collect::<Result<_, _>>()
                .unwrap_or_else(|error| panic!("{place}: {error}"));
            for value in values {
                if let Some(name) = claimed(&value) {
                    tried += 1;
                    assert_fits(name, &value, &place);
                }
            }
        }
    }
    assert!(tried > 1, "the docs show no report");
}

#[test]
fn every_output_for_programs_fits_its_schema() {
    let sandbox = Sandbox::new();
    sandbox.copy("fixtures/demo", "fixtures/demo");
    sandbox.copy("fixtures/troubled", "fixtures/troubled");
    sandbox.copy("fixtures/catalogs/revenue", "revenue");
    sandbox.file("bad/artifacts/job/\u{1}run/manifest.json", "{}");
    let writing: [&[&str]; 3] = [
        &["fixtures/demo", "--all"],
        &["fixtures/demo"],
        &["verify", "--all", "fixtures/demo"],
    ];
    let reading: [&[&str]; 15] = [
        &["verify", "fixtures/troubled"],
        &["fixtures/demo", "--dry-run"],
        &["fixtures/demo", "--list-versions"],
        &["fixtures/demo", "--check", "--all", "--quiet"],
        &["fixtures/troubled", "--max-failures", "0", "--dry-run"],
        &["bad"],
        &["nowhere"],
        &["--bogus"],
        &["--target-version", "7.7.7", "fixtures/demo"],
        &["plan", "fixtures/demo"],
        &["operations", "fixtures/demo"],
        &["backups", "--all", "fixtures/demo"],
        &["catalog", "check", "--all", "--catalog", "revenue"],
        &["catalog", "lint", "--catalog", "revenue"],
        &["explain", "fixtures/demo/artifacts/runs/nowhere"],
    ];
    for words in writing.iter().chain(&reading) {
        let place = words.join(" ");
        let report = sandbox.run([*words, &["--format", "json"]].concat()).json();
        assert_eq!(claimed(&report), Some("report"));
        assert_fits("report", &report, &place);
        let lines = sandbox
            .run([*words, &["--format", "jsonl"]].concat())
            .json_lines();
        for line in lines {
            assert_fits("outcome", &line, &place);
        }
    }
    for run in ["bcbb7811-f32d-477b-8f3a-df714b85772b", "nowhere"] {
        let path = format!("fixtures/demo/artifacts/runs/{run}");
        let explained = sandbox.run(["explain", &path, "--format", "json"]);
        assert_fits("report", &explained.json(), "explain");
        let explained = sandbox.run(["explain", &path, "--format", "jsonl"]);
        for line in explained.json_lines() {
            assert_fits("outcome", &line, "explain");
        }
    }
    let validated = sandbox.invoke(["validate", "-", "--all", "--format", "json"]);
    let validated = validated.stdin("{}\n{\"run_id\":1}").run();
    assert_fits("report", &validated.json(), "validate");
    let plan = sandbox.run(["plan", "-o", "-", "fixtures/troubled"]);
    for line in plan.json_lines() {
        assert_eq!(claimed(&line), Some("plan"));
        assert_fits("plan", &line, "a plan");
    }
    let records = journal(&sandbox.path("fixtures/demo"));
    assert!(records.len() > 5);
    for record in records {
        assert_fits("journal", &record, "the journal");
    }
    let head = sandbox.read("fixtures/demo/artifacts/.migrate-manifests/head");
    assert_fits("head", &serde_json::from_slice(&head).unwrap(), "the head");
}

#[test]
fn every_history_record_fits_its_schema() {
    let sandbox = Sandbox::new();
    let run = Run::of(5, "1.0.0", "succeeded", Layout::PIPELINE);
    run.write(&sandbox.path("artifacts"), Payload::Absent)
        .unwrap();
    sandbox.run(["--quiet"]).code(0);
    let path = Path::new("artifacts").join(&run.dir).join("manifest.json");
    let manifest: Value = serde_json::from_slice(&sandbox.read(path)).unwrap();
    assert_fits("history", &manifest["migration_history"][0], "a record");
}

#[test]
fn the_checker_finds_what_does_not_fit() {
    let Some(schema) = schema("report") else {
        return;
    };
    let sandbox = Sandbox::new();
    sandbox.copy("fixtures/demo", "demo");
    let report = sandbox
        .run(["demo", "--dry-run", "--format", "json"])
        .json();
    assert_eq!(problems(&schema, &report), [""; 0]);
    let mut interrupted = report.clone();
    interrupted["unvisited"] = Value::from(3);
    assert_eq!(problems(&schema, &interrupted), [""; 0]);
    let broken = |change: fn(&mut Value)| {
        let mut report = report.clone();
        change(&mut report);
        assert!(
            !problems(&schema, &report).is_empty(),
            "nothing found in {report:#}"
        );
    };
    broken(|report| report["more"] = Value::Null);
    broken(|report| report["dry_run"] = Value::Null);
    broken(|report| report["unvisited"] = Value::from(0));
    broken(|report| report["counts"]["found"] = Value::from(-1));
    broken(|report| drop(report.as_object_mut().unwrap().remove("counts")));
    broken(|report| report["manifests"][0]["outcome"] = Value::from("lost"));
    broken(|report| report["manifests"][0]["checksum_before"] = Value::from("sha256:0"));
    broken(|report| report["started_at"] = Value::from("today"));
}

#[test]
fn every_step_has_a_row() {
    let Ok(text) = fs::read_to_string(project("docs/formats.md")) else {
        return skip("docs", "docs/formats.md is not there");
    };
    for step in STEPS {
        let row = format!("| `{}` `", step.name);
        let rows = text.lines().filter(|line| line.starts_with(&row));
        assert_eq!(rows.count(), 1, "{row}");
    }
}

#[test]
fn the_readme_has_the_table_of_exit_codes() {
    let Ok(text) = fs::read_to_string(project("README.md")) else {
        return skip("docs", "README.md is not there");
    };
    let row = |code: &ExitCode| format!("| {} | {} |", code.code(), code.meaning());
    let rows: Vec<_> = ExitCode::ALL.iter().map(row).collect();
    let rows = rows.join("\n");
    let table = format!("| code | meaning |\n| --- | --- |\n{rows}\n\n");
    assert!(text.contains(&table), "README.md does not have\n{table}");
    // `--help` wraps the same words.
    let help = Sandbox::new().run(["--help"]);
    let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let shown = |code: &ExitCode| format!("{} {}", code.code(), code.meaning());
    let shown: Vec<_> = ExitCode::ALL.iter().map(shown).collect();
    let shown = shown.join(" ");
    assert!(one_line(help.out()).contains(&shown), "{}", help.out());
}

#[test]
fn the_published_schemas_of_catalogs_are_what_the_program_prints() {
    let sandbox = Sandbox::new();
    for name in ["catalog", "migration"] {
        let printed = sandbox
            .invoke(["catalog", "schema", name])
            .real_clock()
            .run();
        let path = project(&format!("docs/{name}.schema.json"));
        let is_published = fs::read_to_string(&path).unwrap() == printed.out();
        assert!(is_published, "{} is not what is printed", path.display());
    }
    let built_in = project("src/catalog/run-manifest");
    let read =
        |path: &str| serde_json::from_slice(&fs::read(built_in.join(path)).unwrap()).unwrap();
    assert_fits("catalog", &read("catalog.json"), "the built-in catalog");
    for entry in fs::read_dir(built_in.join("migrations")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert_fits("migration", &read(&format!("migrations/{name}")), &name);
    }
}
