//! The page that says what each fixture is for, held against what is there.
//!
//! What stands in `fails` does fail: the tests beside this one ask for it of every directory in `invalid`, `broken`, `refused` and `lossy`. Here every one of them has a row, and the row names the command that they use.
//!
//! Invariant: a fixture that no row names, and a row without a fixture or a reason, are failures.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::{CATALOGS, cases, fixture, run, tree};

/// The page.
const PAGE: &str = "docs/seeds.md";
/// Directories of fixtures that are right.
const RIGHT: [&str; 2] = ["valid", "fixtures"];
/// Directories of fixtures that are wrong, and the word for the command that says so.
const WRONG: [(&str, &str); 4] = [
    ("invalid", "V"),
    ("broken", "M"),
    ("refused", "C"),
    ("lossy", "D"),
];
/// What rows say that nothing checks.
const UNCHECKED: [&str; 2] = ["cannot be had", "waits for"];

/// One requirement.
struct Row {
    what: String,
    by: String,
    passes: String,
    fails: String,
}

/// The cells of the tables about a catalog that have so many columns.
pub(super) fn tables(name: &str, columns: usize) -> Vec<Vec<String>> {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE)).unwrap();
    let mut parts = page.split("\n## ");
    let part = parts.find(|part| part.starts_with(name)).unwrap();
    part.lines()
        .filter_map(|line| line.strip_prefix('|')?.strip_suffix('|'))
        .map(|line| line.split('|').map(|cell| cell.trim().to_owned()).collect())
        .filter(|cells: &Vec<String>| cells.len() == columns)
        .filter(|cells| cells[0] != "---" && cells[1] != "checked by" && cells[1] != "member")
        .collect()
}

fn rows(name: &str) -> Vec<Row> {
    let rows = tables(name, 4).into_iter();
    let rows: Vec<_> = rows
        .map(|cells| <[String; 4]>::try_from(cells).unwrap())
        .map(|[what, by, passes, fails]| Row {
            what,
            by,
            passes,
            fails,
        })
        .collect();
    assert!(rows.len() > 20, "{name}");
    rows
}

/// What stands between backticks.
fn spans(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// Every fixture in a directory of a catalog, as the page names it.
fn all(name: &str, which: &str) -> Vec<String> {
    let inner = |(case, path): (String, std::path::PathBuf)| match which {
        "fixtures" => fs::read_dir(path)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .map(|one| format!("{which}/{case}/{one}"))
            .collect(),
        _ => vec![format!("{which}/{case}")],
    };
    cases(name, which).into_iter().flat_map(inner).collect()
}

/// The fixtures that a span names: one, or several with `*`. What is no fixture names none.
fn named(name: &str, span: &str) -> Vec<String> {
    let (which, _) = span.split_once('/').unwrap_or((span, ""));
    if ["tree", "expected"].contains(&which) {
        assert!(fixture(name).join(span).is_dir(), "{name}: {span}");
        return vec![span.to_owned()];
    }
    if !RIGHT.contains(&which) && !WRONG.iter().any(|(dir, _)| *dir == which) {
        return Vec::new();
    }
    let fits = |one: &String| match span.split_once('*') {
        Some((begin, end)) => one.starts_with(begin) && one.ends_with(end),
        None => one == span,
    };
    let found: Vec<_> = all(name, which).into_iter().filter(fits).collect();
    assert!(!found.is_empty(), "{name}: `{span}` is not there");
    found
}

/// Whether a cell has a word of its own: a command is one letter.
fn has_word(cell: &str, word: &str) -> bool {
    cell.split(|c: char| !c.is_alphanumeric())
        .any(|one| one == word)
}

#[test]
fn the_page_names_every_fixture_and_no_other() {
    for name in CATALOGS {
        let (mut right, mut wrong) = (BTreeSet::new(), BTreeSet::new());
        for row in rows(name) {
            right.extend(spans(&row.passes).flat_map(|span| named(name, span)));
            // `broken/*` stands for what is named elsewhere.
            let fails = spans(&row.fails).filter(|span| !span.ends_with("/*"));
            wrong.extend(fails.flat_map(|span| named(name, span)));
        }
        for which in RIGHT {
            for one in all(name, which) {
                assert!(
                    right.contains(&one),
                    "{name}: no row says that {one} passes"
                );
                assert!(!wrong.contains(&one), "{name}: {one} does not fail");
            }
        }
        for (which, _) in WRONG {
            for one in all(name, which) {
                assert!(wrong.contains(&one), "{name}: no row says that {one} fails");
            }
        }
        for whole in ["tree", "expected"] {
            assert!(right.contains(whole), "{name}: {whole}");
        }
    }
}

#[test]
fn every_row_says_what_passes_and_what_fails_and_names_the_command_that_tells() {
    for name in CATALOGS {
        for row in rows(name) {
            let place = format!("{name}: {}", row.what);
            assert!(!row.by.is_empty(), "{place}: nothing checks it");
            if UNCHECKED.iter().any(|words| row.by.contains(words)) {
                assert_eq!(row.fails, "", "{place}");
                continue;
            }
            let passes: Vec<_> = spans(&row.passes)
                .flat_map(|span| named(name, span))
                .collect();
            assert!(!passes.is_empty(), "{place}: nothing passes");
            assert!(!row.fails.is_empty(), "{place}: nothing fails");
            for one in passes {
                let warned = one.starts_with("broken/") && row.by.contains("--rules warn");
                let is_wrong = WRONG.iter().any(|(dir, _)| one.starts_with(dir));
                assert!(warned || !is_wrong, "{place}: {one} does not pass");
                let is_tried = one.starts_with("fixtures/");
                assert!(!is_tried || row.by.contains("`catalog test`"), "{place}");
            }
            for one in spans(&row.fails).flat_map(|span| named(name, span)) {
                let (dir, _) = one.split_once('/').unwrap();
                let command = match WRONG.iter().find(|(which, _)| *which == dir) {
                    Some((_, command)) => *command,
                    None => "D",
                };
                let uses = |command| has_word(&row.by, command);
                let is_migrated = fixture(name).join(&one).join("tree").is_dir() && uses("M");
                let downward = command == "D" && row.by.contains("`--allow-downgrade");
                let is_named = uses(command) || is_migrated || downward;
                assert!(is_named, "{place}: {one} and `{}`", row.by);
            }
        }
    }
}

#[test]
fn the_commands_of_the_page_can_be_run() {
    const COMMANDS: [&str; 6] = [
        "status",
        "verify",
        "operations",
        "backups",
        "catalog",
        "rollback",
    ];
    let mut seen = BTreeSet::new();
    for name in CATALOGS {
        let commands: BTreeSet<String> = rows(name)
            .iter()
            .flat_map(|row| spans(&row.by).map(str::to_owned).collect::<Vec<_>>())
            .filter(|span| COMMANDS.contains(&span.split(' ').next().unwrap()))
            .collect();
        for command in commands {
            let sandbox = tree(name);
            run(&sandbox, name, &["--quiet"]).code(0);
            let command = command.replace("DIR", "copies");
            let mut words: Vec<_> = command.split(' ').collect();
            if words[0] == "catalog" {
                words.extend(["--on", "."]);
            }
            run(&sandbox, name, &words).code(0);
            seen.insert(words[0].to_owned());
        }
    }
    assert_eq!(seen.len(), COMMANDS.len(), "{seen:?}");
}
