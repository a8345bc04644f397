//! A compiled schema of the schema crate, and its violations in our words.
//! Invariant: only the schema itself is converted to values of the crate; documents are read in place, and no check takes more than its effort.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use jsonschema::error::ValidationErrorKind;
use jsonschema::{PatternOptions, ValidationError, Validator, options_for};

use super::instance::{Instance, Spans, begin_check, is_beyond_range, to_value};
use super::result::SchemaCheck;
use crate::effort::{Effort, EffortLimits, TooCostly};
use crate::json::{Pointer, Value};
use crate::rule::Violation;

const MOST_VIOLATIONS: usize = 20;
const REASON_CHARACTERS: usize = 240;
const NO_PATTERN: &str = "it is no pattern whose time is bounded: look-around and backreferences are not supported, and repetitions may not be too many";
/// The size of a compiled pattern, and of what it remembers of a text.
const PATTERN_BYTES: usize = 1024 * 1024;
const PATTERN_CACHE_BYTES: usize = 2 * 1024 * 1024;

pub(super) type Compiled = Validator<Spans>;

pub(super) fn compile(text: Value<'_>) -> Result<Compiled, Violation> {
    // The engine whose time is linear in the text; it knows no look-around and no backreferences.
    let patterns = PatternOptions::regex()
        .size_limit(PATTERN_BYTES)
        .dfa_size_limit(PATTERN_CACHE_BYTES);
    options_for::<Spans>()
        .offline()
        .should_validate_formats(true)
        .should_ignore_unknown_formats(true)
        .with_pattern_options(patterns)
        .build(&to_value(text, &|| ()))
        .map_err(|error| match error.kind() {
            ValidationErrorKind::Format { format } if format == "regex" => Violation {
                reason: NO_PATTERN.to_owned(),
                ..violation(&error)
            },
            _ => violation(&error),
        })
}

pub(super) fn check(
    compiled: &Compiled,
    document: Value<'_>,
    effort: &Effort<'_>,
) -> Result<SchemaCheck, TooCostly> {
    let is_valid = within(|| compiled.is_valid(Instance::new(document, effort)))?;
    let violations = if is_valid {
        Vec::new()
    } else {
        violations(compiled, document)
    };
    let mut beyond_range = Vec::new();
    find_beyond_range(document, &mut Vec::new(), &mut beyond_range);
    Ok(SchemaCheck {
        violations,
        beyond_range,
    })
}

/// Calls the crate, and catches what leaves it because of the effort.
///
/// Unwinding is the only way out of the crate in the middle of its work: its traits return plain values. A compiled schema is not changed by a check, so it can be used again.
fn within<T>(act: impl FnOnce() -> T) -> Result<T, TooCostly> {
    begin_check();
    let costly = |unwound: Box<dyn Any + Send>| match unwound.downcast::<TooCostly>() {
        Ok(too_costly) => *too_costly,
        Err(panic) => resume_unwind(panic),
    };
    catch_unwind(AssertUnwindSafe(act)).map_err(costly)
}

/// The violations of a document that has some: the first ones, or one, or that there are any, as far as this can be said with limited effort.
fn violations(compiled: &Compiled, document: Value<'_>) -> Vec<Violation> {
    let limits = EffortLimits::default();
    let effort = limits.of(document.span().len());
    let all = within(|| {
        let errors = compiled.iter_errors(Instance::unshown(document, &effort));
        let first = errors.take(MOST_VIOLATIONS);
        first.map(|error| violation(&error)).collect()
    });
    let effort = limits.of(document.span().len());
    let one = || {
        within(|| {
            let checked = compiled.validate(Instance::unshown(document, &effort));
            checked
                .err()
                .map(|error| violation(&error))
                .into_iter()
                .collect()
        })
    };
    all.or_else(|_| one()).unwrap_or_else(|_| {
        vec![Violation {
            at: Pointer::root(),
            reason: "it violates the schema, and to say where takes too much work".to_owned(),
        }]
    })
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
