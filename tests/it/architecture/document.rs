//! docs/architecture.md against the sources: rooms, files, and the owners of dependencies.
//!
//! In the code map a row begins with files or folders, as in `src/json/`. The row of a folder also names the files in it, as in `scan`; `mod.rs` goes without saying.
//!
//! Invariant: a name in the code map is a file that is there, and a file with production code has one name.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::ROOMS;
use super::source::{self, Sources};
use crate::support::skip::skip;

fn project(path: &str) -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let text = fs::read_to_string(&path);
    if text.is_err() {
        skip("docs", &format!("{} is not there", path.display()));
    }
    text.ok()
}

/// The text below a heading of the page, up to the next one of its rank.
fn section<'t>(page: &'t str, heading: &str) -> &'t str {
    let start = page.find(&format!("\n## {heading}\n"));
    let start = start.unwrap_or_else(|| panic!("no section `{heading}`"));
    let text = &page[start + 1..];
    let rest = text.find('\n').map_or("", |end| &text[end..]);
    &rest[..rest.find("\n## ").unwrap_or(rest.len())]
}

/// The first two cells of each row of the tables of a text, without their heads.
fn rows(text: &str) -> Vec<(&str, &str)> {
    let mut lines: Vec<&str> = text.lines().collect();
    let lines_are_heads: Vec<bool> = lines
        .iter()
        .enumerate()
        .map(|(at, line)| {
            line.starts_with("| --")
                || lines
                    .get(at + 1)
                    .is_some_and(|next| next.starts_with("| --"))
        })
        .collect();
    let mut is_head = lines_are_heads.into_iter();
    lines.retain(|line| !is_head.next().unwrap() && line.starts_with('|'));
    let cells = lines.into_iter().map(|line| {
        let mut cells = line.trim_matches('|').split('|').map(str::trim);
        (cells.next().unwrap(), cells.next().unwrap_or_default())
    });
    cells.collect()
}

/// What stands in backticks.
fn literals(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The files that the code map names, in its order.
fn mapped(page: &str) -> Vec<String> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    for (first, second) in rows(section(page, "Code map")) {
        for path in literals(first) {
            let path = path
                .strip_prefix("src/")
                .unwrap_or_else(|| panic!("`{path}` does not begin with `src/`"));
            assert!(src.join(path).exists(), "src/{path} is not there");
            if !path.ends_with('/') {
                files.push(path.to_owned());
                continue;
            }
            files.push(format!("{path}mod.rs"));
            let is_name = |name: &&str| {
                name.bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
            };
            for name in literals(second).filter(is_name) {
                let file = format!("{path}{name}.rs");
                assert!(src.join(&file).is_file(), "src/{file} is not there");
                files.push(file);
            }
        }
    }
    files
}

#[test]
fn every_trait_has_a_row_with_its_reason() {
    let Some(page) = project("docs/architecture.md") else {
        return;
    };
    let rows = rows(section(&page, "Traits"));
    let named = rows.iter().flat_map(|(first, _)| literals(first));
    let named: BTreeSet<String> = named.map(str::to_owned).collect();
    assert_eq!(named, Sources::read().traits);
}

#[test]
fn the_page_shows_the_rooms_as_they_are() {
    let Some(page) = project("docs/architecture.md") else {
        return;
    };
    let picture = section(&page, "From above").split("```").nth(1).unwrap();
    let shown: Vec<Vec<&str>> = picture
        .lines()
        .skip(1)
        .map(|line| line.split("  ").next().unwrap().split(", ").collect())
        .collect();
    assert_eq!(shown, ROOMS);
}

#[test]
fn every_path_on_the_page_is_there() {
    let Some(page) = project("docs/architecture.md") else {
        return;
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let is_path = |name: &&str| Path::new(name).extension() == Some("rs".as_ref());
    let is_path = |name: &&str| is_path(name) && *name != "mod.rs";
    let missing: Vec<_> = literals(&page)
        .filter(is_path)
        .filter(|name| {
            ["", "src"]
                .iter()
                .all(|top| !root.join(top).join(name).is_file())
        })
        .collect();
    assert!(missing.is_empty(), "not there: {missing:#?}");
}

#[test]
fn every_file_has_one_name_in_the_code_map() {
    let Some(page) = project("docs/architecture.md") else {
        return;
    };
    let mut times = BTreeMap::<String, usize>::new();
    for file in mapped(&page) {
        *times.entry(file).or_default() += 1;
    }
    let twice: Vec<_> = times.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "named more than once: {twice:#?}");
    let mut there = Sources::read().production();
    there.insert("crash/mod.rs".to_owned());
    let named: BTreeSet<String> = times.into_keys().collect();
    let missing: Vec<_> = there.difference(&named).collect();
    assert!(missing.is_empty(), "not named: {missing:#?}");
    let tests: Vec<_> = named.difference(&there).collect();
    assert!(tests.is_empty(), "without production code: {tests:#?}");
}

#[test]
fn the_code_map_goes_through_the_rooms_from_the_top() {
    let Some(page) = project("docs/architecture.md") else {
        return;
    };
    let mut mapped = mapped(&page);
    mapped.retain(|file| file != "lib.rs");
    let order: Vec<usize> = mapped
        .iter()
        .map(|file| super::row(source::room(file)))
        .collect();
    assert!(order.is_sorted(), "{mapped:#?}");
}

#[test]
fn every_dependency_is_named_by_its_owners_only() {
    let (Some(page), Some(manifest)) = (project("docs/architecture.md"), project("Cargo.toml"))
    else {
        return;
    };
    let declared = |heading: &str| -> BTreeSet<String> {
        let start = manifest.find(heading).unwrap() + heading.len();
        let lines = manifest[start..].lines().skip(1);
        let lines = lines.take_while(|line| !line.starts_with('['));
        let names = lines.filter_map(|line| line.split_once(" = "));
        names.map(|(name, _)| name.to_owned()).collect()
    };
    let text = section(&page, "Dependencies");
    let (product, tests) = text.split_once("For tests").expect("a table for tests");
    let crates = |text| -> BTreeSet<String> {
        let names = rows(text).into_iter().map(|(name, _)| name);
        names
            .map(|name| name.trim_matches('`').to_owned())
            .collect()
    };
    assert_eq!(crates(product), declared("\n[dependencies]"));
    assert_eq!(crates(tests), declared("\n[dev-dependencies]"));
    let sources = Sources::read();
    let mut wrong = Vec::new();
    for (name, owners) in rows(product) {
        let name = name.trim_matches('`').replace('-', "_");
        let owners: Vec<&str> = literals(owners).collect();
        let naming = sources.that_name(&name);
        for owner in &owners {
            if !naming.iter().any(|file| file.starts_with(owner)) {
                wrong.push(format!("`{owner}` does not name {name}"));
            }
        }
        for file in naming.iter().filter(|_| !owners.is_empty()) {
            if !owners.iter().any(|owner| file.starts_with(owner)) {
                wrong.push(format!("`{file}` names {name}, too"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
