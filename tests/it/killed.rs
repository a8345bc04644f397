//! The program killed from outside at every system call that changes something, and errors put in the place of such calls; then run again.
//!
//! A run under `strace` shows the calls; each is a point at which another run is killed, before the call is made. `strace` counts calls per name and per thread, so a point on a worker is aimed at with `-f` and one on the main thread without it; files are made by both threads through one name, so those points are aimed at by directory (`-P`).
//!
//! Invariant: a point that was not hit fails the test, so that none is left out in silence.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

use crate::support::aftermath::{Family, ways};
use crate::support::sandbox::{Invocation, Output, Sandbox};
use crate::support::skip::skip;

mod rollback;

/// What changes something on the disk, or makes it durable.
const CHANGING: &str = "openat,write,pwrite64,renameat,renameat2,linkat,unlinkat,mkdirat,fchmod,fchown,ftruncate,fsetxattr,fremovexattr,utimensat,fsync,fdatasync,syncfs,flock";

const SIGKILL: i32 = 9;

/// A file system in memory: what is killed there needs no flush, and it knows the exchange.
const TMPFS: &str = "/dev/shm";

/// How the file system is used.
struct Case {
    /// What `--assume-lacking` says.
    lacking: &'static str,
    /// The way that the journal names.
    way: &'static str,
    /// The command.
    command: &'static [&'static str],
}

const EXCHANGE: Case = Case {
    lacking: "",
    way: "exchange",
    command: &[],
};
const LINK: Case = Case {
    lacking: "exchange",
    way: "link",
    command: &[],
};
const COPY: Case = Case {
    lacking: "exchange,links",
    way: "copy",
    command: &[],
};
const BESIDE: Case = Case {
    lacking: "same-device",
    way: "exchange",
    command: &[],
};
const FLUSH_EACH: Case = Case {
    lacking: "syncfs",
    way: "exchange",
    command: &[],
};

/// One system call of a run.
#[derive(Debug, Clone)]
struct Call {
    is_main: bool,
    /// Whether `strace` can be aimed at it.
    can_be_hit: bool,
    name: String,
    /// Which one of this name on its thread, from 1.
    nth: usize,
    /// For a file that is made: its place, to aim at, and which one there, from 1.
    place: Option<(String, usize)>,
}

impl Call {
    /// The arguments of `strace` that do `what` to this call.
    fn aim(&self, what: &str) -> Vec<OsString> {
        let mut words: Vec<OsString> = ["strace", "-qq", "-o", "/dev/null"].map(Into::into).into();
        let nth = if let Some((place, nth)) = &self.place {
            words.extend(["-f", "-P", place].map(Into::into));
            nth
        } else {
            if !self.is_main {
                words.push("-f".into());
            }
            &self.nth
        };
        words.push("-e".into());
        words.push(format!("trace={}", self.name).into());
        words.push("-e".into());
        words.push(format!("inject={}:{what}:when={nth}", self.name).into());
        words
    }

    fn to_text(&self) -> String {
        let thread = if self.is_main { "main" } else { "worker" };
        match &self.place {
            Some((place, nth)) => format!("{} {nth} at {place} ({thread})", self.name),
            None => format!("{} {} ({thread})", self.name, self.nth),
        }
    }
}

impl Case {
    fn invoke(&self, sandbox: &Sandbox) -> Invocation {
        let mut words = self.command.to_vec();
        words.extend(["--jobs", "1", "--format", "json"]);
        if !self.lacking.is_empty() {
            words.extend(["--assume-lacking", self.lacking]);
        }
        sandbox.invoke(words)
    }
}

/// A tree of the family, ready to be migrated.
fn tree(family: &Family) -> Sandbox {
    let sandbox = Sandbox::on(Path::new(TMPFS));
    family.write(sandbox.root());
    sandbox
}

/// Runs the program and gives its calls that change something, in their order.
fn calls(case: &Case, sandbox: &Sandbox) -> Vec<Call> {
    let log = Sandbox::new();
    let trace = format!("trace={CHANGING}");
    let file = log.path("trace");
    let words = [
        "strace".into(),
        "-f".into(),
        "-qq".into(),
        "-y".into(),
        "-s0".into(),
        "-o".into(),
        file.clone().into_os_string(),
        "-e".into(),
        trace.into(),
    ];
    case.invoke(sandbox).under(words).run().code(0);
    parse(&fs::read_to_string(file).unwrap(), sandbox.root())
}

