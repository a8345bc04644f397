//! The tables of docs/durability.md about what a crash leaves, row by row, each built by hand on every kind of disk.

use serde_json::json;

use super::process::Run;
use super::setting::{MANIFESTS, SETTINGS, Setting, original};
use crate::code::Code;
use crate::crash::simulated::Simulated;
use crate::digest::Digest;
use crate::journal::{
    Began, CatalogName, Command, FORMAT, Opaque, Record, Replacing, TreeId, Writer,
};
use crate::path::TreePath;
use crate::storage::EntryKind;

pub(super) const NAME: &str = MANIFESTS[0];
pub(super) const ID: &str = "20260101T000000Z-1";
pub(super) const UNDONE: &str = "20250101T000000Z-1";
pub(super) const JOURNAL: &str = ".migrate-manifests/operations/20260101T000000Z-1.jsonl";
pub(super) const STAGING: &str = ".migrate-manifests/staging/20260101T000000Z-1";
pub(super) const THEIRS: &[u8] = b"{\"schema_version\":\"1.2.0\",\"run_id\":\"theirs\"}";

/// Those that are treated as what they are.
pub(super) fn settings() -> impl Iterator<Item = &'static Setting> {
    SETTINGS
        .iter()
        .filter(|one| !one.mounted && !one.enclosed && one.claims.is_none())
}

pub(super) fn run(setting: &Setting, disk: &Simulated) -> Run {
    Run::migrate(&setting.storage(disk, 2))
}

pub(super) fn migrated() -> Vec<u8> {
    let disk = SETTINGS[0].disk();
    assert_eq!(run(&SETTINGS[0], &disk).exit_code(), 0);
    disk.read_path(NAME).unwrap()
}

pub(super) fn path() -> TreePath {
    TreePath::new(NAME.as_bytes()).unwrap()
}

pub(super) fn second_backup() -> String {
    format!(".backup.{}", Digest::of(&original(NAME)).short())
}

/// The name of a file of ours for this manifest.
pub(super) fn staged_name(before: &[u8], after: &[u8]) -> String {
    let digests = [NAME.as_bytes(), before, after].map(Digest::of);
    digests.map(|digest| digest.short()).join("-")
}

pub(super) fn began(command: Command) -> Record {
    let start = "2026-01-01T00:00:00Z".parse().unwrap();
    Record::Began(Box::new(Began {
        format: FORMAT.to_owned(),
        operation: ID.parse().unwrap(),
        part: None,
        // After a migration, where there was one.
        serial: Some(2),
        before: None,
        tree: Some(TreeId::of([7; 16])),
        command,
        started_at: start,
        now: start,
        who: None,
        selection: None,
        target_version: Some("1.2.0".parse().unwrap()),
        target_versions: std::collections::BTreeMap::new(),
        catalog: CatalogName {
            name: "run-manifest".to_owned(),
            digest: Digest::of(b"a catalog"),
        },
        rules: None,
        undoes: None,
    }))
}

/// An operation that has announced this, and is gone.
pub(super) fn leave(disk: &Simulated, command: Command, announced: Option<&Record>) {
    let (mut writer, mut bytes) = (Writer::default(), Vec::new());
    for record in [began(command)].iter().chain(announced) {
        writer.line(record, &mut bytes);
    }
    let parts = ["operations", "staging", "catalogs"];
    let parts = parts.map(|part| format!(".migrate-manifests/{part}"));
    for dir in parts.iter().map(String::as_str).chain([STAGING]) {
        if disk.node(dir).is_none() {
            disk.add_dir(dir);
        }
    }
    disk.add_file(JOURNAL, bytes);
}

pub(super) fn journal(disk: &Simulated) -> String {
    String::from_utf8(disk.read_path(JOURNAL).unwrap()).unwrap()
}

pub(super) fn recorded(disk: &Simulated) -> String {
    let text = journal(disk);
    let line = text.lines().find(|line| line.contains("\"outcome\""));
    let (_, outcome) = line.unwrap().split_once("\"outcome\":\"").unwrap();
    outcome.split('"').next().unwrap().to_owned()
}

/// Every file that is not the state's own.
pub(super) fn files(disk: &Simulated) -> Vec<String> {
    let own = ["lock", "head", "operations/", "catalogs/"];
    let is_own = |path: &str| {
        let below = path.strip_prefix(".migrate-manifests/");
        below.is_some_and(|below| own.iter().any(|own| below.starts_with(own)))
    };
    let tree = disk.tree().into_iter();
    tree.filter(|(path, node)| node.kind != EntryKind::Directory && !is_own(path))
        .map(|(path, _)| path)
        .collect()
}

