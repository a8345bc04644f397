//! `rename`: renames a member within its object.
//! Invariant: the value keeps its bytes, and nothing is overwritten.

use serde::Deserialize;

use super::contract::{Direction, Step, StepPlace};
use super::fill::unexpected;
use super::parsed::{Parsed, StepDefinition};
use super::view::View;
use crate::json::{Edit, Fragment, Pointer, canonical};
use crate::transform::{Change, StepError};

pub(super) const DEFINITION: StepDefinition = StepDefinition::of::<Rename>(
    "rename",
    "\
Gives the member `at` the name `to` (a name, not a pointer) in the same object. It keeps its place, unless the names of the object stand in order.

Does nothing where `at` is missing. Where there is a member `to` already, the manifest is refused if the two differ; if they say the same, `at` is taken away.

Inverse: gives the member its old name; refused where there is a member of that name with another value.",
);

/// Gives a member another name in the same object.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Rename {
    /// The member.
    at: Pointer,
    /// Its new name, unescaped.
    to: String,
}

impl From<Rename> for Parsed {
    fn from(Rename { at, to }: Rename) -> Self {
        let to = at.sibling(&to);
        relocation(at, to, |view, from, to| {
            let to = to.tokens().last().cloned().unwrap_or_default();
            let at = view.place(from);
            Ok(Edit::Rename { at, to })
        })
    }
}

/// Makes the edit that takes the value at one pointer to the other.
type Relocate = fn(&View<'_>, &Pointer, &Pointer) -> Result<Edit, StepError>;

/// The step that takes a value from one place to another, and back.
pub(super) fn relocation(one: Pointer, two: Pointer, edit: Relocate) -> Parsed {
    let places = [&one, &two].map(|at| StepPlace::write(at.clone()));
    Parsed::Step(Step::new(
        places.into(),
        move |view, direction| match direction {
            Direction::Up => relocate(view, &one, &two, edit),
            Direction::Down => relocate(view, &two, &one, edit),
        },
    ))
}

fn relocate(
    view: &View<'_>,
    from: &Pointer,
    to: &Pointer,
    edit: Relocate,
) -> Result<Vec<Change>, StepError> {
    Ok(match (view.get(from), view.get(to)) {
        (None, None) => vec![],
        (None, Some(_)) => vec![Change::Kept(view.place(to))],
        (Some(_), None) => {
            view.check_parent(from)?;
            vec![Change::Edit(edit(view, from, to)?)]
        }
        (Some(one), Some(two)) => {
            if !canonical::same(one, two) {
                return Err(unexpected(view.place(to), two, &Fragment::from(one)));
            }
            view.check_parent(from)?;
            let at = view.place(from);
            vec![Change::Edit(Edit::Remove { at })]
        }
    })
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
