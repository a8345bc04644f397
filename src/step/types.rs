//! The types that `convert` knows, and the conversion of one value.
//! Invariant: the result means the same as the value.

use serde::Deserialize;

use crate::clock::{Timestamp, in_utc};
use crate::json::{Fragment, Text, Value, ValueKind};

/// What a value can be converted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "snake_case")]
pub(crate) enum Type {
    /// Any string.
    String,
    /// A number without fraction and exponent.
    Integer,
    /// Any number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A string that is a time in RFC 3339, in UTC with `Z`.
    Timestamp,
}

impl Type {
    pub(super) fn in_words(self) -> &'static str {
        match self {
            Self::String => "a string",
            Self::Integer => "an integer",
            Self::Number => "a number",
            Self::Boolean => "a boolean",
            Self::Timestamp => "a time in UTC, as in `\"2026-02-28T10:30:00Z\"`",
        }
    }

    pub(super) fn has(self, value: Value<'_>) -> bool {
        match self {
            Self::String => value.kind() == ValueKind::String,
            Self::Integer => value.kind() == ValueKind::Number && is_integer(value.raw()),
            Self::Number => value.kind() == ValueKind::Number,
            Self::Boolean => value.kind() == ValueKind::Boolean,
            Self::Timestamp => value
                .as_str()
                .is_some_and(|text| in_utc(&text).is_some_and(|utc| utc == text)),
        }
    }

    pub(super) fn can_become(self, to: Self) -> bool {
        match self {
            Self::String => to != Self::String,
            Self::Integer => matches!(to, Self::String | Self::Timestamp),
            Self::Number => matches!(to, Self::String | Self::Integer),
            Self::Boolean => to == Self::String,
            Self::Timestamp => to == Self::Integer,
        }
    }
}

/// Converts a value to the type `to`, if that is possible without a change of meaning. The step states that it has the type `from`.
pub(super) fn converted(value: Value<'_>, from: Option<Type>, to: Type) -> Option<Fragment> {
    let text = value.as_str();
    match (value.kind(), to) {
        (ValueKind::Number | ValueKind::Boolean, Type::String) => {
            Some(Fragment::string(value.raw()))
        }
        (ValueKind::String, Type::Integer) if from == Some(Type::Timestamp) => unix_seconds(&text?),
        (ValueKind::String, Type::Integer) => {
            scalar(&text?, ValueKind::Number).filter(|number| is_integer(number.as_str()))
        }
        (ValueKind::String, Type::Number) => scalar(&text?, ValueKind::Number),
        (ValueKind::String, Type::Boolean) => scalar(&text?, ValueKind::Boolean),
        (ValueKind::String, Type::Timestamp) => Some(Fragment::string(&in_utc(&text?)?)),
        (ValueKind::Number, Type::Integer) => without_zeros(value.raw()),
        (ValueKind::Number, Type::Timestamp) => timestamp(value.raw()),
        _ => None,
    }
}

fn scalar(text: &str, kind: ValueKind) -> Option<Fragment> {
    let scanned = Text::scan_any(text.as_bytes()).ok()?;
    let value = scanned.root();
    (value.kind() == kind && value.raw() == text).then(|| value.into())
}

fn is_integer(number: &str) -> bool {
    !number.contains(['.', 'e', 'E'])
}

fn without_zeros(number: &str) -> Option<Fragment> {
    let (whole, fraction) = number.split_once('.')?;
    let is_whole = fraction.bytes().all(|digit| digit == b'0');
    scalar(whole, ValueKind::Number).filter(|_| is_whole)
}

fn timestamp(number: &str) -> Option<Fragment> {
    let seconds = number.parse().ok()?;
    // `-0` would not be converted back to the same spelling.
    if i64::to_string(&seconds) != number {
        return None;
    }
    let time = Timestamp::from_unix_seconds(seconds)?;
    Some(Fragment::string(&time.to_string()))
}

fn unix_seconds(text: &str) -> Option<Fragment> {
    let time: Timestamp = text.parse().ok()?;
    let seconds = time.unix_seconds().to_string();
    scalar(&seconds, ValueKind::Number).filter(|_| time.to_string() == text)
}