fn parse(trace: &str, root: &Path) -> Vec<Call> {
    let mut per_thread: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut per_place: BTreeMap<String, usize> = BTreeMap::new();
    // Which thread is the first to make the n-th call of a name: that one `strace -f` would hit.
    let mut first: BTreeMap<(String, usize), String> = BTreeMap::new();
    let mut main = None;
    let mut calls = Vec::new();
    let root = root.display().to_string();
    for line in trace.lines() {
        let (thread, rest) = line.split_once(' ').expect("a line begins with a thread");
        let rest = rest.trim_start();
        let main = &*main.get_or_insert_with(|| thread.to_owned());
        let Some((name, arguments)) = rest
            .split_once('(')
            .filter(|(name, _)| !name.contains([' ', '<', '+']))
        else {
            continue;
        };
        let count = per_thread
            .entry((thread.to_owned(), name.to_owned()))
            .or_default();
        *count += 1;
        let nth = *count;
        let hit = first
            .entry((name.to_owned(), nth))
            .or_insert_with(|| thread.to_owned());
        let is_main = thread == main;
        let place = (name == "openat").then(|| place(arguments)).flatten();
        let place = place.map(|place| {
            let count = per_place.entry(place.clone()).or_default();
            *count += 1;
            (place, *count)
        });
        // What is not in the tree is our own output, and libraries.
        let is_ours = match name {
            "openat" => arguments.contains("O_CREAT"),
            _ => arguments.contains(&root),
        };
        if !is_ours {
            continue;
        }
        calls.push(Call {
            can_be_hit: is_main || place.is_some() || hit == thread,
            is_main,
            name: name.to_owned(),
            nth,
            place,
        });
    }
    calls
}

/// What `-P` can be given for a file that is opened: its directory, or its name where the directory's name has the time in it.
fn place(arguments: &str) -> Option<String> {
    let (at, rest) = arguments.split_once(">, \"")?;
    let (_, dir) = at.split_once('<')?;
    let (name, _) = rest.split_once('"')?;
    let place = if dir.contains("/staging/") { name } else { dir };
    Some(place.to_owned())
}

/// The same call in another sandbox.
fn moved(call: &Call, from: &Sandbox, to: &Sandbox) -> Call {
    let place = call.place.clone().map(|(place, nth)| {
        let (from, to) = (from.root(), to.root());
        let place = place.replace(&from.display().to_string(), &to.display().to_string());
        (place, nth)
    });
    Call {
        place,
        ..call.clone()
    }
}

fn has_tools() -> bool {
    let has = |program: &str| {
        std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
            .any(|dir| dir.join(program).is_file())
    };
    if !has("strace") {
        skip("strace", "the program `strace` is not installed");
        return false;
    }
    if !Path::new(TMPFS).is_dir() {
        skip("tmpfs", "there is no /dev/shm");
        return false;
    }
    true
}

/// Kills a run at each of its calls, looks at what is left, and runs the program again.
fn killed_at_every_call(case: &Case, at_least: usize) {
    if !has_tools() {
        return;
    }
    let family = Family::of_three();
    let reference = tree(&family);
    let calls = calls(case, &reference);
    family.assert_done(reference.root(), "undisturbed");
    assert_eq!(ways(reference.root()), [case.way.to_owned()].into());
    assert!(calls.len() >= at_least, "only {} calls", calls.len());
    let mut seen = [false; 4];
    for call in &calls {
        let sandbox = tree(&family);
        let aim = moved(call, &reference, &sandbox).aim("signal=KILL");
        let why = call.to_text();
        assert!(call.can_be_hit, "{why}: `strace` cannot be aimed at it");
        let killed = case.invoke(&sandbox).under(aim).run();
        assert!(was_killed(&killed), "{why} was not hit: {killed}");
        let new = family.assert_whole(sandbox.root(), &why);
        seen[new] = true;
        let again = case.invoke(&sandbox).run();
        assert_eq!(again.status.code(), Some(0), "{why}, then: {again}");
        assert_eq!(again.json()["counts"]["found"], 3, "{why}, then: {again}");
        family.assert_done(sandbox.root(), &why);
        let third = case.invoke(&sandbox).run();
        assert_eq!(third.json()["operation"], serde_json::Value::Null, "{why}");
        assert_eq!(third.stderr, "", "{why}");
    }
    assert_eq!(
        seen, [true; 4],
        "some numbers of migrated manifests never came"
    );
}

