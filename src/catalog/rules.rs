//! The rules of a kind, as its catalog file says them.
//!
//! Gives errors their place; what a rule asks is its own business.
//!
//! Invariant: no two rules of a kind have the same name, and every kind and version that a rule names is there.

use std::collections::BTreeSet;

use super::document::Document;
use super::error::{CatalogError, CatalogProblem};
use super::kind::Kind;
use crate::json::{Pointer, Value};
use crate::rule::{self, Body, ReadError, Rule};

/// Reads the rules that the catalog file `document` gives to the kind with that index, beside those that it has, and adds what is wrong to `errors`.
pub(super) fn read(
    document: &Document<'_>,
    kinds: &[Kind],
    index: usize,
    errors: &mut Vec<CatalogError>,
) -> Vec<Rule> {
    let kind = &kinds[index];
    let mut names: BTreeSet<_> = kind.rules.iter().map(|rule| rule.name.clone()).collect();
    let mut rules = Vec::new();
    let list = document.of_kind(&kind.name, "rules");
    for object in list.into_iter().flat_map(|list| list.elements()) {
        let wrong = |problem| document.error_at(place(object), problem);
        let rule = rule::read(object.raw()).map_err(|error| match error {
            ReadError::Form(error) => document.form_error(&error, object.span().start),
            ReadError::Problem(problem) => wrong(problem),
        });
        let checked = rule.and_then(|rule| {
            check(&rule, kind, kinds).map_err(wrong)?;
            if names.insert(rule.name.clone()) {
                Ok(rule)
            } else {
                let name = rule.name;
                Err(wrong(CatalogProblem::SameRule { name }))
            }
        });
        match checked {
            Ok(rule) => rules.push(rule),
            Err(error) => errors.push(error),
        }
    }
    rules
}

/// The value that says which rule it is.
fn place(object: Value<'_>) -> Value<'_> {
    object.get("rule").unwrap_or(object)
}

/// Whether what a rule names is there.
fn check(rule: &Rule, kind: &Kind, kinds: &[Kind]) -> Result<(), CatalogProblem> {
    if let Some(version) = rule.from.as_ref().filter(|from| !kind.registry.knows(from)) {
        let (kind, version) = (kind.name.clone(), version.clone());
        return Err(CatalogProblem::VersionUnknown { kind, version });
    }
    let other = match &rule.body {
        Body::Tree(rule) => rule.other_kind(),
        Body::Document(_) => None,
    };
    if let Some(found) = other.filter(|other| kinds.iter().all(|kind| kind.name != **other)) {
        let known = kinds.iter().map(|kind| kind.name.clone()).collect();
        let found = found.to_owned();
        return Err(CatalogProblem::UnknownKind { found, known });
    }
    match rule
        .pointers()
        .into_iter()
        .find(|at| is_nowhere(at, rule, kind))
    {
        Some(at) => Err(CatalogProblem::NoSuchMember { at: at.clone() }),
        None => Ok(()),
    }
}

/// Whether every version that the rule is about has a schema that names its members, and none names this one.
fn is_nowhere(at: &Pointer, rule: &Rule, kind: &Kind) -> bool {
    let Some(first) = at.tokens().first() else {
        return false;
    };
    let mut versions = kind
        .registry
        .versions()
        .filter(|version| rule.from.as_ref().is_none_or(|from| *version >= from));
    versions.all(|version| {
        let schema = kind.schemas.get(version);
        let members = schema.and_then(|schema| schema.members());
        members.is_some_and(|members| !members.contains(first))
    })
}
