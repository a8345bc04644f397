//! The files of a new version, for an author to fill in: a migration, a fixture, and a copy of the schema before.
//! Invariant: a catalog with these files is valid, and the members of its catalog file keep their bytes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::kind::Kind;
use super::layout::{BUILT_IN_NAME, CATALOG};
use super::model::Catalog;
use crate::json::{self, Edit, Fragment, Pointer, Text, apply};
use crate::version::Version;

/// The file of a new catalog with this name, which extends the built-in one.
pub fn extension(name: &str) -> BTreeMap<String, String> {
    let name = Fragment::string(name);
    let text = format!(
        "{{\n  \"name\": {},\n  \"extends\": \"{BUILT_IN_NAME}\"\n}}\n",
        name.as_str()
    );
    BTreeMap::from([(CATALOG.to_owned(), text)])
}

/// A migration of a kind from its latest version to `version`, without steps, and a fixture for it. `None` if the version is not above the latest.
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

/// A schema for a new version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSchema {
    /// The path in the catalog's directory.
    pub path: String,
    /// The text of the schema before, with the new version if it requires the version by `const`.
    pub text: String,
    /// The catalog file with an entry for it; `None` if the entry could not be added.
    pub catalog: Option<String>,
}

pub(crate) fn new_schema(catalog: &Catalog, kind: &Kind, version: &Version) -> Option<NewSchema> {
    let text = catalog.schema(&kind.name, kind.registry.latest())?;
    let path = format!("schemas/{}-{version}.json", kind.name);
    Some(NewSchema {
        text: of_version(text, kind, version).unwrap_or_else(|| text.to_owned()),
        catalog: catalog
            .file(CATALOG)
            .and_then(|own| with_entry(own, kind, version, &path)),
        path,
    })
}

/// The schema with the new version; `None` if it does not require the version before.
fn of_version(text: &str, kind: &Kind, version: &Version) -> Option<String> {
    let text = Text::scan(text.as_bytes()).ok()?;
    let names = kind.version.tokens().iter();
    let member = names.fold(Pointer::root(), |at, name| {
        at.child("properties").child(name.as_str())
    });
    let at = member.child("const");
    let found = text.root().at(&at)?.as_str()?;
    if found != kind.registry.latest().to_string() {
        return None;
    }
    let value = Fragment::string(&version.to_string());
    apply(&text, &[Edit::Replace { at, value }]).ok()
}

fn with_entry(own: &str, kind: &Kind, version: &Version, path: &str) -> Option<String> {
    let text = Text::scan(own.as_bytes()).ok()?;
    let version = version.to_string();
    let names = ["kinds", &kind.name, "schemas", &version];
    let edit = insertion(text.root(), &names, Fragment::string(path))?;
    apply(&text, &[edit]).ok()
}

fn insertion(root: json::Value<'_>, names: &[&str], value: Fragment) -> Option<Edit> {
    let (mut place, mut at) = (root, Pointer::root());
    for (count, name) in names.iter().enumerate() {
        at = at.child(*name);
        if let Some(inner) = place.get(name) {
            place = inner;
            continue;
        }
        let inner = names[count + 1..].iter().rev();
        let value = inner.fold(value, |value, name| Fragment::object(&[(name, value)]));
        return Some(Edit::Insert { at, value });
    }
    None
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::catalog::Source;

    fn of(catalog: &str, schema: &str) -> NewSchema {
        let files = [("catalog.json", catalog), ("schemas/run.json", schema)];
        let files = files.map(|(path, text)| (path.to_owned(), text.to_owned()));
        let catalog = Catalog::from_files(Source::BuiltIn, &BTreeMap::from(files)).unwrap();
        new_schema(&catalog, &catalog.kinds()[0], &Version::new(2, 0, 0)).unwrap()
    }

    #[test]
    fn the_schema_of_the_version_before_is_carried_over_and_named() {
        let own = "{ \"name\": \"n\",\t\"extends\": \"run-manifest\",\n  \"kinds\": {\n    \"run\": {\n      \"schemas\": {\n        \"1.2.0\": \"schemas/run.json\"\n      }\n    }\n  }\n}";
        let carried = of(
            own,
            "{\"properties\":{\"schema_version\": {\"const\":\"1.2.0\"}}, \"n\": 1.50}",
        );
        assert_eq!(carried.path, "schemas/run-2.0.0.json");
        assert_eq!(
            carried.text,
            "{\"properties\":{\"schema_version\": {\"const\":\"2.0.0\"}}, \"n\": 1.50}"
        );
        assert_eq!(
            carried.catalog.unwrap(),
            own.replace(
                "run.json\"\n",
                "run.json\",\n        \"2.0.0\": \"schemas/run-2.0.0.json\"\n"
            )
        );
    }

    #[test]
    fn what_a_schema_asks_of_the_version_otherwise_is_carried_over_as_it_is() {
        let own = r#"{"name": "n", "extends": "run-manifest", "kinds": {"run": {"schemas": {"1.2.0": "schemas/run.json"}}}}"#;
        let schema = r#"{"properties": {"schema_version": {"enum": ["1.2.0", "2.0.0"]}}}"#;
        let carried = of(own, schema);
        assert_eq!(carried.text, schema);
        assert_eq!(
            carried.catalog.unwrap(),
            own.replace(
                "run.json\"",
                "run.json\", \"2.0.0\": \"schemas/run-2.0.0.json\""
            )
        );
    }

    #[test]
    fn objects_that_are_missing_are_made() {
        let text = Text::scan(br#"{"kinds": {}}"#).unwrap();
        let names = ["kinds", "run", "schemas", "2.0.0"];
        let edit = insertion(text.root(), &names, Fragment::string("p")).unwrap();
        let made = apply(&text, &[edit]).unwrap();
        assert_eq!(made, r#"{"kinds": {"run": {"schemas": {"2.0.0": "p"}}}}"#);
        let text = Text::scan(made.as_bytes()).unwrap();
        assert_eq!(insertion(text.root(), &names, Fragment::null()), None);
    }

    #[test]
    fn a_kind_whose_latest_version_has_no_schema_begins_without() {
        let catalog = Catalog::built_in().unwrap();
        let kind = &catalog.kinds()[0];
        assert_eq!(new_schema(&catalog, kind, &Version::new(2, 0, 0)), None);
    }
}
