//! Writes a plan file: the digests of the pending manifests of a dry run.
//! Invariant: [`PlanFile::read`](super::PlanFile::read) accepts every complete plan.

use std::io::{self, Write};

use serde::Serialize;

use super::format::{LastLine, ManifestLine, PlanHead};
use crate::digest::Hasher;
use crate::path::PathMembers;
use crate::report::{Event, Outcome, Sink, Status};

/// Writes a plan from the events of an operation, in path order.
///
/// It writes the last line only if the operation was completed, so an incomplete plan is never accepted.
pub struct PlanWriter<W> {
    out: W,
    hasher: Hasher,
    manifests: u64,
    is_complete: bool,
}

impl<W: Write> PlanWriter<W> {
    /// Writes the head of a plan.
    ///
    /// # Errors
    /// The head could not be written.
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

    /// The number of manifests so far.
    pub fn manifests(&self) -> u64 {
        self.manifests
    }

    /// True if the plan is complete, and the output.
    pub fn into_parts(self) -> (bool, W) {
        (self.is_complete, self.out)
    }

    fn line(&mut self, line: &impl Serialize) -> io::Result<()> {
        let mut text = in_ascii(&serde_json::to_string(line)?);
        text.push('\n');
        self.hasher.update(text.as_bytes());
        self.out.write_all(text.as_bytes())
    }

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
        let PathMembers { path, path_b64 } = PathMembers::from(&outcome.path);
        self.line(&ManifestLine {
            path,
            path_b64,
            from: from.clone(),
            to: to.clone(),
            before: before.prefixed(),
            checksum_before: checksum_before.prefixed(),
            checksum_after: checksum_after.prefixed(),
        })
    }

    fn finish(&mut self) -> io::Result<()> {
        let last = LastLine {
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

/// The same JSON in ASCII, so that a terminal shows it as it is.
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
