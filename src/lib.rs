//! Moves a tree of JSON manifests to a new schema version, losing not one byte.

pub mod catalog;
pub mod clock;
pub mod code;
pub mod digest;
pub mod event;
pub mod history;
pub mod journal;
pub mod json;
pub mod manifest;
pub mod operation;
pub mod path;
pub mod plan;
pub mod refusal;
pub mod report;
pub mod selection;
pub mod storage;
pub mod transform;
pub mod version;
