//! `hash`: gives a member the SHA-256 of others.
//! Invariant: the hash depends on the values, not on their spelling.

use serde::Deserialize;

use super::fill::{Fill, OtherValue};
use super::parsed::{Parsed, StepDefinition};
use crate::digest::Digest;
use crate::form::{ObjectProblem, check_listed};
use crate::json::{Fragment, Pointer, canonical};
use crate::transform::Verb;

pub(super) const DEFINITION: StepDefinition = StepDefinition::of::<Hash>(
    "hash",
    "\
Gives the member `at` the text `sha256:` and 64 hex digits: the SHA-256 of the canonical form of an array of the values at `of`, in that order. In Python: `hashlib.sha256(json.dumps([a, b], sort_keys=True).encode()).hexdigest()`.

Does nothing where `at` has that text already. Refused where it has another value, where one of the values is missing, or where the object that is to hold the member is missing or is no object.

Inverse: takes the text away; refused where `at` has another value.",
);

/// Gives a member the SHA-256 of others.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Hash {
    /// The values, in order.
    #[cfg_attr(test, schemars(length(min = 1)))]
    of: Vec<Pointer>,
    /// The member.
    at: Pointer,
}

impl TryFrom<Hash> for Parsed {
    type Error = ObjectProblem;

    fn try_from(Hash { of, at }: Hash) -> Result<Self, ObjectProblem> {
        check_listed("of", &of)?;
        let fill = Fill {
            verb: Some(Verb::Derived),
            ..Fill::new(at, OtherValue::Refuse)
        };
        Ok(fill.with(of.clone(), move |view| {
            let mut forms = Vec::with_capacity(of.len());
            for of in &of {
                forms.push(canonical::to_string(view.require(of)?));
            }
            let array = format!("[{}]", forms.join(", "));
            let digest = Digest::of(array.as_bytes());
            Ok(Some(Fragment::string(&format!("sha256:{digest}")).into()))
        }))
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
