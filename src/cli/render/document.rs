//! An answer that is given as a whole: text for people, members or lines for programs.

use std::io::{self, Write};

use migrate_manifests::report::{Diagnosis, Summary};

use super::json::{self, FORMAT};
use super::jsonl;
use super::members::{self, Known, Members, Notices};
use super::paint::Paint;
use crate::cli::args::Format;
use crate::cli::options::Output;

/// One answer in all its forms.
#[derive(Debug, Default)]
pub(crate) struct Document {
    /// For people.
    pub(crate) text: String,
    /// For programs: what the report has beside its usual members.
    pub(crate) members: Members,
    /// For programs: what also stands in the last line.
    pub(crate) totals: Members,
    /// For programs that read lines: one JSON object each, before the last line.
    pub(crate) lines: Vec<String>,
    /// What somebody should know.
    pub(crate) notices: Vec<Diagnosis>,
    /// Operation, signal and stop, where there are any.
    pub(crate) summary: Summary,
    /// The exit code, where the summary does not say another.
    pub(crate) code: u8,
}

/// What text is shown on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Surface {
    /// Colour, or none.
    pub(crate) paint: Paint,
    /// The width to fit text into, where somebody looks.
    pub(crate) columns: Option<usize>,
}

impl Document {
    /// Prints it in the form that `output` asks for.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn print(
        &self,
        output: &Output,
        known: &Known,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let summary = &self.summary;
        let operation = summary.operation.as_deref();
        let mut notices = Notices::default();
        for notice in &self.notices {
            notices.warn(notice);
        }
        match output.format {
            Format::Text => out.write_all(self.text.as_bytes()),
            Format::Json => {
                let mut all = members::head(FORMAT, known, operation)?;
                all.push(("manifests", "[]".to_owned()));
                all.extend(self.totals.iter().cloned());
                all.extend(self.members.iter().cloned());
                all.extend(members::foot(known, summary, &notices)?);
                out.write_all(b"{\n")?;
                json::write_members(out, all, "\n")?;
                out.write_all(b"}\n")
            }
            Format::Jsonl => {
                for line in &self.lines {
                    out.write_all(line.as_bytes())?;
                    out.write_all(b"\n")?;
                }
                let mut all = members::head(jsonl::FORMAT, known, operation)?;
                all.extend(self.totals.iter().cloned());
                all.extend(members::foot(known, summary, &notices)?);
                out.write_all(jsonl::object(&all).as_bytes())?;
                out.write_all(b"\n")
            }
        }
    }
}