struct Row<'r> {
    staged: Option<&'r [u8]>,
    /// True if the journal knows the staged file's inode.
    is_ours: bool,
    manifest: &'r [u8],
    /// Files beside the manifest, by the end of their name.
    beside: &'r [(&'r str, &'r [u8])],
    way: &'r str,
    is_announced: bool,
}

fn row<'r>(staged: Option<&'r [u8]>, is_ours: bool, manifest: &'r [u8]) -> Row<'r> {
    Row {
        staged,
        is_ours,
        manifest,
        beside: &[],
        way: "exchange",
        is_announced: true,
    }
}

impl Row<'_> {
    /// Puts journal, staged file and manifest in place.
    fn build(&self, disk: &Simulated) {
        let (before, after) = (original(NAME), migrated());
        let name = staged_name(&before, &after);
        disk.add_file(NAME, self.manifest);
        for (end, bytes) in self.beside {
            disk.add_file(format!("{NAME}{end}"), bytes);
        }
        let staged = format!("{STAGING}/{name}");
        if let Some(bytes) = self.staged {
            disk.add_file(&staged, bytes);
        }
        // Ours is staged still, or it was exchanged into the manifest's place.
        let ours = if self.is_ours { &*staged } else { NAME };
        let inode = disk.node(ours).unwrap().inode;
        let part = json!({
            "mode": "0644",
            "owner": 0,
            "group": 0,
            "modified": [0, 0],
            "accessed": [0, 0],
            "backups": ["manifest.json.backup", format!("manifest.json{}", second_backup())],
            "staged": name,
            "beside": false,
            "inode": inode,
            "way": self.way,
        });
        let announced = Record::Replacing(Box::new(Replacing {
            path: path(),
            before: Digest::of(&before),
            after: Digest::of(&after),
            storage: Opaque::of(&part),
        }));
        leave(
            disk,
            Command::Migrate,
            self.is_announced.then_some(&announced),
        );
    }
}

/// Builds the row on every disk, runs, and looks at what stands there.
fn on_every_disk(row: &Row<'_>, look: impl Fn(&Simulated, &Run, &str)) {
    for setting in settings() {
        let disk = setting.disk();
        row.build(&disk);
        let told = run(setting, &disk);
        let what = format!("{}: {told:?}\n{:#?}", setting.name, files(&disk));
        assert!(disk.node(STAGING).is_none(), "{what}");
        assert!(told.warns_of(Code::Recovered), "{what}");
        look(&disk, &told, &what);
        let is_staged = |name: &String| name.contains("staging/");
        assert!(!files(&disk).iter().any(is_staged), "{what}");
        let again = run(setting, &disk);
        assert_eq!(again.summary.rescued, 0, "{what}");
    }
}

fn assert_migrated(disk: &Simulated, told: &Run, backup: &str, what: &str) {
    assert_eq!(told.exit_code(), 0, "{what}");
    assert_eq!(disk.read_path(NAME), Some(migrated()), "{what}");
    let kept = disk.read_path(format!("{NAME}{backup}"));
    assert_eq!(kept, Some(original(NAME)), "{what}");
    assert_eq!(files(disk).len(), 6, "{what}");
}

