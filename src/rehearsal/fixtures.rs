//! Fixtures: documents before and after, kept beside a catalog.
//!
//! Reads texts that were read already. A fixture is `fixtures/<kind>/<name>/before.json` and `after.json`; it says what a route makes of a document, without the history record.
//!
//! Invariant: a fixture whose documents cannot be used is a remark, never passed over.

use std::collections::BTreeMap;

use super::Remark;
use super::laws::{difference, rehearse};
use crate::catalog::{Catalog, Kind, Place, Route};
use crate::code::Code;
use crate::json::Text;
use crate::manifest::Manifest;

const BEFORE: &str = "before.json";
const AFTER: &str = "after.json";

/// The fixtures of a catalog.
#[derive(Debug, Clone, Default)]
pub struct Fixtures {
    /// Those that can be used, by path.
    pub fixtures: Vec<Fixture>,
    /// What is wrong with others.
    pub remarks: Vec<Remark>,
}

/// A document before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fixture {
    /// Its directory in the catalog's.
    pub path: String,
    /// The index of its kind.
    pub kind: usize,
    /// The document before.
    pub before: String,
    /// The document after.
    pub after: String,
}

impl Fixtures {
    /// Takes what stands below `fixtures/` in the files of a catalog.
    #[must_use]
    pub fn read(catalog: &Catalog, files: &BTreeMap<String, String>) -> Self {
        let mut directories = BTreeMap::<&str, BTreeMap<&str, &String>>::new();
        for (path, text) in files
            .iter()
            .filter(|(path, _)| path.starts_with("fixtures/"))
        {
            if let Some((directory, name @ (BEFORE | AFTER))) = path.rsplit_once('/') {
                directories.entry(directory).or_default().insert(name, text);
            }
        }
        let mut read = Self::default();
        for (path, documents) in directories {
            match fixture(catalog, path, &documents) {
                Ok(fixture) => read.fixtures.push(fixture),
                Err(message) => read.remarks.push(invalid(path, message)),
            }
        }
        read
    }
}

fn fixture(
    catalog: &Catalog,
    path: &str,
    documents: &BTreeMap<&str, &String>,
) -> Result<Fixture, String> {
    let one = |name: &str| {
        let text = documents.get(name).map(|text| (*text).clone());
        text.ok_or_else(|| format!("there is no `{name}`"))
    };
    let name = path.split('/').nth(1).unwrap_or_default();
    let kind = catalog.kinds().iter().position(|kind| kind.name == name);
    Ok(Fixture {
        path: path.to_owned(),
        kind: kind.ok_or_else(|| format!("the catalog has no kind `{name}`"))?,
        before: one(BEFORE)?,
        after: one(AFTER)?,
    })
}

fn invalid(path: &str, message: String) -> Remark {
    Remark {
        code: Code::FixtureInvalid,
        place: Place::File(path.to_owned()),
        step: None,
        message,
    }
}

impl Fixture {
    /// Takes the document to the version of the one after: what is wrong with that, or which laws do not hold.
    pub(super) fn check(&self, catalog: &Catalog) -> Vec<Remark> {
        let differs = |name, message| Remark {
            code: Code::FixtureDiffers,
            place: Place::File(self.file(name)),
            step: None,
            message,
        };
        match self.with_route(&catalog.kinds()[self.kind], rehearse) {
            Err((name, message)) => vec![invalid(&self.file(name), message)],
            Ok(Err(refusal)) => vec![differs(BEFORE, format!("is refused: {refusal}"))],
            Ok(Ok(rehearsed)) => {
                let mut remarks = rehearsed.broken;
                let how = difference(&self.after, &rehearsed.text);
                remarks.extend(how.map(|how| differs(AFTER, how)));
                remarks
            }
        }
    }

    fn file(&self, name: &str) -> String {
        format!("{}/{name}", self.path)
    }

    /// Lets `act` look at the document before, and at the route to the one after; else says which of the two is in the way, and why.
    pub(super) fn with_route<T>(
        &self,
        kind: &Kind,
        act: impl FnOnce(&Manifest<'_>, &Route) -> T,
    ) -> Result<T, (&'static str, String)> {
        let before = Text::scan(self.before.as_bytes());
        let before = before.map_err(|error| (BEFORE, error.to_string()))?;
        let after = Text::scan(self.after.as_bytes());
        let after = after.map_err(|error| (AFTER, error.to_string()))?;
        let before = Manifest::read(&before, kind).map_err(|error| (BEFORE, error.to_string()))?;
        let after = Manifest::read(&after, kind).map_err(|error| (AFTER, error.to_string()))?;
        let (from, to) = (before.version(), after.version());
        let route = kind.registry.route(from, to);
        let route =
            route.ok_or_else(|| (AFTER, format!("no migrations lead from `{from}` to `{to}`")))?;
        Ok(act(&before, &route))
    }
}
