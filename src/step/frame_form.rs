//! Reads frames: their own members, and the member `steps`.
//!
//! Knows no frame, and reads only the names of the steps inside.
//!
//! Invariant: every object in `steps` has a name before any of them is read.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::parsed::{Definition, Frame, Parsed};
use crate::form::{
    Common, EditorSchema, Entry as _, Object, ObjectProblem, ReadError, read_members,
};

/// The members of a frame, without `steps`.
pub(super) trait FrameForm: DeserializeOwned + EditorSchema {
    /// Editors show this as the description of the step.
    #[cfg(test)]
    const SUMMARY: &'static str;

    /// Editors show this as the description of `steps`.
    #[cfg(test)]
    const STEPS: &'static str;

    fn frame(self) -> Result<Frame, ObjectProblem>;
}

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

/// Requires a name in each object of `steps`.
#[derive(Deserialize)]
struct Inner {
    #[serde(rename = "steps")]
    _steps: Vec<Object<StepName>>,
}

/// Requires the name of a step.
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
