//! Ids: of an operation and of a tree.
//! Invariant: an id is a plain file name, so that a journal, a staging directory and a lock can be named after it.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::clock::Timestamp;

/// The id of an operation: 1 to 64 letters, digits, `.`, `_` or `-`, of which the first is no `.`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OperationId(Arc<str>);

impl OperationId {
    const MAX_BYTES: usize = 64;

    /// The id of the operation with this serial number that started then.
    pub fn of(started: Timestamp, serial: u64) -> Self {
        Self(format!("{}-{serial}", started.compact()).into())
    }

    /// Returns true if a text is an id as the program makes them.
    pub fn is_made(text: &str) -> bool {
        let digits = |text: &str, count| {
            text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        let parts = || {
            let (date, rest) = text.split_once('T')?;
            let (time, serial) = rest.split_once("Z-")?;
            Some((date, time, serial))
        };
        parts().is_some_and(|(date, time, serial)| {
            digits(date, 8) && digits(time, 6) && digits(serial, serial.len())
        })
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Sorts ids that carry their start and a number: `-10` comes after `-9`. Operations of format 1 have no other order.
    pub fn order(&self) -> (&str, u64, &str) {
        let id = self.as_str();
        let parts = id
            .rsplit_once('-')
            .and_then(|(start, number)| Some((start, number.parse().ok()?)));
        let (start, number) = parts.unwrap_or((id, 0));
        (start, number, id)
    }
}

/// A text is no id of an operation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{found}` is not the id of an operation: expected 1 to 64 letters, digits, `.`, `_` or `-`"
)]
pub struct IdError {
    /// The text.
    pub found: String,
}

impl FromStr for OperationId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let is_id = (1..=Self::MAX_BYTES).contains(&text.len())
            && !text.starts_with('.')
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
        if is_id {
            Ok(Self(text.into()))
        } else {
            Err(IdError {
                found: text.to_owned(),
            })
        }
    }
}

impl fmt::Display for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

impl Serialize for OperationId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for OperationId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

/// The random id of a tree: 32 hex digits, made with its state directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeId([u8; 16]);

impl TreeId {
    /// The id made of these random bytes.
    pub fn of(random: [u8; 16]) -> Self {
        Self(random)
    }
}

impl fmt::Display for TreeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Serialize for TreeId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TreeId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let number = u128::from_str_radix(&text, 16).ok();
        let id = number.map(|number| Self(number.to_be_bytes()));
        id.filter(|id| id.to_string() == text)
            .ok_or_else(|| D::Error::custom("expected 32 lower-case hex digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_plain_short_name() {
        for text in ["20261121T051136Z-1", "nightly_2.b", "a"] {
            assert_eq!(text.parse::<OperationId>().unwrap().as_str(), text);
        }
        let long = "a".repeat(65);
        for text in ["", ".", "..", ".hidden", "a/b", "a b", "é", &long] {
            let error = text.parse::<OperationId>().unwrap_err();
            let expected = "expected 1 to 64 letters, digits, `.`, `_` or `-`";
            let message = format!("`{text}` is not the id of an operation: {expected}");
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn ids_of_one_second_are_ordered_by_their_numbers() {
        let id = |text: &str| text.parse::<OperationId>().unwrap();
        let (nine, ten) = (id("20261121T051136Z-9"), id("20261121T051136Z-10"));
        assert!(nine.order() < ten.order());
        assert!(ten.order() < id("20261121T051137Z-1").order());
    }

    #[test]
    fn the_id_of_a_tree_is_32_hex_digits() {
        let id = TreeId::of([0xab; 16]);
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(json, format!("\"{}\"", "ab".repeat(16)));
        assert_eq!(serde_json::from_str::<TreeId>(&json).unwrap(), id);
        for wrong in ["\"\"", "\"ab\"", &json.to_uppercase()] {
            let error = serde_json::from_str::<TreeId>(wrong).unwrap_err();
            assert_eq!(error.to_string(), "expected 32 lower-case hex digits");
        }
    }
}
