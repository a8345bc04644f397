//! Totals: the common part of `sum_equals` and `count_equals`, in one document and over the tree.
//! Invariant: totals are exact; a value that cannot be added exactly is a violation.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::contract::{DocumentRule, Fact, Key, TreeRule, Violation, groups, key, sort, value_at};
use super::decimal::Decimal;
use super::model::Body;
use crate::form::{Object, ObjectProblem, check_member, check_members};
use crate::json::{Pointer, Value, ValueKind};

/// A total of an array in the document, or of documents of the tree, and what it is compared with.
#[derive(Deserialize)]
#[cfg_attr(
    test,
    derive(schemars::JsonSchema),
    schemars(extend("oneOf" = either()))
)]
#[serde(deny_unknown_fields)]
pub(super) struct TotalForm {
    /// The numbers that are added, seen from each element or in each document.
    #[serde(default)]
    value: Option<Pointer>,
    /// The array.
    #[serde(default)]
    items: Option<Pointer>,
    /// What the total of the array must be: a number, or where that stands.
    #[serde(default)]
    #[cfg_attr(test, schemars(extend("type" = ["number", "string", "null"], "pattern" = "^/")))]
    expected: Option<Box<RawValue>>,
    /// Documents that say the same here are taken together.
    #[serde(default)]
    #[cfg_attr(test, schemars(length(min = 1)))]
    group_by: Option<Vec<Pointer>>,
    /// The document of another kind that says what their total must be.
    #[serde(rename = "match", default)]
    matched: Option<Object<MatchForm>>,
    /// How far the total may be off: a number from 0.
    #[serde(default)]
    #[cfg_attr(test, schemars(extend("type" = ["number", "string", "null"], "minimum" = 0, "pattern" = "^-?[0-9]")))]
    tolerance: Option<Box<RawValue>>,
}

