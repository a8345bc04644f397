//! Strings with and without escapes, and the order of names.
//! Invariant: names are compared unescaped; the order of UTF-8 bytes is the order of code points.

use std::borrow::Cow;

pub(super) fn unescape(raw: &str) -> Cow<'_, str> {
    let Some(first) = raw.find('\\') else {
        return Cow::Borrowed(raw);
    };
    let mut out = String::with_capacity(raw.len());
    out.push_str(&raw[..first]);
    let mut rest = &raw[first..];
    while let Some(escaped) = rest.strip_prefix('\\') {
        let mut after = escaped.chars();
        let unescaped = match after.next() {
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => code_point(&mut after),
            Some(itself) => itself,
            None => break,
        };
        out.push(unescaped);
        let plain = after.as_str();
        let end = plain.find('\\').unwrap_or(plain.len());
        out.push_str(&plain[..end]);
        rest = &plain[end..];
    }
    Cow::Owned(out)
}

/// Reads four hex digits, and the next escape, too, if they are the first half of a surrogate pair.
fn code_point(after: &mut std::str::Chars<'_>) -> char {
    let mut code = unit(after);
    if let 0xd800..=0xdbff = code {
        after.nth(1);
        let low = unit(after);
        code = 0x10000 + ((code & 0x3ff) << 10) + (low & 0x3ff);
    }
    char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn unit(after: &mut std::str::Chars<'_>) -> u32 {
    let digits = after
        .by_ref()
        .take(4)
        .filter_map(|digit| digit.to_digit(16));
    digits.fold(0, |value, digit| value * 16 + digit)
}

/// `text` as a JSON string, with escapes only where JSON demands them.
pub(super) fn quote(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for next in text.chars() {
        match next {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            control @ ..' ' => {
                let written = write!(out, "\\u{:04x}", u32::from(control));
                debug_assert!(written.is_ok(), "a String takes every text");
            }
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_escape_is_undone() {
        assert_eq!(unescape("plain"), Cow::Borrowed("plain"));
        assert_eq!(
            unescape(r#"a\"\\\/\b\f\n\r\t\u00e9\uD83D\ude00z"#),
            "a\"\\/\u{8}\u{c}\n\r\t\u{e9}\u{1f600}z"
        );
    }

    #[test]
    fn quoting_escapes_only_what_json_demands() {
        assert_eq!(
            quote("a\"\\/\n\u{1}\u{7f}\u{e9}"),
            "\"a\\\"\\\\/\\n\\u0001\u{7f}\u{e9}\""
        );
        for text in ["", "a\tb", "\u{0}\u{8}\u{c}\r\u{1f600}"] {
            let quoted = quote(text);
            assert_eq!(unescape(&quoted[1..quoted.len() - 1]), text);
        }
    }
}
