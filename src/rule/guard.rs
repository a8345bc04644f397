//! `when`: which documents a rule is about.
//!
//! Invariant: it asks one thing of one member of the document, whatever stands around.

use serde::Deserialize;

use super::read::{ReadError, wrong, wrong_in};
use crate::catalog::check_plain;
use crate::catalog::condition::{Condition, Test};
use crate::catalog::keyed::Keyed;
use crate::json::{Fragment, Pointer, Value};

/// What must hold of a member for a rule to be about its document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guard(Condition);

/// Which documents a rule is about: those of which this holds.
#[derive(Deserialize)]
#[cfg_attr(
    test,
    derive(schemars::JsonSchema),
    schemars(inline, extend("oneOf" = Test::schemas()))
)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct Form {
    /// The member.
    at: Pointer,
    /// It is there and has one of these values.
    #[serde(default)]
    is: Option<Vec<Fragment>>,
    /// It is there and has none of these values.
    #[serde(default)]
    not: Option<Vec<Fragment>>,
    /// It is there, or is not.
    #[serde(default)]
    exists: Option<bool>,
    /// It is there and not null, or is missing or null.
    #[serde(default)]
    has_value: Option<bool>,
}

impl Guard {
    pub(super) fn read(text: &str) -> Result<Self, ReadError> {
        // Without a place of its own: it is told at the rule.
        let Keyed(form): Keyed<Form> =
            serde_json::from_str(text).map_err(|error| wrong_in("when", &error))?;
        let at = form.at;
        check_plain(&at)?;
        match Test::one_of(form.is, form.not, form.exists, form.has_value) {
            Some(asked) => Ok(Self(Condition { at, test: asked })),
            None => Err(wrong(
                "`when` has `at` and exactly one of `is`, `not`, `exists` and `has_value`",
            )),
        }
    }

    /// The member that it looks at.
    pub(super) fn at(&self) -> &Pointer {
        &self.0.at
    }

    /// Whether the rule is about this document.
    pub(super) fn holds(&self, document: Value<'_>) -> bool {
        self.0.test.holds(document.at(&self.0.at))
    }
}
