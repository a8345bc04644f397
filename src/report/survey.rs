//! The result of a survey over members.
//!
//! Owns the data only; which values are kept is for the survey to decide.
//!
//! Invariant: `present`, `null` and `missing` of a member sum to the manifests looked at.

use std::collections::BTreeMap;

use crate::json::Pointer;

/// What the members that somebody asked for hold, over all manifests that could be read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SurveyResult {
    /// How many manifests were looked at.
    pub manifests: u64,
    /// Each member, in the order in which they were asked for.
    pub fields: Vec<FieldCount>,
    /// Pointer to the number of manifests whose history says that the value there is not authoritative; `None` where nobody asked.
    pub backfilled: Option<BTreeMap<String, u64>>,
}

/// What one member holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldCount {
    /// Which member.
    pub at: Pointer,
    /// How many manifests have it with a value other than null.
    pub present: u64,
    /// How many have it with null.
    pub null: u64,
    /// How many do not have it.
    pub missing: u64,
    /// How many different values there are, null not counted. Values are the same where their canonical forms are.
    pub distinct: u64,
    /// The most frequent values with their numbers, most frequent first; a long value is cut.
    pub most_frequent: Vec<(String, u64)>,
}
