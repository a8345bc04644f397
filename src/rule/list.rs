//! The closed list of rules.
//! Invariant: a rule is in the list once, in the order of the documentation.

use super::model::RuleDefinition;
use super::{append_only, references, starts_with, sums, unchanged, unique};

pub(crate) const RULES: &[RuleDefinition] = &[
    unchanged::DEFINITION,
    append_only::DEFINITION,
    starts_with::DEFINITION,
    sums::SUM_EQUALS,
    sums::COUNT_EQUALS,
    unique::DEFINITION,
    references::DEFINITION,
];
