//! `rename`: renames a member within its object.
//! Invariant: the value keeps its bytes, and nothing is overwritten.

use serde::Deserialize;

use super::contract::{Step, StepPlace};
use super::fill::unexpected;
use super::parsed::Definition;
use super::view::View;
use crate::json::{Edit, Fragment, Pointer, canonical};
use crate::transform::{Change, StepError};

pub(super) const DEFINITION: Definition = Definition::of::<Rename>(
    "rename",
    "\
Gives the member `at` the name `to` (a name, not a pointer) in the same object. It keeps its place, unless the names of the object stand in order.

Does nothing where `at` is missing. Where there is a member `to` already, the manifest is refused if the two differ; if they say the same, `at` is taken away.

Inverse: gives the member its old name; refused where there is a member of that name with another value.",
);

/// Gives a member another name in the same object.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Rename {
    /// The member.
    pub at: Pointer,
    /// Its new name, unescaped.
    pub to: String,
}

impl Rename {
    fn target(&self) -> Pointer {
        self.at.sibling(&self.to)
    }
}

fn rename(view: &View<'_>, from: &Pointer, to: &Pointer) -> Result<Vec<Change>, StepError> {
    let name = to.tokens().last().cloned().unwrap_or_default();
    relocate(view, from, to, |at, _| Ok(Edit::Rename { at, to: name }))
}

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
                return Err(unexpected(target, two, &Fragment::from(one)));
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

    fn places(&self) -> Vec<StepPlace> {
        vec![StepPlace::write(&self.at), StepPlace::write(&self.target())]
    }

    fn changes(&self, view: &View<'_>) -> Result<Vec<Change>, StepError> {
        rename(view, &self.at, &self.target())
    }

    fn undo(&self, view: &View<'_>) -> Result<Vec<Change>, StepError> {
        rename(view, &self.target(), &self.at)
    }
}

#[cfg(test)]
mod tests {
    use crate::step::trial::{assert_down, assert_up};

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
