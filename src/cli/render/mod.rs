//! Output. A command reports [`ReportItem`]s and an [`Ending`]; a `ReportForm` writes them.
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
pub(crate) use facts::{CatalogFacts, End, Facts, ListedManifests};
pub(crate) use item::{Ending, ReportItem};
pub(crate) use layout::{Align, age, counted, grouped, table, wrap};
pub(crate) use object::JsonObject;
pub(crate) use page::{Headline, INDENT, Page, PageView};
pub(crate) use paint::{Paint, Tone, paint};
pub(crate) use report::Report;
pub(crate) use text::EACH_LATEST;
