//! Filling: the part that all steps share which give a member a value, and the way back from them.
//! Knows no step. A step states the place, the gaps, the value and the fate of other values; this file computes the changes from that.
//! Invariant: undoing a step removes only the value that the step would set.

use std::fmt::Debug;

use serde::Deserialize;

use super::contract::{Access, Step, StepPlace};
use super::view::View;
use crate::form::ObjectProblem;
use crate::json::{Edit, Fragment, Pointer, Value, ValueKind};
use crate::transform::{Change, StepError, Verb};

/// Where a member is filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "snake_case")]
pub(crate) enum Gap {
    /// Where it is missing.
    #[default]
    Missing,
    /// Where it is null.
    Null,
    /// Where it is missing or null.
    MissingOrNull,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OtherValue {
    Keep,
    /// The document is refused, unless it is the value that would be set.
    Refuse,
    Overwrite,
}

pub(super) struct Filling {
    pub(super) value: Fragment,
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

pub(super) struct FillOptions<'s> {
    pub(super) name: &'static str,
    pub(super) at: &'s Pointer,
    pub(super) access: Access,
    pub(super) gap: Gap,
    pub(super) other: OtherValue,
    /// The words for a value that is no copy; `None` for the words of the edit.
    pub(super) verb: Option<Verb>,
    pub(super) backfill: bool,
}

impl<'s> FillOptions<'s> {
    pub(super) fn new(name: &'static str, at: &'s Pointer, other: OtherValue) -> Self {
        Self {
            name,
            at,
            access: Access::Write,
            gap: Gap::Missing,
            other,
            verb: None,
            backfill: false,
        }
    }
}

pub(super) trait Fill: Debug + Send + Sync {
    fn options(&self) -> FillOptions<'_>;

    fn reads(&self) -> Vec<&Pointer> {
        vec![]
    }

    fn filling(&self, view: &View<'_>) -> Result<Option<Filling>, StepError>;

    fn check(&self) -> Result<(), ObjectProblem> {
        Ok(())
    }
}

impl<F: Fill> Step for F {
    fn name(&self) -> &'static str {
        self.options().name
    }

    fn places(&self) -> Vec<StepPlace> {
        let FillOptions { at, access, .. } = self.options();
        let at = at.clone();
        let reads = self.reads().into_iter().map(StepPlace::read);
        std::iter::once(StepPlace { at, access })
            .chain(reads)
            .collect()
    }

    fn changes(&self, view: &View<'_>) -> Result<Vec<Change>, StepError> {
        fill(self, view)
    }

    fn irreversible(&self) -> Option<&'static str> {
        let FillOptions { other, gap, .. } = self.options();
        match (other, gap) {
            (OtherValue::Overwrite, _) => Some("what it overwrote is gone"),
            (_, Gap::MissingOrNull) => {
                Some("whether the member was missing or null cannot be told afterwards")
            }
            (_, Gap::Missing | Gap::Null) => None,
        }
    }

    fn undo(&self, view: &View<'_>) -> Result<Vec<Change>, StepError> {
        clear(self, view)
    }

    fn check(&self) -> Result<(), ObjectProblem> {
        Fill::check(self)
    }

    fn destroys(&self) -> Option<&'static str> {
        (self.options().other == OtherValue::Overwrite).then_some("the value that was there")
    }

    fn backfill(&self) -> bool {
        self.options().backfill
    }
}

/// Reads an optional value, for which null is a value, too.
pub(super) fn some_value<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Fragment>, D::Error> {
    Fragment::deserialize(deserializer).map(Some)
}

fn fill(step: &impl Fill, view: &View<'_>) -> Result<Vec<Change>, StepError> {
    let options = step.options();
    let at = view.place(options.at);
    let kept = || Ok(vec![Change::Kept(at.clone())]);
    let Some(found) = view.get(options.at) else {
        if options.gap == Gap::Null {
            view.check_parent(options.at)?;
            return kept();
        }
        return match step.filling(view)? {
            Some(filling) => {
                view.check_parent(options.at)?;
                Ok(vec![insertion(options.verb, at, filling)])
            }
            None => Ok(vec![]),
        };
    };
    let is_gap = found.kind() == ValueKind::Null && options.gap != Gap::Missing;
    if options.other == OtherValue::Keep && !is_gap {
        return kept();
    }
    match step.filling(view)? {
        Some(filling) if !filling.value.equals(found) => {
            if options.other == OtherValue::Refuse && !is_gap {
                return Err(unexpected(at, found, &filling.value));
            }
            Ok(vec![replacement(options.verb, at, filling)])
        }
        _ => kept(),
    }
}

fn insertion(verb: Option<Verb>, at: Pointer, filling: Filling) -> Change {
    let value = filling.value;
    match (filling.copy_of, verb) {
        (Some(from), _) => Change::Edit(Edit::Copy { from, to: at }),
        (None, Some(verb)) => Change::EditAs(verb, Edit::Insert { at, value }),
        (None, None) => Change::Edit(Edit::Insert { at, value }),
    }
}

fn replacement(verb: Option<Verb>, at: Pointer, filling: Filling) -> Change {
    let value = filling.value;
    let edit = Edit::Replace { at, value };
    let copied = filling.copy_of.map(|from| Verb::Copied { from });
    match copied.or(verb) {
        Some(verb) => Change::EditAs(verb, edit),
        None => Change::Edit(edit),
    }
}

/// Removes the value that the step would set, or sets it to null again.
fn clear(step: &impl Fill, view: &View<'_>) -> Result<Vec<Change>, StepError> {
    let FillOptions {
        at: pointer, gap, ..
    } = step.options();
    let at = view.place(pointer);
    let to_null = gap == Gap::Null;
    let is_cleared = |found: &Value<'_>| to_null && found.kind() == ValueKind::Null;
    let Some(found) = view.get(pointer).filter(|found| !is_cleared(found)) else {
        return Ok(vec![]);
    };
    match step.filling(view)? {
        Some(filling) if filling.value.equals(found) && to_null => {
            let value = Fragment::null();
            Ok(vec![Change::Edit(Edit::Replace { at, value })])
        }
        Some(filling) if filling.value.equals(found) => {
            view.check_parent(pointer)?;
            Ok(vec![Change::Edit(Edit::Remove { at })])
        }
        Some(filling) => Err(unexpected(at, found, &filling.value)),
        None => Err(StepError {
            at,
            reason: format!("is {}, expected nothing to be there", value_in_words(found)),
        }),
    }
}

pub(super) fn unexpected(at: Pointer, found: Value<'_>, expected: &Fragment) -> StepError {
    let (found, expected) = (value_in_words(found), in_short(expected.as_str()));
    let expected = expected.unwrap_or_else(|| "another value".to_owned());
    let reason = format!("is {found}, expected {expected}");
    StepError { at, reason }
}

pub(super) fn value_in_words(value: Value<'_>) -> String {
    in_short(value.raw()).unwrap_or_else(|| value.kind().to_string())
}

fn in_short(raw: &str) -> Option<String> {
    let is_short = raw.chars().count() <= 60 && !raw.contains(['\n', '\r', '\t', '`']);
    is_short.then(|| format!("`{raw}`"))
}