#[test]
fn nothing_staged_and_both_in_place_was_finished() {
    let (old, new) = (original(NAME), migrated());
    let beside = [(".backup", &old[..])];
    let finished = Row {
        beside: &beside,
        ..row(None, false, &new)
    };
    on_every_disk(&finished, |disk, told, what| {
        assert_migrated(disk, told, ".backup", what);
        assert_eq!(told.summary.counts.current, 1, "{what}");
        assert!(
            journal(disk).contains(r#""outcome":"finished","backup":"manifest.json.backup""#),
            "{what}"
        );
    });
}

#[test]
fn nothing_staged_and_the_manifest_as_it_was_never_happened() {
    on_every_disk(&row(None, false, &original(NAME)), |disk, told, what| {
        assert_migrated(disk, told, ".backup", what);
        assert_eq!(told.summary.counts.migrated, 3, "{what}");
        assert_eq!(recorded(disk), "undone", "{what}");
    });
}

#[test]
fn a_new_file_that_was_not_exchanged_is_removed() {
    let (old, new) = (original(NAME), migrated());
    on_every_disk(&row(Some(&new), true, &old), |disk, told, what| {
        assert_migrated(disk, told, ".backup", what);
    });
    on_every_disk(&row(Some(&new), true, THEIRS), |disk, told, what| {
        assert_eq!(told.exit_code(), 0, "{what}");
        assert_eq!(disk.read_path(NAME).unwrap(), THEIRS, "{what}");
        assert_eq!(files(disk).len(), 5, "{what}");
        assert_eq!(recorded(disk), "left", "{what}");
    });
}

#[test]
fn an_original_that_was_displaced_gets_its_backup_name() {
    let (old, new) = (original(NAME), migrated());
    on_every_disk(&row(Some(&old), false, &new), |disk, told, what| {
        assert_migrated(disk, told, ".backup", what);
    });
    let beside = [(".backup", THEIRS)];
    let taken = Row {
        beside: &beside,
        ..row(Some(&old), false, &new)
    };
    on_every_disk(&taken, |disk, told, what| {
        assert_eq!(told.exit_code(), 0, "{what}");
        assert_eq!(disk.read_path(NAME), Some(new.clone()), "{what}");
        let taken = disk.read_path(format!("{NAME}.backup"));
        assert_eq!(taken.unwrap(), THEIRS, "{what}");
        let kept = disk.read_path(format!("{NAME}{}", second_backup()));
        assert_eq!(kept, Some(old.clone()), "{what}");
    });
    on_every_disk(&row(Some(&old), false, THEIRS), |disk, told, what| {
        assert_eq!(told.exit_code(), 0, "{what}");
        assert_eq!(disk.read_path(NAME).unwrap(), THEIRS, "{what}");
        let kept = disk.read_path(format!("{NAME}.backup"));
        assert_eq!(kept, Some(old.clone()), "{what}");
    });
}

#[test]
fn a_foreign_version_that_was_displaced_is_put_back_or_kept_and_said() {
    let new = migrated();
    on_every_disk_with_exchange(&row(Some(THEIRS), false, &new), |disk, told, what| {
        assert_eq!(disk.read_path(NAME).unwrap(), THEIRS, "{what}");
        assert_eq!(told.summary.rescued, 0, "{what}");
    });
    for setting in settings().filter(|one| !one.traits.exchange) {
        let disk = setting.disk();
        row(Some(THEIRS), false, &new).build(&disk);
        let told = run(setting, &disk);
        let what = format!("{}: {told:?}", setting.name);
        let kept = format!("{NAME}.rescued.{}", Digest::of(THEIRS).short());
        assert_eq!(disk.read_path(kept).unwrap(), THEIRS, "{what}");
        assert_eq!((told.exit_code(), told.summary.rescued), (1, 1), "{what}");
    }
}

fn on_every_disk_with_exchange(row: &Row<'_>, look: impl Fn(&Simulated, &Run, &str)) {
    for setting in settings().filter(|one| one.traits.exchange) {
        let disk = setting.disk();
        row.build(&disk);
        let told = run(setting, &disk);
        look(&disk, &told, &format!("{}: {told:?}", setting.name));
    }
}

#[test]
fn a_new_file_of_ours_that_is_not_complete_is_removed() {
    let old = original(NAME);
    on_every_disk(&row(Some(b"{\"sche"), true, &old), |disk, told, what| {
        assert_migrated(disk, told, ".backup", what);
    });
}

#[test]
fn what_no_intent_names_is_removed() {
    let old = original(NAME);
    let unannounced = Row {
        is_announced: false,
        ..row(Some(b"{\"sche\0\0"), true, &old)
    };
    on_every_disk(&unannounced, |disk, told, what| {
        assert_migrated(disk, told, ".backup", what);
        assert!(journal(disk).contains("\"type\":\"discarded\""), "{what}");
    });
}

#[test]
fn anything_else_is_rescued_and_said_once() {
    let (other, new): (&[u8], _) = (b"{\"other\":1}", migrated());
    on_every_disk(&row(Some(other), false, THEIRS), |disk, told, what| {
        assert_eq!((told.exit_code(), told.summary.rescued), (1, 1), "{what}");
        let kept = format!("{NAME}.rescued.{}", Digest::of(other).short());
        let notices = told.notices.iter();
        let notices = notices.filter(|one| matches!(one.code, Code::Rescued | Code::Recovered));
        let notices: Vec<_> = notices.map(|one| one.message.as_str()).collect();
        assert_eq!(
            notices,
            [
                format!(
                    "a file that may be the only copy of somebody's version is kept as `manifest.json.rescued.{}`",
                    Digest::of(other).short()
                ),
                format!(
                    "operation {ID} had not ended: 0 manifests are migrated, 0 as they were, 1 changed by somebody else since"
                ),
            ],
            "{what}"
        );
        assert_eq!(disk.read_path(kept).unwrap(), other, "{what}");
        assert_eq!(disk.read_path(NAME).unwrap(), THEIRS, "{what}");
    });
    // The same bytes as ours in another file: they stand in the manifest.
    on_every_disk(&row(Some(&new), false, &new), |disk, told, what| {
        assert_eq!(told.summary.rescued, 0, "{what}");
        assert_eq!(disk.read_path(NAME), Some(new.clone()), "{what}");
    });
}

#[test]
fn what_was_displaced_from_a_directory_that_is_gone_is_kept_in_the_state_directory() {
    for staged in [&original(NAME)[..], THEIRS] {
        for setting in settings() {
            let disk = setting.disk();
            row(Some(staged), false, b"").build(&disk);
            assert!(disk.foreign_remove("a/r1"));
            let told = run(setting, &disk);
            let what = format!("{}: {told:?}", setting.name);
            assert_eq!((told.exit_code(), told.summary.rescued), (1, 1), "{what}");
            let kept = format!(".migrate-manifests/rescued/{}", Digest::of(staged).short());
            assert_eq!(disk.read_path(kept).unwrap(), staged, "{what}");
            let mut notices = told.notices.iter();
            let names_it = |path: &TreePath| path.to_text() == NAME;
            assert!(
                notices.any(|one| one.path.as_ref().is_some_and(names_it)),
                "{what}"
            );
            assert_eq!(run(setting, &disk).exit_code(), 0, "{what}");
        }
    }
}

#[test]
fn a_second_name_that_was_given_too_early_is_taken_back() {
    let old = original(NAME);
    for setting in settings() {
        let disk = setting.disk();
        let early = Row {
            way: "link",
            ..row(None, false, &old)
        };
        early.build(&disk);
        assert!(disk.add_name(NAME, format!("{NAME}.backup")));
        let told = run(setting, &disk);
        let what = format!("{}: {told:?}", setting.name);
        assert_migrated(&disk, &told, ".backup", &what);
    }
}

#[test]
fn a_copy_that_was_begun_is_taken_back_while_the_manifest_has_its_bytes() {
    let old = original(NAME);
    for copied in [&old[..], &old[..9], b""] {
        let beside = [(".backup", copied)];
        let begun = Row {
            way: "copy",
            beside: &beside,
            ..row(None, false, &old)
        };
        on_every_disk(&begun, |disk, told, what| {
            assert_migrated(disk, told, ".backup", what);
        });
    }
}

/// Zeros in the place of a line, and whole lines behind them.
#[test]
fn a_damaged_journal_is_kept_beside_what_is_sound_of_it() {
    for setting in settings() {
        let disk = setting.disk();
        let old = original(NAME);
        row(None, false, &old).build(&disk);
        let mut bytes = disk.read_path(JOURNAL).unwrap();
        let first = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        let second = bytes[first..].to_vec();
        bytes.extend_from_slice(&second);
        bytes[first..first + 40].fill(0);
        disk.add_file(JOURNAL, &bytes);
        let told = run(setting, &disk);
        let what = format!("{}: {told:?}", setting.name);
        let kept = disk.read_path(format!("{JOURNAL}.damaged"));
        assert_eq!(kept, Some(bytes.clone()), "{what}");
        let left = disk.read_path(JOURNAL).unwrap();
        assert!(left.starts_with(&bytes[..first]), "{what}");
        assert!(journal(&disk).contains("\"recovered\":true"), "{what}");
        assert!(disk.node(STAGING).is_none(), "{what}");
    }
}

#[test]
fn an_original_whose_intent_the_journal_lost_is_rescued() {
    let old = original(NAME);
    let short = Digest::of(&old).short();
    for setting in settings() {
        let disk = setting.disk();
        leave(&disk, Command::Migrate, None);
        disk.add_file(format!("{STAGING}/x-{short}-y"), &old);
        disk.add_file(JOURNAL, vec![0; 900]);
        let told = run(setting, &disk);
        let what = format!("{}: {told:?}", setting.name);
        assert_eq!((told.exit_code(), told.summary.rescued), (1, 1), "{what}");
        let kept = format!(".migrate-manifests/rescued/{short}");
        assert_eq!(disk.read_path(kept), Some(old.clone()), "{what}");
        assert_eq!(run(setting, &disk).exit_code(), 0, "{what}");
    }
}
