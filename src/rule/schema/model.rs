//! A JSON Schema: compiled when the catalog is loaded, and checked for each document.
//! Invariant: a [`Schema`] is valid.

use std::collections::BTreeSet;
use std::sync::Arc;

#[cfg(feature = "schema")]
use super::compiled::{Compiled, check, compile};
use super::result::SchemaCheck;
#[cfg(not(feature = "schema"))]
use super::without::{Compiled, check, compile};
use crate::effort::{Effort, TooCostly};
use crate::json::{Value, ValueKind};
use crate::rule::Violation;

#[derive(Clone)]
pub(crate) struct Schema {
    compiled: Arc<Compiled>,
    members: Option<Arc<BTreeSet<String>>>,
}

impl std::fmt::Debug for Schema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Schema")
    }
}

impl Schema {
    pub(crate) fn new(text: Value<'_>) -> Result<Self, Violation> {
        Ok(Self {
            compiled: Arc::new(compile(text)?),
            members: members(text).map(Arc::new),
        })
    }

    /// Checks a document, as long as that takes no more than the effort that is left.
    pub(crate) fn check(
        &self,
        document: Value<'_>,
        effort: &Effort<'_>,
    ) -> Result<SchemaCheck, TooCostly> {
        check(&self.compiled, document, effort)
    }

    /// The members of the document in `properties`; `None` if another keyword can allow more members.
    pub(crate) fn members(&self) -> Option<&BTreeSet<String>> {
        self.members.as_deref()
    }
}

fn members(text: Value<'_>) -> Option<BTreeSet<String>> {
    const BRING_IN_OTHERS: [&str; 10] = [
        "patternProperties",
        "allOf",
        "anyOf",
        "oneOf",
        "if",
        "$ref",
        "$dynamicRef",
        "dependentSchemas",
        "dependencies",
        "unevaluatedProperties",
    ];
    if BRING_IN_OTHERS.iter().any(|name| text.get(name).is_some()) {
        return None;
    }
    let listed = text
        .get("properties")
        .filter(|one| one.kind() == ValueKind::Object)?;
    Some(
        listed
            .members()
            .map(|member| member.name().into_owned())
            .collect(),
    )
}

#[cfg(test)]
#[cfg(feature = "schema")]
mod tests {
    use super::*;
    use crate::effort::EffortLimits;
    use crate::json::Text;

    fn schema(text: &str) -> Result<Schema, Violation> {
        Schema::new(Text::scan(text.as_bytes()).unwrap().root())
    }

    fn held(text: &str, document: &str) -> Vec<String> {
        let held = schema(text)
            .unwrap()
            .check(
                Text::scan(document.as_bytes()).unwrap().root(),
                &EffortLimits::default().of(document.len()),
            )
            .unwrap();
        let violations = held.violations.into_iter();
        violations
            .map(|one| format!("{}: {}", one.at, one.reason))
            .chain(held.beyond_range.iter().map(|at| format!("beyond {at}")))
            .collect()
    }

