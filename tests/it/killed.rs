//! The program killed from outside at every system call that changes something, and errors put in the place of such calls; then run again.
//!
//! A run under `strace` shows the calls; each is a point at which another run is killed, before the call is made. `strace` counts calls per name and per thread, so a point on a worker is aimed at with `-f` and one on the main thread without it; files are made by both threads through one name, so those points are aimed at by directory (`-P`).
//!
//! Invariant: a point that was not hit fails the test, so that none is left out in silence.

use std::fs;
use std::path::Path;

use crate::support::aftermath::{Family, ways};
use crate::support::sandbox::{Invocation, Output, Sandbox};
use crate::support::skip::skip;
use calls::{Call, calls, moved};

mod calls;
mod format1;
mod rollback;

const SIGKILL: i32 = 9;

/// What `strace` is told, to kill before a call.
const KILL: &str = "signal=KILL";

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

pub(crate) fn has_tools() -> bool {
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

/// A command that has run once undisturbed; each of its calls is a point at which another run is disturbed.
struct Rehearsal<'c> {
    case: &'c Case,
    family: Family,
    /// Makes a tree that is ready for the command.
    ready: &'c dyn Fn(&Family) -> Sandbox,
    /// Where it ran.
    reference: Sandbox,
    calls: Vec<Call>,
}

impl<'c> Rehearsal<'c> {
    /// `None` where tools are missing, which is told.
    fn new(case: &'c Case, ready: &'c dyn Fn(&Family) -> Sandbox) -> Option<Self> {
        if !has_tools() {
            return None;
        }
        let family = Family::of_three();
        let reference = ready(&family);
        let calls = calls(case, &reference);
        Some(Self {
            case,
            family,
            ready,
            reference,
            calls,
        })
    }

    /// A tree that is ready for the command.
    fn ready(&self) -> Sandbox {
        (self.ready)(&self.family)
    }

    /// Runs the command with `what` done to that call.
    fn disturb(&self, sandbox: &Sandbox, call: &Call, what: &str) -> Output {
        let aim = moved(call, &self.reference, sandbox).aim(what);
        self.case.invoke(sandbox).under(aim).run()
    }

    /// Runs the command and kills it before that call.
    fn kill(&self, sandbox: &Sandbox, call: &Call) -> Output {
        self.disturb(sandbox, call, KILL)
    }

    /// Puts an error in the place of each call of these names, each in a tree of its own; the program ends as allowed, and `then` looks at the rest.
    fn fail_at_every(
        &self,
        names: &[&str],
        error: &str,
        allowed: &[i32],
        then: impl Fn(&Sandbox, &Call, &Output, &str),
    ) {
        let chosen: Vec<_> = self
            .calls
            .iter()
            .filter(|call| names.contains(&call.name.as_str()))
            .collect();
        assert!(!chosen.is_empty(), "no call of {names:?}");
        for call in chosen {
            let sandbox = self.ready();
            let why = format!("{error} at {}", call.to_text());
            let output = self.disturb(&sandbox, call, &format!("error={error}"));
            assert!(
                output
                    .status
                    .code()
                    .is_some_and(|code| allowed.contains(&code)),
                "{why}: {output}"
            );
            then(&sandbox, call, &output, &why);
        }
    }
}

/// Kills a run at each of its calls, looks at what is left, and runs the program again.
fn killed_at_every_call(case: &Case, at_least: usize) {
    let Some(rehearsal) = Rehearsal::new(case, &tree) else {
        return;
    };
    let Rehearsal { family, calls, .. } = &rehearsal;
    let reference = rehearsal.reference.root();
    family.assert_done(reference, "undisturbed");
    assert_eq!(ways(reference), [case.way.to_owned()].into());
    assert!(calls.len() >= at_least, "only {} calls", calls.len());
    let mut seen = [false; 4];
    for call in calls {
        let sandbox = rehearsal.ready();
        let why = call.to_text();
        assert!(call.can_be_hit, "{why}: `strace` cannot be aimed at it");
        let killed = rehearsal.kill(&sandbox, call);
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
    let begun = |family: &Family| {
        let sandbox = tree(family);
        let call = Call {
            is_main: false,
            can_be_hit: true,
            name: name.to_owned(),
            nth,
            place: None,
        };
        let killed = case.invoke(&sandbox).under(call.aim(KILL)).run();
        assert!(was_killed(&killed), "{}: {killed}", call.to_text());
        sandbox
    };
    let Some(rehearsal) = Rehearsal::new(case, &begun) else {
        return;
    };
    let Rehearsal { family, calls, .. } = &rehearsal;
    family.assert_done(rehearsal.reference.root(), "recovered");
    // Recovery is the work of the main thread; what the workers do afterwards is an operation like any other.
    let recovering: Vec<_> = calls.iter().filter(|call| call.is_main).collect();
    assert!(recovering.len() >= 10, "only {} calls", recovering.len());
    for call in recovering {
        let sandbox = rehearsal.ready();
        let why = format!("recovering, {}", call.to_text());
        let killed = rehearsal.kill(&sandbox, call);
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
    let Some(rehearsal) = Rehearsal::new(case, &tree) else {
        return;
    };
    let family = &rehearsal.family;
    rehearsal.fail_at_every(names, error, allowed, |sandbox, call, output, why| {
        let code = output.status.code();
        // An error for the n-th write of one thread is one for the n-th of the other, too, and that may be the report's.
        let is_cut = output.stderr.contains("cannot write the output")
            || serde_json::from_str::<serde_json::Value>(&output.stdout).is_err();
        if is_cut && call.name == "write" {
            assert!(
                code != Some(0) && !output.stderr.is_empty(),
                "{why}: {output}"
            );
            family.assert_whole(sandbox.root(), why);
            case.invoke(sandbox).run().code(0);
            family.assert_done(sandbox.root(), why);
            return;
        }
        let report = output.json();
        let new = family.assert_whole(sandbox.root(), why);
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
            _ => assert_named(&report, why),
        }
        let again = case.invoke(sandbox).run();
        assert_eq!(again.status.code(), Some(0), "{why}, then: {again}");
        family.assert_done(sandbox.root(), why);
    });
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
