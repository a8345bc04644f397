//! Checks of the pointers in an object.
//! Invariant: a pointer that passed every check names one member of any document.

use super::problem::ObjectProblem;
use crate::json::Pointer;

/// Refuses the pointer to the whole document, and `*`, which stands for a whole level.
pub(crate) fn check_member(pointer: &Pointer) -> Result<(), ObjectProblem> {
    check_not_whole(pointer)?;
    if pointer.tokens().iter().any(|token| token == "*") {
        let pointer = pointer.clone();
        return Err(ObjectProblem::Wildcard { pointer });
    }
    Ok(())
}

/// Refuses the pointer to the whole document, and `-`, the end of an array.
pub(crate) fn check_not_end(pointer: &Pointer) -> Result<(), ObjectProblem> {
    check_not_whole(pointer)?;
    if pointer.tokens().iter().any(|token| token == "-") {
        let pointer = pointer.clone();
        return Err(ObjectProblem::EndOfArray { pointer });
    }
    Ok(())
}

fn check_not_whole(pointer: &Pointer) -> Result<(), ObjectProblem> {
    if pointer.tokens().is_empty() {
        return Err(ObjectProblem::WholeDocument);
    }
    Ok(())
}

pub(crate) fn check_listed(member: &str, pointers: &[Pointer]) -> Result<(), ObjectProblem> {
    if pointers.is_empty() {
        return Err(ObjectProblem::empty(member));
    }
    Ok(())
}

pub(crate) fn check_members(member: &str, pointers: &[Pointer]) -> Result<(), ObjectProblem> {
    check_listed(member, pointers)?;
    pointers.iter().try_for_each(check_member)
}