    #[test]
    fn a_document_is_held_against_the_schema_with_places() {
        let text = r#"{"properties":{"n":{"type":"integer"},"s":{"enum":["a","b"]},"t":{"format":"date-time"}},"required":["n"]}"#;
        assert!(held(text, r#"{"n":1.0,"s":"\u0061","t":"2026-02-28T10:30:00Z"}"#).is_empty());
        assert_eq!(
            held(text, r#"{"n":"1","s":"c","t":"yesterday"}"#),
            [
                "/n: the value is not of type \"integer\"",
                "/s: the value is not one of \"a\" or \"b\"",
                "/t: the value is not a \"date-time\"",
            ]
        );
        assert_eq!(held(text, "{}"), [": \"n\" is a required property"]);
        let none = r#"{"properties":{"old":false},"additionalProperties":false}"#;
        assert_eq!(
            held(none, r#"{"old":1,"new":2}"#),
            [
                "/old: nothing may be there",
                ": Additional properties are not allowed ('new' was unexpected)",
            ]
        );
    }

    #[test]
    fn a_number_that_no_double_holds_is_the_nearest_finite_one() {
        let text = r#"{"properties":{"a":{"items":{"minimum":1}}}}"#;
        assert_eq!(held(text, r#"{"a":[2,1e400]}"#), ["beyond /a/1"]);
        assert_eq!(
            held(text, r#"{"a":[-1e400]}"#),
            [
                "/a/0: the value is less than the minimum of 1",
                "beyond /a/0"
            ]
        );
        let integer = r#"{"properties":{"a":{"type":"integer"}}}"#;
        let forty = format!(r#"{{"a":{}}}"#, "1".repeat(40));
        assert!(held(integer, &forty).is_empty());
    }

    #[test]
    fn what_is_no_schema_is_refused_with_the_place_in_it() {
        let error = schema(r#"{"properties":{"n":{"type":"integr"}}}"#).unwrap_err();
        assert_eq!(error.at.to_string(), "/properties/n/type");
        for outside in [
            r#"{"$ref":"https://example.com/other.json"}"#,
            r#"{"$ref":"other.json"}"#,
            r##"{"$ref":"#/nowhere"}"##,
        ] {
            let reason = schema(outside).unwrap_err().reason;
            assert!(
                reason.starts_with("it refers to something outside of itself, or to nothing: "),
                "{reason}"
            );
        }
        assert!(schema(r#"{"pattern":"("}"#).is_err());
    }

    /// A schema whose work doubles with each of `lines`, down to one that asks `last`.
    fn doubling(lines: usize, last: &str) -> String {
        let line = |number: usize| {
            let next = format!(r##"{{"$ref":"#/$defs/x{}"}}"##, number + 1);
            format!(r#""x{number}":{{"anyOf":[{next},{next}]}}"#)
        };
        let all: Vec<_> = (0..lines).map(line).collect();
        format!(r#""$defs":{{{},"x{lines}":{last}}}"#, all.join(","))
    }

    #[test]
    fn work_that_doubles_with_each_line_of_a_schema_is_too_costly() {
        let in_place = format!(
            r##"{{"$ref":"#/$defs/x0",{}}}"##,
            doubling(39, r#"{"required":["never"]}"#)
        );
        let of_names = format!(
            r##"{{"propertyNames":{{"$ref":"#/$defs/x0"}},{}}}"##,
            doubling(39, r#"{"maxLength":0}"#)
        );
        let few = EffortLimits::default().with_questions(10_000);
        for (text, effort) in [(in_place, few), (of_names, EffortLimits::default())] {
            let document = Text::scan(br#"{"run_id":"r"}"#).unwrap();
            let schema = schema(&text).unwrap();
            let checked = schema.check(document.root(), &effort.of(1));
            assert_eq!(checked.unwrap_err(), TooCostly);
        }
        let signal = || Some(crate::report::Signal::Terminate);
        let watched = EffortLimits::watched(&signal);
        let text = r#"{"required":["a"],"properties":{"a":{"items":{"minimum":0}}}}"#;
        let document = format!(r#"{{"a":[{}1]}}"#, "1,".repeat(100_000));
        let document = Text::scan(document.as_bytes()).unwrap();
        let checked = schema(text).unwrap().check(document.root(), &watched.of(1));
        assert_eq!(checked.unwrap_err(), TooCostly);
    }

    #[test]
    fn a_violation_of_which_the_reasons_are_too_many_is_still_told() {
        let lines = doubling(16, r#"{"required":["never"]}"#);
        let text = format!(r##"{{"$ref":"#/$defs/x0",{lines}}}"##);
        let told = held(&text, r#"{"run_id":"r"}"#);
        assert_eq!(
            told,
            [": it violates the schema, and to say where takes too much work"]
        );
    }

    #[test]
    fn values_are_compared_by_what_they_say() {
        let text =
            r#"{"additionalProperties":{"enum":[null,1.0,"a",[1,{"b":2}],{"c":[],"d":true}]}}"#;
        let some = r#"{"0":null,"1":1,"2":"\u0061","3":[1.0,{"b":2}],"4":{"d":true,"c":[]}}"#;
        assert_eq!(held(text, some), [""; 0]);
        let others = r#"{"0":0,"1":2,"2":"b","3":[1],"4":[1,{"b":2},3],"5":{"c":[]},"6":{"c":[],"d":true,"e":1}}"#;
        assert_eq!(held(text, others).len(), 7);
        let unique = r#"{"properties":{"a":{"uniqueItems":true}}}"#;
        assert_eq!(held(unique, r#"{"a":[1,"1",[1],[]]}"#), [""; 0]);
        assert_eq!(held(unique, r#"{"a":[{"b":1},2,{"b":1.0}]}"#).len(), 1);
    }

    #[test]
    fn a_pattern_that_the_linear_engine_does_not_know_is_refused_with_the_place() {
        for pattern in ["(?=a*b)a", "(?<!a)b", r"(a)\\1", "a{1000}{1000}{1000}"] {
            let text = format!(r#"{{"properties":{{"v":{{"pattern":"{pattern}"}}}}}}"#);
            let error = schema(&text).unwrap_err();
            assert_eq!(
                error.at.to_string(),
                "/properties/v/pattern",
                "{}",
                error.reason
            );
            assert!(
                error.reason.starts_with("it is no pattern"),
                "{}",
                error.reason
            );
        }
        let text = r#"{"patternProperties":{"^(?!x)":true}}"#;
        assert_eq!(
            schema(text).unwrap_err().at.to_string(),
            "/patternProperties/^(?!x)"
        );
        let known = r#"{"properties":{"v":{"pattern":"^\\d{4}-[^\\s]+(?:a|b)*$"}}}"#;
        assert_eq!(held(known, r#"{"v":"2026-xab"}"#), [""; 0]);
    }

    #[test]
    fn a_schema_that_refers_to_itself_comes_to_an_end() {
        let text = r##"{"properties":{"inner":{"$ref":"#"}},"required":["n"]}"##;
        assert!(held(text, r#"{"n":1,"inner":{"n":2}}"#).is_empty());
        assert!(held(r##"{"$ref":"#"}"##, "{}").is_empty());
    }
}
