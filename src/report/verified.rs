//! One manifest that was verified.
//!
//! Owns the data only; the findings are made by the room `proof`.
//!
//! Invariant: every diagnosis is either a finding or a note.

use super::diagnosis::Diagnosis;
use super::outcome::Outcome;

/// One manifest and what was found about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// What a plan for the latest version says of it.
    pub outcome: Outcome,
    /// Findings and notes, in the order in which they were made.
    pub findings: Vec<Diagnosis>,
}

impl Verified {
    /// What is wrong.
    pub fn wrong(&self) -> impl Iterator<Item = &Diagnosis> {
        self.findings.iter().filter(|finding| !finding.is_note())
    }

    /// What could not be proved.
    pub fn notes(&self) -> impl Iterator<Item = &Diagnosis> {
        self.findings.iter().filter(|finding| finding.is_note())
    }
}
