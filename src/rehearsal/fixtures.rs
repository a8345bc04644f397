//! Fixtures: documents before and after a migration, beside a catalog.
//! A fixture is `fixtures/<kind>/<name>/before.json` and `after.json`, without the new history record. Opens no file.
//! Invariant: a fixture that cannot be used gives a remark.

use std::collections::BTreeMap;

use super::checks;
use super::laws::{Rehearsal, difference, rehearse};
use super::remark::Remark;
use crate::catalog::{Catalog, Kind, Place, Route};
use crate::code::Code;
use crate::engine::{Manifest, examine_as};
use crate::refusal::Refusal;

const BEFORE: &str = "before.json";
const AFTER: &str = "after.json";

/// The fixtures of a catalog.
#[derive(Debug, Clone, Default)]
pub struct Fixtures {
    /// The usable fixtures, in the order of their paths.
    pub fixtures: Vec<Fixture>,
    /// The problems of the others.
    pub remarks: Vec<Remark>,
}

/// A document before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fixture {
    /// The directory in the catalog's directory.
    pub path: String,
    /// The index of the kind.
    pub kind: usize,
    /// The document before.
    pub before: String,
    /// The document after.
    pub after: String,
}

impl Fixtures {
    pub(super) fn of(&self, kind: usize) -> impl Iterator<Item = &Fixture> {
        self.fixtures.iter().filter(move |one| one.kind == kind)
    }

    /// Reads the fixtures among the files of a catalog.
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
    Remark::new(Code::FixtureInvalid, Place::File(path.to_owned()), message)
}

impl Fixture {
    pub(super) fn check(&self, catalog: &Catalog) -> Vec<Remark> {
        let differs = |name, message: String| {
            Remark::new(Code::FixtureDiffers, Place::File(self.file(name)), message)
        };
        let kind = &catalog.kinds()[self.kind];
        match self.with_route(kind, |before, route| self.try_out(before, route)) {
            Err((name, message)) => vec![invalid(&self.file(name), message)],
            Ok((Err(refusal), mut remarks)) => {
                remarks.insert(0, differs(BEFORE, format!("is refused: {refusal}")));
                remarks
            }
            Ok((Ok(rehearsed), checks)) => {
                let mut remarks = rehearsed.broken;
                let how = difference(&rehearsed.text, &self.after);
                let how = how.map(|how| format!("the migrations give another document: {how}"));
                remarks.extend(how.map(|how| differs(AFTER, how)));
                remarks.extend(checks);
                remarks
            }
        }
    }

    fn try_out(
        &self,
        before: &Manifest<'_, '_>,
        route: &Route,
    ) -> (Result<Rehearsal, Refusal>, Vec<Remark>) {
        let rehearsed = rehearse(before, route);
        let mut remarks = checks::before(before, &self.file(BEFORE));
        if let Ok(rehearsed) = &rehearsed {
            let differs = difference(&self.after, &rehearsed.text).is_some();
            let another = differs.then_some(self.after.as_str());
            remarks.extend(checks::after(before, route, another, &self.file(AFTER)));
        }
        (rehearsed, remarks)
    }

    fn file(&self, name: &str) -> String {
        format!("{}/{name}", self.path)
    }

    /// Calls `act` with the document before and the route to the version after. The error is the file that prevents this, and the reason.
    pub(super) fn with_route<'f, T>(
        &'f self,
        kind: &Kind,
        act: impl FnOnce(&Manifest<'f, '_>, &Route) -> T,
    ) -> Result<T, (&'static str, String)> {
        let examine = |name, text: &'f str| {
            examine_as(kind, text.as_bytes()).map_err(|refusal| (name, refusal.to_string()))
        };
        let (before, after) = (examine(BEFORE, &self.before)?, examine(AFTER, &self.after)?);
        if !after.version_is_declared() {
            let missing = format!(
                "`{}` is missing: a document after says its version",
                kind.version
            );
            return Err((AFTER, missing));
        }
        let (from, to) = (before.version(), after.version());
        let route = kind.registry.route(from, to);
        let route =
            route.ok_or_else(|| (AFTER, format!("no migrations lead from `{from}` to `{to}`")))?;
        Ok(act(&before, &route))
    }
}
