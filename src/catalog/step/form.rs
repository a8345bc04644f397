//! Forms: what the object of a step in a migration file may say, and what that makes.
//!
//! Knows no step.
//!
//! Invariant: what was read was checked, as far as a step alone can be.

use super::{Read, ReadError, Step};
pub(super) use crate::catalog::members::Members;

/// The members of a step's object, and what they make.
pub(super) trait Form: Members {
    /// What they make, unless they say what they may not.
    fn read(self) -> Result<Read, ReadError>;
}

/// Most steps are their own form.
impl<S: Step + Members + 'static> Form for S {
    fn read(self) -> Result<Read, ReadError> {
        self.check()?;
        Ok(Read::Step(Box::new(self)))
    }
}

/// Declares a struct that is read from the object of a step.
macro_rules! form {
    ($($struct:tt)*) => {
        $crate::catalog::members::members! { beside { _step = "step" } $($struct)* }
    };
}
pub(super) use form;
