//! `hash`: gives a member the SHA-256 of others.
//! Invariant: the hash depends on the values, not on their spelling.

use serde::Deserialize;

use super::fill::{Fill, FillOptions, Filling, OtherValue};
use super::parsed::Definition;
use super::view::View;
use crate::digest::Digest;
use crate::form::{ObjectProblem, check_listed};
use crate::json::{Fragment, Pointer, canonical};
use crate::transform::{StepError, Verb};

pub(super) const DEFINITION: Definition = Definition::of::<Hash>(
    "hash",
    "\
Gives the member `at` the text `sha256:` and 64 hex digits: the SHA-256 of the canonical form of an array of the values at `of`, in that order. In Python: `hashlib.sha256(json.dumps([a, b], sort_keys=True).encode()).hexdigest()`.

Does nothing where `at` has that text already. Refused where it has another value, where one of the values is missing, or where the object that is to hold the member is missing or is no object.

Inverse: takes the text away; refused where `at` has another value.",
);

/// Gives a member the SHA-256 of others.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Hash {
    /// The values, in order.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub of: Vec<Pointer>,
    /// The member.
    pub at: Pointer,
}

impl Fill for Hash {
    fn options(&self) -> FillOptions<'_> {
        FillOptions {
            verb: Some(Verb::Derived),
            ..FillOptions::new(DEFINITION.name, &self.at, OtherValue::Refuse)
        }
    }

    fn reads(&self) -> Vec<&Pointer> {
        self.of.iter().collect()
    }

    fn filling(&self, view: &View<'_>) -> Result<Option<Filling>, StepError> {
        let mut forms = Vec::with_capacity(self.of.len());
        for of in &self.of {
            forms.push(canonical::to_string(view.require(of)?));
        }
        let array = format!("[{}]", forms.join(", "));
        let digest = Digest::of(array.as_bytes());
        Ok(Some(Fragment::string(&format!("sha256:{digest}")).into()))
    }

    fn check(&self) -> Result<(), ObjectProblem> {
        check_listed("of", &self.of)
    }
}

#[cfg(test)]
mod tests {
    use crate::step::trial::{assert_down, assert_up};

    #[test]
    fn the_hash_is_of_what_the_values_say() {
        // hashlib.sha256(json.dumps([{"x": 1.5}, "é"], sort_keys=True).encode())
        let hash = "sha256:13c21c975df89b1fea88cbf9c50ecea571e5ef7e1fbe5dd2d3edc3cfe68a943b";
        let step = r#"{"step": "hash", "of": ["/a", "/b"], "at": "/c"}"#;
        let before = r#"{"a":{"x":1.50},"b":"\u00e9"}"#;
        let after = format!(r#"{{"a":{{"x":1.50}},"b":"\u00e9","c":"{hash}"}}"#);
        assert_up(
            step,
            &[
                (before, &after, &["derived /c"]),
                (&after, &after, &["kept /c"]),
                (r#"{"a":1}"#, "!`/b` is missing", &[]),
                (
                    r#"{"a":1,"b":2,"c":1}"#,
                    "!`/c` is `1`, expected another value",
                    &[],
                ),
            ],
        );
        assert_down(
            step,
            &[
                (&after, before, &["removed /c"]),
                (
                    r#"{"a":1,"b":2,"c":1}"#,
                    "!`/c` is `1`, expected another value",
                    &[],
                ),
            ],
        );
    }
}
