//! Random steps, and random documents in which they find something to do.
//!
//! Invariant: documents are valid and have the guarded members of the tests' catalog.

use proptest::prelude::*;

use crate::json::Text;
use crate::json::laws::documents::{Tree, print, read, style, tidy};

/// A step, and a document to take it on.
#[derive(Debug)]
pub(super) struct Sample {
    pub(super) step: String,
    pub(super) document: String,
    /// True if the document is compact, on one line, or indented throughout.
    pub(super) is_tidy: bool,
}

pub(super) fn sample(name: &'static str) -> impl Strategy<Value = Sample> {
    let name = name.trim_start_matches("r#");
    let values = if name == "convert" {
        CONVERTIBLE.to_vec()
    } else {
        vec![VALUES]
    };
    let trees = prop::sample::select(values).prop_flat_map(tree);
    let styles = prop_oneof![
        2 => tidy().prop_map(|style| (style, true)),
        1 => style().prop_map(|style| (style, false)),
    ];
    (step(name), trees, styles).prop_map(|(step, tree, (style, is_tidy))| Sample {
        step,
        document: print(&tree, &style),
        is_tidy,
    })
}

/// Any step, as JSON.
pub(crate) fn steps() -> impl Strategy<Value = String> {
    let names = crate::step::STEPS.iter().map(|step| step.name);
    prop::sample::select(names.collect::<Vec<_>>()).prop_flat_map(step)
}

/// Documents with places that the steps name.
pub(crate) fn documents() -> impl Strategy<Value = String> {
    (tree(VALUES), tidy()).prop_map(|(tree, style)| print(&tree, &style))
}

/// Values that have a way of being something else, and some that have none.
const VALUES: &[&str] = &[
    "null",
    "true",
    "1",
    "2.00",
    "1.50",
    "-0",
    "1E400",
    "1772274600",
    "\"x\"",
    "\"\\u0078\"",
    "\"y\"",
    "\"12\"",
    "\"true\"",
    "\"2026-02-28T10:30:00Z\"",
    "\"2026-02-28T10:30:00.5+01:00\"",
    "[]",
    "[1,{\"z\":1,\"y\":2}]",
    "{}",
    "{\"v\":1}",
    "{\"v\":[ 2 ]}",
    "{\"v\":{\"v\":3}}",
    "{\"w\":1,\"v\":2}",
];

/// Strings, or what else can be converted: conversions ask for one type.
const CONVERTIBLE: [&[&str]; 2] = [
    &[
        "\"12\"",
        "\"-0\"",
        "\"1.50\"",
        "\"true\"",
        "\"2026-02-28T10:30:00Z\"",
        "\"2026-02-28T10:30:00.5+01:00\"",
        "null",
    ],
    &["12", "-0", "1772274600", "2.00", "true", "null"],
];

/// Places of one element, and the scope that they share.
const PLACES: &[(&str, &[&str])] = &[
    (
        "",
        &[
            "/a", "/b", "/c", "/d/a", "/d/b", "/d/c", "/l/0/a", "/x/a", "/p/r",
        ],
    ),
    ("/l/*", &["/a", "/b", "/c", "/d/a"]),
    ("/e/*", &["/a", "/b", "/c"]),
    ("/e/*/d/*", &["/a", "/b"]),
];

fn value() -> impl Strategy<Value = &'static str> {
    prop::sample::select(VALUES)
}

/// So many different places.
fn places(count: usize) -> impl Strategy<Value = Vec<String>> {
    prop::sample::select(PLACES).prop_flat_map(move |(scope, places)| {
        let places: Vec<_> = places
            .iter()
            .map(|place| format!("{scope}{place}"))
            .collect();
        let count = count.min(places.len());
        prop::sample::subsequence(places, count).prop_shuffle()
    })
}

/// When a gap is filled, as the step says it.
fn when() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        3 => Just(""),
        1 => Just(r#", "when": "null""#),
        1 => Just(r#", "when": "missing_or_null""#),
    ]
}

fn step(name: &'static str) -> BoxedStrategy<String> {
    match name {
        "set_default" => set_default(),
        "set" => set(),
        "rename" => rename(),
        "move" | "copy" => transfer(name),
        "coalesce" => coalesce(),
        "derive" => derive(),
        "hash" => hash(),
        "remove" => remove(),
        "wrap" | "unwrap" => wrap(name),
        "map" => map(),
        "convert" => convert(),
        "for_each" | "when" => around(name),
        other => panic!("no generator makes samples of {other}"),
    }
}

