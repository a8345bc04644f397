//! The table "After a crash" of docs/durability.md, row by row, each built by hand on every disk.

use std::collections::BTreeMap;

use super::setting::{MANIFESTS, Run, SETTINGS, original};
use super::world::World;
use crate::digest::Digest;
use crate::journal::{Began, FORMAT, Intent, Record, RecordedPath, Way, Writer};
use crate::path::TreePath;

const NAME: &str = MANIFESTS[0];
const ID: &str = "20260101T000000Z-1";
const THEIRS: &[u8] = b"{\"schema_version\":\"1.2.0\",\"run_id\":\"theirs\"}";

/// What the migration makes of each manifest.
fn migrated() -> BTreeMap<&'static str, Vec<u8>> {
    let disk = SETTINGS[0].disk();
    assert_eq!(SETTINGS[0].run(&disk, 2).exit_code(), 0);
    MANIFESTS
        .map(|name| (name, disk.read_path(name).unwrap()))
        .into()
}

/// What a row starts from.
struct Row<'r> {
    staged: Option<&'r [u8]>,
    /// Whether the journal knows the staged file's inode.
    is_ours: bool,
    manifest: &'r [u8],
    /// Files beside the manifest, by the end of their name.
    beside: &'r [(&'r str, &'r [u8])],
    way: Way,
    has_intent: bool,
}

impl Row<'_> {
    fn staged_name() -> String {
        let after = Digest::of(&migrated()[NAME]);
        format!(
            "{}-{}-{}",
            Digest::of(NAME.as_bytes()).short(),
            Digest::of(&original(NAME)).short(),
            after.short()
        )
    }

    /// Puts journal, staged file and manifest in place.
    fn build(&self, world: &World) {
        let staged = format!(".migrate-manifests/staging/{ID}/{}", Self::staged_name());
        world.put_dir(&format!(".migrate-manifests/staging/{ID}"));
        world.put(NAME, self.manifest);
        for (end, bytes) in self.beside {
            world.put(&format!("{NAME}{end}"), bytes);
        }
        let mut inode = 0;
        if let Some(bytes) = self.staged {
            world.put(&staged, bytes);
            inode = world.inode(if self.is_ours { &staged } else { NAME });
        }
        world.put(&journal(), &self.records(inode));
    }

    fn records(&self, inode: u64) -> Vec<u8> {
        let (mut writer, mut bytes) = (Writer::default(), Vec::new());
        writer.line(&began(), &mut bytes);
        if self.has_intent {
            let intent = Intent {
                path: RecordedPath::new(&TreePath::new(NAME.as_bytes()).unwrap()),
                before: Digest::of(&original(NAME)).to_string(),
                after: Digest::of(&migrated()[NAME]).to_string(),
                mode: "0644".to_owned(),
                owner: 0,
                group: 0,
                modified: (0, 0),
                accessed: (0, 0),
                backups: vec![
                    "manifest.json.backup".to_owned(),
                    "manifest.json.backup.second".to_owned(),
                ],
                staged: Self::staged_name(),
                beside: false,
                inode: Some(inode),
                way: self.way,
            };
            writer.line(&Record::Intent(Box::new(intent)), &mut bytes);
        }
        bytes
    }
}

pub(super) fn journal() -> String {
    format!(".migrate-manifests/operations/{ID}.jsonl")
}

pub(super) fn began() -> Record {
    Record::Began(Began {
        format: FORMAT.to_owned(),
        operation: ID.to_owned(),
        command: "migrate".to_owned(),
        started_at: String::new(),
        now: String::new(),
        target_version: Some("1.2.0".to_owned()),
        catalog: "run-manifest".to_owned(),
        catalog_digest: String::new(),
        program: "0.1.0".to_owned(),
        rules: None,
        undoes: None,
    })
}

