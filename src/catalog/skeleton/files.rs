//! The migration and the fixture of a new version, for an author to fill in.
//!
//! Makes texts; writes no file.
//!
//! Invariant: a catalog with these files is valid.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::catalog::Kind;
use crate::catalog::layout::{BUILT_IN_NAME, CATALOG};
use crate::json::{Edit, Fragment, Text, apply};
use crate::version::Version;

/// The file of a new catalog with this name, which extends the built-in one.
#[must_use]
pub fn extension(name: &str) -> BTreeMap<String, String> {
    let name = Fragment::string(name);
    let text = format!(
        "{{\n  \"name\": {},\n  \"extends\": \"{BUILT_IN_NAME}\"\n}}\n",
        name.as_str()
    );
    BTreeMap::from([(CATALOG.to_owned(), text)])
}

/// A migration of a kind from its latest version to `version`, without steps, and a fixture for it. `None` if the version is not above the latest.
#[must_use]
pub(crate) fn migration(kind: &Kind, version: &Version) -> Option<BTreeMap<String, String>> {
    let from = kind.registry.latest();
    if version <= from {
        return None;
    }
    let migration = format!(
        "{{\n  \"from\": \"{from}\",\n  \"to\": \"{version}\",\n  \"kind\": {},\n  \"summary\": \"Say in a sentence what this version is for\",\n  \"steps\": []\n}}\n",
        Fragment::string(&kind.name).as_str()
    );
    let name = format!("{from}-to-{version}");
    Some(BTreeMap::from([
        (format!("migrations/{name}.json"), migration),
        (
            of_fixture(kind, version, "before"),
            pretty(&document(kind, from)),
        ),
        (
            of_fixture(kind, version, "after"),
            pretty(&document(kind, version)),
        ),
    ]))
}

/// The same fixture with `before`, a document at the latest version. `None` if its version cannot be set.
#[must_use]
pub(crate) fn fixture(
    kind: &Kind,
    version: &Version,
    before: &str,
) -> Option<BTreeMap<String, String>> {
    let text = Text::scan(before.as_bytes()).ok()?;
    let (at, value) = (kind.version.clone(), Fragment::string(&version.to_string()));
    let edit = match text.root().at(&at) {
        Some(_) => Edit::Replace { at, value },
        None => Edit::Insert { at, value },
    };
    let after = apply(&text, &[edit]).ok()?;
    Some(BTreeMap::from([
        (of_fixture(kind, version, "before"), before.to_owned()),
        (of_fixture(kind, version, "after"), after),
    ]))
}

fn of_fixture(kind: &Kind, version: &Version, name: &str) -> String {
    let (kind, from) = (&kind.name, kind.registry.latest());
    format!("fixtures/{kind}/{from}-to-{version}/{name}.json")
}

fn document(kind: &Kind, version: &Version) -> Value {
    let mut document = json!({});
    put(&mut document, kind.version.tokens(), &json!(version));
    for at in &kind.required {
        put(&mut document, at.tokens(), &json!("example"));
    }
    for mark in &kind.marks {
        let value = serde_json::from_str(mark.value.as_str());
        put(&mut document, mark.at.tokens(), &value.unwrap_or_default());
    }
    document
}

/// Puts a value at the end of `names`, in objects, or for `*` arrays, that are made on the way.
pub(crate) fn put(into: &mut Value, names: &[String], value: &Value) {
    let Some((name, rest)) = names.split_first() else {
        into.clone_from(value);
        return;
    };
    if name == "*" {
        if !into.is_array() {
            *into = json!([null, null]);
        }
        for element in into.as_array_mut().into_iter().flatten() {
            put(element, rest, value);
        }
        return;
    }
    if !into.is_object() {
        *into = json!({});
    }
    if let Some(members) = into.as_object_mut() {
        put(members.entry(name).or_insert(Value::Null), rest, value);
    }
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}
