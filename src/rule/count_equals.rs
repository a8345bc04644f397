//! `count_equals`: so many things, as another member says.
//!
//! Invariant: an element counts whatever it holds.

use serde_json::value::RawValue;

use super::read::{ReadError, form};
use super::totals::{self, MatchForm, Written};
use super::{Body, Definition};
use crate::json::Pointer;

/// How the rule is listed.
pub(super) const DEFINITION: Definition = Definition {
    name: "count_equals",
    documentation: "\
As `sum_equals`, but what is compared is the number of elements of `items`, or of documents in the group; there is no `value`.",
    read,
};

form!(Form {
    #[serde(default)]
    items: Option<Pointer>,
    #[serde(default)]
    expected: Option<Box<RawValue>>,
    #[serde(default)]
    group_by: Option<Vec<Pointer>>,
    #[serde(rename = "match", default)]
    matched: Option<MatchForm>,
    #[serde(default)]
    tolerance: Option<Box<RawValue>>,
});

fn read(text: &str) -> Result<Body, ReadError> {
    let form: Form = serde_json::from_str(text)?;
    totals::read(Written {
        items: form.items,
        value: None,
        expected: form.expected,
        group_by: form.group_by,
        matched: form.matched,
        tolerance: form.tolerance,
    })
}

#[cfg(test)]
mod tests {
    use crate::rule::samples::{broken, holds};

    #[test]
    fn an_array_has_as_many_elements_as_another_member_says() {
        let rule = r#"{"rule":"count_equals","items":"/lines","expected":"/count"}"#;
        assert!(holds(rule, None, r#"{"lines":[null,1],"count":2.0}"#));
        assert_eq!(
            broken(rule, None, r#"{"lines":[],"count":2}"#),
            "`/lines` has so many elements: 0, expected 2 as `/count` says"
        );
        let number = r#"{"rule":"count_equals","items":"/lines","expected":3,"tolerance":1}"#;
        assert!(holds(number, None, r#"{"lines":[1,2]}"#));
    }
}
