//! Forms: what the object of a step in a migration file may say.
//!
//! Knows no step. The file of a step lists its members once, in [`form!`]; what reads them comes from that list.
//!
//! Invariant: a member that a form does not name is an error.

use super::{Read, ReadError, Step};

/// A list of members that an object is read into; [`form!`] makes one.
pub(super) trait Members: Sized {
    /// Reads them from the text of the object.
    fn parse(text: &str) -> serde_json::Result<Self>;
}

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

/// Declares a struct and the object that it is read from, which has `step` beside the members of the struct.
macro_rules! form {
    (
        $(#[doc = $what:literal])*
        $(#[derive($($derive:ident),*)])?
        $vis:vis struct $name:ident {
            $(
                $(#[doc = $doc:literal])*
                $(#[serde($($serde:tt)*)])?
                $see:vis $member:ident: $type:ty,
            )*
        }
    ) => {
        $(#[doc = $what])*
        $(#[derive($($derive),*)])?
        $vis struct $name {
            $($(#[doc = $doc])* $see $member: $type,)*
        }

        const _: () = {
            #[derive(serde::Deserialize)]
            #[serde(deny_unknown_fields, expecting = "an object")]
            struct Object {
                #[serde(rename = "step")]
                _step: String,
                $(
                    $(#[serde($($serde)*)])?
                    $member: $type,
                )*
            }

            impl $crate::catalog::step::form::Members for $name {
                fn parse(text: &str) -> serde_json::Result<Self> {
                    let Object { _step, $($member),* } = serde_json::from_str(text)?;
                    Ok(Self { $($member),* })
                }
            }
        };
    };
}
pub(super) use form;
