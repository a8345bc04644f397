//! The plan as a file: what is to be done to each manifest, by digest, so that exactly that can be done later and nothing else.
//!
//! Makes lines of outcomes, of any number; opens no file and decides nothing.
//!
//! Invariant: what [`Writer`] wrote to its end, [`Planned::read`](super::Planned::read) reads.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use crate::catalog::Catalog;
use crate::clock::Timestamp;
use crate::digest::Hasher;
use crate::journal::RecordedPath;
use crate::report::{Event, Outcome, Sink, Status};
use crate::version::Version;

/// The format that the first line names.
pub const FORMAT: &str = "migrate-manifests/plan/1";

/// How the last line begins.
pub(super) const LAST_BEGINS: &[u8] = b"{\"manifests\":";

/// The first line: what the plan was made with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// [`FORMAT`].
    format: String,
    /// The catalog.
    pub catalog: CatalogId,
    /// The target; `None` is the latest version of each kind, where these differ.
    pub target_version: Option<Version>,
    /// The tree, for people: a plan belongs to digests, not to a path.
    pub tree: String,
    /// The clock when it was made.
    pub started_at: String,
    /// The version of the program that made it.
    pub program: String,
}

/// Which catalog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogId {
    /// Its name.
    pub name: String,
    /// Its digest, `sha256:...`.
    pub digest: String,
}

impl Head {
    /// The head of a plan that takes `tree` to `target`, or to the latest version of each kind.
    #[must_use]
    pub fn new(
        catalog: &Catalog,
        target: Option<&Version>,
        tree: &str,
        started_at: Timestamp,
    ) -> Self {
        Self {
            format: FORMAT.to_owned(),
            catalog: CatalogId {
                name: catalog.name().to_owned(),
                digest: catalog.digest().prefixed(),
            },
            target_version: target.or(catalog.latest()).cloned(),
            tree: tree.to_owned(),
            started_at: started_at.to_string(),
            program: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

/// A line between the first and the last.
#[derive(Serialize, Deserialize)]
pub(super) struct Line {
    #[serde(flatten)]
    pub(super) path: RecordedPath,
    pub(super) from: Version,
    pub(super) to: Version,
    /// Of the raw bytes.
    pub(super) before: String,
    pub(super) checksum_before: String,
    pub(super) checksum_after: String,
}

/// The last line.
#[derive(Serialize, Deserialize)]
pub(super) struct Last {
    pub(super) manifests: u64,
    /// Of all lines before it.
    pub(super) digest: String,
}

/// Writes a plan while it is made: the pending manifests of a prediction, in their order.
///
/// As a [`Sink`] it takes the whole stream. The last line is only written where the operation came to its end, so that a plan which lacks something is never taken for one.
pub struct Writer<W> {
    out: W,
    hasher: Hasher,
    manifests: u64,
    is_complete: bool,
}

impl<W: Write> Writer<W> {
    /// Begins a plan.
    ///
    /// # Errors
    /// `out` does not take it.
    pub fn new(out: W, head: &Head) -> io::Result<Self> {
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

impl<W: Write> Sink for Writer<W> {
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
