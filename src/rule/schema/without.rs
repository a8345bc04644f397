//! Takes the place of compiled schemas in a program that was built without JSON Schema.
//! Invariant: no schema can be compiled, so none is ever checked.

use super::result::SchemaCheck;
use crate::effort::{Effort, TooCostly};
use crate::json::{Pointer, Value};
use crate::rule::Violation;

pub(super) enum Compiled {}

pub(super) fn compile(_: Value<'_>) -> Result<Compiled, Violation> {
    Err(Violation {
        at: Pointer::root(),
        reason: "this program was built without JSON Schema (the feature `schema`)".to_owned(),
    })
}

pub(super) fn check(
    compiled: &Compiled,
    _: Value<'_>,
    _: &Effort<'_>,
) -> Result<SchemaCheck, TooCostly> {
    match *compiled {}
}
