//! Random documents in random layouts.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::json::name::quote;
use crate::json::{Value, ValueKind};

/// A document with tokens as they are spelled, without white space.
#[derive(Debug, Clone)]
pub(crate) enum Tree {
    Scalar(String),
    Array(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

/// White space for each place.
#[derive(Debug, Clone)]
pub(crate) enum Style {
    Compact,
    Inline,
    Lines {
        end: &'static str,
        unit: &'static str,
        colon: &'static str,
    },
    Odd(Vec<&'static str>),
}

pub(super) fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-f]{1,2}",
        1 => prop::sample::select(vec!["", "~", "/", "\"", "é", "\u{ffee}", "\u{1f600}", "\n", "\\", "-", "0"]).prop_map(str::to_owned),
    ]
}

fn scalar() -> impl Strategy<Value = String> {
    let spellings = vec![
        "null",
        "true",
        "false",
        "0",
        "-0",
        "12",
        "-7",
        "1.50",
        "1E2",
        "0.25",
        "\"\"",
        "\"a b\"",
        "\"\\u00e9\\n\"",
        "\"é\"",
        "\"\\ud83d\\ude00\"",
        "\"{\\\"a\\\": [1,\\\\n 2]}\"",
        "\"  x\"",
    ];
    prop::sample::select(spellings).prop_map(str::to_owned)
}

pub(super) fn tree() -> impl Strategy<Value = Tree> {
    scalar()
        .prop_map(Tree::Scalar)
        .prop_recursive(4, 24, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Tree::Array),
                object_of(inner),
            ]
        })
}

fn object_of(inner: impl Strategy<Value = Tree>) -> impl Strategy<Value = Tree> {
    (prop::collection::vec((name(), inner), 0..5), any::<bool>()).prop_map(
        |(mut members, sorted)| {
            let mut seen = BTreeSet::new();
            members.retain(|(name, _)| seen.insert(name.clone()));
            if sorted {
                members.sort_by(|(one, _), (other, _)| one.cmp(other));
            }
            Tree::Object(members)
        },
    )
}

pub(crate) fn document() -> impl Strategy<Value = Tree> {
    object_of(tree())
}

pub(crate) fn tidy() -> impl Strategy<Value = Style> {
    let lines = (
        prop::sample::select(vec!["\n", "\r\n"]),
        prop::sample::select(vec!["", " ", "  ", "    ", "\t"]),
        prop::sample::select(vec![": ", ":", " : "]),
    );
    prop_oneof![
        Just(Style::Compact),
        Just(Style::Inline),
        lines.prop_map(|(end, unit, colon)| Style::Lines { end, unit, colon }),
    ]
}

pub(crate) fn style() -> impl Strategy<Value = Style> {
    let white = prop::sample::select(vec![
        "", " ", "  ", "\n", "\n  ", "\r\n\t", "\t", "\n\n", "\r", " \n    ",
    ]);
    prop_oneof![2 => tidy(), 1 => prop::collection::vec(white, 1..40).prop_map(Style::Odd)]
}

/// Prints a tree in a style.
pub(crate) fn print(tree: &Tree, style: &Style) -> String {
    let mut out = String::new();
    let mut odd = 0;
    write_tree(tree, style, 0, &mut odd, &mut out);
    out
}

fn odd_white(style: &Style, odd: &mut usize, out: &mut String) {
    if let Style::Odd(whites) = style {
        out.push_str(whites[*odd % whites.len()]);
        *odd += 1;
    }
}

fn gap(style: &Style, first: bool, depth: usize, out: &mut String) {
    match style {
        Style::Lines { end, unit, .. } => {
            out.push_str(end);
            out.push_str(&unit.repeat(depth));
        }
        Style::Inline if !first => out.push(' '),
        _ => {}
    }
}

fn write_tree(tree: &Tree, style: &Style, depth: usize, odd: &mut usize, out: &mut String) {
    let (open, close, len) = match tree {
        Tree::Scalar(text) => return out.push_str(text),
        Tree::Array(elements) => ('[', ']', elements.len()),
        Tree::Object(members) => ('{', '}', members.len()),
    };
    out.push(open);
    for at in 0..len {
        if at > 0 {
            out.push(',');
        }
        gap(style, at == 0, depth + 1, out);
        odd_white(style, odd, out);
        let value = match tree {
            Tree::Object(members) => {
                out.push_str(&quote(&members[at].0));
                odd_white(style, odd, out);
                out.push_str(match style {
                    Style::Inline => ": ",
                    Style::Lines { colon, .. } => colon,
                    _ => ":",
                });
                odd_white(style, odd, out);
                &members[at].1
            }
            Tree::Array(elements) => &elements[at],
            Tree::Scalar(_) => tree,
        };
        write_tree(value, style, depth + 1, odd, out);
        odd_white(style, odd, out);
    }
    if len > 0 {
        gap(style, true, depth, out);
    } else {
        odd_white(style, odd, out);
    }
    out.push(close);
}

pub(crate) fn read(value: Value<'_>) -> Tree {
    match value.kind() {
        ValueKind::Object => Tree::Object(
            value
                .members()
                .map(|member| (member.name().into_owned(), read(member.value())))
                .collect(),
        ),
        ValueKind::Array => Tree::Array(value.elements().map(read).collect()),
        _ => Tree::Scalar(value.raw().to_owned()),
    }
}

pub(super) fn reverse(tree: &mut Tree) {
    match tree {
        Tree::Scalar(_) => {}
        Tree::Array(elements) => elements.iter_mut().for_each(reverse),
        Tree::Object(members) => {
            members.reverse();
            for (_, value) in members {
                reverse(value);
            }
        }
    }
}
