//! The sinks that make output of the stream of events, one file for each form.
//!
//! Invariant: standard output gets data, the text summary included, and standard error everything else.

mod diff;
mod document;
mod json;
mod jsonl;
mod layout;
mod members;
mod paint;
mod survey;
mod text;
mod warnings;

use std::io::{self, BufWriter, Write};

use migrate_manifests::report::{Diagnosis, Event, Sink};

use super::args::Format;
use super::options::{Coloring, Output};
use super::progress::Progress;
use super::streams::{Stream, Streams};

pub(crate) use diff::unified;
pub(crate) use document::{Document, Surface};
pub(crate) use jsonl::Listed;
pub(crate) use layout::{Align, age, counted, grouped, table, wrap};
pub(crate) use members::{CatalogName, Known, lines as json_lines, member as json_text};
pub(crate) use paint::{Paint, Tone};
pub(crate) use text::EACH_LATEST;

/// Colour on this stream, or none.
pub(crate) fn paint(coloring: Coloring, stream: &Stream) -> Paint {
    Paint::new(match coloring {
        Coloring::OnTerminals => stream.is_terminal(),
        Coloring::Always => true,
        Coloring::Never => false,
    })
}

/// Prints warnings.
pub(crate) fn warn(notices: &[Diagnosis], out: Stream, paint: Paint) {
    let mut warnings = warnings::Warnings::new(out, paint);
    for notice in notices {
        // A warning that cannot be shown is in the report for programs, too.
        warnings.event(&Event::Warning(notice)).unwrap_or_default();
    }
}

/// Everybody who listens to the operation.
pub(crate) struct Audience {
    progress: Progress,
    warnings: Box<dyn Sink>,
    report: Box<dyn Sink>,
    is_over: bool,
    lost: Option<io::Error>,
}

impl Audience {
    /// Those that `output` asks for.
    pub(crate) fn new(
        output: &Output,
        streams: &Streams,
        progress: Progress,
        known: Known,
        listed: Option<Listed>,
    ) -> Self {
        let warnings: Box<dyn Sink> = if output.quiet {
            Box::new(())
        } else {
            let out = streams.stderr.clone();
            Box::new(warnings::Warnings::new(
                out,
                paint(output.color, &streams.stderr),
            ))
        };
        let out = streams.stdout.clone();
        let report: Box<dyn Sink> = match output.format {
            Format::Text => {
                let view = text::View {
                    purpose: output.purpose,
                    all: output.all,
                    quiet: output.quiet,
                    columns: output.columns,
                };
                let paint = paint(output.color, &streams.stdout);
                Box::new(text::Text::new(
                    as_it_happens_on_terminals(out),
                    view,
                    paint,
                ))
            }
            Format::Json => Box::new(json::Json::new(BufWriter::new(out), known, output.all)),
            Format::Jsonl => Box::new(jsonl::JsonLines::new(out, known, output.all, listed)),
        };
        Self {
            progress,
            warnings,
            report,
            is_over: false,
            lost: None,
        }
    }

    /// Whether the end was told.
    pub(crate) fn knows_the_end(&self) -> bool {
        self.is_over
    }

    /// Why the output was lost, if it was.
    pub(crate) fn lost(&self) -> Option<&io::Error> {
        self.lost.as_ref()
    }
}

impl Sink for Audience {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        self.is_over |= matches!(event, Event::Finished(_));
        self.progress.event(event)?;
        self.warnings.event(event)?;
        if let Some(error) = &self.lost {
            // What was lost has left a hole; nothing may follow it.
            return Err(error.kind().into());
        }
        self.report.event(event).map_err(|error| {
            let kind = error.kind();
            self.lost = Some(error);
            kind.into()
        })
    }
}

fn as_it_happens_on_terminals(out: Stream) -> Box<dyn Write> {
    if out.is_terminal() {
        Box::new(out)
    } else {
        Box::new(BufWriter::new(out))
    }
}

#[cfg(test)]
mod tests;
