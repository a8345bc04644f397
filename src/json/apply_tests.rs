//! The results of edits in many layouts.

use super::*;
use crate::json::Fragment;

fn pointer(text: &str) -> Pointer {
    text.parse().unwrap()
}

fn fragment(text: &str) -> Fragment {
    Fragment::parse(text).unwrap()
}

fn insert(at: &str, value: &str) -> Edit {
    Edit::Insert {
        at: pointer(at),
        value: fragment(value),
    }
}

fn replace(at: &str, value: &str) -> Edit {
    Edit::Replace {
        at: pointer(at),
        value: fragment(value),
    }
}

fn append(at: &str, value: &str) -> Edit {
    Edit::Append {
        at: pointer(at),
        value: fragment(value),
    }
}

fn remove(at: &str) -> Edit {
    Edit::Remove { at: pointer(at) }
}

fn rename(at: &str, to: &str) -> Edit {
    Edit::Rename {
        at: pointer(at),
        to: to.to_owned(),
    }
}

fn move_value(from: &str, to: &str) -> Edit {
    Edit::Move {
        from: pointer(from),
        to: pointer(to),
    }
}

fn edited(text: &str, edits: &[Edit]) -> String {
    let text = Text::scan_any(text.as_bytes()).unwrap();
    let result = apply(&text, edits).unwrap();
    assert!(Text::scan_any(result.as_bytes()).is_ok(), "{result}");
    result
}

fn refusal(text: &str, edits: &[Edit]) -> String {
    let text = Text::scan_any(text.as_bytes()).unwrap();
    apply(&text, edits).unwrap_err().to_string()
}

