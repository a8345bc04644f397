//! Support for tests of rules: reads a rule from its text and checks texts by it.

use super::contract::{DocumentRule, Violation};
use super::model::{Body, Rule};
use super::read::read;
use crate::form::ReadError;
use crate::json::Text;

pub(super) fn rule(text: &str) -> Rule {
    if let Ok(rule) = read(text) {
        return rule;
    }
    panic!("{}", wrong(text))
}

pub(super) fn wrong(text: &str) -> String {
    match read(text) {
        Ok(_) => panic!("{text} is a rule"),
        Err(ReadError::Json(error)) => error.to_string(),
        Err(ReadError::Problem(problem)) => problem.to_string(),
    }
}

fn check(text: &str, before: Option<&str>, document: &str) -> Result<(), Violation> {
    let Body::Document(rule) = rule(text).body else {
        panic!("a rule over the tree")
    };
    let before = before.map(|before| Text::scan(before.as_bytes()).unwrap());
    let text = Text::scan(document.as_bytes()).unwrap();
    DocumentRule::check(&*rule, before.as_ref().map(Text::root), text.root())
}

pub(super) fn holds(text: &str, before: Option<&str>, document: &str) -> bool {
    check(text, before, document).is_ok()
}

pub(super) fn broken(text: &str, before: Option<&str>, document: &str) -> String {
    check(text, before, document).unwrap_err().to_string()
}

/// A document of the rule's kind, or of the one that it compares with.
pub(super) enum Doc {
    Own(&'static str),
    Other(&'static str),
}

pub(super) fn clashes(text: &str, documents: &[Doc]) -> Vec<String> {
    let Body::Tree(body) = rule(text).body else {
        panic!("a rule over one document")
    };
    let (mut own, mut others) = (Vec::new(), Vec::new());
    for (manifest, document) in (0..).zip(documents) {
        let scan = |words: &'static str| Text::scan(words.as_bytes()).unwrap();
        match document {
            Doc::Own(words) => {
                let fact = body.own_fact(scan(words).root()).unwrap();
                own.extend(fact.map(|fact| (manifest, fact)));
            }
            Doc::Other(words) => {
                let fact = body.other_fact(scan(words).root()).unwrap();
                others.extend(fact.map(|fact| (manifest, fact)));
            }
        }
    }
    let mut clashes = body.judge(&mut own, &mut others, &|index| index.to_string());
    clashes.sort_by_key(|(manifest, _)| *manifest);
    let clashes = clashes.into_iter();
    clashes
        .map(|(manifest, reason)| format!("{manifest}: {reason}"))
        .collect()
}
