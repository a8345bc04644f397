//! The types that values are converted between, and what one value is as another type.
//!
//! Knows values only: where they stand, and what is done about those that cannot be converted, is for the step to say.
//!
//! Invariant: what comes out says the same as what went in.

use serde::Deserialize;

use crate::clock::{Timestamp, in_utc};
use crate::json::{Fragment, Kind, Text, Value};

/// What a value can be converted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "snake_case")]
pub enum Type {
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
    /// The type in words, with the article.
    pub(super) fn in_words(self) -> &'static str {
        match self {
            Self::String => "a string",
            Self::Integer => "an integer",
            Self::Number => "a number",
            Self::Boolean => "a boolean",
            Self::Timestamp => "a time in UTC, as in `\"2026-02-28T10:30:00Z\"`",
        }
    }

    /// Whether a value is of this type.
    pub(super) fn has(self, value: Value<'_>) -> bool {
        match self {
            Self::String => value.kind() == Kind::String,
            Self::Integer => value.kind() == Kind::Number && is_integer(value.raw()),
            Self::Number => value.kind() == Kind::Number,
            Self::Boolean => value.kind() == Kind::Boolean,
            Self::Timestamp => value
                .as_str()
                .is_some_and(|text| in_utc(&text).is_some_and(|utc| utc == text)),
        }
    }

    /// Whether any value of this type has another spelling as one of type `to`.
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

/// The value as one of type `to`, if that says the same; `from` is the type that it is said to have.
pub(super) fn converted(value: Value<'_>, from: Option<Type>, to: Type) -> Option<Fragment> {
    let text = value.as_str();
    match (value.kind(), to) {
        (Kind::Number | Kind::Boolean, Type::String) => Some(Fragment::string(value.raw())),
        (Kind::String, Type::Integer) if from == Some(Type::Timestamp) => unix_seconds(&text?),
        (Kind::String, Type::Integer) => {
            scalar(&text?, Kind::Number).filter(|number| is_integer(number.as_str()))
        }
        (Kind::String, Type::Number) => scalar(&text?, Kind::Number),
        (Kind::String, Type::Boolean) => scalar(&text?, Kind::Boolean),
        (Kind::String, Type::Timestamp) => Some(Fragment::string(&in_utc(&text?)?)),
        (Kind::Number, Type::Integer) => without_zeros(value.raw()),
        (Kind::Number, Type::Timestamp) => timestamp(value.raw()),
        _ => None,
    }
}

/// The number or boolean that a string spells exactly as JSON would.
fn scalar(text: &str, kind: Kind) -> Option<Fragment> {
    let scanned = Text::scan_any(text.as_bytes()).ok()?;
    let value = scanned.root();
    (value.kind() == kind && value.raw() == text).then(|| value.into())
}

fn is_integer(number: &str) -> bool {
    !number.contains(['.', 'e', 'E'])
}

/// The integer before a fraction of nothing but zeros.
fn without_zeros(number: &str) -> Option<Fragment> {
    let (whole, fraction) = number.split_once('.')?;
    let is_whole = fraction.bytes().all(|digit| digit == b'0');
    scalar(whole, Kind::Number).filter(|_| is_whole)
}

/// The time that is so many seconds after 1970.
fn timestamp(number: &str) -> Option<Fragment> {
    let seconds = number.parse().ok()?;
    // `-0` would come back as another spelling.
    if i64::to_string(&seconds) != number {
        return None;
    }
    let time = Timestamp::from_unix_seconds(seconds)?;
    Some(Fragment::string(&time.to_string()))
}

/// The seconds since 1970 of a time without fraction.
fn unix_seconds(text: &str) -> Option<Fragment> {
    let time: Timestamp = text.parse().ok()?;
    let seconds = time.unix_seconds().to_string();
    scalar(&seconds, Kind::Number).filter(|_| time.to_string() == text)
}
