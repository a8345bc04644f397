//! Reads a rule: the members that all rules have, and its own.
//! Invariant: a rule has a name, and its object has no unknown member.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::list::RULES;
use super::model::{Check, OnFailure, Rule};
use crate::form::{Common, Condition, ConditionForm, Object, ObjectProblem, ReadError, find};
use crate::version::Version;

const COMMON: Common = Common {
    first: &["rule", "name", "check", "on_failure", "from", "when"],
    last: &[],
};

/// The members that every rule has.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct CommonForm {
    rule: String,
    /// What messages call it; without it, by the name of the rule.
    #[serde(default)]
    #[cfg_attr(test, schemars(regex(pattern = r"\S")))]
    name: Option<String>,
    /// When it must hold.
    #[serde(default)]
    check: Check,
    /// What follows where it does not.
    #[serde(default)]
    on_failure: OnFailure,
    /// The lowest version of which it must hold.
    #[serde(default)]
    from: Option<Version>,
    /// Which documents it is about.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "Option<ConditionForm>"))]
    when: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
pub(crate) struct RuleName {
    #[serde(rename = "rule")]
    _rule: String,
}

pub(crate) fn read(text: &str) -> Result<Rule, ReadError> {
    let common: CommonForm = serde_json::from_str(text)?;
    let definition = find(RULES, "rule", &common.rule)?;
    let body = (definition.read)(text, COMMON)?;
    if common.check == Check::Require && body.compares() {
        let rule = definition.name;
        let reason =
            format!("`{rule}` compares with the document before, so it can only be ensured");
        return Err(ObjectProblem::malformed(reason).into());
    }
    let when = common.when.map(|when| condition(when.get())).transpose()?;
    let name = common.name.unwrap_or(common.rule);
    if name.trim().is_empty() {
        return Err(ObjectProblem::empty("name").into());
    }
    Ok(Rule {
        name,
        check: common.check,
        on_failure: common.on_failure,
        from: common.from,
        when,
        body,
    })
}

fn condition(text: &str) -> Result<Condition, ObjectProblem> {
    let form = serde_json::from_str(text);
    let Object(form): Object<ConditionForm> =
        form.map_err(|error| ObjectProblem::in_member("when", &error))?;
    form.read().map_err(|problem| match problem {
        ObjectProblem::Test => ObjectProblem::malformed(
            "`when` has `at` and exactly one of `is`, `not`, `exists` and `has_value`",
        ),
        other => other,
    })
}