/// Builds the row on every disk, runs, and looks at what stands there.
fn on_every_disk(row: &Row<'_>, look: impl Fn(&World, &Run, &str)) {
    for world in World::all() {
        row.build(&world);
        let told = world.run();
        let what = format!("{}: {told:?}\n{:#?}", world.name(), world.names());
        assert!(
            world
                .bytes(&format!(".migrate-manifests/staging/{ID}"))
                .is_none(),
            "{what}"
        );
        assert!(
            told.notices
                .iter()
                .any(|notice| notice.code == crate::code::Code::Recovered),
            "{what}"
        );
        look(&world, &told, &what);
        assert!(
            world.names().iter().all(|name| !name.contains("staging/")),
            "{what}"
        );
        assert_eq!(world.run().summary.rescued, 0, "{what}");
    }
}

fn assert_migrated(world: &World, told: &Run, backup: &str, what: &str) {
    assert_eq!(told.exit_code(), 0, "{what}");
    assert_eq!(world.bytes(NAME), Some(migrated()[NAME].clone()), "{what}");
    assert_eq!(
        world.bytes(&format!("{NAME}{backup}")),
        Some(original(NAME)),
        "{what}"
    );
    assert_eq!(world.names().len(), 6, "{what}");
}

fn row<'r>(staged: Option<&'r [u8]>, is_ours: bool, manifest: &'r [u8]) -> Row<'r> {
    Row {
        staged,
        is_ours,
        manifest,
        beside: &[],
        way: Way::Exchange,
        has_intent: true,
    }
}

