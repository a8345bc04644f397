//! Finds the values of a document that another document does not have.
//! Both texts are walked side by side. Only values that are not at the same place in both are remembered, as fingerprints and not all at once.
//! Invariant: a value is kept only if the other document has it with the same spelling, at the same place or at a new one; memory does not grow with the documents.

use std::hash::{BuildHasher, RandomState};

use crate::json::{Member, Pointer, Text, Value, ValueKind};

/// The values that a document has and another one does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LostValues {
    /// The place of the first one, in the order of the text.
    pub(crate) first: Pointer,
    pub(crate) number: u64,
}

/// The most fingerprints in memory. Where more values have moved, the texts are walked several times.
const MOST_FINGERPRINTS: u64 = 512 * 1024;

/// The values in `before` that `after` has nowhere; `None` if it has them all.
pub(crate) fn values_lost(before: &Text<'_>, after: &Text<'_>) -> Option<LostValues> {
    lost_in_passes(before.root(), after.root(), MOST_FINGERPRINTS)
}

fn lost_in_passes(before: Value<'_>, after: Value<'_>, most: u64) -> Option<LostValues> {
    let (mut missing, mut new) = (0_u64, 0_u64);
    unmatched(before, after, &mut |side, _| match side {
        Side::Before => missing += 1,
        Side::After => new += 1,
    });
    if missing == 0 {
        return None;
    }
    let (hashers, passes) = ([RandomState::new(), RandomState::new()], new / most + 1);
    let (mut first, mut number) = (usize::MAX, 0);
    for pass in 0..passes {
        let fingerprint = |value: Value<'_>| {
            let found = hashers.each_ref().map(|one| one.hash_one(value.raw()));
            (found[0] % passes == pass).then_some(found)
        };
        let mut moved = Moved::default();
        unmatched(before, after, &mut |side, value| {
            if side == Side::After {
                moved.0.extend(fingerprint(value).map(|one| (one, 1)));
            }
        });
        moved.group();
        unmatched(before, after, &mut |side, value| {
            if side == Side::Before
                && let Some(fingerprint) = fingerprint(value)
                && !moved.take(fingerprint)
            {
                number += 1;
                first = first.min(value.span().start);
            }
        });
    }
    (number > 0).then(|| LostValues {
        first: place_of(before, first),
        number,
    })
}

type Fingerprint = [u64; 2];

/// The values that are new at their places: a fingerprint of each, with their number.
#[derive(Default)]
struct Moved(Vec<(Fingerprint, u32)>);

impl Moved {
    fn group(&mut self) {
        self.0.sort_unstable();
        self.0.dedup_by(|next, one| {
            let is_same = next.0 == one.0;
            one.1 += if is_same { next.1 } else { 0 };
            is_same
        });
    }

    /// Takes one value away; returns false if there is none left.
    fn take(&mut self, fingerprint: Fingerprint) -> bool {
        let found = self.0.binary_search_by_key(&fingerprint, |one| one.0);
        let left = found.ok().map(|at| &mut self.0[at].1);
        left.filter(|left| **left > 0)
            .map(|left| *left -= 1)
            .is_some()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Before,
    After,
}

/// Passes each scalar and empty container to `each` that the other document does not have at the same place; those of `before` in the order of its text.
fn unmatched<'t>(before: Value<'t>, after: Value<'t>, each: &mut dyn FnMut(Side, Value<'t>)) {
    use ValueKind::{Array, Object};
    if before.raw() == after.raw() {
        return;
    }
    match (before.kind(), after.kind()) {
        (Object, Object) if !before.is_empty() && !after.is_empty() => {
            let (old, new) = (sorted(before), sorted(after));
            for member in before.members() {
                match partner(&new, &member) {
                    Some(other) => unmatched(member.value(), other.value(), each),
                    None => leaves(member.value(), Side::Before, each),
                }
            }
            for member in after.members() {
                if partner(&old, &member).is_none() {
                    leaves(member.value(), Side::After, each);
                }
            }
        }
        (Array, Array) if !before.is_empty() && !after.is_empty() => {
            let (mut old, mut new) = (before.elements(), after.elements());
            loop {
                match (old.next(), new.next()) {
                    (Some(one), Some(two)) => unmatched(one, two, each),
                    (Some(one), None) => leaves(one, Side::Before, each),
                    (None, Some(two)) => leaves(two, Side::After, each),
                    (None, None) => return,
                }
            }
        }
        _ => {
            leaves(before, Side::Before, each);
            leaves(after, Side::After, each);
        }
    }
}

fn sorted(object: Value<'_>) -> Vec<Member<'_>> {
    let mut members: Vec<_> = object.members().collect();
    if !object.ascends() {
        members.sort_by(|one, two| one.name().cmp(&two.name()));
    }
    members
}

fn partner<'t>(sorted: &[Member<'t>], member: &Member<'_>) -> Option<Member<'t>> {
    let name = member.name();
    let found = sorted.binary_search_by(|one| one.name().cmp(&name));
    found.ok().map(|at| sorted[at])
}

