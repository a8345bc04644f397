//! Support for tests of steps: applies the steps of a migration file to documents, without the engine.
//!
//! Invariant: a step was read and checked as any other before it is tried.

use super::check::GuardedMembers;
use super::parsed::StepName;
use super::placed::PlacedStep;
use super::read::read_steps;
use crate::form::{Object, ReadError, reason};
use crate::json::{Pointer, Text, apply};
use crate::transform::{Change, Transform};

/// Reads steps, each a JSON object, for documents with the guarded members `/v`, `/h`, `/id` and `/p/q`.
pub(crate) fn read(steps: &str) -> Result<Vec<PlacedStep>, String> {
    #[derive(serde::Deserialize)]
    struct Migration {
        #[serde(rename = "steps")]
        _steps: Vec<Object<StepName>>,
    }
    let migration = format!(r#"{{"steps": [{steps}]}}"#);
    let form = serde_json::from_str::<Migration>(&migration);
    form.map_err(|error| reason(&error))?;
    let at = |pointer: &str| pointer.parse::<Pointer>().unwrap();
    let guarded = GuardedMembers {
        version: &at("/v"),
        history: &at("/h"),
        immutable: &[at("/id")],
        protected: &[at("/p/q")],
    };
    let text = Text::scan(migration.as_bytes()).unwrap();
    match read_steps(text.root(), &guarded) {
        Ok(steps) => Ok(steps.into_iter().map(|one| one.step).collect()),
        Err(wrong) => Err(match wrong.error {
            ReadError::Json(error) => reason(&error),
            ReadError::Problem(problem) => problem.to_string(),
        }),
    }
}

/// The reason why these steps are refused when they are read.
pub(super) fn refusal(steps: &str) -> String {
    read(steps).unwrap_err()
}

/// The text and the words of what one transform after the other does.
fn taken<'m>(transforms: impl IntoIterator<Item = &'m dyn Transform>, document: &str) -> Taken {
    let mut done = (document.to_owned(), Vec::new());
    for transform in transforms {
        let text = Text::scan(done.0.as_bytes()).unwrap();
        let changes = transform
            .changes(text.root())
            .map_err(|error| error.to_string())?;
        done.1.extend(changes.iter().map(Change::in_words));
        let edits: Vec<_> = changes.iter().filter_map(Change::edit).cloned().collect();
        let next = apply(&text, &edits).map_err(|error| error.to_string())?;
        done.0 = next;
    }
    Ok(done)
}

/// Applies the steps to a document.
pub(super) fn up(steps: &str, document: &str) -> Taken {
    let steps = read(steps).unwrap();
    taken(steps.iter().map(|one| one as &dyn Transform), document)
}

/// Undoes the steps in a document; the error is the reason why they cannot be undone.
pub(super) fn down(steps: &str, document: &str) -> Taken {
    let steps = read(steps).unwrap();
    let inverses = steps.iter().rev().map(Transform::inverse);
    let inverses = inverses.collect::<Result<Vec<_>, _>>();
    let inverses = inverses.map_err(|none| none.to_string())?;
    taken(inverses.iter().map(|one| &**one), document)
}

/// Asserts what a step makes of documents: the text and the words, or why it is refused, which begins with `!`.
pub(super) fn assert_up(step: &str, cases: &[(&str, &str, &[&str])]) {
    assert_way(up, step, cases);
}

/// As [`assert_up`], on the way back.
pub(super) fn assert_down(step: &str, cases: &[(&str, &str, &[&str])]) {
    assert_way(down, step, cases);
}

/// [`up`] or [`down`].
pub(super) type Way = fn(&str, &str) -> Taken;

/// A text and the words of what was done to it, or why nothing was.
type Taken = Result<(String, Vec<String>), String>;

fn assert_way(way: Way, step: &str, cases: &[(&str, &str, &[&str])]) {
    for (document, expected, words) in cases {
        match way(step, document) {
            Ok((text, said)) => {
                assert_eq!(text, *expected, "{step} on {document}");
                assert_eq!(said, *words, "{step} on {document}");
            }
            Err(message) => assert_eq!(format!("!{message}"), *expected, "{step} on {document}"),
        }
    }
}
