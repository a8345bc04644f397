//! Plans that are executed: what they allow, and what has changed since.

use std::sync::Arc;

use super::setting::{MANIFESTS, Run, SETTINGS, catalog, options, original};
use crate::catalog::{Catalog, Migration};
use crate::code::Code;
use crate::digest::Digest;
use crate::operation::{Depth, Options, migrate};
use crate::path::TreePath;
use crate::plan::{PlanFile, PlanHead, PlanWriter};
use crate::report::{Event, Outcome, Sink as _, Status};
use crate::storage::FileSystem;
use crate::storage::simulated::Simulated;
use crate::version::Version;

const CHANGED: &[u8] = b"{\"schema_version\":\"1.0.0\",\"run_id\":\"theirs\"}";

fn disk() -> Simulated {
    SETTINGS[0].disk()
}

fn execute(disk: &Simulated, catalog: &Catalog, options: &Options) -> Run {
    let storage = FileSystem::new(
        disk.clone(),
        disk.root(),
        b"/tree".to_vec(),
        SETTINGS[0].open_options(),
    );
    let mut told = Run::default();
    let summary = migrate(&storage, catalog, options, &|| None, &mut told);
    Run { summary, ..told }
}

fn plan_of(disk: &Simulated) -> Arc<PlanFile> {
    plan_with(disk, &options(), |_| ())
}

/// The plan of a tree as it is now, with each outcome changed by `change` on its way into it.
fn plan_with(disk: &Simulated, options: &Options, change: fn(&mut Outcome)) -> Arc<PlanFile> {
    let predicting = Options {
        depth: Depth::Predict,
        ..options.clone()
    };
    let mut told = execute(disk, catalog(), &predicting);
    let head = PlanHead::new(catalog(), None, "/tree", predicting.now);
    let mut writer = PlanWriter::new(Vec::new(), &head).unwrap();
    for outcome in &mut told.outcomes {
        change(outcome);
        writer.event(&Event::Outcome(outcome)).unwrap();
    }
    writer.event(&Event::Finished(&told.summary)).unwrap();
    Arc::new(PlanFile::read(&*writer.into_parts().1).unwrap())
}

fn executing(planned: &Arc<PlanFile>, depth: Depth) -> Options {
    Options {
        depth,
        plan: Some(Arc::clone(planned)),
        ..options()
    }
}

fn has_state(disk: &Simulated) -> bool {
    disk.tree()
        .iter()
        .any(|(path, _)| path.starts_with(".migrate-manifests"))
}

fn statuses(told: &Run) -> Vec<(Status, Option<Code>)> {
    let outcomes = told.outcomes.iter();
    outcomes
        .map(|one| (one.status, one.trouble.as_ref().map(|trouble| trouble.code)))
        .collect()
}

#[test]
fn exactly_the_plan_is_done_and_what_drifted_is_left_alone() {
    let disk = disk();
    let planned = plan_of(&disk);
    disk.foreign_replace(MANIFESTS[1], CHANGED);
    disk.add_file("c/r1/manifest.json", original("new"));
    for (depth, done) in [
        (Depth::Rehearse, Status::Pending),
        (Depth::Predict, Status::Pending),
        (Depth::Write, Status::Migrated),
        (Depth::Rehearse, Status::Current),
        (Depth::Write, Status::Current),
    ] {
        let told = execute(&disk, catalog(), &executing(&planned, depth));
        let drifted = (Status::Refused, Some(Code::PlanDrifted));
        assert_eq!(
            statuses(&told),
            [(done, None), drifted, (done, None)],
            "{told:?}"
        );
        assert_eq!(told.exit_code(), 1);
    }
    assert_eq!(disk.read_path(MANIFESTS[1]).unwrap(), CHANGED);
    let new = disk.read_path("c/r1/manifest.json").unwrap();
    assert_eq!(new, original("new"));
}

