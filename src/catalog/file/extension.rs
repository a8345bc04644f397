//! What a catalog that extends another adds to it.
//!
//! Joins the forms of two files; what the whole means is read as that of any other.
//!
//! Invariant: what the catalog that is extended says stays as it is.

use std::collections::BTreeMap;

use super::{CatalogForm, KindForm};
use crate::catalog::document::Document;
use crate::catalog::error::{CatalogError, CatalogProblem};

impl CatalogForm {
    /// This catalog with what `more` adds, which stands in `document`.
    pub(super) fn extended_by(
        mut self,
        more: Self,
        document: &Document<'_>,
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
                    document.error(&["kinds", &name, member], problem)
                })?,
            }
        }
        self.opaque.extend(more.opaque);
        self.exclude.extend(more.exclude);
        Ok(self)
    }
}

impl KindForm {
    /// Adds what `more` says; gives the member that was said before and cannot be said again.
    fn extend(&mut self, more: Self) -> Result<(), &'static str> {
        say(&mut self.file, more.file, "file")?;
        say(&mut self.version, more.version, "version")?;
        say(&mut self.history, more.history, "history")?;
        say(&mut self.unversioned, more.unversioned, "unversioned")?;
        say(&mut self.snapshots, more.snapshots, "snapshots")?;
        say_each(&mut self.marks, more.marks, "where")?;
        say_each(&mut self.deferred_when, more.deferred_when, "deferred_when")?;
        let schemas = self.schemas.get_or_insert_default();
        say_each(schemas, more.schemas.unwrap_or_default(), "schemas")?;
        self.required.extend(more.required);
        self.immutable.extend(more.immutable);
        self.protected.extend(more.protected);
        Ok(())
    }
}

fn say<T>(said: &mut Option<T>, more: Option<T>, member: &'static str) -> Result<(), &'static str> {
    match more {
        Some(_) if said.is_some() => Err(member),
        Some(_) => {
            *said = more;
            Ok(())
        }
        None => Ok(()),
    }
}

fn say_each<K: Ord, V>(
    said: &mut BTreeMap<K, V>,
    more: BTreeMap<K, V>,
    member: &'static str,
) -> Result<(), &'static str> {
    for (key, value) in more {
        if said.insert(key, value).is_some() {
            return Err(member);
        }
    }
    Ok(())
}
