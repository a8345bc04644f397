//! `rename`: gives a member another name in the same object.
//!
//! Reads its own object of a migration file and knows no other step.
//!
//! Invariant: the value keeps its bytes, and nothing is overwritten.

use super::form::form;
use super::{Apply, Definition, Inverse, Place, Step, View, fill};
use crate::json::{Edit, Fragment, Pointer, canonical};
use crate::transform::{Change, StepError};

/// How the step is listed.
pub const DEFINITION: Definition = Definition::of::<Rename>(
    "rename",
    "\
Gives the member `at` the name `to` (a name, not a pointer) in the same object. It keeps its place, unless the names of the object stand in order.

Does nothing where `at` is missing. Where there is a member `to` already, the manifest is refused if the two differ; if they say the same, `at` is taken away.

Inverse: gives the member its old name; refused where there is a member of that name with another value.",
);

form! {
    /// Gives a member another name in the same object.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Rename {
        /// The member.
        pub at: Pointer,
        /// Its new name, unescaped.
        pub to: String,
    }
}

impl Rename {
    /// The member under its new name.
    fn target(&self) -> Pointer {
        self.at.sibling(&self.to)
    }
}

impl Apply for Rename {
    fn changes(&self, view: &View<'_>) -> Result<Vec<Change>, StepError> {
        let to = self.to.clone();
        relocate(view, &self.at, &self.target(), |at, _| {
            Ok(Edit::Rename { at, to })
        })
    }
}

/// What becomes of a value that is to leave one place for another, whichever of the two is taken.
pub(super) fn relocate(
    view: &View<'_>,
    from: &Pointer,
    to: &Pointer,
    edit: impl FnOnce(Pointer, Pointer) -> Result<Edit, StepError>,
) -> Result<Vec<Change>, StepError> {
    let (at, target) = (view.place(from), view.place(to));
    Ok(match (view.get(from), view.get(to)) {
        (None, None) => vec![],
        (None, Some(_)) => vec![Change::Kept(target)],
        (Some(_), None) => {
            view.check_parent(from)?;
            vec![Change::Edit(edit(at, target)?)]
        }
        (Some(one), Some(two)) => {
            if !canonical::same(one, two) {
                return Err(fill::differs(target, two, &Fragment::from(one)));
            }
            view.check_parent(from)?;
            vec![Change::Edit(Edit::Remove { at })]
        }
    })
}

impl Step for Rename {
    fn name(&self) -> &'static str {
        DEFINITION.name
    }

    fn places(&self) -> Vec<Place> {
        vec![Place::write(&self.at), Place::write(&self.target())]
    }

    fn inverse(&self) -> Inverse {
        let name = self.at.split_last().map(|(_, name)| name.to_owned());
        Inverse::Step(Box::new(Self {
            at: self.target(),
            to: name.unwrap_or_default(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::trial::{assert_down, assert_up};

    #[test]
    fn a_member_gets_another_name_and_nothing_is_overwritten() {
        let step = r#"{"step": "rename", "at": "/o/b", "to": "a/b"}"#;
        assert_up(
            step,
            &[
                (
                    r#"{"o":{"x":1,"b":1E2,"c":2}}"#,
                    r#"{"o":{"x":1,"a/b":1E2,"c":2}}"#,
                    &["renamed /o/b to /o/a~1b"],
                ),
                (
                    r#"{"o":{"b":1,"c":2}}"#,
                    r#"{"o":{"a/b":1,"c":2}}"#,
                    &["renamed /o/b to /o/a~1b"],
                ),
                ("{}", "{}", &[]),
                (
                    r#"{"o":{"a/b":1}}"#,
                    r#"{"o":{"a/b":1}}"#,
                    &["kept /o/a~1b"],
                ),
                (
                    r#"{"o":{"a/b":1.0,"b":1.00}}"#,
                    r#"{"o":{"a/b":1.0}}"#,
                    &["removed /o/b"],
                ),
                (
                    r#"{"o":{"a/b":1,"b":2}}"#,
                    "!`/o/a~1b` is `1`, expected `2`",
                    &[],
                ),
            ],
        );
        assert_down(
            step,
            &[
                (
                    r#"{"o":{"a/b":1}}"#,
                    r#"{"o":{"b":1}}"#,
                    &["renamed /o/a~1b to /o/b"],
                ),
                ("{}", "{}", &[]),
                (
                    r#"{"o":{"a/b":1,"b":2}}"#,
                    "!`/o/b` is `2`, expected `1`",
                    &[],
                ),
            ],
        );
    }
}
