//! Kinds: what a catalog says of one family of manifests.
//!
//! Holds what the catalog file said, already checked; reads no file and no manifest.
//!
//! Invariant: neither the version nor the history overlaps the other or any guarded member; [`Kind::check`] is what the loader asks.

use std::collections::BTreeMap;
use std::fmt;

use super::error::CatalogProblem;
use super::registry::Registry;
use super::snapshots::Snapshots;
use crate::form::check_member;
use crate::json::{Fragment, Pointer, Value};
use crate::rule::{Rule, Schema};
use crate::step::Guards;
use crate::version::Version;

/// A family of manifests with versions of its own.
#[derive(Debug, Clone)]
pub struct Kind {
    /// Its index among the kinds of its catalog.
    pub(super) index: usize,
    /// Its name in the catalog.
    pub name: String,
    /// The exact file name of its manifests.
    pub file: String,
    /// What tells its manifests from those of other kinds with the same file name.
    pub marks: Vec<Mark>,
    /// Where the version stands.
    pub version: Pointer,
    /// Where the history stands.
    pub history: Pointer,
    /// The version of manifests that say none.
    pub unversioned: Version,
    /// Members that must be there.
    pub required: Vec<Pointer>,
    /// Members that keep their bytes, and are neither added nor removed.
    pub immutable: Vec<Pointer>,
    /// Members that keep their bytes once they are there.
    pub protected: Vec<Pointer>,
    /// When a writer still has a manifest.
    pub deferred_when: Vec<DeferredWhen>,
    /// What verify is to look for in run directories, where there is anything.
    pub snapshots: Option<Snapshots>,
    /// What documents of a version must look like, where the catalog says so.
    pub schemas: BTreeMap<Version, Schema>,
    /// What must hold beside.
    pub rules: Vec<Rule>,
    /// The migrations and the routes through them.
    pub registry: Registry,
}

/// A member whose value tells of which kind a manifest is. No migration may change it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The member.
    pub at: Pointer,
    /// The value.
    pub value: Fragment,
}

/// The mark as messages say it.
impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is `{}`", self.at, self.value.as_str())
    }
}

/// A member whose value tells that a writer still has the manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeferredWhen {
    /// The member.
    pub at: Pointer,
    /// The values that tell it.
    pub values: Vec<Fragment>,
}

impl DeferredWhen {
    /// The value of `document` that tells that a writer still has it, if it does.
    ///
    /// Values are compared as they are spelled; strings by what they say, whatever their escapes.
    #[must_use]
    pub fn applies<'t>(&self, document: Value<'t>) -> Option<Value<'t>> {
        let value = document.at(&self.at)?;
        self.values
            .iter()
            .any(|wanted| says(value, wanted))
            .then_some(value)
    }
}

fn says(value: Value<'_>, wanted: &Fragment) -> bool {
    if value.raw() == wanted.as_str() {
        return true;
    }
    let escaped = value.raw().contains('\\') || wanted.as_str().contains('\\');
    escaped
        && value.as_str().is_some_and(|found| {
            serde_json::from_str::<String>(wanted.as_str()).is_ok_and(|wanted| found == wanted)
        })
}

impl Kind {
    /// Its index among the kinds of its catalog.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// Whether a document has all that tells manifests of this kind from others.
    #[must_use]
    pub fn fits(&self, document: Value<'_>) -> bool {
        self.marks.iter().all(|mark| {
            let found = document.at(&mark.at);
            found.is_some_and(|found| mark.value.says(found))
        })
    }

    /// Whether no document can be of both kinds.
    pub(super) fn is_apart_from(&self, other: &Self) -> bool {
        self.file != other.file
            || self.marks.iter().any(|mark| {
                let mut others = other.marks.iter();
                others.any(|other| mark.at == other.at && !mark.value.says_the_same(&other.value))
            })
    }

    /// Whether the kind's pointers fit together: what is wrong, and in which member of the kind.
    pub(super) fn check(&self) -> Result<(), (&'static str, CatalogProblem)> {
        if !is_file_name(&self.file) {
            let found = self.file.clone();
            return Err(("file", CatalogProblem::FileName { found }));
        }
        let legacy = self
            .snapshots
            .as_ref()
            .and_then(|one| one.legacy_directory.as_ref());
        if let Some(found) = legacy.filter(|name| !is_file_name(name)) {
            let found = found.clone();
            return Err(("snapshots", CatalogProblem::FileName { found }));
        }
        for (member, pointers) in self.pointers() {
            for pointer in pointers {
                check_member(pointer).map_err(|problem| (member, problem.into()))?;
            }
        }
        let apart = |member, one: &Pointer, two: &Pointer| {
            if one.overlaps(two) {
                let (one, two) = (one.clone(), two.clone());
                return Err((member, CatalogProblem::Overlap { one, two }));
            }
            Ok(())
        };
        apart("history", &self.history, &self.version)?;
        let marks = self.marks.iter().map(|mark| &mark.at);
        for (member, guarded) in [
            ("where", marks.collect::<Vec<_>>()),
            ("immutable", self.immutable.iter().collect()),
            ("protected", self.protected.iter().collect()),
        ] {
            for pointer in guarded {
                apart(member, pointer, &self.version)?;
                apart(member, pointer, &self.history)?;
            }
        }
        Ok(())
    }

    /// The members that migrations may not change.
    #[must_use]
    pub fn guards(&self) -> Guards<'_> {
        Guards {
            version: &self.version,
            history: &self.history,
            immutable: &self.immutable,
            protected: &self.protected,
        }
    }

    /// Keeps migrations from changing what tells the kind.
    pub(super) fn guard_marks(&mut self) {
        for mark in &self.marks {
            if !self.immutable.contains(&mark.at) {
                self.immutable.push(mark.at.clone());
            }
        }
    }

    fn pointers(&self) -> Vec<(&'static str, Vec<&Pointer>)> {
        vec![
            ("version", vec![&self.version]),
            ("history", vec![&self.history]),
            ("where", self.marks.iter().map(|mark| &mark.at).collect()),
            ("required", self.required.iter().collect()),
            ("immutable", self.immutable.iter().collect()),
            ("protected", self.protected.iter().collect()),
            (
                "deferred_when",
                self.deferred_when.iter().map(|when| &when.at).collect(),
            ),
            (
                "snapshots",
                self.snapshots
                    .iter()
                    .flat_map(Snapshots::pointers)
                    .collect(),
            ),
        ]
    }
}

/// Whether `name` can be the name of a file in a directory.
pub(super) fn is_file_name(name: &str) -> bool {
    !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '\0'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Text;

    fn status(values: &[&str]) -> DeferredWhen {
        DeferredWhen {
            at: "/status".parse().unwrap(),
            values: values
                .iter()
                .map(|value| Fragment::parse(value).unwrap())
                .collect(),
        }
    }

    #[test]
    fn a_value_defers_whatever_its_escapes() {
        let when = status(&["\"running\"", "\"que\\u0075ed\"", "1"]);
        for (document, deferred) in [
            (r#"{"status":"running"}"#, true),
            (r#"{"status":"runn\u0069ng"}"#, true),
            (r#"{"status":"queued"}"#, true),
            (r#"{"status":1}"#, true),
            (r#"{"status":"1"}"#, false),
            (r#"{"status":"run\u0020ning"}"#, false),
            (r#"{"status":"done"}"#, false),
            (r#"{"status":null}"#, false),
            ("{}", false),
        ] {
            let text = Text::scan(document.as_bytes()).unwrap();
            assert_eq!(when.applies(text.root()).is_some(), deferred, "{document}");
        }
    }
}
