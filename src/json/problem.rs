//! The problems and limits of a text, and the words of messages about them.
//! Invariant: a message quotes at most [`MAX_QUOTED`] characters of the document, none of them a control character.

use super::value_kind::ValueKind;
use crate::code::Code;

/// The largest document, in bytes.
pub const MAX_BYTES: usize = 16 * 1024 * 1024;
/// The deepest nesting: this many arrays and objects one inside the other are accepted.
pub const MAX_DEPTH: usize = 128;
/// The most members of one object.
pub const MAX_MEMBERS: usize = 100_000;
const MAX_QUOTED: usize = 60;

/// The reason why a text was refused, and the place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {problem}")]
pub struct TextError {
    /// The problem.
    pub problem: TextProblem,
    /// The offset in bytes from the beginning of the text.
    pub offset: usize,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1: in characters, or in bytes if the text is not UTF-8.
    pub column: usize,
}

/// A problem of a text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(
    missing_docs,
    reason = "the message of each variant explains it and names its fields"
)]
pub enum TextProblem {
    #[error("the text is not UTF-8")]
    NotUtf8,
    #[error("the text begins with a byte order mark")]
    ByteOrderMark,
    #[error("the text is empty")]
    Empty,
    #[error("expected {expected}, found {found}")]
    Syntax {
        expected: &'static str,
        found: String,
    },
    #[error("expected {expected}, found the end of the text")]
    Truncated { expected: &'static str },
    #[error("expected the end of the text, found {found}")]
    TrailingData { found: String },
    #[error("expected a JSON value, found `{found}`")]
    NotANumber { found: &'static str },
    #[error("expected a whole surrogate pair, found the half `{found}`")]
    LoneSurrogate { found: String },
    #[error("expected each name once in an object, found `{name}` again")]
    DuplicateName { name: String },
    #[error("expected an object at the top level, found {found}")]
    NotAnObject { found: ValueKind },
    #[error("expected at most {MAX_DEPTH} arrays and objects one inside the other, found more")]
    TooDeep,
    #[error("expected at most {MAX_BYTES} bytes, found {found}")]
    TooLarge { found: usize },
    #[error("expected at most {MAX_MEMBERS} members in one object, found more")]
    TooManyMembers,
}

impl TextProblem {
    /// The stable code of the problem.
    pub fn code(&self) -> Code {
        match self {
            Self::NotUtf8 => Code::NotUtf8,
            Self::ByteOrderMark => Code::ByteOrderMark,
            Self::Empty => Code::Empty,
            Self::Syntax { .. } => Code::SyntaxError,
            Self::Truncated { .. } => Code::Truncated,
            Self::TrailingData { .. } => Code::TrailingData,
            Self::NotANumber { .. } => Code::NotANumber,
            Self::LoneSurrogate { .. } => Code::LoneSurrogate,
            Self::DuplicateName { .. } => Code::DuplicateName,
            Self::NotAnObject { .. } => Code::NotAnObject,
            Self::TooDeep => Code::TooDeep,
            Self::TooLarge { .. } => Code::TooLarge,
            Self::TooManyMembers => Code::TooManyMembers,
        }
    }
}

#[derive(Debug)]
pub(super) struct Flaw {
    pub(super) offset: usize,
    pub(super) problem: TextProblem,
}

impl Flaw {
    pub(super) fn new(offset: usize, problem: TextProblem) -> Self {
        Self { offset, problem }
    }

    #[cold]
    pub(super) fn locate(self, bytes: &[u8]) -> TextError {
        let before = &bytes[..self.offset.min(bytes.len())];
        let line_start = before
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        let in_bytes = self.problem == TextProblem::NotUtf8;
        let counts = |byte: &&u8| in_bytes || !matches!(**byte, 0x80..=0xbf);
        TextError {
            line: 1 + before.split(|byte| *byte == b'\n').skip(1).count(),
            column: 1 + before[line_start..].iter().filter(counts).count(),
            offset: self.offset,
            problem: self.problem,
        }
    }
}

pub(super) fn character(bytes: &[u8], offset: usize) -> String {
    let rest = &bytes[offset..bytes.len().min(offset + 4)];
    let found = rest
        .utf8_chunks()
        .next()
        .and_then(|chunk| chunk.valid().chars().next());
    match found {
        Some(found) if is_hidden(found) => format!("the character U+{:04X}", u32::from(found)),
        Some(found) => format!("`{found}`"),
        None => "a byte that is not UTF-8".to_owned(),
    }
}

pub(super) fn excerpt(text: &str) -> String {
    let mut shown = String::new();
    for (count, next) in text.chars().enumerate() {
        if count == MAX_QUOTED {
            shown.push('…');
            break;
        }
        if is_hidden(next) {
            shown.extend(next.escape_unicode());
        } else {
            shown.push(next);
        }
    }
    shown
}

/// Returns true if a terminal would not show the character, or would let it rearrange its neighbours.
fn is_hidden(found: char) -> bool {
    found.is_control()
        || matches!(found, '\u{a0}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_cut_and_its_control_characters_are_escaped() {
        let problem = TextProblem::DuplicateName {
            name: excerpt(&format!("\n\u{202e}{}", "x".repeat(100))),
        };
        assert_eq!(
            problem.to_string(),
            format!(
                "expected each name once in an object, found `\\u{{a}}\\u{{202e}}{}…` again",
                "x".repeat(58)
            )
        );
    }

    #[test]
    fn lines_and_columns_count_characters_from_one() {
        let flaw = Flaw::new(10, TextProblem::Empty);
        let error = flaw.locate("{\n\"\u{e4}\u{f6}\": \u{20ac}}".as_bytes());
        assert_eq!((error.line, error.column), (2, 7));
        let error = Flaw::new(4, TextProblem::NotUtf8).locate(b"{\n\xc3\xa4\xff");
        assert_eq!(error.to_string(), "line 2, column 3: the text is not UTF-8");
    }
}
