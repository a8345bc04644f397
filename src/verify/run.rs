//! The run that a manifest describes: its snapshots, the hash of its inputs, its id, the names of its directories.
//!
//! What is compared, and under which names, the kind says.
//!
//! Invariant: a run that declares no snapshots is not broken: what follows from snapshots is not asked of it.

use std::borrow::Cow;

use super::Finding;
pub use super::snapshots::Files;
use super::snapshots::{self, Declared};
use crate::catalog::Snapshots;
use crate::code::Code;
use crate::digest::Digest;
use crate::json::{Kind, Pointer, Value};
use crate::path::TreePath;

/// How many hex digits of the hash a run's id has.
const ID_DIGITS: usize = 32;

/// Proves the run directory of the manifest at `path`; `files` opens what lies below it.
#[must_use]
pub fn check_run(
    path: &TreePath,
    document: Value<'_>,
    rules: &Snapshots,
    files: &Files<'_>,
) -> Vec<Finding> {
    let mut findings = match snapshots::declared(document, &rules.declared) {
        Some(Ok(declared)) => check_declared(&declared, document, rules, files),
        Some(Err(finding)) => vec![finding],
        None if hash(document, rules).is_some() => inputs_hash(&[], document, rules),
        None => {
            let message = format!("`{}` declares none", rules.declared);
            vec![Finding::new(Code::SnapshotsNotDeclared, message)]
        }
    };
    findings.extend(directories(path, document, rules));
    findings
}

fn check_declared(
    declared: &[Declared<'_>],
    document: Value<'_>,
    rules: &Snapshots,
    files: &Files<'_>,
) -> Vec<Finding> {
    let agrees_with = |one: &Declared<'_>| {
        let at = rules.agree.get(one.name.as_ref())?;
        let member = document
            .at(at)
            .filter(|member| member.kind() == Kind::Object);
        member.map(|member| (at, member))
    };
    let looked = declared
        .iter()
        .flat_map(|one| one.check(files, agrees_with(one)));
    let mut findings: Vec<_> = looked.collect();
    findings.extend(inputs_hash(declared, document, rules));
    findings
}

/// Whatever stands where the hash should, unless it is null.
fn hash<'t>(document: Value<'t>, rules: &Snapshots) -> Option<Value<'t>> {
    let value = document.at(rules.hash.as_ref()?)?;
    (value.kind() != Kind::Null).then_some(value)
}

fn inputs_hash(declared: &[Declared<'_>], document: Value<'_>, rules: &Snapshots) -> Vec<Finding> {
    let Some(at) = &rules.hash else {
        return Vec::new();
    };
    let expected = snapshots::inputs_hash(declared);
    let found = document.at(at).and_then(|value| value.as_str());
    let digest = found
        .as_ref()
        .and_then(|found| found.parse::<Digest>().ok());
    let mut findings = Vec::new();
    if digest != Some(expected) {
        let found = in_words(document, at);
        let message = format!("`{at}` is {found}, expected `{}`", expected.prefixed());
        findings.push(Finding::new(Code::InputsHashDiffers, message));
    }
    findings.extend(digest.and_then(|digest| run_id(document, rules, digest)));
    findings
}

fn run_id(document: Value<'_>, rules: &Snapshots, hash: Digest) -> Option<Finding> {
    let at = rules.run_id.as_ref()?;
    let hex = hash.to_string();
    let expected = &hex[..ID_DIGITS];
    let found = text(document, at);
    let follows = found.as_deref().is_some_and(|found| {
        let rest = found.strip_prefix(expected);
        rest.is_some_and(|rest| rest.is_empty() || is_serial(rest))
    });
    (!follows).then(|| {
        let found = in_words(document, at);
        Finding::new(
            Code::RunIdDiffers,
            format!("`{at}` is {found}, expected `{expected}`, or that with `-2`, `-3` and so on"),
        )
    })
}

/// `-2`, `-3` and so on.
fn is_serial(rest: &str) -> bool {
    let digits = rest.strip_prefix('-').unwrap_or_default();
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number && !digits.starts_with('0') && !matches!(digits, "" | "1")
}

/// A manifest that stands directly in the tree, or its run directory, says nothing of the directories above: their names are not known.
fn directories(path: &TreePath, document: Value<'_>, rules: &Snapshots) -> Vec<Finding> {
    let mut above = path
        .parent()
        .rsplit(|byte| *byte == b'/')
        .filter(|name| !name.is_empty());
    let (run, job) = (above.next(), above.next());
    let legacy = rules.legacy_directory.as_deref().map(str::as_bytes);
    let job = job.filter(|job| Some(*job) != legacy);
    let of = [
        ("the run directory", run, &rules.run_id),
        ("the directory above it", job, &rules.job_id),
    ];
    let differing = of.into_iter().filter_map(|(which, name, at)| {
        let (name, at) = (name?, at.as_ref()?);
        let expected = text(document, at)?;
        (name != expected.as_bytes()).then(|| {
            let name = String::from_utf8_lossy(name);
            let message = format!("{which} is `{name}`, expected `{expected}`, as `{at}` says");
            Finding::new(Code::DirectoryNameDiffers, message)
        })
    });
    differing.collect()
}

fn text<'t>(document: Value<'t>, at: &Pointer) -> Option<Cow<'t, str>> {
    document.at(at).and_then(|value| value.as_str())
}

fn in_words(document: Value<'_>, at: &Pointer) -> String {
    let found = document.at(at);
    found.map_or_else(|| "missing".to_owned(), |value| value.in_words())
}
