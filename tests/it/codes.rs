//! The codes: each has its class and its hint in `fixtures/codes.txt`, and its row in `docs/codes.md`.
//!
//! `UPDATE=1 cargo test --test it codes` writes the fixture anew, and the difference is then to be read.
//!
//! Invariant: no hint changes, and no code goes, without a difference in the fixture.

use std::fs;
use std::path::Path;

use migrate_manifests::code::{Class, Code};

use crate::support::committed::assert_committed;
use crate::support::skip::skip;

fn class_of(code: Code) -> &'static str {
    match code.class() {
        Class::Refused => "refused",
        Class::Failed => "failed",
        Class::Conflict => "conflict",
        Class::Finding => "finding",
        Class::Note => "note",
        Class::Warning => "warning",
        Class::Stop => "stop",
    }
}

#[test]
fn every_code_has_the_class_and_the_hint_that_are_committed() {
    let mut lines: Vec<_> = Code::ALL
        .iter()
        .map(|code| format!("{code} ({}): {}\n", class_of(*code), code.hint()))
        .collect();
    lines.sort();
    assert_committed("codes.txt", &lines.concat());
}

#[test]
fn every_code_is_explained_with_its_class() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/codes.md");
    let Ok(text) = fs::read_to_string(page) else {
        return skip("docs", "docs/codes.md is not there");
    };
    let rows: Vec<Vec<&str>> = text
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    for code in Code::ALL {
        let class = class_of(*code);
        let name = format!("`{code}`");
        let row = rows.iter().find(|row| row[0] == name);
        let row = row.unwrap_or_else(|| panic!("{name} is not explained in docs/codes.md"));
        assert!(
            row[1..]
                .iter()
                .any(|cell| cell.split_whitespace().next() == Some(class)),
            "{name} is not said to be {class}: {row:?}"
        );
    }
    let names: Vec<_> = Code::ALL.iter().map(|code| format!("`{code}`")).collect();
    for row in rows.iter().filter(|row| row.len() == 5) {
        assert!(names.contains(&row[0].to_owned()), "{} is no code", row[0]);
    }
}
