//! A compiled schema of the schema crate, and its violations in our words.
//! Invariant: only the schema itself is converted to values of the crate; documents are read in place.

use jsonschema::error::ValidationErrorKind;
use jsonschema::{ValidationError, Validator, options_for};

use super::instance::{Instance, Spans, is_beyond_range, to_value};
use super::result::SchemaCheck;
use crate::json::{Pointer, Value};
use crate::rule::Violation;

const MOST_VIOLATIONS: usize = 20;
const REASON_CHARACTERS: usize = 240;

pub(super) type Compiled = Validator<Spans>;

pub(super) fn compile(text: Value<'_>) -> Result<Compiled, Violation> {
    options_for::<Spans>()
        .offline()
        .should_validate_formats(true)
        .should_ignore_unknown_formats(true)
        .build(&to_value(text))
        .map_err(|error| violation(&error))
}

pub(super) fn check(compiled: &Compiled, document: Value<'_>) -> SchemaCheck {
    let instance = Instance::Value(document);
    let violations = if compiled.is_valid(instance.clone()) {
        Vec::new()
    } else {
        let errors = compiled.iter_errors(instance).take(MOST_VIOLATIONS);
        errors.map(|error| violation(&error)).collect()
    };
    let mut beyond_range = Vec::new();
    find_beyond_range(document, &mut Vec::new(), &mut beyond_range);
    SchemaCheck {
        violations,
        beyond_range,
    }
}

fn violation(error: &ValidationError<'_>) -> Violation {
    let at = error.instance_path().to_string();
    let outside = "it refers to something outside of itself";
    let reason = match error.kind() {
        ValidationErrorKind::Referencing(found) => format!("{outside}, or to nothing: {found}"),
        ValidationErrorKind::FalseSchema => "nothing may be there".to_owned(),
        _ => error.masked_with("the value").to_string(),
    };
    let reason = match reason.char_indices().nth(REASON_CHARACTERS) {
        Some((end, _)) => format!("{}...", &reason[..end]),
        None => reason,
    };
    Violation {
        at: at.parse().unwrap_or_default(),
        reason,
    }
}

#[derive(Clone, Copy)]
enum Turn<'t> {
    Member(crate::json::Member<'t>),
    Element(usize),
}

fn find_beyond_range<'t>(value: Value<'t>, way: &mut Vec<Turn<'t>>, into: &mut Vec<Pointer>) {
    if is_beyond_range(value) {
        let turns = way.iter();
        into.push(turns.fold(Pointer::root(), |at, turn| match turn {
            Turn::Member(member) => at.child(member.name()),
            Turn::Element(index) => at.child(index.to_string()),
        }));
    }
    for member in value.members() {
        way.push(Turn::Member(member));
        find_beyond_range(member.value(), way, into);
        way.pop();
    }
    for (index, element) in value.elements().enumerate() {
        way.push(Turn::Element(index));
        find_beyond_range(element, way, into);
        way.pop();
    }
}