#[cfg(test)]
fn either() -> serde_json::Value {
    let (said, left_out) = (
        serde_json::json!({"not": {"type": "null"}}),
        serde_json::json!({"type": "null"}),
    );
    let one = |[a, b]: [&str; 2], [c, d]: [&str; 2]| serde_json::json!({"required": [a, b], "properties": {a: said, b: said, c: left_out, d: left_out}});
    let (array, documents) = (["items", "expected"], ["group_by", "match"]);
    [one(array, documents), one(documents, array)].into()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Total {
    Values,
    Count,
}

/// What the documents of a group are compared with.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
#[serde(deny_unknown_fields)]
struct MatchForm {
    /// The other kind.
    kind: String,
    /// Pointer here, which is one of `group_by`, to pointer there: where the two say the same.
    #[cfg_attr(test, schemars(extend("minProperties" = 1)))]
    on: BTreeMap<Pointer, Pointer>,
    /// Where the number stands.
    expected: Pointer,
}

#[derive(Debug)]
struct ArrayTotal {
    items: Pointer,
    value: Option<Pointer>,
    expected: Expected,
    tolerance: Decimal,
}

#[derive(Debug)]
enum Expected {
    At(Pointer),
    Number(Decimal),
}

#[derive(Debug)]
struct GroupTotal {
    value: Option<Pointer>,
    group_by: Vec<Pointer>,
    kind: String,
    /// The members that link the documents of a group to their counterpart, here and (`others`) there.
    own: Vec<Pointer>,
    others: Vec<Pointer>,
    expected: Pointer,
    tolerance: Decimal,
}

pub(super) fn read(written: TotalForm, total: Total) -> Result<Body, ObjectProblem> {
    match (total, &written.value) {
        (Total::Values, None) => {
            return Err(ObjectProblem::malformed(
                "missing member `value`: what is added",
            ));
        }
        (Total::Count, Some(_)) => {
            return Err(ObjectProblem::malformed(
                "unexpected member `value`: nothing is added",
            ));
        }
        _ => {}
    }
    let tolerance = read_tolerance(written.tolerance.as_deref())?;
    if let Some(value) = written.value.as_ref().filter(|_| written.items.is_none()) {
        check_member(value)?;
    }
    match (
        written.items,
        written.expected,
        written.group_by,
        written.matched,
    ) {
        (Some(items), Some(expected), None, None) => {
            check_member(&items)?;
            Ok(Body::Document(Arc::new(ArrayTotal {
                items,
                value: written.value,
                expected: read_expected(&expected)?,
                tolerance,
            })))
        }
        (None, None, Some(group_by), Some(Object(matched))) => {
            check_members("group_by", &group_by)?;
            let (own, others): (Vec<_>, Vec<_>) = matched.on.into_iter().unzip();
            check_members("on", &own)?;
            check_members("on", &others)?;
            check_member(&matched.expected)?;
            if let Some(stray) = own.iter().find(|at| !group_by.contains(at)) {
                return Err(ObjectProblem::malformed(format!(
                    "`on` names `{stray}`, expected one of the members in `group_by`"
                )));
            }
            Ok(Body::Tree(Arc::new(GroupTotal {
                value: written.value,
                group_by,
                kind: matched.kind,
                own,
                others,
                expected: matched.expected,
                tolerance,
            })))
        }
        _ => Err(ObjectProblem::malformed(
            "expected either `items` and `expected`, for an array in the document, or `group_by` and `match`, for documents of the tree",
        )),
    }
}

fn number(raw: &RawValue) -> Option<Decimal> {
    let text = raw.get().trim_matches('"');
    Decimal::parse(text)
}

fn read_tolerance(written: Option<&RawValue>) -> Result<Decimal, ObjectProblem> {
    let Some(raw) = written else {
        return Ok(Decimal::default());
    };
    let tolerance = number(raw).filter(|one| *one >= Decimal::default());
    tolerance.ok_or_else(|| {
        let found = raw.get();
        ObjectProblem::malformed(format!(
            "`tolerance` is `{found}`, expected a number from 0"
        ))
    })
}

fn read_expected(raw: &RawValue) -> Result<Expected, ObjectProblem> {
    if let Some(number) = Decimal::parse(raw.get()) {
        return Ok(Expected::Number(number));
    }
    let at: Pointer = serde_json::from_str(raw.get())
        .map_err(|error| ObjectProblem::in_member("expected", &error))?;
    check_member(&at)?;
    Ok(Expected::At(at))
}

fn too_long(at: &Pointer) -> Violation {
    Violation {
        at: at.clone(),
        reason: "adds up to a number with too many digits".to_owned(),
    }
}

fn read_number(at: &Pointer, value: Value<'_>) -> Result<Decimal, Violation> {
    Decimal::read(value).map_err(|reason| Violation {
        at: at.clone(),
        reason,
    })
}

impl ArrayTotal {
    fn total(&self, items: Value<'_>) -> Result<Decimal, Violation> {
        let Some(value) = &self.value else {
            return Ok(Decimal::of_count(items.len()));
        };
        let mut total = Decimal::default();
        for (index, item) in items.elements().enumerate() {
            let Some(found) = value_at(item, value) else {
                continue;
            };
            let number = Decimal::read(found).map_err(|reason| {
                let at = self.items.child(index.to_string()).join(value.tokens());
                Violation { at, reason }
            })?;
            total = total.plus(number).ok_or_else(|| too_long(&self.items))?;
        }
        Ok(total)
    }
}

impl DocumentRule for ArrayTotal {
    fn check(&self, _: Option<Value<'_>>, document: Value<'_>) -> Result<(), Violation> {
        let Some(items) = value_at(document, &self.items) else {
            return Ok(());
        };
        if items.kind() != ValueKind::Array {
            return Err(Violation {
                at: self.items.clone(),
                reason: format!("is {}, expected an array", items.in_words()),
            });
        }
        let (expected, whose) = match &self.expected {
            Expected::Number(number) => (*number, String::new()),
            Expected::At(at) => match value_at(document, at) {
                None => return Ok(()),
                Some(value) => (read_number(at, value)?, format!(" as `{at}` says")),
            },
        };
        let total = self.total(items)?;
        if total.is_within(self.tolerance, expected) {
            return Ok(());
        }
        let does = if self.value.is_some() {
            "adds up to"
        } else {
            "has so many elements:"
        };
        Err(Violation {
            at: self.items.clone(),
            reason: format!("{does} {total}, expected {expected}{whose}"),
        })
    }

    fn pointers(&self) -> Vec<&Pointer> {
        let expected = match &self.expected {
            Expected::At(at) => Some(at),
            Expected::Number(_) => None,
        };
        [&self.items].into_iter().chain(expected).collect()
    }
}

impl TreeRule for GroupTotal {
    fn other(&self) -> Option<(&str, Vec<&Pointer>)> {
        let pointers = self.others.iter().chain([&self.expected]);
        Some((&self.kind, pointers.collect()))
    }

    fn own_fact(&self, document: Value<'_>) -> Result<Option<Fact>, Violation> {
        let (Some(key), Some(link)) = (key(document, &self.group_by), key(document, &self.own))
        else {
            return Ok(None);
        };
        let amount = match &self.value {
            None => Decimal::of_count(1),
            Some(at) => match value_at(document, at) {
                None => Decimal::default(),
                Some(value) => read_number(at, value)?,
            },
        };
        let amount = Some(Box::new((link, amount)));
        Ok(Some(Fact { key, amount }))
    }

    fn other_fact(&self, document: Value<'_>) -> Result<Option<Fact>, Violation> {
        let found = value_at(document, &self.expected);
        let (Some(key), Some(found)) = (key(document, &self.others), found) else {
            return Ok(None);
        };
        let amount = Some(Box::new((key, read_number(&self.expected, found)?)));
        Ok(Some(Fact { key, amount }))
    }

    fn judge(
        &self,
        own: &mut [(u32, Fact)],
        others: &mut [(u32, Fact)],
        path: &dyn Fn(u32) -> String,
    ) -> Vec<(u32, String)> {
        sort(own);
        sort(others);
        groups(own)
            .flat_map(|group| self.judge_group(group, others, path))
            .collect()
    }

    fn pointers(&self) -> Vec<&Pointer> {
        self.group_by.iter().chain(&self.value).collect()
    }
}

impl GroupTotal {
    fn judge_group(
        &self,
        group: &[(u32, Fact)],
        others: &[(u32, Fact)],
        path: &dyn Fn(u32) -> String,
    ) -> Vec<(u32, String)> {
        let amounts = group.iter().filter_map(|(_, fact)| fact.amount.as_deref());
        let mut total = Some(Decimal::default());
        let mut link: Option<Key> = None;
        for (to, amount) in amounts {
            link = Some(*to);
            total = total.and_then(|total| total.plus(*amount));
        }
        let Some(link) = link else { return Vec::new() };
        let start = others.partition_point(|(_, fact)| fact.key < link);
        let matching = others[start..]
            .iter()
            .take_while(|(_, fact)| fact.key == link);
        let mut broken = Vec::new();
        for (other, fact) in matching {
            let Some((_, expected)) = fact.amount.as_deref() else {
                continue;
            };
            if total.is_some_and(|total| total.is_within(self.tolerance, *expected)) {
                continue;
            }
            let reason = self.in_words(group.len(), total, *expected, &path(*other));
            let involved = group.iter().map(|(manifest, _)| manifest).chain([other]);
            broken.extend(involved.map(|manifest| (*manifest, reason.clone())));
        }
        broken
    }

    fn in_words(
        &self,
        size: usize,
        total: Option<Decimal>,
        expected: Decimal,
        path: &str,
    ) -> String {
        let total = total.map_or_else(|| "too many digits".to_owned(), |total| total.to_string());
        let what = match &self.value {
            Some(at) => format!("`{at}` of {size} documents adds up to {total}"),
            None => format!("there are {total} documents"),
        };
        let at = &self.expected;
        format!("{what}, expected {expected} as `{at}` of `{path}` says")
    }
}
