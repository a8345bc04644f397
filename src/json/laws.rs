//! Laws of the lossless text, over random documents in random layouts.
//!
//! `serde_json` is the second opinion: what it reads is what the text says.

pub(crate) mod documents;

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value as Json;

use super::*;
use documents::{Style, Tree, document, name, print, read, reverse, style, tidy, tree};

/// Everything that has an address, the root first.
fn addresses(value: Value<'_>, at: &Pointer, all: &mut Vec<(Pointer, ValueKind)>) {
    all.push((at.clone(), value.kind()));
    for member in value.members() {
        addresses(member.value(), &at.child(member.name()), all);
    }
    for (index, element) in value.elements().enumerate() {
        addresses(element, &at.child(index.to_string()), all);
    }
}

/// The parts of an edit, before its document is known.
type Seed = (usize, Index, Index, String, Tree);

fn seeds() -> impl Strategy<Value = Vec<Seed>> {
    prop::collection::vec(
        (0..9_usize, any::<Index>(), any::<Index>(), name(), tree()),
        0..6,
    )
}

fn edit(text: &Text<'_>, (which, one, other, name, value): &Seed) -> Edit {
    let mut all = Vec::new();
    addresses(text.root(), &Pointer::root(), &mut all);
    let of = |kind: ValueKind, index: &Index| {
        let fitting: Vec<_> = all.iter().filter(|(_, found)| *found == kind).collect();
        if fitting.is_empty() {
            Pointer::root()
        } else {
            index.get(&fitting).0.clone()
        }
    };
    let at = one.get(&all).0.clone();
    let value = Fragment::parse(&print(value, &Style::Inline)).unwrap();
    match which {
        0 => Edit::Insert {
            at: of(ValueKind::Object, one).child(name),
            value,
        },
        1 => Edit::Replace { at, value },
        2 => Edit::Append {
            at: of(ValueKind::Array, one),
            value,
        },
        3 => Edit::Remove { at },
        4 => Edit::Rename {
            at,
            to: name.clone(),
        },
        5 => Edit::Move {
            from: at,
            to: of(ValueKind::Object, other).child(name),
        },
        6 => Edit::Copy {
            from: at,
            to: of(ValueKind::Object, other).child(name),
        },
        7 => Edit::Wrap {
            at,
            name: name.clone(),
        },
        _ => Edit::Unwrap {
            at: of(ValueKind::Object, one),
        },
    }
}

/// Makes an edit of a value as `serde_json` sees it.
fn edit_json(root: &mut Json, edit: &Edit) {
    fn parent<'j>(
        root: &'j mut Json,
        at: &Pointer,
    ) -> (&'j mut serde_json::Map<String, Json>, String) {
        let (parent, name) = at.split_last().unwrap();
        let parent = root
            .pointer_mut(&parent.to_string())
            .unwrap()
            .as_object_mut()
            .unwrap();
        (parent, name.to_owned())
    }
    let json = |value: &Fragment| serde_json::from_str::<Json>(value.as_str()).unwrap();
    match edit {
        Edit::Insert { at, value } => {
            let (object, name) = parent(root, at);
            object.insert(name, json(value));
        }
        Edit::Replace { at, value } => *root.pointer_mut(&at.to_string()).unwrap() = json(value),
        Edit::Append { at, value } => root
            .pointer_mut(&at.to_string())
            .unwrap()
            .as_array_mut()
            .unwrap()
            .push(json(value)),
        Edit::Remove { at } => {
            let (object, name) = parent(root, at);
            object.remove(&name).unwrap();
        }
        Edit::Rename { at, to } => {
            let (object, name) = parent(root, at);
            let value = object.remove(&name).unwrap();
            object.insert(to.clone(), value);
        }
        Edit::Move { from, to } => {
            let (object, name) = parent(root, from);
            let value = object.remove(&name).unwrap();
            let (object, name) = parent(root, to);
            object.insert(name, value);
        }
        Edit::Copy { from, to } => {
            let value = root.pointer(&from.to_string()).unwrap().clone();
            let (object, name) = parent(root, to);
            object.insert(name, value);
        }
        Edit::Wrap { at, name } => {
            let place = root.pointer_mut(&at.to_string()).unwrap();
            *place = serde_json::json!({ name: place.take() });
        }
        Edit::Unwrap { at } => {
            let place = root.pointer_mut(&at.to_string()).unwrap();
            let members = place.as_object_mut().unwrap();
            *place = std::mem::take(members).into_values().next().unwrap();
        }
    }
}

