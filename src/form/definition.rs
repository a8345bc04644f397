//! Closed lists of definitions, each with a name: the steps, the rules.
//! Invariant: an object is read only by the definition that it names.

#[cfg(not(test))]
use std::marker::Sized as EditorSchema;

// Only tests compute the schemas for editors.
#[cfg(test)]
use schemars::JsonSchema as EditorSchema;
use serde::de::DeserializeOwned;

use super::object::{Common, read_members};
use super::problem::{ObjectProblem, ReadError};

/// One entry of a closed list: a name, its documentation, and the function that reads such an object.
#[derive(Debug, Clone, Copy)]
pub struct Definition<T> {
    /// The name in catalog files.
    pub name: &'static str,
    /// The documentation, in Markdown.
    pub documentation: &'static str,
    pub(crate) read: fn(&str, Common) -> Result<T, ReadError>,
    #[cfg(test)]
    pub(crate) schema: fn(&mut schemars::SchemaGenerator) -> schemars::Schema,
}

impl<T> Definition<T> {
    /// The definition of objects that are read as `F`, whose members are checked by the conversion into `T`.
    pub(crate) const fn of<F>(name: &'static str, documentation: &'static str) -> Self
    where
        F: DeserializeOwned + EditorSchema,
        T: TryFrom<F>,
        ObjectProblem: From<T::Error>,
    {
        Self {
            name,
            documentation,
            read: |text, common| {
                let checked = T::try_from(read_members::<F>(text, common)?);
                checked.map_err(|problem| ReadError::Problem(problem.into()))
            },
            #[cfg(test)]
            schema: F::json_schema,
        }
    }
}

/// Finds the definition of an object that has `name` as its member `named_by`.
pub(crate) fn find<T>(
    list: &'static [Definition<T>],
    named_by: &'static str,
    name: &str,
) -> Result<&'static Definition<T>, ObjectProblem> {
    let found = list.iter().find(|one| one.name == name);
    found.ok_or_else(|| ObjectProblem::Unknown {
        what: named_by,
        found: name.to_owned(),
        known: list.iter().map(|one| one.name.to_owned()).collect(),
    })
}
