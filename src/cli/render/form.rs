//! The forms of output.

use std::io::{self, BufWriter, Write};

use super::facts::Facts;
use super::item::ReportPart;
use super::json::Json;
use super::jsonl::JsonLines;
use super::page::Page;
use super::paint::paint;
use super::text;
use crate::cli::args::Format;
use crate::cli::options::Output;
use crate::cli::streams::Stream;

pub(super) enum ReportForm {
    Text(Page),
    Json(Json),
    JsonLines(JsonLines),
}

impl ReportForm {
    pub(super) fn new(output: &Output, stream: &Stream, facts: &Facts) -> Self {
        let (out, all) = (stream.clone(), output.view.all);
        match output.format {
            Format::Text => {
                let out: Box<dyn Write> = if out.is_terminal() {
                    Box::new(out)
                } else {
                    Box::new(BufWriter::new(out))
                };
                Self::Text(Page::new(out, output.view, paint(output.color, stream)))
            }
            Format::Json => Self::Json(Json::new(out, facts.clone(), all)),
            Format::Jsonl => Self::JsonLines(JsonLines::new(out, all)),
        }
    }

    pub(super) fn write(&mut self, part: ReportPart<'_>) -> io::Result<()> {
        match self {
            Self::Text(page) => text::write(page, part),
            Self::Json(json) => json.write(part),
            Self::JsonLines(lines) => lines.write(part),
        }
    }
}
