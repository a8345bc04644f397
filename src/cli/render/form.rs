//! The trait of an output format: it receives items as they come and writes them.

use std::io;

use migrate_manifests::report::{Diagnosis, Start};

use super::facts::{End, Listed};
use super::item::{Ending, Item};

pub(crate) trait Form {
    fn start(&mut self, head: &Start) -> io::Result<()>;

    fn began(&mut self, operation: &str) -> io::Result<()> {
        let _ = operation;
        Ok(())
    }

    /// Takes the manifests of a list; a form with a line for each manifest answers each of them.
    fn expect(&mut self, listed: Listed);

    fn item(&mut self, item: &dyn Item) -> io::Result<()>;

    /// Prints trouble that concerns no manifest, unless the end has it.
    fn trouble(&mut self, trouble: Trouble<'_>) -> io::Result<()>;

    fn end(&mut self, end: &End<'_>, ending: &dyn Ending) -> io::Result<()>;
}

#[derive(Clone, Copy)]
pub(crate) enum Trouble<'d> {
    Directory(&'d Diagnosis),
    /// A finding about the state directory.
    Finding(&'d Diagnosis),
}
