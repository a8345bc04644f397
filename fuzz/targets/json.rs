//! Scan and splice against `serde_json`: what the one takes the other takes, with the same values, and no edit loses a byte that it does not name.
#![no_main]

use libfuzzer_sys::fuzz_target;
use migrate_manifests::json::{Edit, Fragment, Pointer, Text, Value, apply, canonical};

/// The values are the same; numbers are compared as they are spelled.
fn assert_same(ours: Value<'_>, theirs: &serde_json::Value, depth: usize) {
    use serde_json::Value as Theirs;
    match theirs {
        Theirs::Null => assert_eq!(ours.raw(), "null"),
        Theirs::Bool(truth) => assert_eq!(ours.raw(), truth.to_string()),
        Theirs::Number(_) => {
            let number = ours.raw().as_bytes()[0];
            assert!(number == b'-' || number.is_ascii_digit());
        }
        Theirs::String(text) => assert_eq!(ours.as_str().as_deref(), Some(&**text)),
        Theirs::Array(items) => {
            let all: Vec<_> = ours.elements().collect();
            assert_eq!(all.len(), items.len());
            for (ours, theirs) in all.into_iter().zip(items) {
                assert_same(ours, theirs, depth + 1);
            }
        }
        Theirs::Object(members) => {
            assert_eq!(ours.members().count(), members.len());
            for member in ours.members() {
                assert_same(member.value(), &members[&*member.name()], depth + 1);
            }
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    let theirs = serde_json::from_slice::<serde_json::Value>(bytes);
    let Ok(text) = Text::scan(bytes) else {
        return;
    };
    // Ours is the stricter one: names that stand twice, lone surrogates and depth.
    let theirs = theirs.expect("serde_json takes what we take");
    assert_same(text.root(), &theirs, 0);
    assert_eq!(apply(&text, &[]).as_deref(), Ok(text.as_str()));
    let printed = canonical::to_string(text.root());
    let again = Text::scan(printed.as_bytes()).expect("a canonical text is valid");
    assert_eq!(canonical::to_string(again.root()), printed);
    for member in text.root().members() {
        let at = Pointer::root().child(member.name());
        let value = Fragment::parse(member.value().raw()).expect("a value is one");
        let same = apply(&text, &[Edit::Replace { at: at.clone(), value }]);
        assert_eq!(same.as_deref(), Ok(text.as_str()));
        let without = apply(&text, &[Edit::Remove { at: at.clone() }]).expect("it is there");
        let left = Text::scan(without.as_bytes()).expect("what is left is valid");
        assert!(left.root().at(&at).is_none());
        for other in text.root().members().filter(|one| one.name() != member.name()) {
            let kept = left.root().get(&other.name()).expect("the others stay");
            assert_eq!(kept.raw(), other.value().raw());
        }
    }
});
