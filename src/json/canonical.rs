//! The canonical form that checksums are taken of: what `json.dumps(value, sort_keys=True)` prints in Python.
//!
//! Invariant: the form depends on what the document says, not on how it is laid out, in which order its members stand or how its strings are escaped.

use super::number;
use super::value::{Kind, Member, Value};
use crate::digest::{Digest, Hasher};

/// So many bytes are collected before they are hashed.
const BUFFER_BYTES: usize = 16 * 1024;

/// The canonical form of `value`.
#[must_use]
pub fn to_string(value: Value<'_>) -> String {
    let mut printer = Printer::new(value, None);
    printer.value(value);
    printer.out
}

/// The SHA-256 of the canonical form of `value`.
#[must_use]
pub fn digest(value: Value<'_>) -> Digest {
    let mut printer = Printer::new(value, Some(Hasher::new()));
    printer.value(value);
    let mut hasher = printer.hasher.unwrap_or_default();
    hasher.update(printer.out.as_bytes());
    hasher.finish()
}

struct Printer {
    out: String,
    hasher: Option<Hasher>,
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
        }
    }

    fn value(&mut self, value: Value<'_>) {
        match value.kind() {
            Kind::Object => self.object(value),
            Kind::Array => self.array(value),
            Kind::String if value.is_plain() => self.out.push_str(value.raw()),
            Kind::String => self.string(&value.as_str().unwrap_or_default()),
            Kind::Number => self.out.push_str(&number::canonical(value.raw())),
            Kind::Boolean | Kind::Null => self.out.push_str(value.raw()),
        }
        self.flush();
    }

    fn array(&mut self, array: Value<'_>) {
        self.out.push('[');
        for (count, element) in array.elements().enumerate() {
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
        for (count, member) in members.enumerate() {
            self.separate(count);
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

    /// Hashes what has been printed, once it is enough.
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