#[test]
fn a_new_member_takes_the_layout_of_its_neighbours() {
    let value = r#"{"y":[1,{}],"x":[]}"#;
    for (before, after) in [
        ("{}", r#"{"k": {"y": [1, {}], "x": []}}"#),
        (r#"{"z":1}"#, r#"{"z":1,"k":{"y":[1,{}],"x":[]}}"#),
        (r#"{"z": 1}"#, r#"{"z": 1, "k": {"y": [1, {}], "x": []}}"#),
        (
            r#"{"z": 1, "b": 2}"#,
            r#"{"z": 1, "b": 2, "k": {"y": [1, {}], "x": []}}"#,
        ),
        (
            r#"{"b":1,"z":2}"#,
            r#"{"b":1,"k":{"x":[],"y":[1,{}]},"z":2}"#,
        ),
        (
            r#"{ "z" : 1 ,  "b" : 2 }"#,
            r#"{ "z" : 1 ,  "b" : 2 ,  "k" : {"y" : [1,  {}],  "x" : []} }"#,
        ),
        (
            "{\n  \"z\": 1\n}\n",
            "{\n  \"z\": 1,\n  \"k\": {\n    \"y\": [\n      1,\n      {}\n    ],\n    \"x\": []\n  }\n}\n",
        ),
        (
            "{\r\n\t\"l\": 1,\r\n\t\"m\": 2\r\n}",
            "{\r\n\t\"k\": {\r\n\t\t\"x\": [],\r\n\t\t\"y\": [\r\n\t\t\t1,\r\n\t\t\t{}\r\n\t\t]\r\n\t},\r\n\t\"l\": 1,\r\n\t\"m\": 2\r\n}",
        ),
        (
            "{\n\"z\": 1\n}",
            "{\n\"z\": 1,\n\"k\": {\n\"y\": [\n1,\n{}\n],\n\"x\": []\n}\n}",
        ),
    ] {
        assert_eq!(edited(before, &[insert("/k", value)]), after);
    }
}

#[test]
fn a_new_separator_is_like_the_nearest_one() {
    let text = r#"{"b": 1,  "d": 2 ,"f": 3}"#;
    for (at, after) in [
        ("/a", r#"{"a": 0,  "b": 1,  "d": 2 ,"f": 3}"#),
        ("/c", r#"{"b": 1,  "c": 0,  "d": 2 ,"f": 3}"#),
        ("/g", r#"{"b": 1,  "d": 2 ,"f": 3 ,"g": 0}"#),
    ] {
        assert_eq!(edited(text, &[insert(at, "0")]), after);
    }
}

#[test]
fn an_empty_container_opens_in_the_layout_around_it() {
    for (before, after) in [
        (
            "{\n  \"a\": {}\n}",
            "{\n  \"a\": {\n    \"k\": [\n      0\n    ]\n  }\n}",
        ),
        ("{\"a\": {}}", "{\"a\": {\"k\": [0]}}"),
        ("{\"a\":{}}", "{\"a\":{\"k\":[0]}}"),
        (
            "{\n    \"a\": {\n    }\n}",
            "{\n    \"a\": {\n        \"k\": [\n            0\n        ]\n    }\n}",
        ),
    ] {
        assert_eq!(edited(before, &[insert("/a/k", "[0]")]), after);
    }
    assert_eq!(
        edited("{\n  \"b\": { \"a\": {} }\n}", &[insert("/b/a/k", "[0]")]),
        "{\n  \"b\": { \"a\": {\"k\": [0]} }\n}"
    );
    assert_eq!(
        edited("{\n  \"a\": []\n}", &[append("/a", "{}")]),
        "{\n  \"a\": [\n    {}\n  ]\n}"
    );
}

#[test]
fn elements_are_appended_in_order_and_in_place() {
    let edits = [append("/a", r#"{"y":1,"x":2}"#), append("/a", "3")];
    assert_eq!(
        edited(r#"{"a": []}"#, &edits),
        r#"{"a": [{"y": 1, "x": 2}, 3]}"#
    );
    assert_eq!(
        edited(r#"{"a": [0], "b": 1}"#, &edits),
        r#"{"a": [0, {"x": 2, "y": 1}, 3], "b": 1}"#
    );
    assert_eq!(
        edited("{\n  \"a\": [\n    0\n  ]\n}", &edits[1..]),
        "{\n  \"a\": [\n    0,\n    3\n  ]\n}"
    );
    assert_eq!(
        edited("[1]", &[append("", "2")]),
        "[1,2]".replace(',', ", ")
    );
}

#[test]
fn a_removed_member_takes_one_comma_with_it() {
    let text = "{\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": 3\n}";
    assert_eq!(
        edited(text, &[remove("/a")]),
        "{\n  \"b\": 2,\n  \"c\": 3\n}"
    );
    assert_eq!(
        edited(text, &[remove("/b")]),
        "{\n  \"a\": 1,\n  \"c\": 3\n}"
    );
    assert_eq!(
        edited(text, &[remove("/c")]),
        "{\n  \"a\": 1,\n  \"b\": 2\n}"
    );
    assert_eq!(
        edited(text, &[remove("/a"), remove("/c"), remove("/b")]),
        "{}"
    );
    assert_eq!(
        edited(r#"{"a": 1, "b": 2}"#, &[remove("/a")]),
        r#"{"b": 2}"#
    );
}

#[test]
fn a_renamed_member_keeps_its_place_unless_the_object_was_sorted() {
    assert_eq!(
        edited(r#"{"b": 1, "a": 2}"#, &[rename("/b", "z")]),
        r#"{"z": 1, "a": 2}"#
    );
    assert_eq!(
        edited(r#"{"a": 1, "b": 2, "c" : 3}"#, &[rename("/a", "z")]),
        r#"{"b": 2, "c" : 3, "z": 1}"#
    );
    assert_eq!(
        edited(r#"{"a": 1, "c": 2}"#, &[rename("/a", "b")]),
        r#"{"b": 1, "c": 2}"#
    );
    assert_eq!(
        edited(r#"{"\u0061":1.50}"#, &[rename("/a", "a")]),
        r#"{"\u0061":1.50}"#
    );
    assert_eq!(
        edited(r#"{"a": 1}"#, &[rename("/a", "\u{e9}\"\n")]),
        "{\"\u{e9}\\\"\\n\": 1}"
    );
    assert_eq!(
        refusal(r#"{"a": 1, "b": 2}"#, &[rename("/a", "b")]),
        "`/b` is there already"
    );
}

#[test]
fn a_moved_value_keeps_its_tokens_and_is_indented_anew() {
    let text = "{\n  \"b\": {\n    \"x\": [\n      1.50,\n      \"\\u00e9\\n\"\n    ]\n  },\n  \"a\": {}\n}";
    assert_eq!(
        edited(text, &[move_value("/b/x", "/x")]),
        "{\n  \"b\": {},\n  \"a\": {},\n  \"x\": [\n    1.50,\n    \"\\u00e9\\n\"\n  ]\n}"
    );
    assert_eq!(
        edited(text, &[move_value("/b", "/a/b")]),
        "{\n  \"a\": {\n    \"b\": {\n      \"x\": [\n        1.50,\n        \"\\u00e9\\n\"\n      ]\n    }\n  }\n}"
    );
    let odd = r#"{"a":{"v":[ 1,2 ]},"b":{}}"#;
    assert_eq!(
        edited(odd, &[move_value("/a/v", "/b/w")]),
        r#"{"a":{},"b":{"w":[ 1,2 ]}}"#
    );
    assert_eq!(edited(odd, &[move_value("/a", "/a")]), odd);
}

#[test]
fn a_replaced_value_leaves_everything_around_it() {
    let text = "{ \"b\" :\t[1 , 2,3] ,\"a\":null}\n\n";
    assert_eq!(
        edited(text, &[replace("/b/1", "{\"x\":0}")]),
        "{ \"b\" :\t[1 , {\"x\":0},3] ,\"a\":null}\n\n"
    );
    assert_eq!(
        edited(text, &[replace("/a", "\"x\"")]),
        "{ \"b\" :\t[1 , 2,3] ,\"a\":\"x\"}\n\n"
    );
    assert_eq!(
        edited(
            "{\n  \"a\": null,\n  \"b\": 1\n}",
            &[replace("/a", "{\"y\":1,\"x\":2}")]
        ),
        "{\n  \"a\": {\n    \"x\": 2,\n    \"y\": 1\n  },\n  \"b\": 1\n}"
    );
}

#[test]
fn edits_that_do_not_fit_are_refused_with_the_address() {
    let text = r#"{"a": {"b": [1, {"c": 2}]}, "s": "x", "two": {"y": 1, "z": 2}}"#;
    for (edit, message) in [
        (insert("/a", "1"), "`/a` is there already"),
        (insert("/x/y", "1"), "`/x` is not there"),
        (
            remove(""),
            "expected the address of a member or element, found the whole document",
        ),
        (
            insert("/s/y", "1"),
            "expected an object at `/s`, found a string",
        ),
        (insert("/s/y/z", "1"), "`/s/y` is not there"),
        (
            insert("/a/b/0", "1"),
            "expected an object at `/a/b`, found an array",
        ),
        (
            remove("/a/b/0"),
            "expected an object at `/a/b`, found an array",
        ),
        (
            rename("/a/b/0", "1"),
            "expected an object at `/a/b`, found an array",
        ),
        (remove("/x"), "`/x` is not there"),
        (remove("/a/b/1/d"), "`/a/b/1/d` is not there"),
        (replace("/a/b/2", "1"), "`/a/b/2` is not there"),
    ] {
        assert_eq!(
            refusal(text, std::slice::from_ref(&edit)),
            message,
            "{edit:?}"
        );
    }
}

#[test]
fn edits_that_need_another_kind_of_value_are_refused_with_the_address() {
    let text = r#"{"a": {"b": [1, {"c": 2}]}, "s": "x", "two": {"y": 1, "z": 2}}"#;
    for (edit, message) in [
        (
            append("/a", "1"),
            "expected an array at `/a`, found an object",
        ),
        (
            append("/s", "1"),
            "expected an array at `/s`, found a string",
        ),
        (append("", "1"), "expected an array at ``, found an object"),
        (
            Edit::Unwrap {
                at: pointer("/a/b/1/c"),
            },
            "expected an object at `/a/b/1/c`, found a number",
        ),
        (
            Edit::Unwrap {
                at: pointer("/two"),
            },
            "expected an object of one member at `/two`, found 2 members",
        ),
        (move_value("/x", "/y"), "`/x` is not there"),
        (move_value("/s", "/a"), "`/a` is there already"),
        (
            move_value("/a", "/a/b"),
            "one list of edits touches `/a` and `/a/b`, which overlap",
        ),
        (
            remove(""),
            "expected the address of a member or element, found the whole document",
        ),
        (
            replace("", "1"),
            "expected the address of a member or element, found the whole document",
        ),
        (
            rename("", "a"),
            "expected the address of a member or element, found the whole document",
        ),
    ] {
        assert_eq!(
            refusal(text, std::slice::from_ref(&edit)),
            message,
            "{edit:?}"
        );
    }
    assert_eq!(
        refusal("1", &[insert("/a", "1")]),
        "expected an object at ``, found a number"
    );
    assert_eq!(
        refusal("1", &[append("", "1")]),
        "expected an array at ``, found a number"
    );
    assert_eq!(edited("1", &[]), "1");
}

#[test]
fn edits_of_one_list_that_touch_the_same_place_are_refused() {
    let text = r#"{"a": {"b": [1]}, "c": 2}"#;
    for (edits, one, other) in [
        ([insert("/x", "{}"), insert("/x/y", "1")], "/x", "/x/y"),
        ([replace("/a/b", "1"), remove("/a")], "/a/b", "/a"),
        ([remove("/c"), insert("/c", "1")], "/c", "/c"),
        ([rename("/c", "d"), insert("/d", "1")], "/d", "/d"),
        ([rename("/c", "d"), rename("/a", "d")], "/d", "/d"),
        ([move_value("/c", "/a/d"), remove("/a")], "/a/d", "/a"),
        (
            [append("/a/b", "1"), replace("/a/b", "1")],
            "/a/b/-",
            "/a/b",
        ),
    ] {
        assert_eq!(
            refusal(text, &edits),
            format!("one list of edits touches `{one}` and `{other}`, which overlap")
        );
    }
    let edits = [
        rename("/c", "b"),
        insert("/d", "1"),
        remove("/a"),
        insert("/e", "2"),
    ];
    assert_eq!(edited(text, &edits), r#"{"b": 2, "d": 1, "e": 2}"#);
    assert_eq!(
        edited(
            text,
            &[
                append("/a/b", "2"),
                replace("/a/b/0", "0"),
                append("/a/b", "3")
            ]
        ),
        r#"{"a": {"b": [0, 2, 3]}, "c": 2}"#
    );
}

#[test]
fn fragments_are_built_without_white_space_and_always_valid() {
    assert_eq!(
        fragment(" { \"a\" : [ 1.50 , \"x y\\u00e9\" ] } ").as_str(),
        r#"{"a":[1.50,"x y\u00e9"]}"#
    );
    let one = Fragment::string("a\n");
    let object = Fragment::object(&[
        ("k", one.clone()),
        ("\"", Fragment::array(&[one.clone(), one])),
        ("k", fragment("1")),
    ]);
    assert_eq!(object.as_str(), r#"{"\"":["a\n","a\n"],"k":1}"#);
    assert_eq!(Fragment::object(&[]).as_str(), "{}");
    assert_eq!(
        Fragment::parse("1 2").unwrap_err().to_string(),
        "line 1, column 3: expected the end of the text, found `2`"
    );
}
