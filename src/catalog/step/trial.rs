//! What the tests of steps are made of: steps as migration files have them, taken on documents without the engine.
//!
//! Invariant: a step was read and checked as any other before it is tried.

use crate::catalog::{Catalog, CatalogError, Migration, Source};
use crate::json::{Text, apply};
use crate::transform::{Change, Transform};

const CATALOG: &str = r#"{"name": "n", "kinds": {"k": {"file": "f.json", "version": "/v", "history": "/h", "unversioned": "1.0.0", "immutable": ["/id"], "protected": ["/p/q"]}}}"#;

/// The catalog with one migration of these steps, each a JSON object.
pub(crate) fn catalog(steps: &str) -> Result<Catalog, CatalogError> {
    let migration = format!(
        r#"{{"from": "1.0.0", "to": "1.1.0", "kind": "k", "summary": "s", "steps": [{steps}]}}"#
    );
    let files = [("catalog.json", CATALOG), ("migrations/m.json", &migration)];
    let files = files.map(|(path, text)| (path.to_owned(), text.to_owned()));
    Catalog::from_files(Source::BuiltIn, &files.into())
}

/// Why these steps are refused when they are loaded, without the place.
pub(super) fn refusal(steps: &str) -> String {
    catalog(steps).unwrap_err().problem.to_string()
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

fn with<T>(steps: &str, act: impl FnOnce(&Migration) -> T) -> T {
    let catalog = catalog(steps).unwrap();
    let migration = catalog.kinds()[0].registry.migrations().next().unwrap();
    act(migration)
}

/// What the steps make of a document, and in which words.
pub(super) fn up(steps: &str, document: &str) -> Taken {
    with(steps, |migration| {
        taken(migration.transforms.iter().map(|one| &**one), document)
    })
}

/// What the way back from the steps makes of a document, and in which words; why there is none.
pub(super) fn down(steps: &str, document: &str) -> Taken {
    with(steps, |migration| {
        let inverses = migration.transforms.iter().rev().map(|one| one.inverse());
        let inverses = inverses.collect::<Result<Vec<_>, _>>();
        let inverses = inverses.map_err(|none| none.to_string())?;
        taken(inverses.iter().map(|one| &**one), document)
    })
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
