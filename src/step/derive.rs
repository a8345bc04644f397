//! `derive`: gives a member a text made of others.
//! Invariant: the text depends only on the template and the members that it names.

use serde::Deserialize;

use super::fill::{Fill, Gap, OtherValue};
use super::parsed::{Parsed, StepDefinition};
use super::view::View;
use crate::json::{Fragment, MAX_BYTES, Pointer, ValueKind};
use crate::transform::{StepError, Verb};

pub(super) const DEFINITION: StepDefinition = StepDefinition::of::<Derive>(
    "derive",
    "\
Gives the member `at` a text: `template` with each `{/pointer}` replaced by what the member there says, a string without its quotes, a number, `true` or `false` as spelled. `{{` and `}}` stand for braces. `at` gets the text where it is missing (`\"when\": \"missing\"`, the default), where it is null (`\"null\"`), or either (`\"missing_or_null\"`).

Does nothing where `at` has another value. Refused where a member of the template is missing, null, an array or an object, or where the object that is to hold `at` is missing or is no object.

`\"backfill\": true` says that the value is not authoritative; the history lists its place.

Inverse: takes the text away, or makes it null again; refused where `at` has another value. None with `\"missing_or_null\"`.",
);

/// Gives a member a text made of others.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Derive {
    /// The member.
    at: Pointer,
    /// What the text is made of.
    template: Template,
    /// Where it is set.
    #[serde(default)]
    when: Gap,
    /// Whether the value is not authoritative.
    #[serde(default)]
    backfill: bool,
}

#[derive(Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Template(Vec<Piece>);

enum Piece {
    Text(String),
    Member(Pointer),
}

#[derive(thiserror::Error, Debug)]
#[error(
    "`{found}` is not a template: expected text with `{{/pointer}}`, and `{{{{` or `}}}}` for a brace"
)]
pub(crate) struct TemplateError {
    found: String,
}

impl TryFrom<String> for Template {
    type Error = TemplateError;

    fn try_from(text: String) -> Result<Self, TemplateError> {
        match pieces(&text) {
            Some(pieces) => Ok(Self(pieces)),
            None => Err(TemplateError { found: text }),
        }
    }
}

fn pieces(text: &str) -> Option<Vec<Piece>> {
    let (mut pieces, mut plain, mut rest) = (Vec::new(), String::new(), text);
    while let Some(brace) = rest.find(['{', '}']) {
        plain.push_str(&rest[..brace]);
        rest = &rest[brace..];
        if let Some(after) = rest.strip_prefix("{{").or(rest.strip_prefix("}}")) {
            plain.push_str(&rest[..1]);
            rest = after;
            continue;
        }
        let (pointer, after) = rest.strip_prefix('{')?.split_once('}')?;
        let pointer: Pointer = pointer.parse().ok()?;
        pieces.push(Piece::Text(std::mem::take(&mut plain)));
        pieces.push(Piece::Member(pointer));
        rest = after;
    }
    plain.push_str(rest);
    pieces.push(Piece::Text(plain));
    Some(pieces)
}

impl From<Derive> for Parsed {
    fn from(form: Derive) -> Self {
        let Template(pieces) = form.template;
        let members = pieces.iter().filter_map(|piece| match piece {
            Piece::Member(pointer) => Some(pointer.clone()),
            Piece::Text(_) => None,
        });
        let fill = Fill {
            gap: form.when,
            verb: Some(Verb::Derived),
            backfill: form.backfill,
            ..Fill::new(form.at, OtherValue::Keep)
        };
        fill.with(members.collect(), move |view| {
            let mut text = String::new();
            for piece in &pieces {
                match piece {
                    Piece::Text(plain) => text.push_str(plain),
                    Piece::Member(pointer) => {
                        let more = text_of(view, pointer)?;
                        check_length(view, pointer, text.len() + more.len())?;
                        text.push_str(&more);
                    }
                }
            }
            Ok(Some(Fragment::string(&text).into()))
        })
    }
}

/// Refuses a text that no document could hold, before it is made.
fn check_length(view: &View<'_>, pointer: &Pointer, bytes: usize) -> Result<(), StepError> {
    if bytes <= MAX_BYTES {
        return Ok(());
    }
    Err(StepError {
        at: view.place(pointer),
        reason: format!("would make the text longer than a document can be, {MAX_BYTES} bytes"),
    })
}

fn text_of(view: &View<'_>, pointer: &Pointer) -> Result<String, StepError> {
    let value = view.require(pointer)?;
    match value.kind() {
        ValueKind::String => Ok(value.as_str().unwrap_or_default().into_owned()),
        ValueKind::Number | ValueKind::Boolean => Ok(value.raw().to_owned()),
        other => Err(StepError {
            at: view.place(pointer),
            reason: format!("is {other}, expected a string, a number or a boolean"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use crate::step::trial::{assert_down, assert_up, refusal};

    #[test]
    fn a_text_is_made_of_scalars_as_they_are_spelled() {
        let step = r#"{"step": "derive", "at": "/k", "template": "{{{/a}}}:{/o/b}"}"#;
        assert_up(
            step,
            &[
                (
                    r#"{"o":{"b":1.50},"a":"x\u0079\""}"#,
                    r#"{"o":{"b":1.50},"a":"x\u0079\"","k":"{xy\"}:1.50"}"#,
                    &["derived /k"],
                ),
                (r#"{"k":1}"#, r#"{"k":1}"#, &["kept /k"]),
                (r#"{"a":1}"#, "!`/o/b` is missing", &[]),
                (
                    r#"{"a":null,"o":{"b":1}}"#,
                    "!`/a` is null, expected a string, a number or a boolean",
                    &[],
                ),
            ],
        );
        assert_down(
            step,
            &[
                (
                    r#"{"a":true,"o":{"b":1},"k":"{true}:1"}"#,
                    r#"{"a":true,"o":{"b":1}}"#,
                    &["removed /k"],
                ),
                (
                    r#"{"a":true,"o":{"b":1},"k":"own"}"#,
                    r#"!`/k` is `"own"`, expected `"{true}:1"`"#,
                    &[],
                ),
                (r#"{"k":"{true}:1"}"#, "!`/a` is missing", &[]),
            ],
        );
    }

    #[test]
    fn a_text_that_no_document_could_hold_is_not_made() {
        let long = "x".repeat(1024 * 1024);
        let template = "{/a}".repeat(17);
        let step = format!(r#"{{"step": "derive", "at": "/k", "template": "{template}"}}"#);
        let document = format!(r#"{{"a":"{long}"}}"#);
        let refused = "!`/a` would make the text longer than a document can be, 16777216 bytes";
        assert_up(&step, &[(&document, refused, &[])]);
    }

    #[test]
    fn a_template_with_a_lone_brace_or_a_wrong_pointer_is_refused() {
        for wrong in ["{", "}", "a{/b", "{b}", "{/a~}", "{{}"] {
            assert_eq!(
                refusal(&format!(
                    r#"{{"step": "derive", "at": "/k", "template": "{wrong}"}}"#
                )),
                format!(
                    "`{wrong}` is not a template: expected text with `{{/pointer}}`, and `{{{{` or `}}}}` for a brace"
                )
            );
        }
    }
}
