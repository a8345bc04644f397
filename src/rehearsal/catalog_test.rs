//! Tests a catalog with its fixtures and with generated documents.
//! Invariant: the same catalog gives the same remarks.

use super::checks::{self, RehearsalRefusal};
use super::documents;
use super::fixtures::Fixtures;
use super::laws::rehearse;
use super::remark::Remark;
use crate::catalog::{Catalog, Kind, Migration, Route};
use crate::code::Code;
use crate::engine::examine_as;

/// The result of a test of a catalog.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TestReport {
    /// The number of fixtures.
    pub fixtures: usize,
    /// The number of generated documents that could be migrated.
    pub documents: usize,
    /// The findings and notes.
    pub remarks: Vec<Remark>,
}

/// Tests a catalog: migrates every fixture, checks it by schemas and rules, and checks three laws on fixtures and generated documents. A step changes nothing the second time; up, down and up again gives the same as up; a shortcut gives the same as the migrations that it replaces.
pub fn test(catalog: &Catalog, fixtures: &Fixtures) -> TestReport {
    let mut report = TestReport {
        fixtures: fixtures.fixtures.len(),
        documents: 0,
        remarks: fixtures.remarks.clone(),
    };
    for fixture in &fixtures.fixtures {
        report.add(fixture.check(catalog));
    }
    for (index, kind) in catalog.kinds().iter().enumerate() {
        for migration in kind.registry.migrations() {
            let Some(route) = kind.registry.step(&migration.from, &migration.to) else {
                continue;
            };
            let generated: Vec<_> = documents::generated(catalog, kind, migration).collect();
            report.check_laws(kind, &route, &generated);
            if kind.schemas.contains_key(&migration.from) {
                let own = fixtures.of(index).map(|fixture| fixture.before.as_str());
                let documents = shortest_first(&own.collect::<Vec<_>>(), generated);
                let remarks = check_results(kind, migration, &route, documents);
                report.add(remarks);
            }
        }
    }
    report
}

/// Generated documents, fixtures, and combinations of both.
fn shortest_first(fixtures: &[&str], generated: Vec<String>) -> Vec<String> {
    let laid_over = fixtures.iter().flat_map(|fixture| {
        let generated = generated.iter();
        generated.filter_map(|over| documents::laid_over(fixture, over))
    });
    let mut all: Vec<String> = laid_over.collect();
    all.extend(generated);
    all.extend(fixtures.iter().map(|fixture| (*fixture).to_owned()));
    all.sort_by_key(String::len);
    all
}

/// Finds the first document that is valid before a migration and refused after it.
fn check_results(
    kind: &Kind,
    migration: &Migration,
    route: &Route,
    documents: Vec<String>,
) -> Vec<Remark> {
    // A step may refuse some documents, but hardly all of them.
    let (mut refused_by_step, mut is_any_migrated) = (None, false);
    for document in documents {
        let manifest = examine_as(kind, document.as_bytes()).ok();
        let Some(manifest) = manifest.filter(|one| one.version() == route.from()) else {
            continue;
        };
        let say = |why: &str| vec![checks::result_refused(migration, manifest.document(), why)];
        match checks::migrate_valid(&manifest, route) {
            None => {}
            Some(Ok(())) => is_any_migrated = true,
            Some(Err(RehearsalRefusal::Result(why))) => return say(&why),
            Some(Err(RehearsalRefusal::Step(why))) => {
                refused_by_step.get_or_insert_with(|| say(&why));
            }
        }
    }
    refused_by_step
        .filter(|_| !is_any_migrated)
        .unwrap_or_default()
}

impl TestReport {
    fn check_laws(&mut self, kind: &Kind, route: &Route, documents: &[String]) {
        for document in documents {
            let manifest = examine_as(kind, document.as_bytes()).ok();
            let rehearsed = manifest.and_then(|manifest| rehearse(&manifest, route).ok());
            if let Some(rehearsed) = rehearsed {
                self.documents += 1;
                self.add(rehearsed.broken);
            }
        }
    }

    /// Adds remarks, but only one with the same code for each place, because one document is enough to show a problem of a migration. Remarks about fixtures are all added.
    pub fn add(&mut self, remarks: Vec<Remark>) {
        for remark in remarks {
            let is_of_one = matches!(remark.code, Code::FixtureViolates | Code::FixtureWarned);
            let mut known = self.remarks.iter();
            let is_known = known.any(|known| {
                (known.code, &known.place) == (remark.code, &remark.place)
                    && (!is_of_one || known.message == remark.message)
            });
            if !is_known {
                self.remarks.push(remark);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Edit, Fragment, Value};
    use crate::transform::{Change, NoInverse, StepError, Transform};
    use crate::version::Version;

    /// Sets a member to a new value each time.
    #[derive(Debug)]
    struct Restless;

    impl Transform for Restless {
        fn name(&self) -> String {
            "restless".to_owned()
        }
        fn changes(&self, document: Value<'_>) -> Result<Vec<Change>, StepError> {
            let at = "/n".parse().unwrap();
            let found = document.get("n").map_or(0, |value| value.raw().len());
            let value = Fragment::parse(&"1".repeat(found + 1)).unwrap();
            Ok(vec![Change::Edit(match found {
                0 => Edit::Insert { at, value },
                _ => Edit::Replace { at, value },
            })])
        }
        fn inverse(&self) -> Result<Box<dyn Transform>, NoInverse> {
            Ok(Box::new(Self))
        }
    }

    #[test]
    fn the_built_in_catalog_holds_all_laws() {
        let catalog = Catalog::built_in().unwrap();
        let tested = test(&catalog, &Fixtures::default());
        assert_eq!((tested.remarks, tested.documents), (vec![], 3 * 128));
    }

    #[test]
    fn a_transform_that_breaks_the_laws_is_found_out() {
        let migration = Migration::new(Version::new(1, 2, 0), Version::new(1, 3, 0), "s");
        let catalog = Catalog::built_in().unwrap();
        let catalog = catalog.with_migration("run", migration.with(Restless));
        let tested = test(&catalog.unwrap(), &Fixtures::default());
        let told = tested.remarks.iter();
        let told = told.map(|one| format!("{}: {}", one.code, one.message));
        assert_eq!(
            told.collect::<Vec<_>>(),
            [
                "not_idempotent: `restless` changes a document again that it has changed",
                "way_back_differs: the migration 1.2.0 to 1.3.0, down and up again, `/n` is `111`, expected `1`",
            ]
        );
    }

    #[test]
    fn what_is_made_up_is_the_same_every_time() {
        let catalog = Catalog::built_in().unwrap();
        let kind = &catalog.kinds()[0];
        let migration = kind.registry.migrations().next().unwrap();
        let made_up = || documents::generated(&catalog, kind, migration).collect::<Vec<_>>();
        let documents = made_up();
        assert_eq!(documents, made_up());
        let has = |name: &str| documents.iter().filter(|one| one.contains(name)).count();
        assert!((32..128).contains(&has("input_snapshots")));
        assert_eq!(has("\"run_id\":\"r\""), 128);
    }
}
