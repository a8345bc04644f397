//! `unique`: no two documents of a kind have the same value, or the same values.
//! Invariant: a document in which one of the members is missing or null does not violate the rule.

use std::sync::Arc;

use serde::Deserialize;

use super::contract::{Fact, TreeRule, Violation, groups, key, list, sort};
use super::model::{Body, RuleDefinition};
use crate::form::{ObjectProblem, check_members};
use crate::json::{Pointer, Value};

pub(super) const DEFINITION: RuleDefinition = RuleDefinition::of::<Unique>(
    "unique",
    "\
No two documents of this kind in the tree say the same at all of `at` (a list of pointers). One that lacks one of them, or has null there, collides with none. All that collide are named.",
);

/// No two documents of a kind say the same.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Unique {
    /// Where they do not say the same, taken together.
    #[cfg_attr(test, schemars(length(min = 1)))]
    at: Vec<Pointer>,
}

impl TryFrom<Unique> for Body {
    type Error = ObjectProblem;

    fn try_from(rule: Unique) -> Result<Self, ObjectProblem> {
        check_members("at", &rule.at)?;
        Ok(Self::Tree(Arc::new(rule)))
    }
}

impl TreeRule for Unique {
    fn own_fact(&self, document: Value<'_>) -> Result<Option<Fact>, Violation> {
        Ok(key(document, &self.at).map(Fact::from))
    }

    fn judge(
        &self,
        own: &mut [(u32, Fact)],
        _: &mut [(u32, Fact)],
        path: &dyn Fn(u32) -> String,
    ) -> Vec<(u32, String)> {
        sort(own);
        let names = list(&self.at);
        let mut broken = Vec::new();
        for group in groups(own).filter(|group| group.len() > 1) {
            for (index, (manifest, _)) in group.iter().enumerate() {
                let (other, _) = group[usize::from(index == 0)];
                let more = match group.len() - 2 {
                    0 => String::new(),
                    more => format!(" and in {more} more"),
                };
                let reason = format!("{names} is the same in `{}`{more}", path(other));
                broken.push((*manifest, reason));
            }
        }
        broken
    }

    fn pointers(&self) -> Vec<&Pointer> {
        self.at.iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::samples::{Doc, clashes};

    #[test]
    fn documents_with_the_same_values_collide_and_nulls_do_not() {
        let rule = r#"{"rule":"unique","at":["/a","/b"]}"#;
        let documents = [
            Doc::Own(r#"{"a":1,"b":"x"}"#),
            Doc::Own(r#"{"a":1,"b":null}"#),
            Doc::Own(r#"{"a":1,"b":null}"#),
            Doc::Own(r#"{"a":1}"#),
            Doc::Own(r#"{"b":"\u0078","a":1}"#),
            Doc::Own(r#"{"a":"1","b":"x"}"#),
        ];
        assert_eq!(
            clashes(rule, &documents),
            [
                "0: `/a`, `/b` is the same in `4`",
                "4: `/a`, `/b` is the same in `0`"
            ]
        );
    }

    #[test]
    fn of_three_each_names_one_other() {
        let rule = r#"{"rule":"unique","at":["/a"]}"#;
        let three = [
            Doc::Own(r#"{"a":1}"#),
            Doc::Own(r#"{"a":1}"#),
            Doc::Own(r#"{"a":1}"#),
        ];
        assert_eq!(
            clashes(rule, &three),
            [
                "0: `/a` is the same in `1` and in 1 more",
                "1: `/a` is the same in `0` and in 1 more",
                "2: `/a` is the same in `0` and in 1 more"
            ]
        );
    }
}
