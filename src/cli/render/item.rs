//! The parts of a report: items as they come, and an ending. A format calls only the methods that it needs.

use std::io;

use migrate_manifests::path::TreePath;

use super::facts::End;
use super::object::Object;
use super::page::Page;

pub(crate) trait Item {
    fn list(&self) -> &'static str {
        "manifests"
    }

    /// Returns true if it is the only one, so that its name in the report is that of an object and not of a list.
    fn is_alone(&self) -> bool {
        false
    }

    fn answers(&self) -> Option<&TreePath> {
        None
    }

    fn is_listed_by_default(&self) -> bool {
        true
    }

    fn text(&self, page: &mut Page) -> io::Result<()>;

    fn json(&self, object: &mut Object, all: bool);
}

pub(crate) trait Ending {
    fn lists(&self) -> &'static [&'static str] {
        &[]
    }

    fn text(&self, end: &End<'_>, page: &mut Page) -> io::Result<()>;

    fn totals(&self, object: &mut Object) {
        let _ = object;
    }

    fn members(&self, object: &mut Object) {
        let _ = object;
    }

    fn has_trouble(&self) -> bool {
        false
    }
}

impl Ending for () {
    fn text(&self, _: &End<'_>, _: &mut Page) -> io::Result<()> {
        Ok(())
    }
}
