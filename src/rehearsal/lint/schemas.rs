//! Lints schemas and rules: versions without a schema, values that a schema refuses, rules that are never checked.
//! Invariant: a contradiction is a finding only if it concerns every document.

use crate::catalog::{Catalog, Kind, Migration, Place};
use crate::code::Code;
use crate::effort::EffortLimits;
use crate::json::{Fragment, Pointer, Text, Value};
use crate::rehearsal::remark::{Remark, place_of};
use crate::rule::{Body, Check, Schema};

pub(super) fn lint_kind(kind: &Kind) -> Vec<Remark> {
    let mut remarks = lint_versions(kind);
    remarks.extend(lint_rules(kind));
    remarks
}

fn lint_versions(kind: &Kind) -> Vec<Remark> {
    let versions: Vec<_> = kind.registry.versions().collect();
    let pairs = versions.windows(2).map(|pair| (pair[0], pair[1]));
    let forgotten = pairs.filter(|(before, version)| {
        kind.schemas.contains_key(before) && !kind.schemas.contains_key(version)
    });
    forgotten
        .map(|(before, version)| {
            let mut migrations = kind.registry.migrations();
            let leads = migrations.find(|one| one.to == *version);
            let place = leads.map_or(Place::Catalog, |one| place_of(one));
            let message = format!(
                "version {version} of kind `{}` has no schema, and {before} has one",
                kind.name
            );
            Remark::new(Code::SchemaForgotten, place, message)
        })
        .collect()
}

fn lint_rules(kind: &Kind) -> Vec<Remark> {
    let latest = kind.registry.latest();
    let never = kind.rules.iter().filter(|rule| {
        rule.check == Check::Require
            && matches!(rule.body, Body::Document(_))
            && rule.from.as_ref() == Some(latest)
    });
    never
        .map(|rule| {
            let place = Place::File("catalog.json".to_owned());
            let message = format!(
                "rule `{}` of kind `{}` is required of documents at {latest} and above before they are migrated, and none of those is migrated",
                rule.name, kind.name
            );
            Remark::new(Code::RuleNeverAsked, place, message)
        })
        .collect()
}

pub(super) fn contradictions(
    catalog: &Catalog,
    kind: &Kind,
    migration: &Migration,
) -> Vec<(usize, String)> {
    let file = match migration.place() {
        Some(Place::Line { file, .. }) => catalog.file(file),
        _ => None,
    };
    let text = file.and_then(|text| Text::scan(text.as_bytes()).ok());
    let steps = text.as_ref().and_then(|text| text.root().get("steps"));
    // Only a schema that does not depend on other members is certain to refuse the value.
    let schema = kind.schemas.get(&migration.to);
    let Some(schema) = schema.filter(|schema| schema.members().is_some()) else {
        return Vec::new();
    };
    let steps = steps.into_iter().flat_map(|steps| steps.elements());
    let refused = steps.enumerate().filter_map(|(index, step)| {
        let (name, value) = set(step)?;
        let at = Pointer::root().child(name.as_str());
        let behind = migration.transforms.get(index + 1..).unwrap_or_default();
        let is_final = behind.iter().all(|transform| {
            let places = transform.footprint();
            places.is_some_and(|places| places.iter().all(|place| !place.overlaps(&at)))
        });
        let how = refusal(schema, &name, value).filter(|_| is_final)?;
        let (value, version) = (value.raw(), &migration.to);
        let message =
            format!("sets `{value}`, which the schema of version {version} refuses {how}");
        Some((index, message))
    });
    refused.collect()
}

fn set(step: Value<'_>) -> Option<(String, Value<'_>)> {
    let text = |name| step.get(name).and_then(|value| value.as_str());
    if !matches!(&*text("step")?, "set" | "set_default") {
        return None;
    }
    let at: Pointer = text("at")?.parse().ok()?;
    match at.tokens() {
        [name] if name != "*" => Some((name.clone(), step.get("value")?)),
        _ => None,
    }
}

fn refusal(schema: &Schema, name: &str, value: Value<'_>) -> Option<String> {
    let document = Fragment::object(&[(name, Fragment::from(value))]);
    let text = Text::scan(document.as_str().as_bytes()).ok()?;
    let effort = EffortLimits::default().of(document.as_str().len());
    let violations = schema
        .check(text.root(), &effort)
        .ok()?
        .violations
        .into_iter();
    let mut own = violations.filter(|one| one.at.tokens().first().is_some_and(|at| at == name));
    let violation = own.next()?;
    Some(format!("at `{}`: {}", violation.at, violation.reason))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::catalog::Source;

    /// The contradictions between these steps and a schema of 1.1.0.
    fn told(schema: &str, steps: &str) -> Vec<(usize, String)> {
        let catalog = r#"{"name": "n", "kinds": {"k": {"file": "f", "version": "/v", "history": "/h", "unversioned": "1.0.0", "schemas": {"1.1.0": "schemas/k.json"}}}}"#;
        let migration = format!(
            r#"{{"from": "1.0.0", "to": "1.1.0", "kind": "k", "summary": "s", "steps": [{steps}]}}"#
        );
        let files = [
            ("catalog.json", catalog),
            ("migrations/m.json", &*migration),
            ("schemas/k.json", schema),
        ];
        let files = files.map(|(path, text)| (path.to_owned(), text.to_owned()));
        let catalog = Catalog::from_files(Source::BuiltIn, &BTreeMap::from(files)).unwrap();
        let kind = &catalog.kinds()[0];
        let migration = kind.registry.migrations().next().unwrap();
        contradictions(&catalog, kind, migration)
    }

    #[test]
    fn a_contradiction_is_told_only_where_it_is_certain() {
        let schema = r#"{"properties": {"n": {"type": "integer"}}}"#;
        let set = r#"{"step": "set_default", "at": "/n", "value": "3"}"#;
        let expected = "sets `\"3\"`, which the schema of version 1.1.0 refuses at `/n`: the value is not of type \"integer\"";
        assert_eq!(told(schema, set), [(0, expected.to_owned())]);
        for (schema, steps) in [
            (schema, set.replace("\"3\"", "3")),
            (schema, set.replace("/n", "/m")),
            (schema, set.replace("/n", "/n/o")),
            (
                schema,
                format!(
                    r#"{set}, {{"step": "convert", "at": "/n", "from": "string", "to": "integer"}}"#
                ),
            ),
            (
                schema,
                format!(r#"{{"step": "when", "at": "/m", "exists": true, "steps": [{set}]}}"#),
            ),
            (
                r#"{"if": {"required": ["m"]}, "else": {"properties": {"n": {"type": "integer"}}}}"#,
                set.to_owned(),
            ),
        ] {
            assert_eq!(told(schema, &steps), [], "{schema} {steps}");
        }
    }
}