/// `strace` ends as what it traced did.
fn was_killed(output: &Output) -> bool {
    use std::os::unix::process::ExitStatusExt as _;
    output.status.signal() == Some(SIGKILL) || output.status.code() == Some(128 + SIGKILL)
}

#[test]
fn killed_at_every_call_by_exchange() {
    killed_at_every_call(&EXCHANGE, 40);
}

#[test]
fn killed_at_every_call_by_link() {
    killed_at_every_call(&LINK, 40);
}

#[test]
fn killed_at_every_call_by_copy() {
    killed_at_every_call(&COPY, 45);
}

#[test]
fn killed_at_every_call_staging_beside() {
    killed_at_every_call(&BESIDE, 40);
}

#[test]
fn killed_at_every_call_flushing_each_file() {
    killed_at_every_call(&FLUSH_EACH, 50);
}

/// Kills the run that recovers, too, at each of its calls.
fn killed_while_recovering(case: &Case, name: &str, nth: usize) {
    if !has_tools() {
        return;
    }
    let family = Family::of_three();
    let begin = |sandbox: &Sandbox| {
        let call = Call {
            is_main: false,
            can_be_hit: true,
            name: name.to_owned(),
            nth,
            place: None,
        };
        let killed = case.invoke(sandbox).under(call.aim("signal=KILL")).run();
        assert!(was_killed(&killed), "{}: {killed}", call.to_text());
    };
    let reference = tree(&family);
    begin(&reference);
    let calls = calls(case, &reference);
    family.assert_done(reference.root(), "recovered");
    // Recovery is the work of the main thread; what the workers do afterwards is an operation like any other.
    let recovering: Vec<_> = calls.iter().filter(|call| call.is_main).collect();
    assert!(recovering.len() >= 10, "only {} calls", recovering.len());
    for call in recovering {
        let sandbox = tree(&family);
        begin(&sandbox);
        let aim = moved(call, &reference, &sandbox).aim("signal=KILL");
        let why = format!("recovering, {}", call.to_text());
        let killed = case.invoke(&sandbox).under(aim).run();
        assert!(was_killed(&killed), "{why} was not hit: {killed}");
        family.assert_whole(sandbox.root(), &why);
        case.invoke(&sandbox).run().code(0);
        family.assert_done(sandbox.root(), &why);
    }
}

#[test]
fn killed_while_recovering_an_exchange() {
    // The second manifest is exchanged, and its original not yet moved to its backup name.
    killed_while_recovering(&EXCHANGE, "renameat2", 4);
}

#[test]
fn killed_while_recovering_a_link() {
    // Of three links to backup names two are made.
    killed_while_recovering(&LINK, "linkat", 3);
}

#[test]
fn killed_while_recovering_a_copy() {
    // The second manifest is about to be replaced.
    killed_while_recovering(&COPY, "renameat", 3);
}

