//! Samples for tests of the engine: obedient transforms, documents, edits.
//!
//! Invariant: generated manifests are valid and of version 1.0.0.

use proptest::prelude::*;

use super::transform::{RecordStamp, effort_of, transform_inspected};
use super::{Migrated, examine_as, transform};
use crate::catalog::{Catalog, CatalogError, Kind, Migration, Route, Source};
use crate::json::{Edit, Fragment, Pointer, Text, Value};
use crate::refusal::Refusal;
use crate::step::{PlacedStep, trial};
use crate::transform::{Change, StepError, Transform};
use crate::version::Version;

pub(super) const NOW: &str = "2026-02-28T10:30:00Z";

pub(super) fn pointer(text: &str) -> Pointer {
    text.parse().unwrap()
}

pub(super) fn fragment(text: &str) -> Fragment {
    Fragment::parse(text).unwrap()
}

pub(super) fn insert(at: &str, value: &str) -> Edit {
    Edit::Insert {
        at: pointer(at),
        value: fragment(value),
    }
}

pub(super) fn replace(at: &str, value: &str) -> Edit {
    Edit::Replace {
        at: pointer(at),
        value: fragment(value),
    }
}

pub(super) fn remove(at: &str) -> Edit {
    Edit::Remove { at: pointer(at) }
}

pub(super) fn rename(at: &str, to: &str) -> Edit {
    Edit::Rename {
        at: pointer(at),
        to: to.to_owned(),
    }
}

pub(super) fn relocate(from: &str, to: &str) -> Edit {
    Edit::Move {
        from: pointer(from),
        to: pointer(to),
    }
}

/// Does as it was told, whatever the document, and says of itself what it was told to say.
#[derive(Debug, Clone)]
pub(super) struct Scripted {
    pub(super) edits: Vec<Edit>,
    pub(super) footprint: Option<Vec<Pointer>>,
}

impl Transform for Scripted {
    fn name(&self) -> String {
        "scripted".to_owned()
    }
    fn changes(&self, _: Value<'_>) -> Result<Vec<Change>, StepError> {
        Ok(self.edits.iter().cloned().map(Change::Edit).collect())
    }
    fn footprint(&self) -> Option<Vec<Pointer>> {
        self.footprint.clone()
    }
}

/// A step that keeps to itself what it reads and writes.
#[derive(Debug)]
pub(super) struct Reticent(pub(super) PlacedStep);

impl Transform for Reticent {
    fn name(&self) -> String {
        self.0.name()
    }
    fn changes(&self, document: Value<'_>) -> Result<Vec<Change>, StepError> {
        self.0.changes(document)
    }
}

/// The built-in catalog with one migration more, from 1.2.0 to 1.3.0.
pub(super) fn catalog_with(transforms: Vec<Box<dyn Transform>>) -> Catalog {
    let mut migration = Migration::new(Version::new(1, 2, 0), Version::new(1, 3, 0), "test");
    migration.transforms = transforms;
    let catalog = Catalog::built_in().unwrap();
    catalog.with_migration("run", migration).unwrap()
}

/// A catalog with one migration of these steps, each a JSON object.
pub(super) fn catalog_of_steps(steps: &str) -> Result<Catalog, CatalogError> {
    let catalog = r#"{"name": "n", "kinds": {"k": {"file": "f.json", "version": "/v", "history": "/h", "unversioned": "1.0.0", "immutable": ["/id"], "protected": ["/p/q"]}}}"#;
    let migration = format!(
        r#"{{"from": "1.0.0", "to": "1.1.0", "kind": "k", "summary": "s", "steps": [{steps}]}}"#
    );
    let files = [("catalog.json", catalog), ("migrations/m.json", &migration)];
    let files = files.map(|(path, text)| (path.to_owned(), text.to_owned()));
    Catalog::from_files(Source::BuiltIn, &files.into())
}

pub(super) fn route(kind: &Kind, from: u64, to: u64) -> Route {
    let (from, to) = (Version::new(1, from, 0), Version::new(1, to, 0));
    kind.registry.route(&from, &to).unwrap()
}

pub(super) fn migrated(catalog: &Catalog, document: &str) -> Result<Migrated, Refusal> {
    let kind = &catalog.kinds()[0];
    let manifest = examine_as(kind, document.as_bytes()).unwrap();
    let route = kind
        .registry
        .route(manifest.version(), kind.registry.latest())
        .unwrap();
    let result = transform(&manifest, &route, NOW.parse().unwrap());
    let checked = transform_inspected(
        &manifest,
        &route,
        (&RecordStamp::placeholder(), &effort_of(&manifest)),
        |_| Ok(()),
    );
    assert_eq!(checked.err(), result.clone().err());
    result
}

pub(super) fn scripted(document: &str, edits: Vec<Edit>) -> Result<Migrated, Refusal> {
    let footprint = None;
    migrated(
        &catalog_with(vec![Box::new(Scripted { edits, footprint })]),
        document,
    )
}

pub(super) const DOCUMENT: &str = r#"{"run_id":"r","schema_version":"1.2.0","inputs_hash":"h","artifacts":{"a":[1,2]},"free":{"x":1.50},"list":[{"k":1}],"migration_history":[{"n":1}]}"#;

/// A layout in which documents are printed.
#[derive(Debug, Clone)]
pub(super) struct SampleLayout {
    line: &'static str,
    indent: &'static str,
    colon: &'static str,
    end: &'static str,
    sorted: bool,
}

pub(super) fn layouts() -> impl Strategy<Value = SampleLayout> {
    let forms = prop_oneof![
        Just(("", "", ":")),
        Just(("", "", ": ")),
        Just(("\n", "  ", ": ")),
        Just(("\r\n", "\t", ": ")),
        Just(("\n", "", " : ")),
    ];
    let ends = prop_oneof![Just(""), Just("\n"), Just("\r\n")];
    (forms, ends, any::<bool>()).prop_map(|((line, indent, colon), end, sorted)| SampleLayout {
        line,
        indent,
        colon,
        end,
        sorted,
    })
}