#[test]
fn nothing_staged_and_both_in_place_was_finished() {
    let new = migrated()[NAME].clone();
    let beside = [(".backup", &original(NAME)[..])];
    let finished = Row {
        beside: &beside,
        ..row(None, false, &new)
    };
    on_every_disk(&finished, |world, told, what| {
        assert_migrated(world, told, ".backup", what);
        assert_eq!(told.summary.counts.current, 1, "{what}");
        let journal = String::from_utf8(world.bytes(&journal()).unwrap()).unwrap();
        assert!(journal.contains(r#""outcome":"finished","backup":"manifest.json.backup""#));
    });
}

#[test]
fn nothing_staged_and_the_manifest_as_it_was_never_happened() {
    on_every_disk(&row(None, false, &original(NAME)), |world, told, what| {
        assert_migrated(world, told, ".backup", what);
        assert_eq!(told.summary.counts.migrated, 3, "{what}");
    });
}

#[test]
fn a_new_file_that_was_not_exchanged_is_removed() {
    let new = migrated()[NAME].clone();
    on_every_disk(
        &row(Some(&new), true, &original(NAME)),
        |world, told, what| {
            assert_migrated(world, told, ".backup", what);
        },
    );
    on_every_disk(&row(Some(&new), true, THEIRS), |world, told, what| {
        assert_eq!(told.exit_code(), 0, "{what}");
        assert_eq!(world.bytes(NAME).unwrap(), THEIRS, "{what}");
        assert_eq!(world.names().len(), 5, "{what}");
    });
}

#[test]
fn an_original_that_was_displaced_gets_its_backup_name() {
    let (old, new) = (original(NAME), migrated()[NAME].clone());
    on_every_disk(&row(Some(&old), false, &new), |world, told, what| {
        assert_migrated(world, told, ".backup", what);
    });
    let beside = [(".backup", THEIRS)];
    let taken = Row {
        beside: &beside,
        ..row(Some(&old), false, &new)
    };
    on_every_disk(&taken, |world, told, what| {
        assert_eq!(told.exit_code(), 0, "{what}");
        assert_eq!(world.bytes(NAME), Some(new.clone()), "{what}");
        assert_eq!(
            world.bytes(&format!("{NAME}.backup")).unwrap(),
            THEIRS,
            "{what}"
        );
        assert_eq!(
            world.bytes(&format!("{NAME}.backup.second")).unwrap(),
            old,
            "{what}"
        );
    });
    on_every_disk(&row(Some(&old), false, THEIRS), |world, told, what| {
        assert_eq!(told.exit_code(), 0, "{what}");
        assert_eq!(world.bytes(NAME).unwrap(), THEIRS, "{what}");
        assert_eq!(
            world.bytes(&format!("{NAME}.backup")).unwrap(),
            old,
            "{what}"
        );
    });
}

#[test]
fn a_foreign_version_that_was_displaced_is_put_back() {
    let new = migrated()[NAME].clone();
    let displaced = row(Some(THEIRS), false, &new);
    for world in World::all() {
        displaced.build(&world);
        let told = world.run();
        let what = format!("{}: {told:?}", world.name());
        assert!(
            world.names().iter().all(|name| !name.contains("staging/")),
            "{what}"
        );
        let stands = |name: &String| world.bytes(name).as_deref() == Some(THEIRS);
        assert_eq!(
            world.names().iter().filter(|name| stands(name)).count(),
            1,
            "{what}"
        );
        if world.bytes(NAME).as_deref() == Some(THEIRS) {
            assert_eq!(told.exit_code(), 0, "{what}");
        } else {
            // Without an exchange it is kept beside the manifest, and said.
            assert_eq!((told.exit_code(), told.summary.rescued), (1, 1), "{what}");
        }
        assert_eq!(world.run().exit_code(), 0, "{what}");
    }
}

#[test]
fn a_new_file_of_ours_that_is_not_complete_is_removed() {
    on_every_disk(
        &row(Some(b"{\"sche"), true, &original(NAME)),
        |world, told, what| {
            assert_migrated(world, told, ".backup", what);
        },
    );
}

#[test]
fn what_no_intent_names_is_removed() {
    let old = original(NAME);
    let unannounced = Row {
        has_intent: false,
        ..row(Some(b"{\"sche\0\0"), true, &old)
    };
    on_every_disk(&unannounced, |world, told, what| {
        assert_migrated(world, told, ".backup", what);
    });
}

#[test]
fn anything_else_is_rescued_and_said_once() {
    let (other, new): (&[u8], _) = (b"{\"other\":1}", migrated()[NAME].clone());
    on_every_disk(&row(Some(other), false, THEIRS), |world, told, what| {
        assert_eq!((told.exit_code(), told.summary.rescued), (1, 1), "{what}");
        let kept = format!("{NAME}.rescued.{}", Digest::of(other).short());
        assert_eq!(world.bytes(&kept).unwrap(), other, "{what}");
        assert_eq!(world.bytes(NAME).unwrap(), THEIRS, "{what}");
    });
    // The same bytes as ours in another file: they stand in the manifest.
    on_every_disk(&row(Some(&new), false, &new), |world, told, what| {
        assert_eq!(told.summary.rescued, 0, "{what}");
        assert_eq!(world.bytes(NAME), Some(new.clone()), "{what}");
    });
}

#[test]
fn what_was_displaced_from_a_directory_that_is_gone_is_kept_in_the_state_directory() {
    for staged in [&original(NAME)[..], THEIRS] {
        for world in World::all() {
            row(Some(staged), false, b"").build(&world);
            world.remove("a/r1");
            let told = world.run();
            let what = format!("{}: {told:?}", world.name());
            assert_eq!((told.exit_code(), told.summary.rescued), (1, 1), "{what}");
            let kept = format!(".migrate-manifests/rescued/{}", Digest::of(staged).short());
            assert_eq!(world.bytes(&kept).unwrap(), staged, "{what}");
            assert_eq!(
                told.notices[0].path.as_ref().unwrap().to_text(),
                NAME,
                "{what}"
            );
            assert_eq!(world.run().exit_code(), 0, "{what}");
        }
    }
}

#[test]
fn a_second_name_that_was_given_too_early_is_taken_back() {
    for world in World::all() {
        let old = original(NAME);
        let early = Row {
            way: Way::Link,
            ..row(None, false, &old)
        };
        early.build(&world);
        world.put_name(NAME, &format!("{NAME}.backup"));
        let told = world.run();
        let what = format!("{}: {told:?}", world.name());
        assert_migrated(&world, &told, ".backup", &what);
    }
}

#[test]
fn a_copy_that_was_begun_is_taken_back_while_the_manifest_has_its_bytes() {
    let old = original(NAME);
    for copied in [&old[..], &old[..9], b""] {
        let beside = [(".backup", copied)];
        let begun = Row {
            way: Way::Copy,
            beside: &beside,
            ..row(None, false, &old)
        };
        on_every_disk(&begun, |world, told, what| {
            assert_migrated(world, told, ".backup", what);
        });
    }
}