fn leaves<'t>(value: Value<'t>, side: Side, each: &mut dyn FnMut(Side, Value<'t>)) {
    if value.is_empty() {
        return each(side, value);
    }
    for member in value.members() {
        leaves(member.value(), side, each);
    }
    for element in value.elements() {
        leaves(element, side, each);
    }
}

/// The place of the value that begins at this byte.
fn place_of(root: Value<'_>, start: usize) -> Pointer {
    let (mut at, mut here) = (Pointer::root(), root);
    while here.span().start != start {
        let mut members = here.members();
        if let Some(member) = members.find(|one| one.value().span().contains(&start)) {
            (at, here) = (at.child(member.name()), member.value());
            continue;
        }
        let mut elements = here.elements().enumerate();
        let Some((place, element)) = elements.find(|(_, one)| one.span().contains(&start)) else {
            break;
        };
        (at, here) = (at.child(place.to_string()), element);
    }
    at
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::json::laws::documents::{document, print, style};

    fn lost(before: &str, after: &str, most: u64) -> Option<(String, u64)> {
        let before = Text::scan(before.as_bytes()).unwrap();
        let after = Text::scan(after.as_bytes()).unwrap();
        let lost = lost_in_passes(before.root(), after.root(), most);
        lost.map(|lost| (lost.first.to_string(), lost.number))
    }

    #[test]
    fn what_stays_or_moves_is_kept_and_what_goes_or_changes_is_not() {
        for (before, after, expected) in [
            (
                r#"{"a":1,"b":[true,{}]}"#,
                r#"{"b":[true,{}],"a":1,"c":2}"#,
                None,
            ),
            (r#"{"a":"x"}"#, r#"{"b":{"c":"x"}}"#, None),
            (r#"{"a":"x","b":"x"}"#, r#"{"b":"x"}"#, Some(("/a", 1))),
            (r#"{"a":1.50}"#, r#"{"a":1.5}"#, Some(("/a", 1))),
            (
                r#"{"a":{"b":null},"c":[]}"#,
                r#"{"a":{}}"#,
                Some(("/a/b", 2)),
            ),
            (
                r#"{"z":[0,7],"a":[5,6,7]}"#,
                r#"{"a":[6,7,5],"z":[0]}"#,
                Some(("/a/2", 1)),
            ),
            (
                r#"{"a\u002f~":[[1],[2]],"b":3}"#,
                r#"{"b":1,"c":2}"#,
                Some(("/b", 1)),
            ),
        ] {
            for most in [1, 2, MOST_FINGERPRINTS] {
                let expected = expected.map(|(at, number): (&str, u64)| (at.to_owned(), number));
                assert_eq!(lost(before, after, most), expected, "{before} {after}");
            }
        }
    }

    /// The same by lists of all values with their places.
    fn by_lists(before: Value<'_>, after: Value<'_>) -> u64 {
        fn all(value: Value<'_>, at: &Pointer, into: &mut Vec<(Pointer, String)>) {
            if value.is_empty() {
                into.push((at.clone(), value.raw().to_owned()));
            }
            for member in value.members() {
                all(member.value(), &at.child(member.name()), into);
            }
            for (place, element) in value.elements().enumerate() {
                all(element, &at.child(place.to_string()), into);
            }
        }
        let (mut old, mut new) = (Vec::new(), Vec::new());
        all(before, &Pointer::root(), &mut old);
        all(after, &Pointer::root(), &mut new);
        let in_place: Vec<_> = old
            .iter()
            .filter(|one| new.contains(one))
            .cloned()
            .collect();
        let rest =
            |list: Vec<(Pointer, String)>| list.into_iter().filter(|one| !in_place.contains(one));
        let mut moved: Vec<String> = rest(new).map(|(_, raw)| raw).collect();
        let mut lost = 0;
        for (_, raw) in rest(old) {
            match moved.iter().position(|one| *one == raw) {
                Some(at) => drop(moved.swap_remove(at)),
                None => lost += 1,
            }
        }
        lost
    }

    proptest! {
        #[test]
        fn any_two_documents_are_compared_as_by_lists_of_all_their_values(
            (one, other) in (document(), document()),
            style in style(),
            most in 1_u64..9,
        ) {
            let (one, other) = (print(&one, &style), print(&other, &style));
            let before = Text::scan(one.as_bytes()).unwrap();
            let after = Text::scan(other.as_bytes()).unwrap();
            for (before, after) in [(&before, &after), (&after, &before), (&after, &after)] {
                let found = lost_in_passes(before.root(), after.root(), most);
                let expected = by_lists(before.root(), after.root());
                prop_assert_eq!(found.as_ref().map_or(0, |lost| lost.number), expected);
                let at = found.map(|lost| lost.first);
                prop_assert!(at.is_none_or(|at| before.root().at(&at).is_some_and(|value| value.is_empty())));
            }
        }
    }
}
