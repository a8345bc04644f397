//! The texts that the validator accepts, and the words in which it refuses others.

use super::*;

fn refusal(text: impl AsRef<[u8]>) -> String {
    Text::scan(text.as_ref()).unwrap_err().to_string()
}

/// Asserts the refusal of each text.
fn assert_refused(cases: &[(&str, &str)]) {
    for (text, message) in cases {
        assert_eq!(refusal(text), *message, "{text:?}");
    }
}

#[test]
fn a_text_that_begins_with_no_object_is_refused() {
    assert_refused(&[
        ("", "line 1, column 1: the text is empty"),
        (" \n ", "line 2, column 2: the text is empty"),
        (
            "\u{feff}{}",
            "line 1, column 1: the text begins with a byte order mark",
        ),
        (
            "[]",
            "line 1, column 1: expected an object at the top level, found an array",
        ),
        (
            " null",
            "line 1, column 2: expected an object at the top level, found null",
        ),
        (
            "nul",
            "line 1, column 4: expected `null`, found the end of the text",
        ),
        (
            "{\"a\": tru}",
            "line 1, column 10: expected `true`, found `}`",
        ),
    ]);
}

#[test]
fn brackets_commas_and_colons_that_are_missing_or_too_many_are_refused() {
    assert_refused(&[
        (
            "{",
            "line 1, column 2: expected a name or `}`, found the end of the text",
        ),
        ("{\"a\" 1}", "line 1, column 6: expected `:`, found `1`"),
        (
            "{\"a\": 1,}",
            "line 1, column 9: expected a name, found `}`",
        ),
        (
            "{\"a\": [}",
            "line 1, column 8: expected a value or `]`, found `}`",
        ),
        (
            "{\"a\": [1,]}",
            "line 1, column 10: expected a value, found `]`",
        ),
        (
            "{\"a\": [1}",
            "line 1, column 9: expected `,` or `]`, found `}`",
        ),
        ("{\"a\": }", "line 1, column 7: expected a value, found `}`"),
        (
            "{\"a\": 1 \"b\"}",
            "line 1, column 9: expected `,` or `}`, found `\"`",
        ),
    ]);
}

#[test]
fn strings_that_are_not_whole_are_refused() {
    assert_refused(&[
        (
            "{\"a\": \"\n\"}",
            "line 1, column 8: expected an escape or a printable character, found the character U+000A",
        ),
        (
            "{\"a\": \"x",
            "line 1, column 9: expected the closing quote of a string, found the end of the text",
        ),
        (
            "{\"a\": \"\\x\"}",
            "line 1, column 9: expected one of `\"`, `\\`, `/`, `b`, `f`, `n`, `r`, `t`, `u`, found `x`",
        ),
        (
            "{\"a\": \"\\u00g0\"}",
            "line 1, column 12: expected four hex digits, found `g`",
        ),
    ]);
}

#[test]
fn what_follows_the_document_words_for_numbers_and_names_given_twice_are_refused() {
    assert_refused(&[
        (
            "{\"a\": 1}\n\0\0",
            "line 2, column 1: expected the end of the text, found the character U+0000",
        ),
        (
            "{\"a\": 1} {}",
            "line 1, column 10: expected the end of the text, found `{`",
        ),
        (
            "{\"a\": NaN}",
            "line 1, column 7: expected a JSON value, found `NaN`",
        ),
        (
            "{\"a\": [Infinity]}",
            "line 1, column 8: expected a JSON value, found `Infinity`",
        ),
        (
            "{\"a\": -Infinity}",
            "line 1, column 7: expected a JSON value, found `-Infinity`",
        ),
        (
            "{\"a\": 1, \"b\": 2, \"\\u0061\": 3}",
            "line 1, column 18: expected each name once in an object, found `a` again",
        ),
    ]);
}

#[test]
fn bytes_that_are_not_utf8_are_refused_and_a_cut_character_is_a_cut_text() {
    assert_eq!(
        refusal(b"{\"a\": \"\xff\"}"),
        "line 1, column 8: the text is not UTF-8"
    );
    assert_eq!(
        refusal(b"{\"a\": \"\xe2\x82"),
        "line 1, column 8: expected the rest of a character, found the end of the text"
    );
}

