//! The contract of a change to a document.
//!
//! A transform reads a document and returns edits; it cannot return a document, so it cannot lose bytes. It has no clock, no randomness, no environment and no I/O.
//!
//! Invariant: every change has words for the history.

use std::fmt::Debug;

use crate::effort::{Effort, TooCostly, Work};
use crate::json::{Edit, Pointer, Value};

/// One operation on a document. It is pure and idempotent.
///
/// The steps of catalog files are transforms; a program can add its own, which the engine guards in the same way.
///
/// ```
/// use migrate_manifests::catalog::{Catalog, Migration};
/// use migrate_manifests::clock::Timestamp;
/// use migrate_manifests::engine::{examine_as, transform};
/// use migrate_manifests::json::{Edit, Pointer, Value};
/// use migrate_manifests::transform::{Change, StepError, Transform};
/// use migrate_manifests::version::Version;
///
/// /// Renames `/user` to `/owner`.
/// #[derive(Debug)]
/// struct UserIsOwner(Pointer);
///
/// impl Transform for UserIsOwner {
///     fn name(&self) -> String {
///         format!("user_is_owner {}", self.0)
///     }
///     fn changes(&self, document: Value<'_>) -> Result<Vec<Change>, StepError> {
///         Ok(match document.at(&self.0) {
///             Some(_) => vec![Change::Edit(Edit::Rename { at: self.0.clone(), to: "owner".into() })],
///             None => vec![],
///         })
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let migration = Migration::new(Version::new(1, 2, 0), Version::new(1, 3, 0), "Runs have owners")
///     .with(UserIsOwner("/user".parse()?));
/// let catalog = Catalog::built_in()?.with_migration("run", migration)?;
/// let kind = &catalog.kinds()[0];
/// let route = kind.registry.route(&Version::new(1, 2, 0), &Version::new(1, 3, 0)).ok_or("no route")?;
///
/// let manifest = examine_as(kind, br#"{"run_id": "r1", "user": "\u0061da", "schema_version": "1.2.0"}"#)?;
/// let migrated = transform(&manifest, &route, "2026-02-28T10:30:00Z".parse::<Timestamp>()?)?;
/// assert!(migrated.text.starts_with(r#"{"run_id": "r1", "owner": "\u0061da", "schema_version": "1.3.0", "#));
/// assert_eq!(migrated.changes, [["renamed /user to /owner"]]);
/// # Ok(())
/// # }
/// ```
pub trait Transform: Send + Sync + Debug {
    /// The transform as messages name it, as in `set_default /input_snapshots`.
    fn name(&self) -> String;

    /// The changes to `document`, in order. A document that has been changed before needs none.
    ///
    /// All pointers address the document as it is given, not as an earlier change leaves it.
    ///
    /// # Errors
    /// The transform cannot be applied to this document.
    fn changes(&self, document: Value<'_>) -> Result<Vec<Change>, StepError>;

    /// The changes, as [`Transform::changes`] gives them, if they take no more than the effort that is left.
    ///
    /// A transform that could make any number of changes, or large values, takes the effort for each before it makes the next.
    ///
    /// # Errors
    /// The transform cannot be applied to this document, or its changes take too much.
    fn changes_within(
        &self,
        document: Value<'_>,
        effort: &Effort<'_>,
    ) -> Result<Vec<Change>, NoChanges> {
        let changes = self.changes(document)?;
        for change in &changes {
            change.take(document, effort)?;
        }
        Ok(changes)
    }

    /// Every place that it reads or writes; `None` if it does not know, then the engine runs it on its own.
    ///
    /// A missing place never harms a guarded member, but the transform may then not see a change that an earlier one made there.
    fn footprint(&self) -> Option<Vec<Pointer>> {
        None
    }

    /// Returns true if the values that it sets are not authoritative; the history then lists their places.
    fn backfill(&self) -> bool {
        false
    }

    /// The transform that undoes it, for a downgrade. It restores the document as it was before; it returns a [`StepError`] for a value that this transform cannot have left.
    ///
    /// # Errors
    /// The transform cannot be undone.
    fn inverse(&self) -> Result<Box<dyn Transform>, NoInverse> {
        Err(NoInverse {
            reason: "it does not say how it is undone",
        })
    }

    /// The places where tests of migrations try it: all places that it names, where `*` stands for one level of an array or object.
    fn places(&self) -> Vec<Pointer> {
        self.footprint().unwrap_or_default()
    }

    /// The values that it may destroy, in words; `None` if it destroys nothing, or does not know.
    fn destroys(&self) -> Option<&'static str> {
        None
    }
}

/// A transform has no inverse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct NoInverse {
    /// The reason.
    pub reason: &'static str,
}

/// A migration cannot be undone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no way leads down: `{transform}` of migration `{migration}` has no inverse: {reason}")]
pub struct NoWayDown {
    /// The migration, as in `1.0.0 to 1.1.0`.
    pub migration: String,
    /// The last of its transforms that has no inverse.
    pub transform: String,
    /// The reason why it has none.
    pub reason: &'static str,
}

/// A change at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// An edit, described by its own words.
    Edit(Edit),
    /// An edit, described by a verb that says more.
    EditAs(Verb, Edit),
    /// The place keeps its value, because the transform prefers it.
    Kept(Pointer),
}

/// The meaning of an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verb {
    /// The value is that of another member.
    Copied {
        /// The other member.
        from: Pointer,
    },
    /// The value has another type.
    Converted,
    /// The value was looked up in a table.
    Mapped,
    /// The value follows from other members.
    Derived,
}

