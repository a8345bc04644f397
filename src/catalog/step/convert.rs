//! `convert`: gives a value another type.
//!
//! Reads its own object of a migration file and knows no other step.
//!
//! Invariant: a value is spelled anew only where the new spelling says the same; everything else refuses the manifest.

use serde::Deserialize;

use super::{Already, Apply, Definition, Inverse, Place, Read, ReadError, Step, View, fill};
use crate::catalog::error::CatalogProblem;
use crate::clock::{Timestamp, in_utc};
use crate::json::{Edit, Fragment, Kind, Pointer, Text, Value};
use crate::transform::{Change, StepError, Verb};

/// How the step is listed.
pub const DEFINITION: Definition = Definition {
    name: "convert",
    documentation: "\
Gives the value of the member `at` the type `to`: `string`, `integer`, `number`, `boolean` or `timestamp`.

- To `string`: a number or boolean as it is spelled.
- To `integer` or `number`: a string that is spelled like one in JSON. To `integer` also a number that is followed by nothing but zeros, as in `2.00`.
- To `boolean`: the strings `\"true\"` and `\"false\"`.
- To `timestamp`, RFC 3339 in UTC with `Z`, as in `\"2026-02-28T10:30:00Z\"`: a string in RFC 3339 with any offset, or an integer, seconds since 1970. Fractions of seconds stay as they are. And from `timestamp` to `integer`, if `from` says so and there is no fraction.

Does nothing where the member is missing, null, or of that type already. Any other value refuses the manifest.

`\"from\"` says the type that a value must have to be converted; then another one refuses the manifest, too.

Inverse: with `from`, converts back: from `string` to `integer`, `number` or `boolean` and the other way round, and from `integer` to `timestamp` and the other way round; refused where a value is not of the type `to`. None without `from`, and where the spelling is gone.",
    read,
};

/// Gives a value another type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Convert {
    /// The value.
    pub at: Pointer,
    /// The type that it must have, if that matters.
    pub from: Option<Type>,
    /// The type that it gets.
    pub to: Type,
}

/// What a value can be converted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Type {
    /// Any string.
    String,
    /// A number without fraction and exponent.
    Integer,
    /// Any number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A string that is a time in RFC 3339, in UTC with `Z`.
    Timestamp,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct Form {
    #[serde(rename = "step")]
    _step: String,
    at: Pointer,
    #[serde(default)]
    from: Option<Type>,
    to: Type,
}

fn read(text: &str) -> Result<Read, ReadError> {
    let Form { at, from, to, .. } = serde_json::from_str(text)?;
    if let Some(from) = from.filter(|from| !is_possible(*from, to)) {
        let (from, to) = (from.in_words(), to.in_words());
        return Err(CatalogProblem::Conversion { from, to }.into());
    }
    Ok(Convert { at, from, to }.into())
}

/// Whether any value of the one type has another spelling in the other.
fn is_possible(from: Type, to: Type) -> bool {
    use Type::{Boolean, Integer, Number, String, Timestamp};
    match from {
        String => to != String,
        Integer => matches!(to, String | Timestamp),
        Number => matches!(to, String | Integer),
        Boolean => to == String,
        Timestamp => to == Integer,
    }
}

impl Type {
    fn in_words(self) -> &'static str {
        match self {
            Self::String => "a string",
            Self::Integer => "an integer",
            Self::Number => "a number",
            Self::Boolean => "a boolean",
            Self::Timestamp => "a time in UTC, as in `\"2026-02-28T10:30:00Z\"`",
        }
    }

    /// Whether a value is of this type.
    fn has(self, value: Value<'_>) -> bool {
        match self {
            Self::String => value.kind() == Kind::String,
            Self::Integer => value.kind() == Kind::Number && is_integer(value.raw()),
            Self::Number => value.kind() == Kind::Number,
            Self::Boolean => value.kind() == Kind::Boolean,
            Self::Timestamp => value
                .as_str()
                .is_some_and(|text| in_utc(&text).is_some_and(|utc| utc == text)),
        }
    }
}

fn is_integer(number: &str) -> bool {
    !number.contains(['.', 'e', 'E'])
}

impl Convert {
    /// What is to be done, by the step or on the way back from it.
    fn convert(&self, view: &View<'_>, already: Already) -> Result<Vec<Change>, StepError> {
        let at = view.place(&self.at);
        let Some(found) = view.get(&self.at) else {
            return Ok(vec![]);
        };
        let is_null = found.kind() == Kind::Null;
        if is_null || already == Already::Kept && self.to.has(found) {
            return Ok(vec![Change::Kept(at)]);
        }
        let is_source = self.from.is_none_or(|from| from.has(found));
        match self.converted(found).filter(|_| is_source) {
            Some(value) => {
                let edit = Edit::Replace { at, value };
                Ok(vec![Change::Told(Verb::Converted, edit)])
            }
            None => Err(StepError {
                at,
                reason: format!("is {}, expected {}", fill::said(found), self.expected()),
            }),
        }
    }

