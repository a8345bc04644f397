//! The parts of a report: items as they come, and an ending. A form calls only the methods that it needs.

use migrate_manifests::journal::OperationId;
use migrate_manifests::path::TreePath;
use migrate_manifests::report::{Diagnosis, Start};

use super::facts::{End, ListedManifests};
use super::object::JsonObject;
use super::page::Page;

/// A part of a report, in the order in which they come.
#[derive(Clone, Copy)]
pub(crate) enum ReportPart<'p> {
    /// The manifests of `--files-from`; a form with a line for each manifest answers each of them.
    Listed(&'p ListedManifests),
    Start(&'p Start),
    /// The operation has this id, because the first manifest is about to be written.
    Began(&'p OperationId),
    Item(&'p dyn ReportItem),
    Directory(&'p Diagnosis),
    /// A finding about the state directory.
    Finding(&'p Diagnosis),
    End(&'p End<'p>, &'p dyn Ending),
}

pub(crate) trait ReportItem {
    /// The list of the report that it stands in.
    fn list(&self) -> &'static str {
        "manifests"
    }

    /// Returns true if it is the only one, so that its name in the report is that of an object and not of a list.
    fn is_alone(&self) -> bool {
        false
    }

    /// The manifest of `--files-from` that it answers.
    fn answers(&self) -> Option<&TreePath> {
        None
    }

    fn is_listed_by_default(&self) -> bool {
        true
    }

    fn text(&self, page: &mut Page);

    fn json(&self, object: &mut JsonObject, all: bool);
}

pub(crate) trait Ending {
    /// The lists that the report has, even without items.
    fn lists(&self) -> &'static [&'static str] {
        &[]
    }

    /// The outcome of a selected manifest of `--files-from` for which there was no item, in JSON lines.
    fn without_items(&self) -> &'static str {
        "excluded"
    }

    fn text(&self, end: &End<'_>, page: &mut Page);

    /// Adds members that JSON and JSON lines have.
    fn totals(&self, _: &mut JsonObject) {}

    /// Adds members that only JSON has.
    fn members(&self, _: &mut JsonObject) {}

    /// Returns true if it found something that needs attention, for the exit code.
    fn has_trouble(&self) -> bool {
        false
    }
}

impl Ending for () {
    fn text(&self, _: &End<'_>, _: &mut Page) {}
}
