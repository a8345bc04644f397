//! `count_equals`: a number of elements or documents, compared with a stated number.
//!
//! Invariant: every element counts, whatever its value is.

use serde::Deserialize;

use super::model::{Body, Definition};
use super::totals::{self, Total, TotalForm};
use crate::form::{Form, ReadError};

pub(super) const DEFINITION: Definition = Definition::of::<Count>(
    "count_equals",
    "\
As `sum_equals`, but what is compared is the number of elements of `items`, or of documents in the group; there is no `value`.",
);

/// The form of a total without a value.
#[derive(Deserialize)]
#[serde(transparent)]
struct Count(TotalForm);

#[cfg(test)]
impl schemars::JsonSchema for Count {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        DEFINITION.name.into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let mut schema = TotalForm::json_schema(generator);
        if let Some(members) = schema
            .get_mut("properties")
            .and_then(|members| members.as_object_mut())
        {
            members.remove("value");
        }
        schema
    }
}

impl Form<Body> for Count {
    fn read(self) -> Result<Body, ReadError> {
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
