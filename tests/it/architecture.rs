//! The arrows between the rooms of `src`, and between the files of each: they lead down only.
//!
//! Reads the sources, production code and test code apart; runs nothing.
//!
//! Invariant: [`NOT_YET`] and [`NOT_YET_IN_TESTS`] name exactly the files that break a rule, so they can only shrink.

mod document;
mod items;
mod source;

use std::collections::{BTreeMap, BTreeSet};

use source::{Code, Reference, Sources};

/// The rooms from top to bottom. Those in one row do not use each other.
const ROOMS: &[&[&str]] = &[
    &["cli", "crash"],
    &["operation"],
    &["outside"],
    &["rehearsal", "validate"],
    &["proof", "plan", "read"],
    &["selection"],
    &["storage", "engine"],
    &["catalog"],
    &["step", "rule"],
    &["form"],
    &["refusal"],
    &["transform"],
    &["effort"],
    &["report"],
    &["journal"],
    &["json"],
    &["version", "digest", "path", "clock", "code"],
];

/// Files whose production code breaks a rule.
const NOT_YET: &[&str] = &[];

/// Files whose test code breaks a rule.
const NOT_YET_IN_TESTS: &[&str] = &[];

/// The row of a room, from the top.
fn row(room: &str) -> usize {
    let row = ROOMS.iter().position(|row| row.contains(&room));
    row.unwrap_or_else(|| panic!("the room `{room}` is missing in ROOMS"))
}

/// The broken rules, by file.
fn broken_rules(sources: &Sources, code: Code) -> BTreeMap<String, BTreeSet<String>> {
    let mut broken = BTreeMap::<String, BTreeSet<String>>::new();
    let mut within = BTreeMap::<String, BTreeSet<String>>::new();
    for reference in sources.references(code) {
        let Reference { from, to, path } = &reference;
        let (room, other) = (source::room(from), source::room(to));
        let mut break_rule = |rule: String| {
            broken.entry(from.clone()).or_default().insert(rule);
        };
        if room != other && row(room) >= row(other) {
            break_rule(format!("`{path}` leads up, from `{room}` to `{other}`"));
        }
        if room == other && from != to {
            within.entry(from.clone()).or_default().insert(to.clone());
        }
        if code == Code::Production && sources.names_parent(&reference) {
            break_rule(format!(
                "`{path}` is a name of its parent, not of a sibling"
            ));
        }
    }
    for (from, others) in &within {
        for to in others {
            if reaches(&within, to, from) {
                let rule = format!("it is in a circle with `{to}`");
                broken.entry(from.clone()).or_default().insert(rule);
            }
        }
    }
    broken
}

/// Returns true if arrows lead from one file to the other.
fn reaches(arrows: &BTreeMap<String, BTreeSet<String>>, from: &str, to: &str) -> bool {
    let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(file) = open.pop() {
        if file == to {
            return true;
        }
        if seen.insert(file) {
            open.extend(arrows.get(file).into_iter().flatten().map(String::as_str));
        }
    }
    false
}

fn assert_broken_only(code: Code, expected: &[&str]) {
    let mut broken = broken_rules(&Sources::read(), code);
    let clean: Vec<_> = expected
        .iter()
        .filter(|file| broken.remove(**file).is_none())
        .collect();
    assert!(broken.is_empty(), "{broken:#?}");
    assert!(clean.is_empty(), "take these off the list: {clean:#?}");
}

#[test]
fn arrows_of_production_code_lead_down() {
    assert_broken_only(Code::Production, NOT_YET);
}

#[test]
fn arrows_of_test_code_lead_down() {
    assert_broken_only(Code::Test, NOT_YET_IN_TESTS);
}

/// A type that has one definition for each choice of a feature.
const BY_FEATURE: &str = "Compiled";

#[test]
fn each_name_of_a_type_has_one_meaning() {
    let types = Sources::read().types;
    assert!(types.contains_key(BY_FEATURE) && types.len() > 400);
    let double: Vec<_> = types
        .iter()
        .filter(|(name, files)| files.len() > 1 && *name != BY_FEATURE)
        .collect();
    assert!(double.is_empty(), "{double:#?}");
}

#[test]
fn paths_are_told_from_comments_literals_and_test_code() {
    let text = r#"
        //! use crate::engine::Plan;
        #[path = "other.rs"]
        mod other;
        use crate::json::{Text, value::{self, Value as Any}};
        const NOTE: &str = "use crate::catalog::Catalog; // \" {";
        fn open(one: char) -> bool { one == '{' || one == '\'' || crate::code::hides(one) }
        #[cfg(test)]
        mod tests { use super::*; use crate::form::Object; }
    "#;
    let (production, tests) = source::paths_of(text);
    let expected = [
        "crate::code::hides",
        "crate::json::Text",
        "crate::json::value",
        "crate::json::value::Value",
    ];
    assert_eq!(production, expected);
    assert_eq!(tests, ["crate::form::Object", "super::*"]);
}
