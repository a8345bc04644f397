//! Finds the values of a document that another document does not have.
//! Invariant: a value is kept only if the other document has it with the same spelling, at the same place or at a new one.

use std::collections::HashMap;

use crate::json::{Pointer, Text, Value, ValueKind};

/// The places of the values in `before` that `after` has nowhere, in the order of the document.
pub(crate) fn values_lost(before: &Text<'_>, after: &Text<'_>) -> Vec<Pointer> {
    let mut old = Vec::new();
    leaves(before.root(), Pointer::root(), &mut old);
    let mut new = Vec::new();
    leaves(after.root(), Pointer::root(), &mut new);
    let places: HashMap<&Pointer, &str> = new.iter().map(|(at, raw)| (at, *raw)).collect();
    let old_places: HashMap<&Pointer, &str> = old.iter().map(|(at, raw)| (at, *raw)).collect();
    let mut moved: HashMap<&str, usize> = HashMap::new();
    for (at, raw) in &new {
        if old_places.get(at) != Some(raw) {
            *moved.entry(raw).or_default() += 1;
        }
    }
    let mut lost = Vec::new();
    for (at, raw) in &old {
        if places.get(at) == Some(raw) {
            continue;
        }
        match moved.get_mut(raw) {
            Some(left) if *left > 0 => *left -= 1,
            _ => lost.push(at.clone()),
        }
    }
    lost
}

fn leaves<'t>(value: Value<'t>, at: Pointer, into: &mut Vec<(Pointer, &'t str)>) {
    match value.kind() {
        ValueKind::Object if !value.is_empty() => {
            for member in value.members() {
                leaves(member.value(), at.child(member.name()), into);
            }
        }
        ValueKind::Array if !value.is_empty() => {
            for (place, element) in value.elements().enumerate() {
                leaves(element, at.child(place.to_string()), into);
            }
        }
        _ => into.push((at, value.raw())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost(before: &str, after: &str) -> Vec<String> {
        let before = Text::scan(before.as_bytes()).unwrap();
        let after = Text::scan(after.as_bytes()).unwrap();
        let lost = values_lost(&before, &after);
        lost.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_stays_or_moves_is_kept_and_what_goes_or_changes_is_not() {
        for (before, after, expected) in [
            (
                r#"{"a":1,"b":[true,{}]}"#,
                r#"{"b":[true,{}],"a":1,"c":2}"#,
                &[][..],
            ),
            (r#"{"a":"x"}"#, r#"{"b":{"c":"x"}}"#, &[]),
            (r#"{"a":"x","b":"x"}"#, r#"{"b":"x"}"#, &["/a"]),
            (r#"{"a":1.50}"#, r#"{"a":1.5}"#, &["/a"]),
            (r#"{"a":{"b":null},"c":[]}"#, r#"{"a":{}}"#, &["/a/b", "/c"]),
        ] {
            assert_eq!(lost(before, after), expected, "{before} {after}");
        }
    }
}