/// Puts an error in the place of each call of these names; the program must say so, and lose nothing.
fn fails_at_every(case: &Case, names: &[&str], error: &str, allowed: &[i32]) {
    if !has_tools() {
        return;
    }
    let family = Family::of_three();
    let reference = tree(&family);
    let calls = calls(case, &reference);
    let chosen = calls
        .iter()
        .filter(|call| names.contains(&call.name.as_str()));
    let mut tried = 0;
    for call in chosen {
        tried += 1;
        let sandbox = tree(&family);
        let aim = moved(call, &reference, &sandbox).aim(&format!("error={error}"));
        let why = format!("{error} at {}", call.to_text());
        let output = case.invoke(&sandbox).under(aim).run();
        let code = output.status.code();
        assert!(
            code.is_some_and(|code| allowed.contains(&code)),
            "{why}: {output}"
        );
        // An error for the n-th write of one thread is one for the n-th of the other, too, and that may be the report's.
        let is_cut = output.stderr.contains("cannot write the output")
            || serde_json::from_str::<serde_json::Value>(&output.stdout).is_err();
        if is_cut && call.name == "write" {
            assert!(
                code != Some(0) && !output.stderr.is_empty(),
                "{why}: {output}"
            );
            family.assert_whole(sandbox.root(), &why);
            case.invoke(&sandbox).run().code(0);
            family.assert_done(sandbox.root(), &why);
            continue;
        }
        let report = output.json();
        let new = family.assert_whole(sandbox.root(), &why);
        let migrated = report["counts"]["migrated"].as_u64().unwrap();
        assert!(
            migrated <= new as u64,
            "{why}: more is said than was done: {output}"
        );
        // Not 0, unless all is migrated: then only something after the fact was lost, and is told.
        match code {
            Some(0) => {
                assert_eq!(new, 3, "{why}: {output}");
                assert!(!output.stderr.is_empty(), "{why}: swallowed: {output}");
            }
            _ => assert_named(&report, &why),
        }
        let again = case.invoke(&sandbox).run();
        assert_eq!(again.status.code(), Some(0), "{why}, then: {again}");
        family.assert_done(sandbox.root(), &why);
    }
    assert!(tried > 0, "no call of {names:?}");
}

/// A failure has a code, a place or an operation, and words.
fn assert_named(report: &serde_json::Value, why: &str) {
    let manifests = report["manifests"].as_array().unwrap();
    let is_named = |one: &serde_json::Value| {
        one["code"].is_string() && one["message"].as_str().is_some_and(|text| text.len() > 10)
    };
    assert!(
        is_named(&report["error"]) || manifests.iter().any(is_named),
        "{why}: nobody is told: {report:#}"
    );
}

#[test]
fn a_failed_flush_stops_the_operation_with_6() {
    fails_at_every(&EXCHANGE, &["syncfs"], "EIO", &[0, 6]);
    fails_at_every(&LINK, &["syncfs"], "EIO", &[0, 6]);
    fails_at_every(&EXCHANGE, &["syncfs"], "ENOSPC", &[0, 6]);
}

#[test]
fn a_failed_flush_of_one_file_stops_the_operation() {
    fails_at_every(&FLUSH_EACH, &["fsync"], "EIO", &[0, 1, 2, 6]);
}

#[test]
fn a_failed_write_is_named() {
    fails_at_every(&EXCHANGE, &["write"], "ENOSPC", &[0, 1, 2, 6]);
    fails_at_every(&COPY, &["write"], "EIO", &[0, 1, 2, 6]);
}

#[test]
fn a_failed_change_of_names_is_named() {
    fails_at_every(
        &EXCHANGE,
        &["renameat2", "renameat", "mkdirat"],
        "EIO",
        &[0, 1, 2, 6],
    );
    fails_at_every(&EXCHANGE, &["renameat2"], "ENOSPC", &[1, 6]);
    fails_at_every(&LINK, &["linkat", "renameat"], "ENOSPC", &[0, 1, 2, 6]);
}

#[test]
fn a_file_that_cannot_be_made_is_named() {
    fails_at_every(&EXCHANGE, &["openat", "ftruncate"], "EIO", &[0, 1, 2, 6]);
    fails_at_every(&COPY, &["openat"], "ENOSPC", &[0, 1, 2, 6]);
}

/// The harness must be able to see a loss, or it proves nothing.
#[test]
#[should_panic(expected = "is torn")]
fn a_torn_manifest_is_seen() {
    let family = Family::of_three();
    let sandbox = Sandbox::new();
    family.write(sandbox.root());
    let path = family.paths().next().unwrap();
    let bytes = sandbox.read(path);
    sandbox.file(path, &bytes[..bytes.len() / 2]);
    family.assert_whole(sandbox.root(), "cut");
}

#[test]
#[should_panic(expected = "is lost")]
fn a_lost_original_is_seen() {
    let family = Family::of_three();
    let sandbox = Sandbox::new();
    family.write(sandbox.root());
    sandbox.run(["--quiet"]).code(0);
    let path = family.paths().next().unwrap();
    fs::remove_file(sandbox.path(path).with_file_name("manifest.json.backup")).unwrap();
    family.assert_whole(sandbox.root(), "without its backup");
}
