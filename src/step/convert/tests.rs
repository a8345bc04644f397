//! The conversion of values of every type, and the way back.
//!
//! Invariant: a case says the value after, or that it is refused; the words follow from that.

use crate::step::trial::{Way, assert_down, assert_up, down, refusal, up};

fn convert(from: &str, to: &str) -> String {
    let from = match from {
        "" => String::new(),
        from => format!(r#""from": "{from}", "#),
    };
    format!(r#"{{"step": "convert", "at": "/a", {from}"to": "{to}"}}"#)
}

/// Asserts the result for each value; `!` means that it is refused.
fn assert_values(step: &str, cases: &[(&str, &str)], way: Way) {
    for (before, after) in cases {
        let result = way(step, &format!(r#"{{"a":{before}}}"#));
        let found = result.map_or_else(
            |_| "!".to_owned(),
            |(text, words)| {
                assert_eq!(
                    words,
                    [if before == after {
                        "kept /a"
                    } else {
                        "converted /a"
                    }]
                );
                text
            },
        );
        let expected = if *after == "!" {
            "!".to_owned()
        } else {
            format!(r#"{{"a":{after}}}"#)
        };
        assert_eq!(found, expected, "{step} on {before}");
    }
}

#[test]
fn values_become_texts_and_numbers_only_where_the_new_spelling_says_the_same() {
    assert_values(
        &convert("", "string"),
        &[
            ("1.50", r#""1.50""#),
            ("-0", r#""-0""#),
            ("1E400", r#""1E400""#),
            ("true", r#""true""#),
            (r#""x""#, r#""x""#),
            ("null", "null"),
            ("[]", "!"),
            ("{}", "!"),
        ],
        up,
    );
    assert_values(
        &convert("", "integer"),
        &[
            (r#""12""#, "12"),
            (r#""-0""#, "-0"),
            (r#""1.0""#, "!"),
            (r#""01""#, "!"),
            (r#"" 1""#, "!"),
            (r#""""#, "!"),
            ("2.00", "2"),
            ("2.50", "!"),
            ("1E2", "!"),
            ("2.0e1", "!"),
            ("7", "7"),
            ("true", "!"),
            (
                r#""123456789012345678901234567890""#,
                "123456789012345678901234567890",
            ),
        ],
        up,
    );
    assert_values(
        &convert("", "number"),
        &[
            (r#""1.50""#, "1.50"),
            (r#""1e5""#, "1e5"),
            (r#""0x1""#, "!"),
            (r#""true""#, "!"),
            ("1.50", "1.50"),
        ],
        up,
    );
}

#[test]
fn values_become_booleans_and_times_only_where_the_new_spelling_says_the_same() {
    assert_values(
        &convert("", "boolean"),
        &[
            (r#""true""#, "true"),
            (r#""false""#, "false"),
            (r#""True""#, "!"),
            ("1", "!"),
            ("false", "false"),
        ],
        up,
    );
    assert_values(
        &convert("", "timestamp"),
        &[
            (
                r#""2026-03-01T00:30:00.10+02:00""#,
                r#""2026-02-28T22:30:00.10Z""#,
            ),
            (r#""2026-02-28T22:30:00Z""#, r#""2026-02-28T22:30:00Z""#),
            ("1772274600", r#""2026-02-28T10:30:00Z""#),
            ("1.5", "!"),
            (r#""today""#, "!"),
            ("99999999999999", "!"),
        ],
        up,
    );
}

#[test]
fn the_type_that_a_value_must_have_is_asked_for_and_makes_a_way_back() {
    assert_values(
        &convert("string", "integer"),
        &[(r#""12""#, "12"), ("2.00", "!"), ("7", "7")],
        up,
    );
    assert_values(
        &convert("string", "integer"),
        &[
            ("12", r#""12""#),
            (r#""12""#, "!"),
            ("1.5", "!"),
            ("null", "null"),
        ],
        down,
    );
    assert_values(&convert("string", "number"), &[("1.50", r#""1.50""#)], down);
    assert_values(
        &convert("number", "string"),
        &[(r#""1.50""#, "1.50"), (r#""x""#, "!"), ("1", "!")],
        down,
    );
    assert_values(
        &convert("boolean", "string"),
        &[(r#""true""#, "true"), (r#""x""#, "!")],
        down,
    );
    assert_values(
        &convert("integer", "timestamp"),
        &[
            (r#""2026-02-28T10:30:00Z""#, "1772274600"),
            (r#""2026-02-28T10:30:00.5Z""#, "!"),
            (r#""2026-02-28T10:30:00+01:00""#, "!"),
        ],
        down,
    );
    assert_values(
        &convert("timestamp", "integer"),
        &[("1772274600", r#""2026-02-28T10:30:00Z""#)],
        down,
    );
}

#[test]
fn without_a_way_back_the_reason_is_said() {
    for (from, to, reason) in [
        (
            "",
            "string",
            "what type a value had is not known: `from` could say it",
        ),
        ("string", "timestamp", "the offset that a time had is gone"),
        ("number", "integer", "how a number was spelled is gone"),
    ] {
        assert_eq!(down(&convert(from, to), "{}"), Err(reason.to_owned()));
    }
    assert_eq!(
        refusal(&convert("boolean", "integer")),
        "a boolean cannot be converted to an integer"
    );
    assert_eq!(
        refusal(&convert("string", "string")),
        "a string cannot be converted to a string"
    );
    assert_up(
        &convert("string", "integer"),
        &[
            (
                r#"{"a":"x"}"#,
                r#"!`/a` is `"x"`, expected a string that can become an integer"#,
                &[],
            ),
            ("{}", "{}", &[]),
        ],
    );
    assert_up(
        &convert("", "boolean"),
        &[(
            r#"{"a":[]}"#,
            "!`/a` is `[]`, expected what can become a boolean",
            &[],
        )],
    );
    assert_down(&convert("string", "integer"), &[("{}", "{}", &[])]);
}
