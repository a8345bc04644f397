//! The files of a new version: a migration, a schema if the version before has one, and a fixture.
//! Invariant: a remark names each part that the author has to fill in.

use std::collections::BTreeMap;

use super::fixtures::Fixtures;
use super::remark::Remark;
use crate::catalog::skeleton::{NewSchema, fixture, migration, new_schema};
use crate::catalog::{Catalog, Kind};
use crate::engine::{check_before, effort_of, examine_as};
use crate::version::Version;

/// The files of a new version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewVersion {
    /// The new files, by path.
    pub files: BTreeMap<String, String>,
    /// The new schema, which is also in `files`, if the version before has one.
    pub schema: Option<NewSchema>,
    /// The parts that the author has to fill in before the fixture can be migrated.
    pub unfinished: Vec<Remark>,
}

/// Makes the files for `version` of the kind with this index, in a catalog that consists of `files`. `None` if the version is not above the latest.
pub fn begin(
    catalog: &Catalog,
    files: &BTreeMap<String, String>,
    index: usize,
    version: &Version,
) -> Option<NewVersion> {
    let kind = &catalog.kinds()[index];
    let mut new = migration(kind, version)?;
    let own = Fixtures::read(catalog, files);
    let own = own.of(index).map(|fixture| fixture.after.as_str());
    if let Some(before) = before(kind, &new, own) {
        new.extend(fixture(kind, version, &before)?);
    }
    let mut schema = new_schema(catalog, kind, version);
    let mut whole = files.clone();
    whole.extend(new.clone());
    if let Some(schema) = &schema {
        new.insert(schema.path.clone(), schema.text.clone());
        whole.insert(schema.path.clone(), schema.text.clone());
    }
    let with = |text: &String| {
        let mut whole = whole.clone();
        whole.insert("catalog.json".to_owned(), text.clone());
        Catalog::from_files(catalog.source().clone(), &whole).ok()
    };
    let edited = schema.as_ref().and_then(|schema| schema.catalog.as_ref());
    let begun = edited.and_then(with);
    if let (Some(schema), None) = (&mut schema, &begun) {
        schema.catalog = None;
    }
    let begun = begun.or_else(|| Catalog::from_files(catalog.source().clone(), &whole).ok());
    Some(NewVersion {
        unfinished: begun.map_or(Vec::new(), |begun| unfinished(&begun, &new)),
        files: new,
        schema,
    })
}

/// The document before of the fixture: the smallest one if schema and rules allow it, or the result of another fixture. `None` if neither is allowed.
fn before<'f>(
    kind: &Kind,
    new: &'f BTreeMap<String, String>,
    own: impl Iterator<Item = &'f str>,
) -> Option<String> {
    let is_allowed = |text: &&str| {
        let manifest = examine_as(kind, text.as_bytes());
        manifest.is_ok_and(|manifest| {
            let verdict = check_before(
                kind,
                manifest.version(),
                manifest.document(),
                &effort_of(&manifest),
            );
            manifest.version() == kind.registry.latest() && verdict.failures.is_empty()
        })
    };
    let smallest = new.iter().find(|(path, _)| path.ends_with("/before.json"));
    let mut all = smallest
        .map(|(_, text)| text.as_str())
        .into_iter()
        .chain(own);
    all.find(is_allowed).map(str::to_owned)
}

fn unfinished(catalog: &Catalog, new: &BTreeMap<String, String>) -> Vec<Remark> {
    let fixtures = Fixtures::read(catalog, new);
    let remarks = fixtures.fixtures.iter().flat_map(|one| one.check(catalog));
    remarks.filter(Remark::is_finding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Source;
    use crate::catalog::skeleton::extension;
    use crate::rehearsal::{lint, test};

    #[test]
    fn what_is_begun_can_be_loaded_and_holds_all_laws() {
        let built_in = Catalog::built_in().unwrap();
        let kind = &built_in.kinds()[0];
        let mut files = extension("my \"own\"");
        files.extend(migration(kind, &Version::new(2, 0, 0)).unwrap());
        let catalog = Catalog::check_files(Source::BuiltIn, &files).unwrap();
        assert_eq!(catalog.name(), "my \"own\"");
        assert_eq!(catalog.latest(), Some(&Version::new(2, 0, 0)));
        let fixtures = Fixtures::read(&catalog, &files);
        assert_eq!(fixtures.fixtures.len(), 1);
        assert_eq!(lint(&catalog, &fixtures), []);
        assert_eq!(test(&catalog, &fixtures).remarks, []);
        assert!(migration(kind, &Version::new(1, 2, 0)).is_none());
    }
}