pub(super) fn print(mut members: Vec<(String, String)>, layout: &SampleLayout) -> String {
    if layout.sorted {
        members.sort();
    }
    let SampleLayout {
        line,
        indent,
        colon,
        end,
        ..
    } = layout;
    let members = members
        .iter()
        .map(|(name, value)| format!("{line}{indent}\"{name}\"{colon}{value}"));
    format!("{{{}{line}}}{end}", members.collect::<Vec<_>>().join(","))
}

pub(super) fn scalars() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        Just("null"),
        Just("\"x\\u00e9\\/\""),
        Just("1.50"),
        Just("1E400"),
        Just("-0"),
        Just("[1, {\"k\" :2}]"),
        Just("{ \"z\": 1, \"a\":[] }"),
        Just("{}"),
        Just("1234567890123456789012345678901234567890"),
    ]
}

/// Manifests of version 1.0.0 in many forms.
pub(super) fn manifests() -> impl Strategy<Value = String> {
    let names = [
        "job_id",
        "job_ref",
        "input_snapshots",
        "inputs_hash",
        "artifacts",
        "chain_metadata",
        "a",
        "b",
        "zz",
        "Z",
    ];
    let members = proptest::sample::subsequence(names.to_vec(), 0..=names.len());
    let versions = prop_oneof![
        Just(None),
        Just(Some("\"1.0.0\"")),
        Just(Some("\"1\\u002e0.0\""))
    ];
    let histories = prop_oneof![Just(None), Just(Some("[]")), Just(Some("[ {\"n\": 1} ]"))];
    let values = proptest::collection::vec(scalars(), names.len());
    (
        members.prop_shuffle(),
        values,
        versions,
        histories,
        any::<prop::sample::Index>(),
        layouts(),
    )
        .prop_map(|(names, values, version, history, place, layout)| {
            let pairs = names.into_iter().zip(values);
            let mut members: Vec<(String, String)> = pairs
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect();
            let engine = [
                ("schema_version", version),
                ("migration_history", history),
                ("run_id", Some("\"r\\u0031\"")),
            ];
            for (name, value) in engine {
                if let Some(value) = value {
                    let at = place.index(members.len() + 1);
                    members.insert(at, (name.to_owned(), value.to_owned()));
                }
            }
            print(members, &layout)
        })
}

/// Top-level members and their bytes.
pub(super) fn members(text: &str) -> Vec<(String, String)> {
    let text = Text::scan(text.as_bytes()).unwrap();
    let members = text.root().members();
    members
        .map(|member| (member.name().into_owned(), member.value().raw().to_owned()))
        .collect()
}

pub(super) fn places() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        Just("/run_id"),
        Just("/job_id"),
        Just("/inputs_hash"),
        Just("/artifacts"),
        Just("/artifacts/a"),
        Just("/schema_version"),
        Just("/migration_history"),
        Just("/migration_history/0"),
        Just("/free"),
        Just("/free/x"),
        Just("/list"),
        Just("/list/0"),
        Just("/list/0/k"),
        Just("/new"),
        Just("/free/new"),
        Just("/doctrine"),
        Just(""),
    ]
}

pub(super) fn edits() -> impl Strategy<Value = Edit> {
    let value = || scalars().prop_map(fragment);
    let place = || places().prop_map(pointer);
    let name = || {
        prop_oneof![
            Just("job_id"),
            Just("new"),
            Just("run_id"),
            Just("doctrine"),
            Just("x")
        ]
    };
    prop_oneof![
        (place(), value()).prop_map(|(at, value)| Edit::Insert { at, value }),
        (place(), value()).prop_map(|(at, value)| Edit::Replace { at, value }),
        (place(), value()).prop_map(|(at, value)| Edit::Append { at, value }),
        place().prop_map(|at| Edit::Remove { at }),
        (place(), name()).prop_map(|(at, to)| Edit::Rename {
            at,
            to: to.to_owned()
        }),
        (place(), place()).prop_map(|(from, to)| Edit::Move { from, to }),
        (place(), place()).prop_map(|(from, to)| Edit::Copy { from, to }),
        (place(), name()).prop_map(|(at, name)| Edit::Wrap {
            at,
            name: name.to_owned()
        }),
        place().prop_map(|at| Edit::Unwrap { at }),
    ]
}

pub(super) fn scripts() -> impl Strategy<Value = Scripted> {
    let footprint =
        proptest::option::of(proptest::collection::vec(places().prop_map(pointer), 0..3));
    (proptest::collection::vec(edits(), 0..3), footprint)
        .prop_map(|(edits, footprint)| Scripted { edits, footprint })
}

/// A step, as JSON, without a catalog.
pub(super) fn step(step: &str) -> PlacedStep {
    trial::read(step).unwrap().remove(0)
}

pub(super) fn defaults() -> impl Strategy<Value = (String, bool)> {
    let at = prop_oneof![
        Just("/n"),
        Just("/m"),
        Just("/free/x"),
        Just("/free/y"),
        Just("/n/deep"),
        Just("/doctrine"),
        Just("/2024"),
        Just("/free/2024"),
        Just("/aa"),
    ];
    let when = prop_oneof![Just("missing"), Just("null"), Just("missing_or_null")];
    (at, scalars(), when, any::<bool>()).prop_map(|(at, value, when, reticent)| {
        let step = format!(
            r#"{{"step": "set_default", "at": "{at}", "when": "{when}", "value": {value}}}"#
        );
        (step, reticent)
    })
}
