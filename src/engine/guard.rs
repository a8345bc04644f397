//! Finds edits that could change a guarded member, and guarded members that were changed.
//! Invariant: a harmless edit cannot change, add or remove a guarded member.

use crate::catalog::Kind;
use crate::json::{Edit, Pointer, Value};
use crate::refusal::Guard;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GuardedMember {
    pub(super) guard: Guard,
    pub(super) at: Pointer,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Safety {
    Harmless,
    /// They may reach one, so the bytes before and after must be compared.
    Doubtful,
    /// They change a member that only the engine sets.
    Forbidden(GuardedMember),
}

pub(super) fn classify(kind: &Kind, document: Value<'_>, edits: &[Edit]) -> Safety {
    let engine = [&kind.version, &kind.history];
    for named in edits.iter().flat_map(Edit::places) {
        if let Some(at) = engine.iter().find(|at| named.overlaps(at)) {
            return Safety::Forbidden(guarded(Guard::Engine, at));
        }
    }
    let doubtful = edits.iter().flat_map(reached).any(|reached| {
        let hit = |at: &Pointer| reached.overlaps(at);
        engine.into_iter().chain(&kind.immutable).any(hit)
            // A missing protected member may be set.
            || kind.protected.iter().any(|at| hit(at) && document.at(at).is_some())
    });
    if doubtful {
        Safety::Doubtful
    } else {
        Safety::Harmless
    }
}

pub(super) fn find_changed(
    kind: &Kind,
    before: Value<'_>,
    after: Value<'_>,
) -> Option<GuardedMember> {
    for at in [&kind.version, &kind.history] {
        if raw(before, at) != raw(after, at) {
            return Some(guarded(Guard::Engine, at));
        }
    }
    find_changed_member(kind, before, after)
}

/// Does the same as [`find_changed`], without the version and the history.
pub(super) fn find_changed_member(
    kind: &Kind,
    before: Value<'_>,
    after: Value<'_>,
) -> Option<GuardedMember> {
    for at in &kind.immutable {
        if raw(before, at) != raw(after, at) {
            return Some(guarded(Guard::Immutable, at));
        }
    }
    for at in &kind.protected {
        let found = raw(before, at);
        if found.is_some() && found != raw(after, at) {
            return Some(guarded(Guard::Protected, at));
        }
    }
    None
}

fn guarded(guard: Guard, at: &Pointer) -> GuardedMember {
    let at = at.clone();
    GuardedMember { guard, at }
}

fn raw<'t>(document: Value<'t>, at: &Pointer) -> Option<&'t str> {
    document.at(at).map(|value| value.raw())
}

/// The places that an edit can change: those that it names, or the array around them, because its elements could move.
pub(super) fn reached(edit: &Edit) -> impl Iterator<Item = Pointer> {
    edit.places().map(|named| {
        let tokens = named.tokens();
        // The top level is an object, so the first token is no index.
        match tokens.iter().skip(1).position(|token| may_be_index(token)) {
            Some(index) => Pointer::root().join(&tokens[..=index]),
            None => named.into_owned(),
        }
    })
}

fn may_be_index(token: &str) -> bool {
    !token.is_empty()
        && token
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use crate::json::{Fragment, Text};

    fn pointer(text: &str) -> Pointer {
        text.parse().unwrap()
    }

    fn look_at(document: &str, edit: Edit) -> Safety {
        let catalog = Catalog::built_in().unwrap();
        let text = Text::scan(document.as_bytes()).unwrap();
        classify(&catalog.kinds()[0], text.root(), &[edit])
    }

    fn insert(at: &str) -> Edit {
        Edit::Insert {
            at: pointer(at),
            value: Fragment::string("v"),
        }
    }

    #[test]
    fn an_edit_elsewhere_is_harmless_and_so_is_a_protected_member_that_is_new() {
        assert_eq!(look_at("{}", insert("/other")), Safety::Harmless);
        assert_eq!(look_at("{}", insert("/inputs_hash")), Safety::Harmless);
        assert_eq!(look_at("{}", insert("/2024")), Safety::Harmless);
    }

    #[test]
    fn an_edit_at_above_or_below_a_guarded_member_is_doubtful() {
        let document = r#"{"inputs_hash":null,"artifacts":{"a":1}}"#;
        assert_eq!(look_at(document, insert("/inputs_hash")), Safety::Doubtful);
        assert_eq!(look_at(document, insert("/artifacts/b")), Safety::Doubtful);
        assert_eq!(look_at(document, insert("/run_id")), Safety::Doubtful);
        let rename = Edit::Rename {
            at: pointer("/x"),
            to: "job_id".into(),
        };
        assert_eq!(look_at(document, rename), Safety::Doubtful);
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
            let Safety::Forbidden(GuardedMember {
                guard: Guard::Engine,
                at,
            }) = look_at("{}", edit.clone())
            else {
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
