//! Laws of the engine.
//!
//! Invariant: whatever a transform does, the manifest is refused or its guarded members have the same bytes.

use proptest::prelude::*;

use super::samples::*;
use super::{Decision, Plan, examine_as, trace};
use crate::catalog::Catalog;
use crate::json::{Edit, Pointer, Text, apply};
use crate::refusal::{Guard, Refusal};
use crate::step::laws::{documents, steps};
use crate::transform::{Change, Transform};

/// The text with the version set and `transforms` applied, each spliced before the next is asked.
fn one_by_one(document: &str, version: Edit, transforms: &[Box<dyn Transform>]) -> Option<String> {
    let scan = |text: &str| Text::scan(text.as_bytes()).is_ok();
    let splice =
        |text: &str, edits: &[Edit]| apply(&Text::scan(text.as_bytes()).unwrap(), edits).ok();
    let mut text = splice(document, &[version])?;
    for transform in transforms {
        let changes = transform
            .changes(Text::scan(text.as_bytes()).unwrap().root())
            .ok()?;
        let edits: Vec<_> = changes
            .iter()
            .filter_map(|change| change.edit().cloned())
            .collect();
        text = splice(&text, &edits).filter(|text| scan(text))?;
    }
    Some(text)
}

proptest! {
    #[test]
    fn what_no_step_touches_keeps_its_bytes_and_a_second_migration_does_nothing(document in manifests()) {
        let catalog = Catalog::built_in().unwrap();
        let migrated = migrated(&catalog, &document).unwrap();
        let after = members(&migrated.text);
        for (name, value) in members(&document) {
            if name != "schema_version" && name != "migration_history" {
                prop_assert!(after.contains(&(name, value)));
            }
        }
        let plan = Plan::new(&catalog, None, true).unwrap();
        let text = Text::scan(migrated.text.as_bytes()).unwrap();
        let again = examine_as(&catalog.kinds()[0], migrated.text.as_bytes()).unwrap();
        prop_assert!(matches!(plan.decide(&again), Ok(Decision::Current)));
        for migration in catalog.kinds()[0].registry.migrations() {
            for transform in &migration.transforms {
                let changes = transform.changes(text.root()).unwrap();
                prop_assert!(changes.iter().all(|change| matches!(change, Change::Kept(_))));
            }
        }
    }

    #[test]
    fn a_shortcut_gives_the_bytes_of_its_composition(document in manifests()) {
        let catalog = Catalog::built_in().unwrap();
        let kind = &catalog.kinds()[0];
        let step = |document: &str, from, to| {
            let manifest = examine_as(kind, document.as_bytes()).unwrap();
            trace(&manifest, &route(kind, from, to)).unwrap().text
        };
        let composed = step(&step(&document, 0, 1), 1, 2);
        prop_assert_eq!(step(&document, 0, 2), composed);
    }

    #[test]
    fn waiting_edits_give_the_bytes_of_splicing_one_by_one(
        steps in proptest::collection::vec(defaults(), 0..6),
        layout in layouts(),
        names in Just(vec!["run_id", "schema_version", "free", "n", "z"]).prop_shuffle(),
        count in 0_usize..3,
    ) {
        let value = |name: &str| match name {
            "run_id" => "\"r\"",
            "schema_version" => "\"1.2.0\"",
            "free" => "{\"x\": null, \"b\":1}",
            "n" => "null",
            _ => "1.0",
        };
        let mut names = names;
        let optional = ["n", "z"];
        names.retain(|name| !optional[..count].contains(name));
        let members = names.iter().map(|name| ((*name).to_owned(), value(name).to_owned()));
        let document = print(members.collect(), &layout);
        let boxed = || -> Vec<Box<dyn Transform>> {
            let steps = steps.iter().cloned();
            steps.map(|(json, reticent)| -> Box<dyn Transform> {
                let step = step(&json);
                if reticent { Box::new(Reticent(step)) } else { Box::new(step) }
            }).collect()
        };
        let catalog = catalog_with(boxed());
        let kind = &catalog.kinds()[0];
        let manifest = examine_as(kind, document.as_bytes()).unwrap();
        match trace(&manifest, &route(kind, 2, 3)) {
            Ok(batched) => prop_assert_eq!(Some(batched.text), one_by_one(&document, replace("/schema_version", "\"1.3.0\""), &boxed())),
            Err(Refusal::GuardedChanged { guard: Guard::Protected, .. }) => {}
            Err(refusal) => prop_assert_eq!(None, one_by_one(&document, replace("/schema_version", "\"1.3.0\""), &boxed()), "{}", refusal),
        }
    }

    #[test]
    fn steps_that_wait_give_the_bytes_of_taking_one_after_the_other(
        steps in proptest::collection::vec(steps(), 1..4),
        document in documents(),
    ) {
        let Ok(catalog) = catalog_of_steps(&steps.join(", ")) else {
            return Ok(());
        };
        let kind = &catalog.kinds()[0];
        let migration = kind.registry.migrations().next().unwrap();
        let manifest = examine_as(kind, document.as_bytes()).unwrap();
        let together = trace(&manifest, &route(kind, 0, 1)).ok().map(|trace| trace.text);
        let version = replace("/v", "\"1.1.0\"");
        prop_assert_eq!(together, one_by_one(&document, version, &migration.transforms));
    }

    #[test]
    fn whatever_a_transform_does_guarded_members_keep_their_bytes(
        scripts in proptest::collection::vec(scripts(), 1..4),
    ) {
        let touched: Vec<Edit> = scripts.iter().flat_map(|script| script.edits.clone()).collect();
        let boxed = scripts.into_iter().map(|script| -> Box<dyn Transform> { Box::new(script) });
        let catalog = catalog_with(boxed.collect());
        let Ok(migrated) = migrated(&catalog, DOCUMENT) else {
            return Ok(());
        };
        let (before, after) = (members(DOCUMENT), members(&migrated.text));
        let find = |members: &[(String, String)], wanted: &str| {
            members.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone())
        };
        let kind = &catalog.kinds()[0];
        for at in &kind.immutable {
            let name = &at.tokens()[0];
            prop_assert_eq!(find(&before, name), find(&after, name));
        }
        for at in &kind.protected {
            let name = &at.tokens()[0];
            if let Some(value) = find(&before, name) {
                prop_assert_eq!(Some(value), find(&after, name));
            }
        }
        prop_assert_eq!(find(&after, "schema_version"), Some("\"1.3.0\"".to_owned()));
        let history = find(&after, "migration_history").unwrap();
        let kept = "[{\"n\":1},{";
        prop_assert_eq!(&history[..kept.len()], kept);
        for (name, value) in &before {
            let own = Pointer::root().child(name.as_str());
            let mut reached = touched.iter().flat_map(super::guard::reached);
            let was_named = reached.any(|at| at.overlaps(&own));
            if !was_named && name != "schema_version" && name != "migration_history" {
                prop_assert_eq!(Some(value.clone()), find(&after, name));
            }
        }
    }
}
