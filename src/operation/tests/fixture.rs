//! A tree of manifests in some storage, and the operations that run on it.
//!
//! Invariant: whatever a test sees here it sees over every storage; only `files` knows which one it is.

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::thread;

use tempfile::TempDir;
use walkdir::WalkDir;

use super::reported::Reported;
use crate::catalog::{Catalog, Source};
use crate::clock::Timestamp;
use crate::journal::{Actor, Command, OperationId, Record};
use crate::operation::frame::{Frame, Request};
use crate::operation::migrate::{Detail, Migrate, migrate};
use crate::operation::rollback::{Rollback, Undo, rollback};
use crate::operation::survey::Survey;
use crate::path::TreePath;
use crate::report::{Enforcement, Sink, Summary, Watch};
use crate::selection::Selection;
use crate::storage::{
    Begin, Files, Kernel, Memory, OpenOptions, STATE_DIRECTORY, Session, Storage,
};

#[track_caller]
pub(super) fn on_each_storage(test: impl Fn(&mut Fixture) + Sync) {
    for (name, make) in [
        ("Memory", Fixture::memory as fn() -> Fixture),
        ("Files", Fixture::files),
    ] {
        let over = thread::Builder::new().name(format!("over {name}"));
        thread::scope(|scope| {
            let running = over.spawn_scoped(scope, || test(&mut make()));
            running
                .unwrap()
                .join()
                .unwrap_or_else(|panic| resume_unwind(panic));
        });
    }
}

pub(super) struct Fixture {
    storage: Box<dyn Storage>,
    pub(super) tree: Tree,
    pub(super) catalog: Catalog,
    _dir: Option<TempDir>,
}

/// Direct access to the files of a tree, without an operation.
#[derive(Clone)]
pub(super) enum Tree {
    Memory(Memory),
    Files(PathBuf),
}

impl Fixture {
    pub(super) fn memory() -> Self {
        let memory = Memory::new();
        Self::new(Box::new(memory.clone()), Tree::Memory(memory), None)
    }

    pub(super) fn files() -> Self {
        Self::files_with(OpenOptions::default())
    }

    pub(super) fn files_with(options: OpenOptions) -> Self {
        let shared_memory = Path::new("/dev/shm");
        let dir = if shared_memory.is_dir() {
            TempDir::new_in(shared_memory)
        } else {
            TempDir::new()
        };
        let dir = dir.unwrap();
        let (kernel, root) = Kernel::open(dir.path()).unwrap();
        let files = Files::new(
            kernel,
            root,
            dir.path().as_os_str().as_encoded_bytes().to_vec(),
            options,
        );
        let tree = Tree::Files(dir.path().to_owned());
        Self::new(Box::new(files), tree, Some(dir))
    }

    fn new(storage: Box<dyn Storage>, tree: Tree, dir: Option<TempDir>) -> Self {
        Self {
            storage,
            tree,
            catalog: Catalog::built_in().unwrap(),
            _dir: dir,
        }
    }

    pub(super) fn storage(&self) -> &dyn Storage {
        &*self.storage
    }

    /// Puts a manifest of the built-in catalog at a version into a run directory.
    pub(super) fn run(&self, run: &str, version: &str) {
        self.manifest(run, &manifest(version, run));
    }

    pub(super) fn manifest(&self, run: &str, text: &str) {
        self.tree
            .put(&format!("{run}/manifest.json"), text.as_bytes());
    }

    pub(super) fn pending(&self, count: usize) {
        for number in 0..count {
            self.run(&format!("job/{number:04}"), "1.0.0");
        }
    }

    /// Five pending runs, each deeper than the one before, so that each makes a group of its own.
    pub(super) fn in_groups(&self) {
        for run in IN_GROUPS {
            self.run(run, "1.0.0");
        }
    }

    pub(super) fn text(&self, run: &str) -> String {
        self.tree.text(&format!("{run}/manifest.json"))
    }

    pub(super) fn has_state(&self) -> bool {
        self.storage
            .begin(Begin::IfThere, &|| false)
            .unwrap()
            .is_some()
    }

    pub(super) fn records(&self, id: &str) -> Vec<Record> {
        let (id, mut records) = (id.parse::<OperationId>().unwrap(), Vec::new());
        let read = self
            .storage
            .log(&id, &mut |record, _| records.push(record.clone()));
        read.unwrap();
        records
    }

    /// Begins an operation and leaves it, like a killed process; returns its id.
    pub(super) fn leave_unfinished(&self) -> OperationId {
        let (session, id) = self.at_work();
        drop(session);
        id
    }

