//! Output. A command reports [`Item`]s and an [`Ending`]; a `Form` writes them.
//!
//! A new form is one file here and a variant of `Format`, for which the compiler asks for arms.

mod diff;
mod facts;
mod form;
mod item;
mod json;
mod jsonl;
mod layout;
mod manifest;
mod members;
mod object;
mod page;
mod paint;
mod report;
pub(crate) mod sections;
pub(crate) mod survey;
mod text;

pub(crate) use diff::unified;
pub(crate) use facts::{CatalogFacts, End, Facts, Listed};
pub(crate) use item::{Ending, Item};
pub(crate) use layout::{Align, age, counted, grouped, table, wrap};
pub(crate) use object::Object;
pub(crate) use page::{Headline, INDENT, Page, View};
pub(crate) use paint::{Paint, Tone, paint};
pub(crate) use report::Report;
pub(crate) use text::EACH_LATEST;
