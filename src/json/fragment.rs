//! Fragments: the JSON text of one value for a document.
//! Invariant: a fragment is one valid JSON value without white space between its tokens.

use std::collections::HashSet;

use super::canonical;
use super::name::quote;
use super::problem::TextError;
use super::text::Text;
use super::value::Value;
use super::value_kind::ValueKind;

/// The valid JSON text of one value. An edit writes it in the layout of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fragment(String);

impl Fragment {
    /// Validates a text. The spelling of numbers and strings is kept, white space is not.
    ///
    /// # Errors
    /// The text is not one valid JSON value.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        Ok(Self::from(Text::scan_any(text.as_bytes())?.root()))
    }

    /// The value null.
    pub fn null() -> Self {
        Self("null".to_owned())
    }

    /// A string value.
    pub fn string(text: &str) -> Self {
        Self(quote(text))
    }

    /// An object of these members, in this order; the last of several with the same name counts.
    pub fn object(members: &[(&str, Fragment)]) -> Self {
        let mut names = HashSet::new();
        let mut kept: Vec<_> = members
            .iter()
            .rev()
            .filter(|(name, _)| names.insert(*name))
            .collect();
        kept.reverse();
        let members: Vec<_> = kept
            .iter()
            .map(|(name, value)| format!("{}:{}", quote(name), value.0))
            .collect();
        Self(format!("{{{}}}", members.join(",")))
    }

    /// An array of these elements.
    pub fn array(elements: &[Fragment]) -> Self {
        let elements: Vec<_> = elements.iter().map(Self::as_str).collect();
        Self(format!("[{}]", elements.join(",")))
    }

    /// The text without white space between tokens.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns true if `value` has the same canonical form.
    pub fn equals(&self, value: Value<'_>) -> bool {
        value.raw() == self.0
            || Text::scan_any(self.0.as_bytes()).is_ok_and(|own| canonical::same(own.root(), value))
    }

    pub(crate) fn equals_fragment(&self, other: &Self) -> bool {
        Text::scan_any(other.0.as_bytes()).is_ok_and(|other| self.equals(other.root()))
    }
}

impl<'de> serde::Deserialize<'de> for Fragment {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<serde_json::value::RawValue>::deserialize(deserializer)?;
        Self::parse(raw.get()).map_err(|error| serde::de::Error::custom(error.problem))
    }
}

impl From<Value<'_>> for Fragment {
    fn from(value: Value<'_>) -> Self {
        let mut out = String::with_capacity(value.span().len());
        minify(value, &mut out);
        Self(out)
    }
}

fn minify(value: Value<'_>, out: &mut String) {
    match value.kind() {
        ValueKind::Object => {
            out.push('{');
            for (count, member) in value.members().enumerate() {
                out.push_str(if count > 0 { "," } else { "" });
                out.push_str(member.raw_name());
                out.push(':');
                minify(member.value(), out);
            }
            out.push('}');
        }
        ValueKind::Array => {
            out.push('[');
            for (count, element) in value.elements().enumerate() {
                out.push_str(if count > 0 { "," } else { "" });
                minify(element, out);
            }
            out.push(']');
        }
        _ => out.push_str(value.raw()),
    }
}
