//! The flags that commands share, with their help texts.
//!
//! Parsing has no effects and sets no defaults: an absent flag is `None`, and `options` chooses the default.

mod groups;
mod values;

pub(crate) use groups::{
    ChangeArgs, ClockArgs, LimitArgs, OneArgs, OutputArgs, RulesArgs, SelectArgs, TreeArgs,
    WholeArgs, WriteArgs,
};
pub(crate) use values::{Color, Format};