#[test]
fn numbers_are_those_of_json_and_nothing_near_them() {
    for number in ["0", "-0", "10", "1.50", "1E2", "1e+07", "-0.0e-0", "1e400"] {
        assert!(Text::scan_any(number.as_bytes()).is_ok(), "{number}");
    }
    for (number, message) in [
        (
            "01",
            "line 1, column 1: expected a number without leading zeros, found `0`",
        ),
        (
            "-00",
            "line 1, column 2: expected a number without leading zeros, found `0`",
        ),
        ("1.x", "line 1, column 3: expected a digit, found `x`"),
        (
            "1.",
            "line 1, column 3: expected a digit, found the end of the text",
        ),
        (".5", "line 1, column 1: expected a value, found `.`"),
        ("+1", "line 1, column 1: expected a value, found `+`"),
        (
            "1e",
            "line 1, column 3: expected a digit, found the end of the text",
        ),
        (
            "1e+ ",
            "line 1, column 4: expected a digit, found the character U+0020",
        ),
        (
            "-",
            "line 1, column 2: expected a digit, found the end of the text",
        ),
        ("--1", "line 1, column 2: expected a digit, found `-`"),
        (
            "0x1",
            "line 1, column 2: expected the end of the text, found `x`",
        ),
    ] {
        let error = Text::scan_any(number.as_bytes()).unwrap_err();
        assert_eq!(
            error
                .to_string()
                .replace("found ` `", "found the character U+0020"),
            message
        );
    }
}

#[test]
fn half_a_surrogate_pair_is_refused_wherever_the_other_half_is_missing() {
    for escape in [
        r"\ud800",
        r"\uDFFF",
        r"\ud800x",
        r"\ud800\n",
        r"\ud800\u0041",
        r"\ud800\ud800",
        r"\udc00\ud800",
    ] {
        let half = &escape[..6];
        assert_eq!(
            refusal(format!("{{\"a\": \"{escape}\"}}")),
            format!("line 1, column 8: expected a whole surrogate pair, found the half `{half}`")
        );
    }
    assert!(Text::scan(br#"{"\ud83d\ude00": "\ud800\udfff"}"#).is_ok());
    for cut in [
        r#"{"\ud800"#,
        r#"{"\ud800\"#,
        r#"{"\ud800\u"#,
        r#"{"\ud800\udc"#,
    ] {
        let problem = Text::scan(cut.as_bytes()).unwrap_err().problem;
        assert!(
            matches!(problem, TextProblem::Truncated { .. }),
            "{cut}: {problem}"
        );
    }
}

#[test]
fn nesting_size_and_members_have_limits() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(Text::scan_any(nested(MAX_DEPTH).as_bytes()).is_ok());
    let error = Text::scan_any(nested(MAX_DEPTH + 1).as_bytes()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "line 1, column 129: expected at most 128 arrays and objects one inside the other, found more"
    );
    assert_eq!(
        Text::scan("[".repeat(1_000_000).as_bytes())
            .unwrap_err()
            .problem,
        TextProblem::TooDeep
    );
    assert_eq!(
        refusal(" ".repeat(MAX_BYTES + 1)),
        "line 1, column 1: expected at most 16777216 bytes, found 16777217"
    );
    let members = |count: usize| {
        let members: Vec<_> = (0..count)
            .rev()
            .map(|name| format!("\"{name}\":0"))
            .collect();
        format!("{{{}}}", members.join(","))
    };
    assert!(Text::scan(members(MAX_MEMBERS).as_bytes()).is_ok());
    let error = Text::scan(members(MAX_MEMBERS + 1).as_bytes()).unwrap_err();
    assert_eq!(
        error.problem.to_string(),
        "expected at most 100000 members in one object, found more"
    );
}

#[test]
fn a_name_that_comes_twice_is_found_among_few_and_among_many() {
    for count in [1, 2, 15, 16, 17, 40, 1000] {
        for again in [0, count / 2, count - 1] {
            for descending in [false, true] {
                let mut names: Vec<_> = (0..count)
                    .map(|name| format!("\"{name:04}\": [{{\"x\": 0}}]"))
                    .collect();
                if descending {
                    names.reverse();
                }
                assert!(Text::scan(format!("{{{}}}", names.join(", ")).as_bytes()).is_ok());
                names.push(format!("\"\\u0030{again:03}\": 0"));
                assert_eq!(
                    Text::scan(format!("{{{}}}", names.join(", ")).as_bytes())
                        .unwrap_err()
                        .problem
                        .to_string(),
                    format!("expected each name once in an object, found `{again:04}` again")
                );
            }
        }
    }
}