    pub(super) fn at_work(&self) -> (Box<dyn Session>, OperationId) {
        let begun = self.storage.begin(Begin::Make, &|| false).unwrap().unwrap();
        let request = request();
        let frame = Frame::new(self.storage(), &self.catalog, &request, &|| None).unwrap();
        let id = begun
            .session
            .begin(frame.opening(Command::Migrate))
            .unwrap();
        (begun.session, id)
    }

    pub(super) fn operate(
        &self,
        request: &Request,
        watch: &dyn Watch,
        operation: impl FnOnce(&Frame<'_>, &mut dyn Sink) -> Summary,
    ) -> Reported {
        let frame = Frame::new(self.storage(), &self.catalog, request, watch).unwrap();
        operate(&frame, Reported::default(), operation)
    }

    /// As [`Fixture::operate`], over another storage, as one that intercepts the calls of this one.
    pub(super) fn operate_over(
        &self,
        storage: &dyn Storage,
        request: &Request,
        operation: impl FnOnce(&Frame<'_>, &mut dyn Sink) -> Summary,
    ) -> Reported {
        let frame = Frame::new(storage, &self.catalog, request, &|| None).unwrap();
        operate(&frame, Reported::default(), operation)
    }

    /// As [`Fixture::operate`], with an output that fails after so many events.
    pub(super) fn operate_with_room(
        &self,
        events: usize,
        request: &Request,
        operation: impl FnOnce(&Frame<'_>, &mut dyn Sink) -> Summary,
    ) -> Reported {
        let frame = Frame::new(self.storage(), &self.catalog, request, &|| None).unwrap();
        operate(&frame, Reported::with_room(events), operation)
    }

    pub(super) fn ask<T>(&self, request: &Request, ask: impl FnOnce(&Frame<'_>) -> T) -> T {
        ask(&Frame::new(self.storage(), &self.catalog, request, &|| None).unwrap())
    }

    pub(super) fn migrate(&self) -> Reported {
        self.migrate_as(&request(), &to_latest())
    }

    pub(super) fn migrate_as(&self, request: &Request, options: &Migrate) -> Reported {
        self.operate(request, &|| None, |frame, sink| {
            migrate(frame, options, sink)
        })
    }

    pub(super) fn dry_run(&self, options: &Migrate) -> Reported {
        self.migrate_as(&dry(), options)
    }

    pub(super) fn roll_back(&self, undo: Undo) -> Reported {
        self.roll_back_as(&request(), undo)
    }

    pub(super) fn roll_back_as(&self, request: &Request, undo: Undo) -> Reported {
        let request = Request {
            command: "rollback".to_owned(),
            ..request.clone()
        };
        let options = Rollback {
            undo,
            max_failures: None,
            allow_changed_metadata: false,
        };
        self.operate(&request, &|| None, |frame, sink| {
            rollback(frame, &options, sink)
        })
    }
}

fn operate(
    frame: &Frame<'_>,
    mut reported: Reported,
    operation: impl FnOnce(&Frame<'_>, &mut dyn Sink) -> Summary,
) -> Reported {
    let summary = operation(frame, &mut reported);
    reported.end(summary)
}

impl Tree {
    pub(super) fn put(&self, path: &str, bytes: &[u8]) {
        match self {
            Self::Memory(memory) => memory.put(&at(path), bytes),
            Self::Files(dir) => {
                let path = dir.join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                let draft = path.with_extension("draft");
                fs::write(&draft, bytes).unwrap();
                fs::rename(draft, path).unwrap();
            }
        }
    }

    pub(super) fn remove(&self, path: &str) {
        match self {
            Self::Memory(memory) => memory.remove(&at(path)),
            Self::Files(dir) => fs::remove_file(dir.join(path)).unwrap(),
        }
    }

    /// Removes a run directory with all that is in it.
    pub(super) fn remove_run(&self, run: &str) {
        match self {
            Self::Memory(memory) => {
                let below = format!("{run}/");
                for path in memory.all().keys() {
                    if path.to_string().starts_with(&below) {
                        memory.remove(path);
                    }
                }
            }
            Self::Files(dir) => fs::remove_dir_all(dir.join(run)).unwrap(),
        }
    }

    pub(super) fn all(&self) -> BTreeMap<String, String> {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        match self {
            Self::Memory(memory) => {
                let all = memory.all().into_iter();
                all.map(|(path, bytes)| (path.to_string(), text(bytes)))
                    .collect()
            }
            Self::Files(dir) => below(dir, |name| name != STATE_DIRECTORY)
                .into_iter()
                .map(|(path, bytes)| (path, text(bytes)))
                .collect(),
        }
    }

    pub(super) fn text(&self, path: &str) -> String {
        let found = self.all().remove(path);
        found.unwrap_or_else(|| panic!("nothing is at {path}"))
    }

    pub(super) fn state(&self) -> BTreeMap<String, Vec<u8>> {
        let all = match self {
            Self::Memory(memory) => memory.all_state(),
            Self::Files(dir) => {
                let dir = dir.join(STATE_DIRECTORY);
                if !dir.is_dir() {
                    return BTreeMap::new();
                }
                below(&dir, |_| true)
            }
        };
        let is_said = |path: &String| path != "lock" && path != "operations/format-2.jsonl";
        all.into_iter().filter(|(path, _)| is_said(path)).collect()
    }

    pub(super) fn put_state(&self, path: &str, bytes: &[u8]) {
        match self {
            Self::Memory(memory) => memory.put_state(path, bytes),
            Self::Files(_) => self.put(&format!("{STATE_DIRECTORY}/{path}"), bytes),
        }
    }

    pub(super) fn remove_state(&self, path: &str) {
        match self {
            Self::Memory(memory) => memory.remove_state(path),
            Self::Files(_) => self.remove(&format!("{STATE_DIRECTORY}/{path}")),
        }
    }

    pub(super) fn edit_journal(&self, id: &str, edit: impl FnOnce(String) -> String) {
        let path = format!("operations/{id}.jsonl");
        let text = String::from_utf8(self.state()[&path].clone()).unwrap();
        self.put_state(&path, edit(text).as_bytes());
    }
}

fn below(dir: &Path, entered: impl Fn(&str) -> bool) -> BTreeMap<String, Vec<u8>> {
    let walk = WalkDir::new(dir).into_iter();
    let walk = walk.filter_entry(|entry| entered(entry.file_name().to_str().unwrap()));
    walk.map(Result::unwrap)
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let path = entry.path().strip_prefix(dir).unwrap();
            (
                path.to_str().unwrap().to_owned(),
                fs::read(entry.path()).unwrap(),
            )
        })
        .collect()
}

pub(super) fn at(path: &str) -> TreePath {
    TreePath::new(path.as_bytes()).unwrap()
}

pub(super) fn named(runs: &[&str]) -> Selection {
    let paths = runs.iter().map(|run| at(&format!("{run}/manifest.json")));
    Selection {
        manifests: Some(paths.collect()),
        ..Selection::default()
    }
}

pub(super) fn manifest(version: &str, run: &str) -> String {
    format!("{{\"schema_version\":\"{version}\",\"run_id\":\"{run}\",\"cost\":1.50}}\n")
}

pub(super) const IN_GROUPS: [&str; 5] = ["a", "b/1", "c/1/2", "d/1/2/3", "e/1/2/3/4"];

pub(super) const NOW: i64 = 1_772_274_600;

pub(super) fn request() -> Request {
    let now = Timestamp::from_unix_seconds(NOW).unwrap();
    Request {
        command: "migrate".to_owned(),
        tree: "/tree".to_owned(),
        now,
        started: now,
        selection: Selection::default(),
        jobs: NonZeroUsize::new(2).unwrap(),
        dry_run: false,
        who: Actor::default(),
        wait: false,
    }
}

pub(super) fn dry() -> Request {
    Request {
        dry_run: true,
        ..request()
    }
}

pub(super) fn selecting(selection: Selection) -> Request {
    Request {
        selection,
        ..request()
    }
}

pub(super) fn to_latest() -> Migrate {
    Migrate {
        detail: Detail::Outcomes,
        target: None,
        include_running: false,
        allow_downgrade: false,
        survey: Survey::default(),
        plan: None,
        rules: Enforcement::AsWritten,
        max_failures: None,
    }
}

pub(super) fn to(version: &str) -> Migrate {
    Migrate {
        target: Some(version.parse().unwrap()),
        ..to_latest()
    }
}

pub(super) fn ruled(rules: &str) -> Catalog {
    with_members(&format!("\"rules\":[{rules}]"))
}

pub(super) fn with_members(members: &str) -> Catalog {
    let kind = format!(
        r#"{{"name":"c","kinds":{{"doc":{{"file":"manifest.json","version":"/v","history":"/h","unversioned":"1.0.0",{members}}}}}}}"#
    );
    let edge = r#"{"from":"1.0.0","to":"1.1.0","kind":"doc","summary":"s","steps":[{"step":"set_default","at":"/s","value":"a"}]}"#;
    catalog(&[("catalog.json", &kind), ("migrations/a.json", edge)])
}

pub(super) fn catalog(files: &[(&str, &str)]) -> Catalog {
    let files = files
        .iter()
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
    Catalog::from_files(Source::Directory("dir".into()), &files.collect()).unwrap()
}
