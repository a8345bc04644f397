//! Writing a plan: the pending manifests of a prediction, by digest, so that exactly that can be done later and nothing else.
//!
//! Makes lines of outcomes, of any number; opens no file and decides nothing.
//!
//! Invariant: [`PlanFile::read`](super::PlanFile::read) reads every plan that was written to its end.

use std::io::{self, Write};

use serde::Serialize;

use super::format::{Last, Line, PlanHead};
use crate::digest::Hasher;
use crate::journal::RecordedPath;
use crate::report::{Event, Outcome, Sink, Status};

/// Writes a plan while it is made, in path order.
///
/// As a [`Sink`] it takes the whole stream. The last line is only written where the operation came to its end, so that a plan which lacks something is never taken for one.
pub struct PlanWriter<W> {
    out: W,
    hasher: Hasher,
    manifests: u64,
    is_complete: bool,
}

impl<W: Write> PlanWriter<W> {
    /// Begins a plan.
    ///
    /// # Errors
    /// `out` does not take it.
    pub fn new(out: W, head: &PlanHead) -> io::Result<Self> {
        let mut writer = Self {
            out,
            hasher: Hasher::new(),
            manifests: 0,
            is_complete: false,
        };
        writer.line(head)?;
        Ok(writer)
    }

    /// How many manifests are in the plan so far.
    #[must_use]
    pub fn manifests(&self) -> u64 {
        self.manifests
    }

    /// Whether the last line is written; what the plan was written to.
    #[must_use]
    pub fn into_parts(self) -> (bool, W) {
        (self.is_complete, self.out)
    }

    fn line(&mut self, line: &impl Serialize) -> io::Result<()> {
        let mut text = in_ascii(&serde_json::to_string(line)?);
        text.push('\n');
        self.hasher.update(text.as_bytes());
        self.out.write_all(text.as_bytes())
    }

    /// Adds a pending manifest whose checksums were predicted.
    fn add(&mut self, outcome: &Outcome) -> io::Result<()> {
        let known = (
            &outcome.from,
            &outcome.to,
            outcome.digest_before,
            outcome.checksum_before,
            outcome.checksum_after,
        );
        let (Some(from), Some(to), Some(before), Some(checksum_before), Some(checksum_after)) =
            known
        else {
            return Err(io::Error::other("the checksums were not predicted"));
        };
        self.manifests += 1;
        self.line(&Line {
            path: RecordedPath::new(&outcome.path),
            from: from.clone(),
            to: to.clone(),
            before: before.prefixed(),
            checksum_before: checksum_before.prefixed(),
            checksum_after: checksum_after.prefixed(),
        })
    }

    fn finish(&mut self) -> io::Result<()> {
        let last = Last {
            manifests: self.manifests,
            digest: self.hasher.clone().finish().prefixed(),
        };
        self.line(&last)?;
        self.is_complete = true;
        self.out.flush()
    }
}

impl<W: Write> Sink for PlanWriter<W> {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::Outcome(outcome) if outcome.status == Status::Pending => self.add(outcome),
            Event::Finished(summary) if summary.stop.is_none() && summary.signal.is_none() => {
                self.finish()
            }
            _ => Ok(()),
        }
    }
}

/// The same JSON in ASCII, so that nothing in it can mislead on a terminal.
fn in_ascii(json: &str) -> String {
    let mut shown = String::with_capacity(json.len() + 1);
    let mut units = [0; 2];
    for character in json.chars() {
        if character.is_ascii() && character != '\u{7f}' {
            shown.push(character);
        } else {
            let escapes = character.encode_utf16(&mut units).iter();
            shown.extend(escapes.map(|unit| format!("\\u{unit:04x}")));
        }
    }
    shown
}
