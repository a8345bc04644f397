//! The canonical form, of which checksums are computed: the output of `json.dumps(value, sort_keys=True)` in Python.
//! Invariant: the form depends on the values only, not on white space, the order of members or the escapes in strings.

use super::number;
use super::value::{Member, Value};
use super::value_kind::ValueKind;
use crate::digest::{Digest, Hasher};

const BUFFER_BYTES: usize = 16 * 1024;

/// The canonical form of `value`.
pub fn to_string(value: Value<'_>) -> String {
    let mut printer = Printer::new(value, None);
    printer.value(value);
    printer.out
}

/// The beginning of the canonical form of `value`: at least so many bytes, or all of it.
pub(crate) fn beginning(value: Value<'_>, bytes: usize) -> String {
    let mut printer = Printer::new(value, None);
    printer.enough = bytes;
    printer.out = String::new();
    printer.value(value);
    printer.out
}

/// The SHA-256 of the canonical form of `value`.
pub fn digest(value: Value<'_>) -> Digest {
    Printer::new(value, Some(Hasher::new())).digest(value)
}

/// Returns true if both values have the same canonical form.
pub fn same(one: Value<'_>, other: Value<'_>) -> bool {
    one.raw() == other.raw() || one.kind() == other.kind() && digest(one) == digest(other)
}

/// The part of an array that is left out of a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truncation {
    /// The whole member that holds the array.
    RemoveMember,
    /// All elements after the first so many.
    KeepFirst(usize),
}

/// The SHA-256 of the canonical form that `value` would have after the truncation of `array`, which is a part of it.
pub(crate) fn digest_truncated(
    value: Value<'_>,
    array: Value<'_>,
    truncation: Truncation,
) -> Digest {
    let mut printer = Printer::new(value, Some(Hasher::new()));
    printer.truncated = Some((array.span().start, truncation));
    printer.digest(value)
}

struct Printer {
    out: String,
    hasher: Option<Hasher>,
    truncated: Option<(usize, Truncation)>,
    /// The number of bytes after which the rest may be left out.
    enough: usize,
}

impl Printer {
    fn new(value: Value<'_>, hasher: Option<Hasher>) -> Self {
        let expected = value.span().len() + 64;
        let capacity = if hasher.is_some() {
            expected.min(BUFFER_BYTES)
        } else {
            expected
        };
        Self {
            out: String::with_capacity(capacity),
            hasher,
            truncated: None,
            enough: usize::MAX,
        }
    }

    fn digest(mut self, value: Value<'_>) -> Digest {
        self.value(value);
        let mut hasher = self.hasher.unwrap_or_default();
        hasher.update(self.out.as_bytes());
        hasher.finish()
    }

    fn truncation_of(&self, array: Value<'_>) -> Option<Truncation> {
        let (start, truncation) = self.truncated?;
        (start == array.span().start).then_some(truncation)
    }

    fn value(&mut self, value: Value<'_>) {
        match value.kind() {
            ValueKind::Object => self.object(value),
            ValueKind::Array => self.array(value),
            ValueKind::String if value.is_plain() => self.out.push_str(value.raw()),
            ValueKind::String => self.string(&value.as_str().unwrap_or_default()),
            ValueKind::Number => self.out.push_str(&number::canonical(value.raw())),
            ValueKind::Boolean | ValueKind::Null => self.out.push_str(value.raw()),
        }
        self.flush();
    }

    fn array(&mut self, array: Value<'_>) {
        self.out.push('[');
        let most = match self.truncation_of(array) {
            Some(Truncation::KeepFirst(most)) => most,
            Some(Truncation::RemoveMember) | None => usize::MAX,
        };
        for (count, element) in array.elements().take(most).enumerate() {
            if self.out.len() >= self.enough {
                break;
            }
            self.separate(count);
            self.value(element);
        }
        self.out.push(']');
    }

    fn object(&mut self, object: Value<'_>) {
        self.out.push('{');
        if object.ascends() {
            self.members(object.members());
        } else {
            self.members(object.members_in_order().into_iter());
        }
        self.out.push('}');
    }

