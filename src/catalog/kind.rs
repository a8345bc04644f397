//! Kinds: the families of manifests.
//! Invariant: version, history and guarded members do not overlap; the loader calls [`Kind::check`].

use std::collections::BTreeMap;
use std::fmt;

use super::error::CatalogProblem;
use super::registry::Registry;
use super::snapshots::Snapshots;
use crate::form::check_member;
use crate::json::{Fragment, Pointer, Value};
use crate::rule::{Rule, Schema};
use crate::step::GuardedMembers;
use crate::version::Version;

/// A family of manifests with its own versions.
#[derive(Debug, Clone)]
pub struct Kind {
    pub(super) index: usize,
    /// The name in the catalog.
    pub name: String,
    /// The exact file name of its manifests.
    pub file: String,
    pub(crate) marks: Vec<Mark>,
    pub(crate) version: Pointer,
    pub(crate) history: Pointer,
    pub(crate) unversioned: Version,
    pub(crate) required: Vec<Pointer>,
    /// The members that keep their bytes, and are neither added nor removed.
    pub(crate) immutable: Vec<Pointer>,
    /// The members that keep their bytes once they are there.
    pub(crate) protected: Vec<Pointer>,
    pub(crate) deferred_when: Vec<DeferredWhen>,
    pub(crate) snapshots: Option<Snapshots>,
    pub(crate) schemas: BTreeMap<Version, Schema>,
    pub(crate) rules: Vec<Rule>,
    /// The migrations and the routes through them.
    pub registry: Registry,
}

/// A member with a value that identifies the kind. No migration may change it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    pub at: Pointer,
    pub value: Fragment,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is `{}`", self.at, self.value.as_str())
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DeferredWhen {
    pub at: Pointer,
    pub values: Vec<Fragment>,
}

impl DeferredWhen {
    /// The value in `document`, if it shows that a writer still works on it.
    ///
    /// Values are compared by their spelling, strings without regard to escapes.
    pub(crate) fn applies<'t>(&self, document: Value<'t>) -> Option<Value<'t>> {
        let value = document.at(&self.at)?;
        self.values
            .iter()
            .any(|wanted| is_same_spelling(value, wanted))
            .then_some(value)
    }
}

fn is_same_spelling(value: Value<'_>, wanted: &Fragment) -> bool {
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
    /// The index among the kinds of the catalog.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Returns true if a document has all marks of this kind.
    pub fn fits(&self, document: Value<'_>) -> bool {
        self.marks.iter().all(|mark| {
            let found = document.at(&mark.at);
            found.is_some_and(|found| mark.value.equals(found))
        })
    }

    pub(super) fn is_disjoint_from(&self, other: &Self) -> bool {
        self.file != other.file
            || self.marks.iter().any(|mark| {
                let mut others = other.marks.iter();
                others.any(|other| mark.at == other.at && !mark.value.equals_fragment(&other.value))
            })
    }

    /// Checks names and pointers. The error has the member of the kind that is wrong.
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
        let pointers = self.pointers();
        for (member, pointers) in &pointers {
            for pointer in pointers {
                check_member(pointer).map_err(|problem| (*member, problem.into()))?;
            }
        }
        let check_disjoint = |member, one: &Pointer, two: &Pointer| {
            if one.overlaps(two) {
                let (one, two) = (one.clone(), two.clone());
                return Err((member, CatalogProblem::Overlap { one, two }));
            }
            Ok(())
        };
        check_disjoint("history", &self.history, &self.version)?;
        let is_guarded = |member: &str| matches!(member, "where" | "immutable" | "protected");
        for (member, guarded) in pointers.iter().filter(|(member, _)| is_guarded(member)) {
            for pointer in guarded {
                check_disjoint(*member, pointer, &self.version)?;
                check_disjoint(*member, pointer, &self.history)?;
            }
        }
        Ok(())
    }

    /// The members that migrations may not change.
    pub fn guarded_members(&self) -> GuardedMembers<'_> {
        GuardedMembers {
            version: &self.version,
            history: &self.history,
            immutable: &self.immutable,
            protected: &self.protected,
        }
    }

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

/// Returns true if a name is that of the state directory, or of a file that an operation stages beside a manifest.
pub(super) fn is_reserved(name: &str) -> bool {
    const STATE_DIRECTORY: &str = ".migrate-manifests";
    let rest = name.strip_prefix(STATE_DIRECTORY);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

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
