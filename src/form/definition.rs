//! Closed lists of definitions, each with a name: the steps, the rules.
//! Invariant: an object is read only by the definition that it names.

use serde::de::DeserializeOwned;

use super::object::{Common, read_members};
use super::problem::{ObjectProblem, ReadError};

pub(crate) trait Entry {
    /// The member that names the definition, as in `step`; messages use it as a word, too.
    const NAMED_BY: &'static str;

    const COMMON: Common;
}

/// One entry of a closed list: a name, its documentation, and the function that reads such an object.
#[derive(Debug, Clone, Copy)]
pub struct Definition<T> {
    /// The name in catalog files.
    pub name: &'static str,
    /// The documentation, in Markdown.
    pub documentation: &'static str,
    pub(crate) read: fn(&str) -> Result<T, ReadError>,
    #[cfg(test)]
    pub(crate) schema: fn(&mut schemars::SchemaGenerator) -> schemars::Schema,
}

pub(crate) trait Form<T>: DeserializeOwned + EditorSchema {
    fn read(self) -> Result<T, ReadError>;
}

impl<T> Definition<T> {
    pub(crate) const fn of<F: Form<T>>(name: &'static str, documentation: &'static str) -> Self
    where
        T: Entry,
    {
        Self {
            name,
            documentation,
            read: |text| read_members::<F>(text, T::COMMON)?.read(),
            #[cfg(test)]
            schema: F::json_schema,
        }
    }
}

pub(crate) fn find<T: Entry>(
    list: &'static [Definition<T>],
    name: &str,
) -> Result<&'static Definition<T>, ObjectProblem> {
    let found = list.iter().find(|one| one.name == name);
    found.ok_or_else(|| ObjectProblem::Unknown {
        what: T::NAMED_BY,
        found: name.to_owned(),
        known: list.iter().map(|one| one.name.to_owned()).collect(),
    })
}

/// The schema for editors; only tests compute it.
#[cfg(test)]
pub(crate) use schemars::JsonSchema as EditorSchema;

#[cfg(not(test))]
pub(crate) trait EditorSchema {}

#[cfg(not(test))]
impl<T> EditorSchema for T {}