    fn members<'t>(&mut self, members: impl Iterator<Item = Member<'t>>) {
        let mut count = 0;
        for member in members {
            if self.out.len() >= self.enough {
                break;
            }
            if self.truncation_of(member.value()) == Some(Truncation::RemoveMember) {
                continue;
            }
            self.separate(count);
            count += 1;
            if member.is_plain() {
                self.out.push_str(member.raw_name());
            } else {
                self.string(&member.name());
            }
            self.out.push_str(": ");
            self.value(member.value());
        }
    }

    fn separate(&mut self, count: usize) {
        if count > 0 {
            self.out.push_str(", ");
        }
    }

    fn string(&mut self, text: &str) {
        self.out.push('"');
        let mut rest = text;
        while let Some(end) = rest
            .bytes()
            .position(|byte| !matches!(byte, b' '..=b'~') || matches!(byte, b'"' | b'\\'))
        {
            self.out.push_str(&rest[..end]);
            let mut after = rest[end..].chars();
            if let Some(special) = after.next() {
                self.escape(special);
            }
            rest = after.as_str();
        }
        self.out.push_str(rest);
        self.out.push('"');
    }

    fn escape(&mut self, special: char) {
        let short = match special {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\u{8}' => "\\b",
            '\u{c}' => "\\f",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            _ => {
                for unit in special.encode_utf16(&mut [0; 2]) {
                    self.out.push_str("\\u");
                    for shift in [12, 8, 4, 0] {
                        let digit = usize::from(*unit >> shift & 15);
                        self.out.push(char::from(b"0123456789abcdef"[digit]));
                    }
                }
                return;
            }
        };
        self.out.push_str(short);
    }

    fn flush(&mut self) {
        if self.out.len() >= BUFFER_BYTES
            && let Some(hasher) = &mut self.hasher
        {
            hasher.update(self.out.as_bytes());
            self.out.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Text;

    #[test]
    fn a_document_is_digested_as_it_was_before_an_array_grew() {
        let scan = |text: &'static str| Text::scan(text.as_bytes()).unwrap();
        let text = scan(r#"{"b": 1, "a": [[1], {"a": [2]}, 3], "c": [1]}"#);
        let array = text.root().get("a").unwrap();
        for (truncation, before) in [
            (Truncation::RemoveMember, r#"{"b": 1, "c": [1]}"#),
            (Truncation::KeepFirst(0), r#"{"a": [], "b": 1, "c": [1]}"#),
            (
                Truncation::KeepFirst(2),
                r#"{"a": [[1], {"a": [2]}], "b": 1, "c": [1]}"#,
            ),
            (
                Truncation::KeepFirst(9),
                r#"{"a": [[1], {"a": [2]}, 3], "b": 1, "c": [1]}"#,
            ),
        ] {
            let found = digest_truncated(text.root(), array, truncation);
            assert_eq!(found, digest(scan(before).root()), "{before}");
        }
    }

    #[test]
    fn the_beginning_of_a_form_is_not_longer_than_it_must_be() {
        let document = format!("{{\"b\": [{}0], \"a\": {{}}}}", "[1, {}], ".repeat(5000));
        let text = Text::scan(document.as_bytes()).unwrap();
        let whole = to_string(text.root());
        let some = beginning(text.root(), 100);
        assert!(
            whole.starts_with(&some[..100]) && some.len() < 120,
            "{some}"
        );
        assert_eq!(beginning(text.root(), whole.len()), whole);
    }

    #[test]
    fn every_vector_of_the_python_printer_is_met() {
        let vectors = include_str!("../../fixtures/canonical/vectors.jsonl");
        assert!(vectors.lines().count() > 100);
        for line in vectors.lines() {
            let vector: serde_json::Value = serde_json::from_str(line).unwrap();
            let document = vector["document"].as_str().unwrap();
            let text = Text::scan_any(document.as_bytes()).unwrap();
            assert_eq!(
                Some(to_string(text.root()).as_str()),
                vector["canonical"].as_str(),
                "{document}"
            );
            assert_eq!(
                Some(digest(text.root()).to_string().as_str()),
                vector["sha256"].as_str(),
                "{document}"
            );
        }
    }

    #[test]
    fn a_large_document_hashes_in_pieces_to_the_digest_of_its_form() {
        let element = "{\"b\": \"\u{e9}\", \"a\": [1.0, null]}";
        let document = format!("{{\"x\": [{}]}}", vec![element; 5000].join(","));
        let text = Text::scan(document.as_bytes()).unwrap();
        let form = to_string(text.root());
        assert!(form.len() > 4 * BUFFER_BYTES);
        assert_eq!(digest(text.root()), Digest::of(form.as_bytes()));
    }
}
