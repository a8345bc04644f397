//! The results of tables, in place and in other members, and the way back.
//!
//! Invariant: a table that would not lead back says why.

use crate::step::trial::{assert_down, assert_up, refusal};

const TABLE: &str = r#""table": {"a": "x", "b": 1.0, "x": "x"}"#;

fn map(more: &str) -> String {
    format!(r#"{{"step": "map", "at": "/m", {more}}}"#)
}

#[test]
fn in_place_an_output_is_not_looked_up_again() {
    let step = map(TABLE);
    assert_up(
        &step,
        &[
            (r#"{"m":"\u0061"}"#, r#"{"m":"x"}"#, &["mapped /m"]),
            (r#"{"m":"b"}"#, r#"{"m":1.0}"#, &["mapped /m"]),
            (r#"{"m":"x"}"#, r#"{"m":"x"}"#, &["kept /m"]),
            (r#"{"m":1.00}"#, r#"{"m":1.00}"#, &["kept /m"]),
            (
                r#"{"m":"c"}"#,
                r#"!`/m` is `"c"`, which the table does not have"#,
                &[],
            ),
            (
                r#"{"m":null}"#,
                "!`/m` is `null`, which the table does not have",
                &[],
            ),
            ("{}", "{}", &[]),
        ],
    );
    assert_down(
        &step,
        &[(
            "{}",
            "!which of several inputs an output was is not known",
            &[],
        )],
    );
    for (table, output) in [
        (r#""table": {"a": "b", "b": "c"}"#, r#""b""#),
        (r#""table": {"a": "b", "b": "a"}"#, r#""b""#),
        (r#""table": {"a": "b"}, "default": "a""#, r#""a""#),
    ] {
        assert_eq!(
            refusal(&map(table)),
            format!(
                "the output `{output}` is also an input, with another value: a second time it would change again"
            )
        );
    }
}

#[test]
fn a_value_outside_of_the_table_is_kept_or_replaced_where_the_step_says_so() {
    assert_up(
        &map(r#""table": {"a": "x"}, "else": "keep""#),
        &[(r#"{"m":[1]}"#, r#"{"m":[1]}"#, &["kept /m"])],
    );
    let step = map(r#""table": {"a": "x"}, "default": null"#);
    assert_up(
        &step,
        &[
            (r#"{"m":[1]}"#, r#"{"m":null}"#, &["mapped /m"]),
            (r#"{"m":null}"#, r#"{"m":null}"#, &["kept /m"]),
        ],
    );
    assert_down(
        &step,
        &[("{}", "!what became the default is not known", &[])],
    );
    assert_eq!(
        refusal(&map(r#""table": {}, "default": 1, "else": "keep""#)),
        "`default` and `else` exclude each other"
    );
}

#[test]
fn a_table_without_doubles_leads_back() {
    let step = map(r#""table": {"a": "x", "b": true, "c": "c"}"#);
    assert_down(
        &step,
        &[
            (r#"{"m":"x"}"#, r#"{"m":"a"}"#, &["mapped /m"]),
            (r#"{"m":true}"#, r#"{"m":"b"}"#, &["mapped /m"]),
            (r#"{"m":"c"}"#, r#"{"m":"c"}"#, &["kept /m"]),
            (
                r#"{"m":"a"}"#,
                r#"!`/m` is `"a"`, which the table does not have"#,
                &[],
            ),
            ("{}", "{}", &[]),
        ],
    );
    assert_down(
        &map(r#""table": {"a": "x"}, "else": "keep""#),
        &[
            (r#"{"m":"z"}"#, r#"{"m":"z"}"#, &["kept /m"]),
            (
                r#"{"m":"a"}"#,
                r#"!`/m` is `"a"`, which the table does not have"#,
                &[],
            ),
        ],
    );
}

#[test]
fn in_a_copy_the_value_stays_and_leads_back() {
    let step = map(r#""to": "/s", "table": {"a": "b", "b": "b"}, "else": "keep""#);
    assert_up(
        &step,
        &[
            (r#"{"m":"a"}"#, r#"{"m":"a","s":"b"}"#, &["mapped /s"]),
            (r#"{"m":2}"#, r#"{"m":2,"s":2}"#, &["copied /m to /s"]),
            (r#"{"m":"a","s":"b"}"#, r#"{"m":"a","s":"b"}"#, &["kept /s"]),
            (
                r#"{"m":"a","s":"c"}"#,
                r#"!`/s` is `"c"`, expected `"b"`"#,
                &[],
            ),
            ("{}", "{}", &[]),
        ],
    );
    assert_down(
        &step,
        &[
            (r#"{"m":"a","s":"b"}"#, r#"{"m":"a"}"#, &["removed /s"]),
            (
                r#"{"m":"a","s":"c"}"#,
                r#"!`/s` is `"c"`, expected `"b"`"#,
                &[],
            ),
        ],
    );
}
