//! `count_equals`: so many things, as another member says.
//!
//! Invariant: an element counts whatever it holds.

use super::read::{Form, Members, ReadError};
use super::totals::{self, Total};
use super::{Body, Definition};

/// How the rule is listed.
pub(super) const DEFINITION: Definition = Definition::of::<Count>(
    "count_equals",
    "\
As `sum_equals`, but what is compared is the number of elements of `items`, or of documents in the group; there is no `value`.",
);

/// The form of a total that is a count, and has no value.
struct Count(totals::Form);

impl Members for Count {
    fn parse(text: &str) -> serde_json::Result<Self> {
        totals::Form::parse(text).map(Self)
    }

    #[cfg(test)]
    fn schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let mut schema = totals::Form::schema(generator);
        if let Some(members) = schema
            .get_mut("properties")
            .and_then(|members| members.as_object_mut())
        {
            members.remove("value");
        }
        schema
    }
}

impl Form for Count {
    fn body(self) -> Result<Body, ReadError> {
        totals::read(self.0, Total::Count)
    }
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