impl Change {
    /// The edit, if it changes the document.
    pub fn edit(&self) -> Option<&Edit> {
        match self {
            Self::Edit(edit) | Self::EditAs(_, edit) => Some(edit),
            Self::Kept(_) => None,
        }
    }

    /// Takes the effort for this change of a document: one change, and the bytes of its value.
    pub(crate) fn take(&self, document: Value<'_>, effort: &Effort<'_>) -> Result<(), TooCostly> {
        effort.take(Work::Changes, 1)?;
        match self.edit() {
            Some(
                Edit::Insert { value, .. }
                | Edit::Replace { value, .. }
                | Edit::Append { value, .. },
            ) => effort.take(Work::Bytes, value.as_str().len() as u64),
            Some(Edit::Copy { from, .. }) => {
                let copied = document.at(from).map_or(0, |value| value.span().len());
                effort.take(Work::Bytes, copied as u64)
            }
            _ => Ok(()),
        }
    }

    /// The words for it in the history, as in `renamed /a to /b`.
    pub fn in_words(&self) -> String {
        match self {
            Self::Kept(at) => format!("kept {at}"),
            Self::Edit(edit) => in_words(edit),
            Self::EditAs(verb, edit) => {
                let at = edit.places().last().unwrap_or_default();
                match verb {
                    Verb::Copied { from } => format!("copied {from} to {at}"),
                    Verb::Converted => format!("converted {at}"),
                    Verb::Mapped => format!("mapped {at}"),
                    Verb::Derived => format!("derived {at}"),
                }
            }
        }
    }
}

fn in_words(edit: &Edit) -> String {
    match edit {
        Edit::Insert { at, .. } | Edit::Replace { at, .. } | Edit::Append { at, .. } => {
            format!("set {at}")
        }
        Edit::Remove { at } => format!("removed {at}"),
        Edit::Rename { at, to } => format!("renamed {at} to {}", at.sibling(to)),
        Edit::Move { from, to } => format!("moved {from} to {to}"),
        Edit::Copy { from, to } => format!("copied {from} to {to}"),
        Edit::Wrap { at, .. } => format!("wrapped {at}"),
        Edit::Unwrap { at } => format!("unwrapped {at}"),
    }
}

/// The reason why a transform makes no changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoChanges {
    /// It cannot be applied to the document.
    Refused(StepError),
    /// It would take more effort than is left for the document.
    TooCostly,
}

impl From<StepError> for NoChanges {
    fn from(error: StepError) -> Self {
        Self::Refused(error)
    }
}

impl From<TooCostly> for NoChanges {
    fn from(_: TooCostly) -> Self {
        Self::TooCostly
    }
}

/// A transform cannot be applied to a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{at}` {reason}")]
pub struct StepError {
    /// The place that prevents it.
    pub at: Pointer,
    /// The reason, in words that follow the pointer, as in `is not an object`.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Fragment;

    fn at() -> Pointer {
        "/a/b".parse().unwrap()
    }

    fn to() -> Pointer {
        "/c".parse().unwrap()
    }

    fn value() -> Fragment {
        Fragment::string("v")
    }

    fn set() -> Edit {
        Edit::Replace {
            at: at(),
            value: value(),
        }
    }

    #[test]
    fn changes_are_put_in_words() {
        for (change, words) in [
            (Change::Kept(at()), "kept /a/b"),
            (
                Change::Edit(Edit::Insert {
                    at: at(),
                    value: value(),
                }),
                "set /a/b",
            ),
            (Change::Edit(set()), "set /a/b"),
            (
                Change::Edit(Edit::Append {
                    at: at(),
                    value: value(),
                }),
                "set /a/b",
            ),
            (Change::Edit(Edit::Remove { at: at() }), "removed /a/b"),
            (
                Change::Edit(Edit::Rename {
                    at: at(),
                    to: "x/y".into(),
                }),
                "renamed /a/b to /a/x~1y",
            ),
            (
                Change::Edit(Edit::Move {
                    from: at(),
                    to: to(),
                }),
                "moved /a/b to /c",
            ),
            (
                Change::Edit(Edit::Copy {
                    from: at(),
                    to: to(),
                }),
                "copied /a/b to /c",
            ),
            (
                Change::Edit(Edit::Wrap {
                    at: at(),
                    name: "n".into(),
                }),
                "wrapped /a/b",
            ),
            (Change::Edit(Edit::Unwrap { at: at() }), "unwrapped /a/b"),
        ] {
            assert_eq!(change.in_words(), words);
        }
    }

    /// Says nothing of a way back.
    #[derive(Debug)]
    struct Silent;

    impl Transform for Silent {
        fn name(&self) -> String {
            "silent".to_owned()
        }
        fn changes(&self, _: Value<'_>) -> Result<Vec<Change>, StepError> {
            Ok(Vec::new())
        }
    }

    #[test]
    fn a_transform_has_no_inverse_unless_it_says_so() {
        let none = Silent.inverse().map(drop).unwrap_err();
        assert_eq!(none.to_string(), "it does not say how it is undone");
    }

    #[test]
    fn an_edit_can_have_a_verb_that_says_what_it_means() {
        for (change, words) in [
            (
                Change::EditAs(Verb::Copied { from: to() }, set()),
                "copied /c to /a/b",
            ),
            (Change::EditAs(Verb::Converted, set()), "converted /a/b"),
            (Change::EditAs(Verb::Mapped, set()), "mapped /a/b"),
            (Change::EditAs(Verb::Derived, set()), "derived /a/b"),
        ] {
            assert_eq!(change.in_words(), words);
        }
    }
}
