//! The closed list of steps.
//! Invariant: a step is in the list once, in the order of the documentation.

use super::parsed::StepDefinition;
use super::{coalesce, convert, copy, derive, frame, hash, map, r#move, remove, rename, set, wrap};

/// Every step, in the order of the documentation.
pub const STEPS: &[StepDefinition] = &[
    set::SET_DEFAULT,
    set::SET,
    rename::DEFINITION,
    r#move::DEFINITION,
    copy::DEFINITION,
    coalesce::DEFINITION,
    map::DEFINITION,
    convert::DEFINITION,
    derive::DEFINITION,
    hash::DEFINITION,
    wrap::WRAP,
    wrap::UNWRAP,
    frame::FOR_EACH,
    frame::WHEN,
    remove::DEFINITION,
];
