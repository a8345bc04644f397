//! Makes text from the tree safe to print: no name and no message can move the cursor, reorder or hide text, or break a line.
//!
//! A path without unsafe characters is printed as it is. Any other path is printed as a JSON string, in quotes, so that the two forms differ and `--files-from` reads both; a byte that is not UTF-8 is printed as `\xNN`.
//!
//! Invariant: the result has no character for which [`is_unsafe`] is true.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Returns true for control characters (C0, DEL, C1), for characters that direct or reorder text, for line separators, and for characters without width.
pub(crate) fn is_unsafe(character: char) -> bool {
    matches!(character,
        '\0'..='\x1f' | '\x7f'..='\u{9f}'
        | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}')
}

pub(crate) fn path(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if is_plain(text) => Cow::Borrowed(text),
        _ => Cow::Owned(quoted(bytes)),
    }
}

pub(crate) fn message(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        push(&mut safe, character);
    }
    Cow::Owned(safe)
}

/// A line of a manifest as a diff shows it: as [`message`], but a tab stays, because files are indented with it.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    if !text.contains(|character| character != '\t' && is_unsafe(character)) {
        return Cow::Borrowed(text);
    }
    let parts: Vec<_> = text.split('\t').map(message).collect();
    Cow::Owned(parts.join("\t"))
}

/// Escapes the unsafe characters of compact JSON text, which can only be inside strings; the meaning stays the same.
pub(crate) fn json(text: String) -> String {
    if text.contains(is_unsafe) {
        message(&text).into_owned()
    } else {
        text
    }
}

fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(['"', ' '])
        && !text.ends_with(' ')
        && !text.contains(is_unsafe)
}

fn quoted(bytes: &[u8]) -> String {
    let mut safe = String::from("\"");
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if matches!(character, '"' | '\\') {
                safe.push('\\');
            }
            push(&mut safe, character);
        }
        for byte in chunk.invalid() {
            write!(safe, "\\x{byte:02x}").unwrap_or_default();
        }
    }
    safe.push('"');
    safe
}

fn push(safe: &mut String, character: char) {
    match character {
        '\n' => safe.push_str("\\n"),
        '\r' => safe.push_str("\\r"),
        '\t' => safe.push_str("\\t"),
        _ if is_unsafe(character) => {
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(safe, "\\u{unit:04x}").unwrap_or_default();
            }
        }
        _ => safe.push(character),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ordinary_path_is_shown_as_it_is() {
        for text in ["job/run/manifest.json", "a b/ü/日本/m.json", "a\\b", "a\"b"] {
            assert_eq!(path(text.as_bytes()), text);
        }
    }

    #[test]
    fn a_path_that_could_deceive_is_a_json_string() {
        for (bytes, shown) in [
            ("a\nb", r#""a\nb""#),
            ("\u{1b}[31mred", r#""\u001b[31mred""#),
            ("a\u{9b}b\u{7f}", r#""a\u009bb\u007f""#),
            ("gpj.\u{202e}exe\\", r#""gpj.\u202eexe\\""#),
            (
                "a\u{2066}\u{200e}\u{61c}\u{2028}",
                r#""a\u2066\u200e\u061c\u2028""#,
            ),
            ("a\u{200b}\u{feff}\"", r#""a\u200b\ufeff\"""#),
            ("\u{e0041}", r#""\udb40\udc41""#),
            ("\"quoted\"", r#""\"quoted\"""#),
            (" leading", r#"" leading""#),
        ] {
            assert_eq!(path(bytes.as_bytes()), shown);
            assert_eq!(serde_json::from_str::<String>(shown).unwrap(), bytes);
        }
    }

    #[test]
    fn a_byte_that_is_not_utf8_is_shown_in_hex() {
        assert_eq!(path(b"job\xff/\xe2\x82/m"), r#""job\xff/\xe2\x82/m""#);
    }

    #[test]
    fn a_message_stays_on_one_line_and_keeps_its_backslashes() {
        assert_eq!(
            message("the escape `\\ud800`\r\nnext\u{7}"),
            "the escape `\\ud800`\\r\\nnext\\u0007"
        );
    }

    #[test]
    fn a_line_of_a_diff_keeps_its_tabs_and_nothing_else() {
        assert_eq!(line("\t\"a\": \"\u{1b}\",\r"), "\t\"a\": \"\\u001b\",\\r");
        assert_eq!(line("\tplain"), "\tplain");
    }

    #[test]
    fn json_keeps_its_meaning() {
        let text = serde_json::to_string("\u{7f}\u{85}\u{202e}ü\\").unwrap();
        let safe = json(text.clone());
        assert_eq!(safe, r#""\u007f\u0085\u202eü\\""#);
        assert_eq!(
            serde_json::from_str::<String>(&safe).unwrap(),
            serde_json::from_str::<String>(&text).unwrap()
        );
    }
}
