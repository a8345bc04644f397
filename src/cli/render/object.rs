//! JSON objects for programs: compact, on one line, with all unsafe characters escaped.
//!
//! Invariant: members have the order in which they were added.

use std::io;

use serde::Serialize;

use migrate_manifests::path::{PathMembers, TreePath};
use migrate_manifests::report::Diagnosis;

use crate::cli::escape;

pub(crate) type JsonMembers = Vec<(&'static str, String)>;

/// One JSON object while it is made. The first value that cannot be written is remembered.
#[derive(Debug, Default)]
pub(crate) struct JsonObject {
    members: JsonMembers,
    error: Option<io::Error>,
}

impl JsonObject {
    pub(crate) fn member(&mut self, name: &'static str, value: impl Serialize) -> &mut Self {
        let made = serde_json::to_string(&value);
        self.raw(name, made.map(escape::json).map_err(io::Error::from))
    }

    pub(crate) fn some(&mut self, name: &'static str, value: Option<impl Serialize>) -> &mut Self {
        match value {
            Some(value) => self.member(name, value),
            None => self,
        }
    }

    pub(crate) fn path(&mut self, path: &TreePath) -> &mut Self {
        let PathMembers { path, path_b64 } = PathMembers::from(path);
        self.member("path", path).some("path_b64", path_b64)
    }

    pub(crate) fn diagnosis(&mut self, diagnosis: Option<&Diagnosis>) -> &mut Self {
        self.some("code", diagnosis.map(|one| one.code))
            .some("message", diagnosis.map(|one| &one.message))
    }

    pub(crate) fn object(
        &mut self,
        name: &'static str,
        fill: impl FnOnce(&mut JsonObject),
    ) -> &mut Self {
        self.raw(name, Self::text_of(fill))
    }

    pub(crate) fn list<T>(
        &mut self,
        name: &'static str,
        items: impl IntoIterator<Item = T>,
        mut fill: impl FnMut(&mut JsonObject, T),
    ) -> &mut Self {
        let items = items.into_iter();
        let texts = items.map(|item| Self::text_of(|object| fill(object, item)));
        let made = texts.collect::<io::Result<Vec<_>>>();
        self.raw(name, made.map(|texts| format!("[{}]", texts.join(","))))
    }

    fn raw(&mut self, name: &'static str, made: io::Result<String>) -> &mut Self {
        match made {
            Ok(text) => self.members.push((name, text)),
            Err(error) => self.error = self.error.take().or(Some(error)),
        }
        self
    }

    pub(crate) fn text_of(fill: impl FnOnce(&mut JsonObject)) -> io::Result<String> {
        let mut object = Self::default();
        fill(&mut object);
        object.members().map(|members| one_line(&members))
    }

    pub(crate) fn members(self) -> io::Result<JsonMembers> {
        match self.error {
            Some(error) => Err(error),
            None => Ok(self.members),
        }
    }
}

pub(crate) fn one_line(members: &JsonMembers) -> String {
    let members: Vec<_> = members
        .iter()
        .map(|(name, value)| format!("\"{name}\":{value}"))
        .collect();
    format!("{{{}}}", members.join(","))
}