/// The value that a text says, with numbers by their canonical form.
fn agrees(value: Value<'_>, json: &Json) -> bool {
    match json {
        Json::Null => value.kind() == ValueKind::Null,
        Json::Bool(boolean) => {
            value.kind() == ValueKind::Boolean && value.raw() == boolean.to_string()
        }
        Json::Number(number) => {
            value.kind() == ValueKind::Number && value.raw().parse::<f64>().ok() == number.as_f64()
        }
        Json::String(text) => value.as_str().as_deref() == Some(text),
        Json::Array(elements) => {
            value.kind() == ValueKind::Array
                && value.len() == elements.len()
                && value
                    .elements()
                    .zip(elements)
                    .all(|(one, other)| agrees(one, other))
        }
        Json::Object(members) => {
            value.kind() == ValueKind::Object
                && value.len() == members.len()
                && members
                    .iter()
                    .all(|(name, json)| value.get(name).is_some_and(|value| agrees(value, json)))
        }
    }
}

fn scan(text: &str) -> Text<'_> {
    Text::scan(text.as_bytes()).unwrap()
}

/// The edits that fit `text` one by one, as one list that fits it as a whole.
fn fitting(text: &Text<'_>, seeds: &[Seed]) -> Vec<Edit> {
    let mut edits = Vec::new();
    for seed in seeds {
        edits.push(edit(text, seed));
        if apply(text, &edits).is_err() {
            edits.pop();
        }
    }
    edits
}

fn untouched(edits: &[Edit], at: &Pointer) -> bool {
    edits.iter().all(|edit| match edit {
        Edit::Insert { at: named, .. }
        | Edit::Replace { at: named, .. }
        | Edit::Remove { at: named }
        | Edit::Wrap { at: named, .. }
        | Edit::Unwrap { at: named }
        | Edit::Copy { to: named, .. }
        | Edit::Rename { at: named, .. } => !named.overlaps(at),
        Edit::Append { at: named, .. } => !at.overlaps(&named.child("-")),
        Edit::Move { from, to } => !from.overlaps(at) && !to.overlaps(at),
    })
}

