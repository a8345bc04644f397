//! Closed lists of objects that are told apart by a name: the steps, the rules.
//!
//! Knows neither; a list says which members its objects have in common, a definition how one of them is read.
//!
//! Invariant: an object is read only by the definition that it names.

use serde::de::DeserializeOwned;

use super::object::{Common, read_members};
use super::problem::{ObjectProblem, ReadError};

/// The values that the objects of one list are read into.
pub(crate) trait Entry {
    /// The member that names the definition, which is also the word for it in messages.
    const NAMED_BY: &'static str;

    /// The members that all objects of the list can have.
    const COMMON: Common;
}

/// One object of a list: its name, its documentation, and how it is read.
#[derive(Debug, Clone, Copy)]
pub struct Definition<T> {
    /// The name in catalog files.
    pub name: &'static str,
    /// The documentation, in Markdown.
    pub documentation: &'static str,
    /// Reads the text of an object.
    pub(crate) read: fn(&str) -> Result<T, ReadError>,
    #[cfg(test)]
    pub(crate) schema: fn(&mut schemars::SchemaGenerator) -> schemars::Schema,
}

/// The members that one definition has of its own.
pub(crate) trait Form<T>: DeserializeOwned + EditorSchema {
    /// The value that they make.
    ///
    /// # Errors
    /// They say what they may not.
    fn read(self) -> Result<T, ReadError>;
}

impl<T> Definition<T> {
    /// The definition of that name, whose objects have the form `F`.
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

/// The definition of that name.
///
/// # Errors
/// The list has none.
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

/// The schema that editors get; only tests make it.
#[cfg(test)]
pub(crate) use schemars::JsonSchema as EditorSchema;

#[cfg(not(test))]
pub(crate) trait EditorSchema {}

#[cfg(not(test))]
impl<T> EditorSchema for T {}
