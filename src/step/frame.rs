//! Frames: the objects of a migration file that stand around other steps.
//!
//! Knows that they have a member `steps`, and how far the pointers inside reach; applies nothing.
//!
//! Invariant: every object in `steps` names its step before any of them is read.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::parsed::{Definition, Parsed};
use super::view::EVERY;
use crate::form::{
    Common, Condition, EditorSchema, Entry as _, Object, ObjectProblem, ReadError, read_members,
};
use crate::json::Pointer;

/// A frame around steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// The steps are taken for each element of this array or object.
    ForEach(Pointer),
    /// The steps are taken only where this holds.
    When(Condition),
}

/// The pointer to the elements of an array or object.
pub(super) fn elements(at: &Pointer) -> Pointer {
    at.child(EVERY)
}

/// The members of a frame beside `steps`.
pub(super) trait FrameForm: DeserializeOwned + EditorSchema {
    /// The summary that editors show at the name of the step.
    #[cfg(test)]
    const SUMMARY: &'static str;

    /// The description of `steps` that editors show.
    #[cfg(test)]
    const STEPS: &'static str;

    /// The frame.
    fn frame(self) -> Result<Frame, ObjectProblem>;
}

/// The definition of a frame.
pub(super) const fn around<F: FrameForm>(
    name: &'static str,
    documentation: &'static str,
) -> Definition {
    Definition {
        name,
        documentation,
        read: read::<F>,
        #[cfg(test)]
        schema: schema::<F>,
    }
}

fn read<F: FrameForm>(text: &str) -> Result<Parsed, ReadError> {
    let common = Common {
        last: &["steps"],
        ..Parsed::COMMON
    };
    let form = read_members::<F>(text, common)?;
    serde_json::from_str::<Inner>(text)?;
    Ok(Parsed::Frame(form.frame()?))
}

/// The steps inside, of which only the names are read.
#[derive(Deserialize)]
struct Inner {
    #[serde(rename = "steps")]
    _steps: Vec<Object<StepName>>,
}

/// The name of a step, which must be there before any step is read.
#[derive(Deserialize)]
pub(crate) struct StepName {
    #[serde(rename = "step")]
    _step: String,
}

#[cfg(test)]
fn schema<F: FrameForm>(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
    use schemars::JsonSchema as _;
    let mut schema = F::json_schema(generator);
    schema.insert("description".to_owned(), F::SUMMARY.into());
    let mut steps = Vec::<Object<StepName>>::json_schema(generator);
    steps.insert("description".to_owned(), F::STEPS.into());
    if let Some(properties) = schema
        .get_mut("properties")
        .and_then(|properties| properties.as_object_mut())
    {
        properties.insert("steps".to_owned(), steps.to_value());
    }
    if let Some(required) = schema
        .get_mut("required")
        .and_then(|list| list.as_array_mut())
    {
        required.push("steps".into());
    }
    schema
}