proptest! {
    #[test]
    fn every_printed_document_is_accepted_and_says_what_serde_json_says(tree in document(), style in style()) {
        let text = print(&tree, &style);
        let json: Json = serde_json::from_str(&text).unwrap();
        prop_assert!(agrees(scan(&text).root(), &json));
        prop_assert_eq!(apply(&scan(&text), &[]).unwrap(), text);
    }

    #[test]
    fn what_is_accepted_is_accepted_by_serde_json_too(
        tree in document(),
        style in style(),
        changes in prop::collection::vec((any::<Index>(), prop::sample::select(b"{}[]:,\"\\u0d81eE.-+ \n\x00\xc3tn/".to_vec()), 0..3), 1..4),
    ) {
        let mut bytes = print(&tree, &style).into_bytes();
        for (at, byte, how) in changes {
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ if bytes.len() > 1 => { bytes.remove(at); }
                _ => {}
            }
        }
        let ours = Text::scan_any(&bytes);
        let theirs = serde_json::from_slice::<Json>(&bytes);
        match (&ours, &theirs) {
            (Ok(text), Ok(json)) => prop_assert!(agrees(text.root(), json)),
            (Ok(_), Err(error)) => prop_assert!(error.to_string().contains("number out of range"), "{}", error),
            (Err(error), Ok(_)) => {
                let stricter = matches!(error.problem, TextProblem::DuplicateName { .. });
                prop_assert!(stricter, "{}", error);
            }
            (Err(_), Err(_)) => {}
        }
    }

    #[test]
    fn no_bytes_make_the_validator_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(text) = Text::scan_any(&bytes) {
            prop_assert!(!canonical::to_string(text.root()).is_empty());
        }
    }

    #[test]
    fn no_text_near_json_makes_the_validator_panic(text in "[\\[\\]{}:,\"\\\\u0d8-9eE.+ ntf-]{0,40}") {
        if let Ok(text) = Text::scan_any(text.as_bytes()) {
            prop_assert!(serde_json::from_str::<Json>(text.as_str()).is_ok() || text.as_str().contains(['e', 'E']));
        }
    }

    #[test]
    fn a_list_of_edits_gives_what_one_after_the_other_gives(tree in document(), style in style(), seeds in seeds()) {
        let before = print(&tree, &style);
        let text = scan(&before);
        let edits = fitting(&text, &seeds);
        let mut after = before.clone();
        for edit in &edits {
            after = apply(&scan(&after), std::slice::from_ref(edit)).unwrap();
        }
        prop_assert_eq!(apply(&text, &edits).unwrap(), after, "{:?}", edits);
    }

    #[test]
    fn edits_mean_what_they_mean_for_serde_json(tree in document(), style in style(), seeds in seeds()) {
        let before = print(&tree, &style);
        let text = scan(&before);
        let mut json: Json = serde_json::from_str(&before).unwrap();
        let edits = fitting(&text, &seeds);
        for edit in &edits {
            edit_json(&mut json, edit);
        }
        let after = apply(&text, &edits).unwrap();
        prop_assert!(agrees(scan(&after).root(), &json), "{}", after);
    }

    #[test]
    fn values_that_no_edit_touches_keep_their_bytes(tree in document(), style in style(), seeds in seeds()) {
        let before = print(&tree, &style);
        let text = scan(&before);
        let edits = fitting(&text, &seeds);
        let after = apply(&text, &edits).unwrap();
        let after = scan(&after);
        let mut all = Vec::new();
        addresses(text.root(), &Pointer::root(), &mut all);
        for (at, _) in all {
            if untouched(&edits, &at) {
                let (one, other) = (text.root().at(&at), after.root().at(&at));
                prop_assert_eq!(one.map(|value| value.raw()), other.map(|value| value.raw()), "{}", at);
            }
        }
    }

    #[test]
    fn an_inserted_member_takes_nothing_along_when_it_is_removed(tree in document(), style in tidy(), seed in (any::<Index>(), any::<Index>(), name(), tree())) {
        let before = print(&tree, &style);
        let text = scan(&before);
        let (one, other, name, value) = seed;
        let insert = edit(&text, &(0, one, other, name, value));
        if let Ok(between) = apply(&text, std::slice::from_ref(&insert)) {
            let Edit::Insert { at, .. } = insert else { return Ok(()) };
            prop_assert_eq!(apply(&scan(&between), &[Edit::Remove { at }]).unwrap(), before);
        }
    }

    #[test]
    fn a_wrapped_value_is_the_same_bytes_once_it_is_unwrapped(tree in document(), style in tidy(), seed in (any::<Index>(), any::<Index>(), name(), tree())) {
        let before = print(&tree, &style);
        let text = scan(&before);
        let (one, other, name, value) = seed;
        let wrap = edit(&text, &(7, one, other, name, value));
        if let Ok(between) = apply(&text, std::slice::from_ref(&wrap)) {
            let Edit::Wrap { at, .. } = wrap else { return Ok(()) };
            prop_assert_eq!(print(&read(scan(&between).root()), &style), between.clone());
            prop_assert_eq!(apply(&scan(&between), &[Edit::Unwrap { at }]).unwrap(), before);
        }
    }

    #[test]
    fn a_tidy_document_stays_tidy_whatever_is_inserted(tree in document(), style in tidy(), seed in (any::<Index>(), any::<Index>(), name(), tree())) {
        let before = print(&tree, &style);
        let text = scan(&before);
        let (one, other, name, value) = seed;
        let insert = edit(&text, &(0, one, other, name, value));
        if let Ok(after) = apply(&text, &[insert])
            && !text.root().is_empty()
        {
            prop_assert_eq!(print(&read(scan(&after).root()), &style), after);
        }
    }

    #[test]
    fn the_canonical_form_knows_nothing_of_layout_and_order(tree in document(), one in style(), other in style()) {
        let mut reversed = tree.clone();
        reverse(&mut reversed);
        let (one, other) = (print(&tree, &one), print(&reversed, &other));
        let (one, other) = (scan(&one), scan(&other));
        let form = canonical::to_string(one.root());
        prop_assert_eq!(canonical::to_string(other.root()), form.clone());
        prop_assert_eq!(canonical::digest(other.root()), crate::digest::Digest::of(form.as_bytes()));
        prop_assert_eq!(canonical::to_string(scan(&form).root()), form);
    }
}
