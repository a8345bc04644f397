//! Surveys: the values of chosen members over all manifests, and the values that are not authoritative.
//!
//! Gets documents that were read for another reason.
//!
//! Invariant: memory holds a short text and a hash for each different value, never a document.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::digest::Digest;
use crate::engine::Manifest;
use crate::json::{Pointer, Value, ValueKind, canonical};
use crate::report::{FieldCount, SurveyResult};

const SHOWN_CHARACTERS: usize = 60;
const MOST_FREQUENT: usize = 5;

/// The request of a survey.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Survey {
    /// The members whose presence and values are counted.
    pub fields: Vec<Pointer>,
    /// True if the values that histories call backfilled are counted.
    pub backfilled: bool,
}

pub(super) struct SurveyedManifest {
    fields: Vec<FieldValue>,
    backfilled: BTreeSet<String>,
}

enum FieldValue {
    Missing,
    Null,
    Value { digest: Digest, shown: Box<str> },
}

pub(super) struct Answers {
    survey: Survey,
    manifests: u64,
    fields: Vec<Counted>,
    backfilled: BTreeMap<String, u64>,
}

#[derive(Default)]
struct Counted {
    null: u64,
    missing: u64,
    values: HashMap<Digest, (Box<str>, u64)>,
}

impl Survey {
    /// Returns true if the request is empty.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty() && !self.backfilled
    }

    pub(super) fn ask(&self, manifest: &Manifest<'_, '_>) -> Option<Box<SurveyedManifest>> {
        if self.is_empty() {
            return None;
        }
        let document = manifest.document();
        Some(Box::new(SurveyedManifest {
            fields: self.fields.iter().map(|at| held(document.at(at))).collect(),
            backfilled: if self.backfilled {
                backfilled(document.at(&manifest.kind().history))
            } else {
                BTreeSet::new()
            },
        }))
    }
}

fn held(value: Option<Value<'_>>) -> FieldValue {
    match value {
        None => FieldValue::Missing,
        Some(value) if value.kind() == ValueKind::Null => FieldValue::Null,
        Some(value) => FieldValue::Value {
            digest: canonical::digest(value),
            shown: shown(value).into(),
        },
    }
}

fn shown(value: Value<'_>) -> String {
    let text: Cow<'_, str> = match value.kind() {
        ValueKind::Object | ValueKind::Array => {
            canonical::beginning(value, 4 * SHOWN_CHARACTERS + 4).into()
        }
        _ => Cow::Borrowed(value.raw()),
    };
    match text.char_indices().nth(SHOWN_CHARACTERS) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.into_owned(),
    }
}

fn backfilled(history: Option<Value<'_>>) -> BTreeSet<String> {
    let records = history.into_iter().flat_map(|history| history.elements());
    let at = Pointer::root().child("backfilled");
    records
        .filter_map(|record| record.at(&at))
        .flat_map(|list| list.elements())
        .filter_map(|pointer| Some(pointer.as_str()?.into_owned()))
        .collect()
}

impl Answers {
    pub(super) fn new(survey: &Survey) -> Self {
        let fields = survey.fields.iter().map(|_| Counted::default());
        Self {
            manifests: 0,
            fields: fields.collect(),
            backfilled: BTreeMap::new(),
            survey: survey.clone(),
        }
    }

    pub(super) fn add(&mut self, answer: SurveyedManifest) {
        self.manifests += 1;
        for (counted, held) in self.fields.iter_mut().zip(answer.fields) {
            match held {
                FieldValue::Missing => counted.missing += 1,
                FieldValue::Null => counted.null += 1,
                FieldValue::Value { digest, shown } => {
                    counted.values.entry(digest).or_insert((shown, 0)).1 += 1;
                }
            }
        }
        for pointer in answer.backfilled {
            *self.backfilled.entry(pointer).or_default() += 1;
        }
    }

    pub(super) fn result(self) -> Option<SurveyResult> {
        if self.survey.is_empty() {
            return None;
        }
        let fields = self.survey.fields.into_iter().zip(self.fields);
        Some(SurveyResult {
            manifests: self.manifests,
            fields: fields.map(|(at, counted)| counted.into_count(at)).collect(),
            backfilled: self.survey.backfilled.then_some(self.backfilled),
        })
    }
}

impl Counted {
    fn into_count(self, at: Pointer) -> FieldCount {
        let distinct = self.values.len() as u64;
        let mut values: Vec<(Box<str>, u64)> = self.values.into_values().collect();
        let present = values.iter().map(|(_, count)| count).sum();
        values.sort_unstable_by(|(one, ones), (two, twos)| (twos, one).cmp(&(ones, two)));
        values.truncate(MOST_FREQUENT);
        FieldCount {
            at,
            present,
            null: self.null,
            missing: self.missing,
            distinct,
            most_frequent: values
                .into_iter()
                .map(|(shown, count)| (shown.into(), count))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use crate::engine::examine_as;

    fn surveyed(survey: &Survey, documents: &[&str]) -> SurveyResult {
        let catalog = Catalog::built_in().unwrap();
        let mut answers = Answers::new(survey);
        for document in documents {
            let kind = &catalog.kinds()[0];
            let manifest = examine_as(kind, document.as_bytes()).unwrap();
            answers.add(*survey.ask(&manifest).unwrap());
        }
        answers.result().unwrap()
    }

    #[test]
    fn a_member_is_present_null_or_missing_and_its_values_are_counted() {
        let survey = Survey {
            fields: vec!["/a".parse().unwrap(), "/b/c".parse().unwrap()],
            backfilled: false,
        };
        let result = surveyed(
            &survey,
            &[
                r#"{"run_id":"1","a":"x","b":{"c":[1, 2]}}"#,
                r#"{"run_id":"2","a":"\u0078","b":{"c":[1,2]}}"#,
                r#"{"run_id":"3","a":null,"b":[]}"#,
                r#"{"run_id":"4","a":"y"}"#,
            ],
        );
        assert_eq!((result.manifests, result.backfilled), (4, None));
        let [a, c] = &result.fields[..] else { panic!() };
        assert_eq!((a.present, a.null, a.missing, a.distinct), (3, 1, 0, 2));
        assert_eq!(
            a.most_frequent,
            [("\"x\"".to_owned(), 2), ("\"y\"".to_owned(), 1)]
        );
        assert_eq!((c.present, c.null, c.missing, c.distinct), (2, 0, 2, 1));
        assert_eq!(c.most_frequent, [("[1, 2]".to_owned(), 2)]);
    }

    #[test]
    fn values_that_a_history_calls_backfilled_are_counted_once_a_manifest() {
        let survey = Survey {
            fields: vec![],
            backfilled: true,
        };
        let result = surveyed(
            &survey,
            &[
                r#"{"run_id":"1","migration_history":[{"backfilled":["/a","/b"]},{"backfilled":["/a"]}]}"#,
                r#"{"run_id":"2","migration_history":[{}]}"#,
            ],
        );
        let counted = result.backfilled.unwrap();
        assert_eq!(counted["/a"], 1);
        assert_eq!(counted["/b"], 1);
    }
}
