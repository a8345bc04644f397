//! The guard: which edits could touch a guarded member, and whether one was touched.
//!
//! Compares; never edits, and trusts nothing that a transform says of itself.
//!
//! Invariant: an edit that [`look`] calls harmless cannot change, add or remove a member that must stay as it is.

use crate::catalog::Kind;
use crate::json::{Edit, Pointer, Value};

/// A member that an edit may not touch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Violation {
    /// It never changes.
    Immutable(Pointer),
    /// It never changes once it is there.
    Protected(Pointer),
    /// Only the engine sets it.
    Engine(Pointer),
}

/// What the pointers of some edits tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Look {
    /// They reach no guarded member.
    Harmless,
    /// They might: the bytes before and after must tell.
    Doubtful,
    /// They name one that only the engine sets.
    Wrong(Violation),
}

/// Looks at the pointers of edits that are to be made to `document`.
pub(super) fn look(kind: &Kind, document: Value<'_>, edits: &[Edit]) -> Look {
    let engine = [&kind.version, &kind.history];
    for named in edits.iter().flat_map(named) {
        if let Some(at) = engine.iter().find(|at| named.overlaps(at)) {
            return Look::Wrong(Violation::Engine((*at).clone()));
        }
    }
    let doubtful = edits.iter().flat_map(reached).any(|reached| {
        let hit = |at: &Pointer| reached.overlaps(at);
        engine.into_iter().chain(&kind.immutable).any(hit)
            // One that is not there yet may be set.
            || kind.protected.iter().any(|at| hit(at) && document.at(at).is_some())
    });
    if doubtful {
        Look::Doubtful
    } else {
        Look::Harmless
    }
}

/// The first guarded member that is not the same in both documents, spelling included.
pub(super) fn compare(kind: &Kind, before: Value<'_>, after: Value<'_>) -> Option<Violation> {
    for at in [&kind.version, &kind.history] {
        if raw(before, at) != raw(after, at) {
            return Some(Violation::Engine(at.clone()));
        }
    }
    compare_members(kind, before, after)
}

/// As [`compare`], without the version and the history.
pub(super) fn compare_members(
    kind: &Kind,
    before: Value<'_>,
    after: Value<'_>,
) -> Option<Violation> {
    for at in &kind.immutable {
        if raw(before, at) != raw(after, at) {
            return Some(Violation::Immutable(at.clone()));
        }
    }
    for at in &kind.protected {
        let found = raw(before, at);
        if found.is_some() && found != raw(after, at) {
            return Some(Violation::Protected(at.clone()));
        }
    }
    None
}

fn raw<'t>(document: Value<'t>, at: &Pointer) -> Option<&'t str> {
    document.at(at).map(|value| value.raw())
}

/// The places that an edit reaches: those that it names, or what lies around them where elements of an array could change their places.
pub(super) fn reached(edit: &Edit) -> impl Iterator<Item = Pointer> + use<> {
    named(edit).map(|named| {
        let tokens = named.tokens();
        // The top level is an object, so its names are no indices.
        match tokens.iter().skip(1).position(|token| may_be_index(token)) {
            Some(index) => child_of_root(&tokens[..=index]),
            None => named,
        }
    })
}

fn child_of_root(tokens: &[String]) -> Pointer {
    tokens
        .iter()
        .fold(Pointer::root(), |pointer, token| pointer.child(token))
}

fn may_be_index(token: &str) -> bool {
    !token.is_empty()
        && token
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'-')
}

/// The places that an edit names and may change.
fn named(edit: &Edit) -> impl Iterator<Item = Pointer> + use<> {
    let (one, two) = match edit {
        Edit::Insert { at, .. }
        | Edit::Replace { at, .. }
        | Edit::Append { at, .. }
        | Edit::Remove { at }
        | Edit::Wrap { at, .. }
        | Edit::Unwrap { at }
        | Edit::Copy { to: at, .. } => (at.clone(), None),
        Edit::Rename { at, to } => (at.clone(), Some(at.sibling(to))),
        Edit::Move { from, to } => (from.clone(), Some(to.clone())),
    };
    [Some(one), two].into_iter().flatten()
}

/// Where what an edit writes stands afterwards.
pub(super) fn written(edit: &Edit) -> Pointer {
    named(edit).last().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use crate::json::{Fragment, Text};

    fn pointer(text: &str) -> Pointer {
        text.parse().unwrap()
    }

    fn look_at(document: &str, edit: Edit) -> Look {
        let catalog = Catalog::built_in().unwrap();
        let text = Text::scan(document.as_bytes()).unwrap();
        look(&catalog.kinds()[0], text.root(), &[edit])
    }

    fn insert(at: &str) -> Edit {
        Edit::Insert {
            at: pointer(at),
            value: Fragment::string("v"),
        }
    }

    #[test]
    fn an_edit_elsewhere_is_harmless_and_so_is_a_protected_member_that_is_new() {
        assert_eq!(look_at("{}", insert("/other")), Look::Harmless);
        assert_eq!(look_at("{}", insert("/inputs_hash")), Look::Harmless);
        assert_eq!(look_at("{}", insert("/2024")), Look::Harmless);
    }

    #[test]
    fn an_edit_at_above_or_below_a_guarded_member_is_doubtful() {
        let document = r#"{"inputs_hash":null,"artifacts":{"a":1}}"#;
        assert_eq!(look_at(document, insert("/inputs_hash")), Look::Doubtful);
        assert_eq!(look_at(document, insert("/artifacts/b")), Look::Doubtful);
        assert_eq!(look_at(document, insert("/run_id")), Look::Doubtful);
        let rename = Edit::Rename {
            at: pointer("/x"),
            to: "job_id".into(),
        };
        assert_eq!(look_at(document, rename), Look::Doubtful);
    }

    #[test]
    fn an_edit_of_what_only_the_engine_sets_is_wrong() {
        let history = pointer("/migration_history");
        for edit in [
            insert("/migration_history"),
            insert("/migration_history/0/x"),
            Edit::Append {
                at: history.clone(),
                value: Fragment::string("v"),
            },
            Edit::Remove {
                at: Pointer::root(),
            },
            Edit::Move {
                from: pointer("/x"),
                to: history.clone(),
            },
        ] {
            let Look::Wrong(Violation::Engine(at)) = look_at("{}", edit.clone()) else {
                panic!("{edit:?}");
            };
            if edit
                != (Edit::Remove {
                    at: Pointer::root(),
                })
            {
                assert_eq!(at, history);
            }
        }
    }

    #[test]
    fn an_edit_of_an_element_reaches_the_whole_array() {
        let remove = Edit::Remove {
            at: pointer("/list/01/x"),
        };
        assert_eq!(reached(&remove).collect::<Vec<_>>(), [pointer("/list")]);
    }
}