    fn expected(&self) -> String {
        match self.from {
            Some(from) => format!("{} that can become {}", from.in_words(), self.to.in_words()),
            None => format!("what can become {}", self.to.in_words()),
        }
    }

    /// The value as one of the other type, if that says the same.
    fn converted(&self, value: Value<'_>) -> Option<Fragment> {
        let text = value.as_str();
        match (value.kind(), self.to) {
            (Kind::Number | Kind::Boolean, Type::String) => Some(Fragment::string(value.raw())),
            (Kind::String, Type::Integer) if self.from == Some(Type::Timestamp) => {
                scalar(&unix_seconds(&text?)?, Kind::Number)
            }
            (Kind::String, Type::Integer) => scalar(&text?, Kind::Number).filter(is_whole),
            (Kind::String, Type::Number) => scalar(&text?, Kind::Number),
            (Kind::String, Type::Boolean) => scalar(&text?, Kind::Boolean),
            (Kind::String, Type::Timestamp) => Some(Fragment::string(&in_utc(&text?)?)),
            (Kind::Number, Type::Integer) => {
                let (whole, fraction) = value.raw().split_once('.')?;
                let is_whole = fraction.bytes().all(|digit| digit == b'0');
                scalar(whole, Kind::Number).filter(|_| is_whole)
            }
            (Kind::Number, Type::Timestamp) => {
                let seconds = value.raw().parse().ok()?;
                // `-0` would come back as another spelling.
                let spelled = i64::to_string(&seconds);
                if spelled != value.raw() {
                    return None;
                }
                let time = Timestamp::from_unix_seconds(seconds)?;
                Some(Fragment::string(&time.to_string()))
            }
            _ => None,
        }
    }
}

/// The number or boolean that a string spells exactly as JSON would.
fn scalar(text: &str, kind: Kind) -> Option<Fragment> {
    let scanned = Text::scan_any(text.as_bytes()).ok()?;
    let value = scanned.root();
    (value.kind() == kind && value.raw() == text).then(|| value.into())
}

fn is_whole(number: &Fragment) -> bool {
    is_integer(number.as_str())
}

/// The seconds since 1970 of a time without fraction.
fn unix_seconds(text: &str) -> Option<String> {
    let time: Timestamp = text.parse().ok()?;
    (time.to_string() == text).then(|| time.unix_seconds().to_string())
}

impl Apply for Convert {
    fn changes(&self, view: &View<'_>) -> Result<Vec<Change>, StepError> {
        self.convert(view, Already::Kept)
    }
}

impl Step for Convert {
    fn name(&self) -> &'static str {
        DEFINITION.name
    }

    fn places(&self) -> Vec<Place> {
        vec![Place::write(&self.at)]
    }

    fn inverse(&self) -> Inverse {
        use Type::{Number, String, Timestamp};
        match (self.from, self.to) {
            (None, _) => Inverse::None("what type a value had is not known: `from` could say it"),
            (Some(String), Timestamp) => Inverse::None("the offset that a time had is gone"),
            (Some(Number), Type::Integer) => Inverse::None("how a number was spelled is gone"),
            (Some(from), to) => Inverse::Step(Box::new(ConvertBack(Self {
                at: self.at.clone(),
                from: Some(to),
                to: from,
            }))),
        }
    }

    fn destroys(&self) -> Option<&'static str> {
        match self.inverse() {
            Inverse::Step(_) => None,
            Inverse::None(_) => Some("how the value was spelled"),
        }
    }
}

/// The way back.
#[derive(Debug)]
struct ConvertBack(Convert);

impl Apply for ConvertBack {
    fn changes(&self, view: &View<'_>) -> Result<Vec<Change>, StepError> {
        self.0.convert(view, Already::Refused)
    }
}

#[cfg(test)]
mod tests {
    use super::super::trial::{Way, assert_down, assert_up, down, refusal, up};