fn set_default() -> BoxedStrategy<String> {
    (place_or_protected(), value(), when())
        .prop_map(|(at, value, when)| {
            format!(r#"{{"step": "set_default", "at": "{at}", "value": {value}{when}}}"#)
        })
        .boxed()
}

fn set() -> BoxedStrategy<String> {
    let allowed = prop_oneof![Just(""), Just(r#", "allow_destructive": true"#)];
    (places(1), value(), allowed)
        .prop_map(|(at, value, allowed)| {
            format!(
                r#"{{"step": "set", "at": "{}", "value": {value}{allowed}}}"#,
                at[0]
            )
        })
        .boxed()
}

fn rename() -> BoxedStrategy<String> {
    let names = prop::sample::select(vec!["a", "b", "c", "0", "zz", "/"]);
    (places(1), names)
        .prop_map(|(at, to)| format!(r#"{{"step": "rename", "at": "{}", "to": "{to}"}}"#, at[0]))
        .boxed()
}

fn transfer(name: &'static str) -> BoxedStrategy<String> {
    places(2)
        .prop_map(move |at| {
            format!(
                r#"{{"step": "{name}", "from": "{}", "to": "{}"}}"#,
                at[0], at[1]
            )
        })
        .boxed()
}

fn coalesce() -> BoxedStrategy<String> {
    let default = prop_oneof![Just(""), Just(r#", "default": 0.0"#)];
    (places(3), when(), default)
        .prop_map(|(at, when, default)| {
            let from = at[1..].join("\", \"");
            format!(
                r#"{{"step": "coalesce", "from": ["{from}"], "to": "{}"{when}{default}}}"#,
                at[0]
            )
        })
        .boxed()
}

fn derive() -> BoxedStrategy<String> {
    (places(2), when())
        .prop_map(|(at, when)| {
            format!(
                r#"{{"step": "derive", "at": "{}", "template": "{{{{{{{}}}-{{/id}}"{when}}}"#,
                at[0], at[1]
            )
        })
        .boxed()
}

fn hash() -> BoxedStrategy<String> {
    places(2)
        .prop_map(|at| {
            format!(
                r#"{{"step": "hash", "of": ["{}", "/id"], "at": "{}"}}"#,
                at[1], at[0]
            )
        })
        .boxed()
}

fn remove() -> BoxedStrategy<String> {
    places(1)
        .prop_map(|at| {
            format!(
                r#"{{"step": "remove", "at": "{}", "allow_destructive": true}}"#,
                at[0]
            )
        })
        .boxed()
}

fn wrap(name: &'static str) -> BoxedStrategy<String> {
    let member = if name == "wrap" { "in" } else { "member" };
    places(1)
        .prop_map(move |at| {
            format!(
                r#"{{"step": "{name}", "at": "{}", "{member}": "v"}}"#,
                at[0]
            )
        })
        .boxed()
}

fn place_or_protected() -> impl Strategy<Value = String> {
    prop_oneof![
        5 => places(1).prop_map(|mut at| at.remove(0)),
        1 => Just("/p/q".to_owned()),
    ]
}

fn map() -> BoxedStrategy<String> {
    let table = prop::sample::select(vec![
        r#"{"x": "u", "y": 1.5, "12": true}"#,
        r#"{"x": "u", "y": "u"}"#,
        r#"{"x": "x", "y": "12"}"#,
        r#"{"x": {"v": 1}}"#,
    ]);
    let other = prop::sample::select(vec![
        "",
        r#", "else": "keep""#,
        r#", "default": null"#,
        r#", "default": "d""#,
    ]);
    (places(2), any::<bool>(), table, other)
        .prop_map(|(at, in_place, table, other)| {
            let to = if in_place {
                String::new()
            } else {
                format!(r#", "to": "{}""#, at[1])
            };
            format!(
                r#"{{"step": "map", "at": "{}"{to}, "table": {table}{other}}}"#,
                at[0]
            )
        })
        .boxed()
}

fn convert() -> BoxedStrategy<String> {
    let types = prop::sample::select(vec![
        ("string", "integer"),
        ("string", "number"),
        ("string", "boolean"),
        ("string", "timestamp"),
        ("integer", "string"),
        ("integer", "timestamp"),
        ("number", "string"),
        ("number", "integer"),
        ("boolean", "string"),
        ("timestamp", "integer"),
    ]);
    (places(1), types, prop::bool::weighted(0.9))
        .prop_map(|(at, (from, to), says_from)| {
            let from = if says_from {
                format!(r#", "from": "{from}""#)
            } else {
                String::new()
            };
            format!(
                r#"{{"step": "convert", "at": "{}"{from}, "to": "{to}"}}"#,
                at[0]
            )
        })
        .boxed()
}

/// `for_each` or `when` around simple steps, which leave alone what the condition looks at.
fn around(name: &'static str) -> BoxedStrategy<String> {
    let inner = prop::sample::select(vec![
        r#"{"step": "set_default", "at": "/c", "value": "x"}"#,
        r#"{"step": "rename", "at": "/a", "to": "c"}"#,
        r#"{"step": "copy", "from": "/b", "to": "/c"}"#,
        r#"{"step": "map", "at": "/a", "table": {"x": "u", "y": 1.5}, "else": "keep"}"#,
        r#"{"step": "convert", "at": "/c", "from": "number", "to": "string"}"#,
        r#"{"step": "wrap", "at": "/a", "in": "v"}"#,
        r#"{"step": "remove", "at": "/c", "allow_destructive": true}"#,
        r#"{"step": "move", "from": "/c", "to": "/d/c"}"#,
    ]);
    let tests = prop::sample::select(vec![
        r#""exists": true"#,
        r#""exists": false"#,
        r#""has_value": true"#,
        r#""is": ["x", 1, null]"#,
        r#""not": ["x"]"#,
    ]);
    (prop::collection::vec(inner, 1..3), tests, prop::sample::select(vec!["/l", "/e", "/e/*/d"]))
        .prop_map(move |(inner, test, at)| {
            let inner = inner.join(", ");
            match name {
                "for_each" => format!(r#"{{"step": "for_each", "at": "{at}", "steps": [{{"step": "when", "at": "/b", {test}, "steps": [{inner}]}}]}}"#),
                _ => format!(r#"{{"step": "when", "at": "/b", {test}, "steps": [{inner}]}}"#),
            }
        })
        .boxed()
}

fn one_of(values: &'static [&'static str]) -> impl Strategy<Value = Tree> {
    prop::sample::select(values)
        .prop_map(|text| read(Text::scan_any(text.as_bytes()).unwrap().root()))
}

/// An object of some of the names, each with a value.
fn object(names: &'static [&'static str], value: BoxedStrategy<Tree>) -> BoxedStrategy<Tree> {
    let chosen = prop::sample::subsequence(names, 0..=names.len()).prop_shuffle();
    (
        chosen,
        prop::collection::vec(value, names.len()),
        any::<bool>(),
    )
        .prop_map(|(names, values, sorted)| {
            let members = names.into_iter().map(str::to_owned).zip(values);
            let mut members: Vec<_> = members.collect();
            if sorted {
                members.sort_by(|(one, _), (other, _)| one.cmp(other));
            }
            Tree::Object(members)
        })
        .boxed()
}

fn tree(values: &'static [&'static str]) -> impl Strategy<Value = Tree> {
    let small = || one_of(values).boxed();
    let element = || {
        prop_oneof![
            4 => object(&["a", "b", "c", "zz"], small()),
            1 => small(),
        ]
    };
    let list = prop_oneof![
        5 => prop::collection::vec(element(), 0..4).prop_map(Tree::Array),
        1 => Just(Tree::Scalar("null".to_owned())),
    ];
    let inner =
        prop_oneof![3 => object(&["a", "b"], object(&["a", "b", "c"], small())), 1 => small()];
    let tables = object(
        &["a", "k/", "0"],
        object(
            &["a", "b", "c", "d"],
            prop_oneof![3 => small(), 2 => inner].boxed(),
        ),
    );
    let plain = object(&["a", "b", "c", "0", "zz"], small());
    (
        plain,
        object(&["a", "b", "c"], small()),
        list,
        tables,
        any::<bool>(),
    )
        .prop_map(|(plain, inner, list, tables, sorted)| {
            let Tree::Object(mut members) = plain else {
                return plain;
            };
            let text = |text: &str| Tree::Scalar(text.to_owned());
            members.extend([
                ("id".to_owned(), text("\"i\\u0064\"")),
                ("d".to_owned(), inner),
                ("v".to_owned(), text("\"1.0.0\"")),
                ("l".to_owned(), list),
                ("h".to_owned(), text("[ {\"n\": 1} ]")),
                ("e".to_owned(), tables),
                (
                    "p".to_owned(),
                    Tree::Object(vec![("q".to_owned(), text("1.0"))]),
                ),
            ]);
            if sorted {
                members.sort_by(|(one, _), (other, _)| one.cmp(other));
            }
            Tree::Object(members)
        })
}