#[test]
fn the_refusal_names_both_digests() {
    let disk = disk();
    let planned = plan_of(&disk);
    disk.foreign_replace(MANIFESTS[0], CHANGED);
    let told = execute(&disk, catalog(), &executing(&planned, Depth::Write));
    let trouble = told.outcomes[0].trouble.as_ref().unwrap();
    let digests = [&original(MANIFESTS[0]), CHANGED].map(|bytes| Digest::of(bytes).prefixed());
    assert_eq!(
        trouble.message,
        format!(
            "expected bytes with the digest `{}`, found `{}`",
            digests[0], digests[1]
        )
    );
}

#[test]
fn a_plan_is_narrowed_by_what_else_is_selected() {
    let disk = disk();
    let planned = plan_of(&disk);
    let mut options = executing(&planned, Depth::Write);
    let named = [MANIFESTS[0], "c/r1/manifest.json"];
    let named = named.map(|path| TreePath::new(path.as_bytes()).unwrap());
    options.selection.manifests = Some(named.to_vec());
    let told = execute(&disk, catalog(), &options);
    assert_eq!(told.summary.counts.selected, 1, "{told:?}");
    assert_eq!(told.summary.counts.migrated, 1, "{told:?}");
    options.selection.manifests = Some(vec![]);
    let told = execute(&disk, catalog(), &options);
    assert_eq!((told.summary.counts.selected, told.exit_code()), (0, 0));
}

#[test]
fn a_result_that_was_not_predicted_is_refused_before_anything_is_written() {
    let disk = disk();
    let planned = plan_with(&disk, &options(), |outcome| {
        outcome.checksum_after = Some(Digest::of(b"else"));
    });
    for depth in [Depth::Rehearse, Depth::Write] {
        let told = execute(&disk, catalog(), &executing(&planned, depth));
        let mismatch = (Status::Refused, Some(Code::PlanMismatch));
        assert_eq!(statuses(&told), [mismatch; 3], "{told:?}");
        assert!(!has_state(&disk));
    }
}

#[test]
fn a_plan_of_another_tree_is_foreign_and_nothing_is_written() {
    let planned = plan_of(&disk());
    let other = disk();
    for name in MANIFESTS {
        other.foreign_replace(name, CHANGED);
    }
    let empty = Simulated::new(SETTINGS[0].medium, SETTINGS[0].traits);
    for tree in [&other, &empty] {
        for depth in [Depth::Predict, Depth::Write] {
            let told = execute(tree, catalog(), &executing(&planned, depth));
            let stop = told.summary.stop.as_ref().unwrap();
            assert_eq!(stop.code, Code::PlanForeign);
            assert_eq!(
                stop.message,
                "none of the manifests of the plan is as planned here: it was made of `/tree`"
            );
            assert_eq!(told.exit_code(), 2);
            assert!(!has_state(tree));
        }
    }
}

#[test]
fn a_plan_made_with_another_catalog_is_foreign_before_anything_is_read() {
    let disk = disk();
    let planned = plan_of(&disk);
    let migration = Migration::new(Version::new(1, 2, 0), Version::new(1, 3, 0), "More");
    let other = Catalog::built_in()
        .unwrap()
        .with_migration("run", migration);
    let told = execute(&disk, &other.unwrap(), &executing(&planned, Depth::Write));
    assert_eq!(told.summary.stop.as_ref().unwrap().code, Code::PlanForeign);
    assert_eq!((told.summary.counts.found, told.exit_code()), (0, 2));
    assert!(!has_state(&disk));
}

#[test]
fn a_manifest_that_was_planned_although_running_is_taken() {
    let disk = disk();
    let running = b"{\"run_id\":\"r\",\"status\":\"running\"}";
    disk.foreign_replace(MANIFESTS[0], running);
    let left_out = plan_of(&disk);
    assert_eq!(left_out.paths().len(), 2);
    let including = Options {
        include_running: true,
        allow_downgrade: false,
        ..options()
    };
    let planned = plan_with(&disk, &including, |_| ());
    let told = execute(&disk, catalog(), &executing(&planned, Depth::Write));
    assert_eq!(told.summary.counts.migrated, 3, "{told:?}");
}
