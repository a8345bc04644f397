//! Rehearsals: what the migrations of a catalog do to documents, tried in memory before any manifest is touched.
//!
//! For authors. Pure: fixtures come in as texts, documents of a tree through `operation`.
//!
//! Invariant: the same catalog gives the same remarks; what is generated depends on nothing but the catalog.

mod begin;
mod documents;
mod fixtures;
mod held;
mod laws;
mod lint;

pub use begin::{Begun, begin};
pub use fixtures::{Fixture, Fixtures};
pub use laws::{Rehearsed, rehearse};
pub use lint::lint;

use crate::catalog::{Catalog, Kind, Migration, Place, Route};
use crate::code::{Class, Code};
use crate::engine::Manifest;
use crate::version::Version;

/// Something about a catalog that its author should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// What it is. Its class says whether something is wrong (a finding) or not (a note).
    pub code: Code,
    /// Where it is.
    pub place: Place,
    /// The step that it is about, where it is about one.
    pub step: Option<StepId>,
    /// What it is, in words.
    pub message: String,
}

impl Remark {
    /// Whether something is wrong.
    #[must_use]
    pub fn is_finding(&self) -> bool {
        self.code.class() == Class::Finding
    }
}

/// A step of a migration.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StepId {
    /// The name of the kind.
    pub kind: String,
    /// The version that the migration leads from.
    pub from: Version,
    /// The version that it leads to.
    pub to: Version,
    /// Its place among the migration's steps.
    pub index: usize,
}

/// What came of a test.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tested {
    /// How many fixtures were tried.
    pub fixtures: usize,
    /// How many generated documents could be migrated.
    pub documents: usize,
    /// What is wrong.
    pub remarks: Vec<Remark>,
}

/// Takes every fixture from before to after, holds both against schemas and rules, and holds the laws against fixtures and generated documents: a step twice is once, up and down and up again is up, a shortcut is its composition.
#[must_use]
pub fn test(catalog: &Catalog, fixtures: &Fixtures) -> Tested {
    let mut tested = Tested {
        fixtures: fixtures.fixtures.len(),
        documents: 0,
        remarks: fixtures.remarks.clone(),
    };
    for fixture in &fixtures.fixtures {
        tested.add(fixture.check(catalog));
    }
    for (index, kind) in catalog.kinds().iter().enumerate() {
        for migration in kind.registry.migrations() {
            if let Some(route) = kind.registry.step(&migration.from, &migration.to) {
                let made_up: Vec<_> = documents::generated(catalog, kind, migration).collect();
                tested.hold_laws(kind, &route, &made_up);
                let own = fixtures.of(index).map(|fixture| fixture.before.as_str());
                let own: Vec<_> = own.collect();
                tested.hold_results(kind, migration, &route, &own, made_up);
            }
        }
    }
    tested
}

impl Tested {
    /// Holds the laws against made-up documents.
    fn hold_laws(&mut self, kind: &Kind, route: &Route, made_up: &[String]) {
        for document in made_up {
            let manifest = Manifest::of_kind(kind, document.as_bytes()).ok();
            let rehearsed = manifest.and_then(|manifest| rehearse(&manifest, route).ok());
            if let Some(rehearsed) = rehearsed {
                self.documents += 1;
                self.add(rehearsed.broken);
            }
        }
    }

    /// Looks among made-up documents, alone and laid over those of fixtures, and among these for the shortest that is valid, and refused once it is migrated.
    fn hold_results(
        &mut self,
        kind: &Kind,
        migration: &Migration,
        route: &Route,
        fixtures: &[&str],
        made_up: Vec<String>,
    ) {
        if !kind.schemas.contains_key(&migration.from) {
            return;
        }
        let laid_over = fixtures.iter().flat_map(|fixture| {
            let made_up = made_up.iter();
            made_up.filter_map(|over| documents::laid_over(fixture, over))
        });
        let mut all: Vec<String> = laid_over.collect();
        all.extend(made_up);
        all.extend(fixtures.iter().map(|fixture| (*fixture).to_owned()));
        all.sort_by_key(String::len);
        // A step may refuse some; that it refuses all is not what anybody meant.
        let (mut refused_by_step, mut is_any_migrated) = (None, false);
        for document in all {
            let manifest = Manifest::of_kind(kind, document.as_bytes()).ok();
            let at_version = |manifest: &Manifest<'_, '_>| manifest.version() == route.from();
            let Some(manifest) = manifest.filter(at_version) else {
                continue;
            };
            let say = |why: &str| vec![held::result_refused(migration, manifest.document(), why)];
            match held::migrate_valid(&manifest, route) {
                None => {}
                Some(Ok(())) => is_any_migrated = true,
                Some(Err(held::Refused::Result(why))) => return self.add(say(&why)),
                Some(Err(held::Refused::Step(why))) => {
                    refused_by_step.get_or_insert_with(|| say(&why));
                }
            }
        }
        if !is_any_migrated {
            self.add(refused_by_step.unwrap_or_default());
        }
    }

    /// Adds what was not said before of the same place: one document is enough to tell what is wrong with a migration. Of a fixture all is said.
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

/// Where a migration stands; the catalog as a whole, where it was compiled in.
fn place_of(migration: &Migration) -> Place {
    migration.place().cloned().unwrap_or(Place::Catalog)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use crate::json::{Edit, Fragment, Value};
    use crate::transform::{Change, NoInverse, StepError, Transform};

    /// Sets a member to one value after the other; gone back, it takes the member away.
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
        let told = tested.remarks.iter().map(|one| one.message.as_str());
        assert_eq!(
            told.collect::<Vec<_>>(),
            [
                "`restless` changes a document again that it has changed",
                "the migration 1.2.0 to 1.3.0, down and up again, `/n` is `111`, expected `1`",
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
