//! The form of `catalog.json`, and the extension of one catalog by another.
//! Invariant: an extension only adds to its base.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::error::{CatalogError, CatalogProblem};
use super::snapshots::Snapshots;
use super::source_file::SourceFile;
use crate::form::Object;
use crate::json::{Fragment, Pointer};
use crate::rule::RuleName;
use crate::version::Version;

/// The file `catalog.json` of a catalog of `migrate-manifests`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(title = "Catalog"))]
#[serde(deny_unknown_fields)]
pub(super) struct CatalogForm {
    /// The schema of this file, for editors.
    #[serde(rename = "$schema", default)]
    _schema: Option<String>,
    /// What reports call it.
    #[cfg_attr(test, schemars(regex(pattern = r"\S")))]
    pub(super) name: String,
    /// The catalog that it adds to.
    #[serde(default)]
    #[cfg_attr(test, schemars(extend("enum" = [super::layout::BUILT_IN_NAME, null])))]
    pub(super) extends: Option<String>,
    /// The families of manifests, by name.
    #[serde(default)]
    pub(super) kinds: Option<BTreeMap<String, Object<KindForm>>>,
    /// Names of directories that are never entered.
    #[serde(default)]
    pub(super) opaque: Vec<String>,
    /// Globs of documents that have a manifest's name but are not this catalog's.
    #[serde(default)]
    pub(super) exclude: Vec<String>,
    /// Members that are columns of the index.
    #[serde(rename = "dimensions", default)]
    #[cfg_attr(test, schemars(extend("uniqueItems" = true)))]
    _dimensions: Option<Vec<Pointer>>,
}

/// A family of manifests. What the catalog that is extended says of a kind of this name stays as it is.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "kind"))]
#[serde(deny_unknown_fields)]
pub(super) struct KindForm {
    /// The exact file name of its manifests.
    #[serde(default)]
    pub(super) file: Option<String>,
    /// Where the version stands.
    #[serde(default)]
    pub(super) version: Option<Pointer>,
    /// Where the history stands.
    #[serde(default)]
    pub(super) history: Option<Pointer>,
    /// The version of a manifest that says none.
    #[serde(default)]
    pub(super) unversioned: Option<Version>,
    /// Pointer to value: what tells its manifests from those of other kinds with the same file name.
    #[serde(rename = "where", default)]
    pub(super) marks: BTreeMap<Pointer, Fragment>,
    /// Members without which a manifest is refused.
    #[serde(default)]
    pub(super) required: Vec<Pointer>,
    /// Members that keep their bytes, and are neither added nor removed.
    #[serde(default)]
    pub(super) immutable: Vec<Pointer>,
    /// Members that keep their bytes once they are there.
    #[serde(default)]
    pub(super) protected: Vec<Pointer>,
    /// Pointer to values: a manifest with one of them is left to its writer.
    #[serde(default)]
    pub(super) deferred_when: BTreeMap<Pointer, Vec<Box<RawValue>>>,
    /// What verify looks for in run directories.
    #[serde(default)]
    pub(super) snapshots: Option<Object<Snapshots>>,
    /// Version to the path of a JSON Schema in `schemas/`.
    #[serde(default)]
    schemas: Option<BTreeMap<Version, String>>,
    /// What must hold beside.
    #[serde(rename = "rules", default)]
    _rules: Option<Vec<Object<RuleName>>>,
}

impl CatalogForm {
    pub(super) fn extended_by(
        mut self,
        more: Self,
        file: &SourceFile<'_>,
    ) -> Result<Self, CatalogError> {
        let base = std::mem::replace(&mut self.name, more.name);
        self.extends = more.extends;
        let kinds = self.kinds.get_or_insert_default();
        for (name, more) in more.kinds.unwrap_or_default() {
            match kinds.get_mut(&name) {
                None => drop(kinds.insert(name, more)),
                Some(kind) => kind.0.extend(more.0).map_err(|member| {
                    let base = base.clone();
                    let problem = CatalogProblem::SaidByBase { member, base };
                    file.error(&["kinds", &name, member], problem)
                })?,
            }
        }
        self.opaque.extend(more.opaque);
        self.exclude.extend(more.exclude);
        Ok(self)
    }
}

impl KindForm {
    /// Adds the members of `more`. The error is a member that both have, although only one may.
    fn extend(&mut self, more: Self) -> Result<(), &'static str> {
        add(&mut self.file, more.file, "file")?;
        add(&mut self.version, more.version, "version")?;
        add(&mut self.history, more.history, "history")?;
        add(&mut self.unversioned, more.unversioned, "unversioned")?;
        add(&mut self.snapshots, more.snapshots, "snapshots")?;
        add_each(&mut self.marks, more.marks, "where")?;
        add_each(&mut self.deferred_when, more.deferred_when, "deferred_when")?;
        let schemas = self.schemas.get_or_insert_default();
        add_each(schemas, more.schemas.unwrap_or_default(), "schemas")?;
        self.required.extend(more.required);
        self.immutable.extend(more.immutable);
        self.protected.extend(more.protected);
        Ok(())
    }
}

fn add<T>(own: &mut Option<T>, more: Option<T>, member: &'static str) -> Result<(), &'static str> {
    match more {
        Some(_) if own.is_some() => Err(member),
        Some(_) => {
            *own = more;
            Ok(())
        }
        None => Ok(()),
    }
}

fn add_each<K: Ord, V>(
    own: &mut BTreeMap<K, V>,
    more: BTreeMap<K, V>,
    member: &'static str,
) -> Result<(), &'static str> {
    for (key, value) in more {
        if own.insert(key, value).is_some() {
            return Err(member);
        }
    }
    Ok(())
}
