//! `sum_equals` and `count_equals`: a sum of numbers, or a number of elements or documents, compared with a stated number.
//! Invariant: sums are exact, and every element counts, whatever its value is.

use super::model::RuleDefinition;
use super::totals::{self, Total};
use crate::form::read_members;

pub(super) const SUM_EQUALS: RuleDefinition = RuleDefinition {
    name: "sum_equals",
    documentation: "\
In one document: the numbers `value` (a pointer that is seen from each element; `\"\"` is the element itself) of the array `items` add up to `expected` (a pointer or a number), give or take `tolerance`.

Over the tree: of the documents of this kind that say the same at each of `group_by`, the numbers `value` add up to what another kind says: `match` names that `kind`, with `on` (pointer here, which is one of `group_by`, to pointer there) which of its documents, and with `expected` where the number stands.

A number may be spelled in a string. Sums are exact decimals. What is missing or null adds nothing; without `items` or `expected`, without a value at `group_by`, and for groups without a match nothing is asked.",
    read: |text, common| Ok(totals::read(read_members(text, common)?, Total::Values)?),
    #[cfg(test)]
    schema: schema_of_sum,
};

pub(super) const COUNT_EQUALS: RuleDefinition = RuleDefinition {
    name: "count_equals",
    documentation: "\
As `sum_equals`, but what is compared is the number of elements of `items`, or of documents in the group; there is no `value`.",
    read: |text, common| Ok(totals::read(read_members(text, common)?, Total::Count)?),
    #[cfg(test)]
    schema: schema_of_count,
};

#[cfg(test)]
fn schema_of_sum(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
    let mut schema = schema_of_total(generator);
    let said = serde_json::json!({"required": ["value"], "properties": {"value": {"not": {"type": "null"}}}});
    schema.insert("allOf".to_owned(), [said].as_slice().into());
    schema
}

#[cfg(test)]
fn schema_of_count(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
    let mut schema = schema_of_total(generator);
    let members = schema.pointer_mut("/properties").unwrap();
    members.as_object_mut().unwrap().remove("value");
    schema
}

#[cfg(test)]
fn schema_of_total(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
    use schemars::JsonSchema as _;
    totals::TotalForm::json_schema(generator)
}

#[cfg(test)]
mod tests {
    use crate::rule::samples::{broken, holds, wrong};

    const RULE: &str = r#"{"rule":"sum_equals","items":"/lines","value":"/amount","expected":"/total","tolerance":0.01}"#;

    #[test]
    fn the_lines_add_up_to_the_total() {
        for document in [
            "{}",
            r#"{"lines":null,"total":1}"#,
            r#"{"lines":[{"amount":0.1},{"amount":"0.2"},{},{"amount":null}],"total":0.3}"#,
            r#"{"lines":[],"total":0.01}"#,
        ] {
            assert!(holds(RULE, None, document), "{document}");
        }
        for (document, reason) in [
            (
                r#"{"lines":[{"amount":33.33},{"amount":33.33}],"total":66.671}"#,
                "`/lines` adds up to 66.66, expected 66.671 as `/total` says",
            ),
            (
                r#"{"lines":[{"amount":true}],"total":1}"#,
                "`/lines/0/amount` is a boolean, expected a number of at most 38 digits before the point and 36 after it",
            ),
            (
                r#"{"lines":7,"total":1}"#,
                "`/lines` is a number, expected an array",
            ),
        ] {
            assert_eq!(broken(RULE, None, document), reason);
        }
    }

    #[test]
    fn a_rule_that_says_both_or_neither_is_refused() {
        let either = "expected either `items` and `expected`, for an array in the document, or `group_by` and `match`, for documents of the tree";
        for (rule, message) in [
            (r#"{"rule":"sum_equals","value":"/a"}"#, either),
            (
                r#"{"rule":"sum_equals","value":"/a","items":"/b","group_by":["/c"]}"#,
                either,
            ),
            (
                r#"{"rule":"sum_equals","value":"/a","items":"/b","expected":1,"tolerance":-1}"#,
                "`tolerance` is `-1`, expected a number from 0",
            ),
            (
                r#"{"rule":"sum_equals","value":"/a","group_by":["/b"],"match":{"kind":"k","on":{"/c":"/d"},"expected":"/e"}}"#,
                "`on` names `/c`, expected one of the members in `group_by`",
            ),
        ] {
            assert_eq!(wrong(rule), message);
        }
    }

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
