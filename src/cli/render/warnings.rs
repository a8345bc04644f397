//! Warnings on standard error, the same for every form of output.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{self, Write};

use migrate_manifests::code::Code;
use migrate_manifests::report::{Event, Sink};

use super::paint::{Paint, Tone};
use crate::cli::escape;

/// Prints each warning, and once for each code what to do about it.
pub(crate) struct Warnings<W> {
    out: W,
    paint: Paint,
    explained: BTreeSet<Code>,
}

impl<W: Write> Warnings<W> {
    /// Warnings to `out`.
    pub(crate) fn new(out: W, paint: Paint) -> Self {
        Self {
            out,
            paint,
            explained: BTreeSet::new(),
        }
    }
}

impl<W: Write> Sink for Warnings<W> {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        let Event::Warning(notice) = event else {
            return Ok(());
        };
        let place = notice
            .path
            .as_ref()
            .map(|path| format!("{}: ", escape::path(path.as_bytes())))
            .unwrap_or_default();
        let label = self.paint.text(Tone::Warning, "warning:");
        let mut lines = format!(
            "{label} {place}{} ({})\n",
            escape::message(&notice.message),
            notice.code
        );
        if self.explained.insert(notice.code) {
            let label = self.paint.text(Tone::Hint, "hint:");
            writeln!(lines, "{label} {}", notice.code.hint()).unwrap_or_default();
        }
        // A warning that cannot be shown must not end the operation: the report for programs has it, too.
        self.out.write_all(lines.as_bytes()).or(Ok(()))
    }
}
