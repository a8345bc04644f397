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
    let mut printer = Printer {
        style,
        odd: 0,
        out: String::new(),
    };
    printer.tree(tree, 0);
    printer.out
}

struct Printer<'s> {
    style: &'s Style,
    /// How many odd pieces of white space were printed.
    odd: usize,
    out: String,
}

impl Printer<'_> {
    fn odd_white(&mut self) {
        if let Style::Odd(whites) = self.style {
            self.out.push_str(whites[self.odd % whites.len()]);
            self.odd += 1;
        }
    }

    fn gap(&mut self, first: bool, depth: usize) {
        match self.style {
            Style::Lines { end, unit, .. } => {
                self.out.push_str(end);
                self.out.push_str(&unit.repeat(depth));
            }
            Style::Inline if !first => self.out.push(' '),
            _ => {}
        }
    }

    fn tree(&mut self, tree: &Tree, depth: usize) {
        let (open, close, len) = match tree {
            Tree::Scalar(text) => return self.out.push_str(text),
            Tree::Array(elements) => ('[', ']', elements.len()),
            Tree::Object(members) => ('{', '}', members.len()),
        };
        self.out.push(open);
        for at in 0..len {
            if at > 0 {
                self.out.push(',');
            }
            self.gap(at == 0, depth + 1);
            self.odd_white();
            let value = match tree {
                Tree::Object(members) => {
                    self.out.push_str(&quote(&members[at].0));
                    self.odd_white();
                    self.out.push_str(match self.style {
                        Style::Inline => ": ",
                        Style::Lines { colon, .. } => colon,
                        _ => ":",
                    });
                    self.odd_white();
                    &members[at].1
                }
                Tree::Array(elements) => &elements[at],
                Tree::Scalar(_) => tree,
            };
            self.tree(value, depth + 1);
            self.odd_white();
        }
        if len > 0 {
            self.gap(true, depth);
        } else {
            self.odd_white();
        }
        self.out.push(close);
    }
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