    fn convert(from: &str, to: &str) -> String {
        let from = match from {
            "" => String::new(),
            from => format!(r#""from": "{from}", "#),
        };
        format!(r#"{{"step": "convert", "at": "/a", {from}"to": "{to}"}}"#)
    }

    /// What becomes of a value, or `!` where it is refused.
    fn assert_values(step: &str, cases: &[(&str, &str)], way: Way) {
        for (before, after) in cases {
            let result = way(step, &format!(r#"{{"a":{before}}}"#));
            let found = result.map_or_else(
                |_| "!".to_owned(),
                |(text, words)| {
                    assert_eq!(
                        words,
                        [if before == after {
                            "kept /a"
                        } else {
                            "converted /a"
                        }]
                    );
                    text
                },
            );
            let expected = if *after == "!" {
                "!".to_owned()
            } else {
                format!(r#"{{"a":{after}}}"#)
            };
            assert_eq!(found, expected, "{step} on {before}");
        }
    }

    #[test]
    fn values_change_their_type_only_where_the_new_spelling_says_the_same() {
        assert_values(
            &convert("", "string"),
            &[
                ("1.50", r#""1.50""#),
                ("-0", r#""-0""#),
                ("1E400", r#""1E400""#),
                ("true", r#""true""#),
                (r#""x""#, r#""x""#),
                ("null", "null"),
                ("[]", "!"),
                ("{}", "!"),
            ],
            up,
        );
        assert_values(
            &convert("", "integer"),
            &[
                (r#""12""#, "12"),
                (r#""-0""#, "-0"),
                (r#""1.0""#, "!"),
                (r#""01""#, "!"),
                (r#"" 1""#, "!"),
                (r#""""#, "!"),
                ("2.00", "2"),
                ("2.50", "!"),
                ("1E2", "!"),
                ("2.0e1", "!"),
                ("7", "7"),
                ("true", "!"),
                (
                    r#""123456789012345678901234567890""#,
                    "123456789012345678901234567890",
                ),
            ],
            up,
        );
        assert_values(
            &convert("", "number"),
            &[
                (r#""1.50""#, "1.50"),
                (r#""1e5""#, "1e5"),
                (r#""0x1""#, "!"),
                (r#""true""#, "!"),
                ("1.50", "1.50"),
            ],
            up,
        );
        assert_values(
            &convert("", "boolean"),
            &[
                (r#""true""#, "true"),
                (r#""false""#, "false"),
                (r#""True""#, "!"),
                ("1", "!"),
                ("false", "false"),
            ],
            up,
        );
        assert_values(
            &convert("", "timestamp"),
            &[
                (
                    r#""2026-03-01T00:30:00.10+02:00""#,
                    r#""2026-02-28T22:30:00.10Z""#,
                ),
                (r#""2026-02-28T22:30:00Z""#, r#""2026-02-28T22:30:00Z""#),
                ("1772274600", r#""2026-02-28T10:30:00Z""#),
                ("1.5", "!"),
                (r#""today""#, "!"),
                ("99999999999999", "!"),
            ],
            up,
        );
    }

    #[test]
    fn the_type_that_a_value_must_have_is_asked_for_and_makes_a_way_back() {
        assert_values(
            &convert("string", "integer"),
            &[(r#""12""#, "12"), ("2.00", "!"), ("7", "7")],
            up,
        );
        assert_values(
            &convert("string", "integer"),
            &[
                ("12", r#""12""#),
                (r#""12""#, "!"),
                ("1.5", "!"),
                ("null", "null"),
            ],
            down,
        );
        assert_values(&convert("string", "number"), &[("1.50", r#""1.50""#)], down);
        assert_values(
            &convert("number", "string"),
            &[(r#""1.50""#, "1.50"), (r#""x""#, "!"), ("1", "!")],
            down,
        );
        assert_values(
            &convert("boolean", "string"),
            &[(r#""true""#, "true"), (r#""x""#, "!")],
            down,
        );
        assert_values(
            &convert("integer", "timestamp"),
            &[
                (r#""2026-02-28T10:30:00Z""#, "1772274600"),
                (r#""2026-02-28T10:30:00.5Z""#, "!"),
                (r#""2026-02-28T10:30:00+01:00""#, "!"),
            ],
            down,
        );
        assert_values(
            &convert("timestamp", "integer"),
            &[("1772274600", r#""2026-02-28T10:30:00Z""#)],
            down,
        );
    }

    #[test]
    fn without_a_way_back_the_reason_is_said() {
        for (from, to, reason) in [
            (
                "",
                "string",
                "what type a value had is not known: `from` could say it",
            ),
            ("string", "timestamp", "the offset that a time had is gone"),
            ("number", "integer", "how a number was spelled is gone"),
        ] {
            assert_eq!(down(&convert(from, to), "{}"), Err(reason.to_owned()));
        }
        assert_eq!(
            refusal(&convert("boolean", "integer")),
            "a boolean cannot be converted to an integer"
        );
        assert_eq!(
            refusal(&convert("string", "string")),
            "a string cannot be converted to a string"
        );
        assert_up(
            &convert("string", "integer"),
            &[
                (
                    r#"{"a":"x"}"#,
                    r#"!`/a` is `"x"`, expected a string that can become an integer"#,
                    &[],
                ),
                ("{}", "{}", &[]),
            ],
        );
        assert_up(
            &convert("", "boolean"),
            &[(
                r#"{"a":[]}"#,
                "!`/a` is `[]`, expected what can become a boolean",
                &[],
            )],
        );
        assert_down(&convert("string", "integer"), &[("{}", "{}", &[])]);
    }
}
