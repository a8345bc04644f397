//! Filling: the part that all steps share which give a member a value, and the way back from them.
//! Knows no step. A step says the place, the gaps, the value and the fate of other values; this file computes the changes from that.
//! Invariant: undoing a step removes only the value that the step would set.

use serde::Deserialize;

use super::contract::{Access, Direction, Step, StepPlace};
use super::parsed::Parsed;
use super::view::View;
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

/// A step that gives a member a value, without the value.
pub(super) struct Fill {
    pub(super) at: Pointer,
    pub(super) access: Access,
    pub(super) gap: Gap,
    pub(super) other: OtherValue,
    /// The words for a value that is no copy; `None` for the words of the edit.
    pub(super) verb: Option<Verb>,
    pub(super) backfill: bool,
}

/// Computes the value in a document; `None` if there is none to set.
type Fillings<'f> = &'f dyn Fn(&View<'_>) -> Result<Option<Filling>, StepError>;

impl Fill {
    pub(super) fn new(at: Pointer, other: OtherValue) -> Self {
        Self {
            at,
            access: Access::Write,
            gap: Gap::Missing,
            other,
            verb: None,
            backfill: false,
        }
    }

    /// The step with the value that `filling` computes from the members `reads`.
    pub(super) fn with(
        self,
        reads: Vec<Pointer>,
        filling: impl Fn(&View<'_>) -> Result<Option<Filling>, StepError> + Send + Sync + 'static,
    ) -> Parsed {
        let (at, access) = (self.at.clone(), self.access);
        let mut places = vec![StepPlace { at, access }];
        places.extend(reads.into_iter().map(StepPlace::read));
        let overwrites = self.other == OtherValue::Overwrite;
        Parsed::Step(Step {
            irreversible: match (self.other, self.gap) {
                (OtherValue::Overwrite, _) => Some("what it overwrote is gone"),
                (_, Gap::MissingOrNull) => {
                    Some("whether the member was missing or null cannot be told afterwards")
                }
                (_, Gap::Missing | Gap::Null) => None,
            },
            destroys: overwrites.then_some("the value that was there"),
            backfill: self.backfill,
            ..Step::new(places, move |view, direction| match direction {
                Direction::Up => self.fill(view, &filling),
                Direction::Down => self.clear(view, &filling),
            })
        })
    }

    fn fill(&self, view: &View<'_>, filling: Fillings<'_>) -> Result<Vec<Change>, StepError> {
        let at = view.place(&self.at);
        let kept = || Ok(vec![Change::Kept(at.clone())]);
        let Some(found) = view.get(&self.at) else {
            if self.gap == Gap::Null {
                view.check_parent(&self.at)?;
                return kept();
            }
            return match filling(view)? {
                Some(filling) => {
                    view.check_parent(&self.at)?;
                    Ok(vec![self.insertion(at, filling)])
                }
                None => Ok(vec![]),
            };
        };
        let is_gap = found.kind() == ValueKind::Null && self.gap != Gap::Missing;
        if self.other == OtherValue::Keep && !is_gap {
            return kept();
        }
        match filling(view)? {
            Some(filling) if !filling.value.equals(found) => {
                if self.other == OtherValue::Refuse && !is_gap {
                    return Err(unexpected(at, found, &filling.value));
                }
                Ok(vec![self.replacement(at, filling)])
            }
            _ => kept(),
        }
    }

    fn insertion(&self, at: Pointer, filling: Filling) -> Change {
        let value = filling.value;
        match filling.copy_of {
            Some(from) => Change::Edit(Edit::Copy { from, to: at }),
            None => described(self.verb.clone(), Edit::Insert { at, value }),
        }
    }

    fn replacement(&self, at: Pointer, filling: Filling) -> Change {
        let value = filling.value;
        let copied = filling.copy_of.map(|from| Verb::Copied { from });
        described(copied.or(self.verb.clone()), Edit::Replace { at, value })
    }

    /// Removes the value that the step would set, or sets it to null again.
    fn clear(&self, view: &View<'_>, filling: Fillings<'_>) -> Result<Vec<Change>, StepError> {
        let at = view.place(&self.at);
        let to_null = self.gap == Gap::Null;
        let is_cleared = |found: &Value<'_>| to_null && found.kind() == ValueKind::Null;
        let Some(found) = view.get(&self.at).filter(|found| !is_cleared(found)) else {
            return Ok(vec![]);
        };
        match filling(view)? {
            Some(filling) if filling.value.equals(found) && to_null => {
                let value = Fragment::null();
                Ok(vec![Change::Edit(Edit::Replace { at, value })])
            }
            Some(filling) if filling.value.equals(found) => {
                view.check_parent(&self.at)?;
                Ok(vec![Change::Edit(Edit::Remove { at })])
            }
            Some(filling) => Err(unexpected(at, found, &filling.value)),
            None => Err(StepError {
                at,
                reason: format!("is {}, expected nothing to be there", value_in_words(found)),
            }),
        }
    }
}

fn described(verb: Option<Verb>, edit: Edit) -> Change {
    match verb {
        Some(verb) => Change::EditAs(verb, edit),
        None => Change::Edit(edit),
    }
}

/// Reads an optional value, for which null is a value, too.
pub(super) fn some_value<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Fragment>, D::Error> {
    Fragment::deserialize(deserializer).map(Some)
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
