//! Filling: what the steps share that give a member a value which follows from the step and the rest of the document, and the way back from all of them.
//!
//! Knows no step; a step says where, when and what, and all else that a step must say follows from that.
//!
//! Invariant: the way back takes nothing away but the very value that the step would set.

use std::fmt::Debug;

use serde::Deserialize;

use super::contract::{Access, Step, StepPlace};
use super::view::View;
use crate::form::ObjectProblem;
use crate::json::{Edit, Fragment, Kind, Pointer, Value};
use crate::transform::{Change, StepError, Verb};

/// Where a member is filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Where it is missing.
    #[default]
    Missing,
    /// Where it is null.
    Null,
    /// Where it is missing or null.
    MissingOrNull,
}

/// The fate of a value that is there and is no gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Other {
    /// It stays.
    Keep,
    /// It refuses the document, unless it is the value that would be set.
    Refuse,
    /// It is overwritten.
    Overwrite,
}

/// The value that a step sets.
pub(super) struct Filling {
    pub(super) value: Fragment,
    /// The member that it is a copy of.
    pub(super) copy_of: Option<Pointer>,
}

impl Filling {
    pub(super) fn copy(from: Pointer, value: Value<'_>) -> Self {
        let copy_of = Some(from);
        let value = value.into();
        Self { value, copy_of }
    }
}

impl From<Fragment> for Filling {
    fn from(value: Fragment) -> Self {
        let copy_of = None;
        Self { value, copy_of }
    }
}

/// A step that fills a member.
pub(super) trait Fill: Debug + Send + Sync {
    /// The value of `"step"` in migration files.
    fn name(&self) -> &'static str;

    /// The member.
    fn at(&self) -> &Pointer;

    /// What is done there.
    fn access(&self) -> Access {
        Access::Write
    }

    /// The members that the value is made of.
    fn reads(&self) -> Vec<&Pointer> {
        vec![]
    }

    /// Where it is filled.
    fn when(&self) -> When {
        When::Missing
    }

    /// What is done about another value.
    fn other(&self) -> Other;

    /// The value; `None` where there is nothing to fill the member with.
    fn filling(&self, view: &View<'_>) -> Result<Option<Filling>, StepError>;

    /// What to say of a value that was set and is no copy, if not that it was set.
    fn verb(&self) -> Option<Verb> {
        None
    }

    /// Whether the value is not authoritative.
    fn backfill(&self) -> bool {
        false
    }

    /// As [`Step::check`].
    fn check(&self) -> Result<(), ObjectProblem> {
        Ok(())
    }
}

impl<F: Fill> Step for F {
    fn name(&self) -> &'static str {
        Fill::name(self)
    }

    fn places(&self) -> Vec<StepPlace> {
        let (at, access) = (self.at().clone(), self.access());
        let reads = self.reads().into_iter().map(StepPlace::read);
        std::iter::once(StepPlace { at, access })
            .chain(reads)
            .collect()
    }

    fn changes(&self, view: &View<'_>) -> Result<Vec<Change>, StepError> {
        fill(self, view)
    }

    fn irreversible(&self) -> Option<&'static str> {
        match (self.other(), self.when()) {
            (Other::Overwrite, _) => Some("what it overwrote is gone"),
            (_, When::MissingOrNull) => {
                Some("whether the member was missing or null cannot be told afterwards")
            }
            (_, When::Missing | When::Null) => None,
        }
    }

    fn undo(&self, view: &View<'_>) -> Result<Vec<Change>, StepError> {
        clear(self, view)
    }

    fn check(&self) -> Result<(), ObjectProblem> {
        Fill::check(self)
    }

    fn destroys(&self) -> Option<&'static str> {
        (self.other() == Other::Overwrite).then_some("the value that was there")
    }

    fn backfill(&self) -> bool {
        Fill::backfill(self)
    }
}

/// A value that a file says, where null is a value, too.
pub(super) fn said_value<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Fragment>, D::Error> {
    Fragment::deserialize(deserializer).map(Some)
}

/// Fills the member of a step.
fn fill(step: &impl Fill, view: &View<'_>) -> Result<Vec<Change>, StepError> {
    let at = view.place(step.at());
    let kept = || Ok(vec![Change::Kept(at.clone())]);
    let Some(found) = view.get(step.at()) else {
        if step.when() == When::Null {
            view.check_parent(step.at())?;
            return kept();
        }
        return match step.filling(view)? {
            Some(filling) => {
                view.check_parent(step.at())?;
                Ok(vec![insertion(step, at, filling)])
            }
            None => Ok(vec![]),
        };
    };
    let is_gap = found.kind() == Kind::Null && step.when() != When::Missing;
    if step.other() == Other::Keep && !is_gap {
        return kept();
    }
    match step.filling(view)? {
        Some(filling) if !filling.value.says(found) => {
            if step.other() == Other::Refuse && !is_gap {
                return Err(differs(at, found, &filling.value));
            }
            Ok(vec![replacement(step, at, filling)])
        }
        _ => kept(),
    }
}

fn insertion(step: &impl Fill, at: Pointer, filling: Filling) -> Change {
    let value = filling.value;
    match (filling.copy_of, step.verb()) {
        (Some(from), _) => Change::Edit(Edit::Copy { from, to: at }),
        (None, Some(verb)) => Change::EditAs(verb, Edit::Insert { at, value }),
        (None, None) => Change::Edit(Edit::Insert { at, value }),
    }
}

fn replacement(step: &impl Fill, at: Pointer, filling: Filling) -> Change {
    let value = filling.value;
    let edit = Edit::Replace { at, value };
    let copied = filling.copy_of.map(|from| Verb::Copied { from });
    match copied.or(step.verb()) {
        Some(verb) => Change::EditAs(verb, edit),
        None => Change::Edit(edit),
    }
}

/// Takes away the value that a step would set.
fn clear(step: &impl Fill, view: &View<'_>) -> Result<Vec<Change>, StepError> {
    let at = view.place(step.at());
    let null = Fragment::null();
    let to_null = step.when() == When::Null;
    let found = view.get(step.at());
    let Some(found) = found.filter(|found| !(to_null && null.says(*found))) else {
        return Ok(vec![]);
    };
    match step.filling(view)? {
        Some(filling) if filling.value.says(found) && to_null => {
            Ok(vec![Change::Edit(Edit::Replace { at, value: null })])
        }
        Some(filling) if filling.value.says(found) => {
            view.check_parent(step.at())?;
            Ok(vec![Change::Edit(Edit::Remove { at })])
        }
        Some(filling) => Err(differs(at, found, &filling.value)),
        None => Err(StepError {
            at,
            reason: format!("is {}, expected nothing to be there", value_in_words(found)),
        }),
    }
}

/// Another value is there than was expected.
pub(super) fn differs(at: Pointer, found: Value<'_>, expected: &Fragment) -> StepError {
    let (found, expected) = (value_in_words(found), in_short(expected.as_str()));
    let expected = expected.unwrap_or_else(|| "another value".to_owned());
    let reason = format!("is {found}, expected {expected}");
    StepError { at, reason }
}

/// A value for a message: as it is spelled where it is short, else what kind of value it is.
pub(super) fn value_in_words(value: Value<'_>) -> String {
    in_short(value.raw()).unwrap_or_else(|| value.kind().to_string())
}

fn in_short(raw: &str) -> Option<String> {
    let is_short = raw.chars().count() <= 60 && !raw.contains(['\n', '\r', '\t', '`']);
    is_short.then(|| format!("`{raw}`"))
}
