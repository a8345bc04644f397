//! The system calls of a run that change something, as `strace` shows them, and how it is aimed at one of them.
//!
//! It knows calls and no command.
//!
//! Invariant: a call at which `strace` cannot be aimed says so.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

use super::Case;
use crate::support::sandbox::Sandbox;

/// What changes something on the disk, or makes it durable.
const CHANGING: &str = "openat,write,pwrite64,renameat,renameat2,linkat,unlinkat,mkdirat,fchmod,fchown,ftruncate,fsetxattr,fremovexattr,utimensat,fsync,fdatasync,syncfs,flock";

/// One system call of a run.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) is_main: bool,
    /// Whether `strace` can be aimed at it.
    pub(super) can_be_hit: bool,
    pub(super) name: String,
    /// Which one of this name on its thread, from 1.
    pub(super) nth: usize,
    /// For a file that is made: its place, to aim at, and which one there, from 1.
    pub(super) place: Option<(String, usize)>,
}

impl Call {
    /// The arguments of `strace` that do `what` to this call.
    pub(super) fn aim(&self, what: &str) -> Vec<OsString> {
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

    pub(super) fn to_text(&self) -> String {
        let thread = if self.is_main { "main" } else { "worker" };
        match &self.place {
            Some((place, nth)) => format!("{} {nth} at {place} ({thread})", self.name),
            None => format!("{} {} ({thread})", self.name, self.nth),
        }
    }
}

/// Runs the program and gives its calls that change something, in their order.
pub(super) fn calls(case: &Case, sandbox: &Sandbox) -> Vec<Call> {
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
pub(super) fn moved(call: &Call, from: &Sandbox, to: &Sandbox) -> Call {
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
