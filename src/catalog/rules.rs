//! Reads the rules of a kind from a catalog file.
//! Invariant: no two rules of a kind have the same name, and every kind and version that a rule names exists.

use std::collections::BTreeSet;

use super::error::{CatalogError, CatalogProblem, unknown_kind};
use super::kind::Kind;
use super::source_file::SourceFile;
use crate::json::{Pointer, Value};
use crate::rule::{self, Body, Check, Rule};
use crate::version::Version;

pub(super) fn read(
    document: &SourceFile<'_>,
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
        let rule = rule::read(object.raw()).map_err(|error| {
            let name = place(object).span().start;
            document.read_error(error, object.span().start, name)
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

fn place(object: Value<'_>) -> Value<'_> {
    object.get("rule").unwrap_or(object)
}

fn check(rule: &Rule, kind: &Kind, kinds: &[Kind]) -> Result<(), CatalogProblem> {
    if let Some(version) = rule.from.as_ref().filter(|from| !kind.registry.knows(from)) {
        let (kind, version) = (kind.name.clone(), version.clone());
        return Err(CatalogProblem::VersionUnknown { kind, version });
    }
    let own = rule.pointers().into_iter();
    let mut nowhere: Vec<_> = own
        .filter(|at| is_nowhere(at, rule.from.as_ref(), rule.check, kind))
        .collect();
    if let Body::Tree(body) = &rule.body
        && let Some((found, there)) = body.other()
    {
        let Some(other) = kinds.iter().find(|kind| kind.name == found) else {
            let known = kinds.iter().map(|kind| kind.name.clone()).collect();
            return Err(unknown_kind(found, known));
        };
        let there = there.into_iter();
        nowhere.extend(there.filter(|at| is_nowhere(at, None, rule.check, other)));
    }
    match nowhere.first() {
        Some(at) => Err(CatalogProblem::NoSuchMember { at: (*at).clone() }),
        None => Ok(()),
    }
}

/// Returns true if a member is certainly a mistake: the schemas exclude it in every version from `from` on, and nothing else in the catalog names it.
///
/// A rule with `ensure` concerns the latest version, so only that schema decides; a rule with `require` may concern versions without a schema.
fn is_nowhere(at: &Pointer, from: Option<&Version>, check: Check, kind: &Kind) -> bool {
    let Some(first) = at.tokens().first() else {
        return false;
    };
    let is_about = |version: &&Version| from.is_none_or(|from| *version >= from);
    let is_silent = |version| match kind.schemas.get(version) {
        Some(schema) => schema
            .members()
            .is_some_and(|members| !members.contains(first)),
        None => check == Check::Ensure && version != kind.registry.latest(),
    };
    let mut versions = kind.registry.versions().filter(is_about);
    versions.all(is_silent) && !is_named(first, kind)
}

fn is_named(first: &str, kind: &Kind) -> bool {
    let begins = |at: &Pointer| at.tokens().first().is_some_and(|name| name == first);
    let guarded = kind.required.iter().chain(&kind.immutable);
    let guarded = guarded.chain(&kind.protected);
    let values = kind.marks.iter().map(|mark| &mark.at);
    let values = values.chain(kind.deferred_when.iter().map(|one| &one.at));
    let own = guarded.chain(values).chain([&kind.version, &kind.history]);
    let mut transforms = kind
        .registry
        .migrations()
        .flat_map(|migration| &migration.transforms);
    own.into_iter().any(begins)
        || transforms.any(|transform| {
            // A transform without a footprint may read any member.
            transform
                .footprint()
                .is_none_or(|places| places.iter().any(|at| begins(at) || at.tokens().is_empty()))
        })
}
