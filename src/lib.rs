//! Moves a tree of JSON manifests to a new schema version, losing not one byte.

pub mod clock;
pub mod code;
pub mod digest;
pub mod json;
pub mod path;
pub mod version;
