//! Reads a plan file.
//! Invariant: a file that was cut off, edited or joined is refused, with the line.

use std::io::{self, BufRead, Read as _};
use std::sync::Arc;

use serde::Deserialize;

use super::format::{FORMAT, LAST_BEGINS, LastLine, ManifestLine, PlanHead};
use crate::code::Code;
use crate::digest::{Digest, DigestError, Hasher};
use crate::path::TreePath;
use crate::version::Version;

/// The longest line. A path has at most some thousand bytes.
const MOST_LINE_BYTES: u64 = 1024 * 1024;

/// The reason why a file is not a valid plan.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(
    missing_docs,
    reason = "the message of each variant explains it and names its fields"
)]
pub enum PlanFileError {
    #[error("cannot read the plan")]
    Unreadable(#[source] io::Error),
    #[error("line {line} of the plan: {problem}")]
    Line { line: u64, problem: PlanProblem },
}

/// A problem of a line of a plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(
    missing_docs,
    reason = "the message of each variant explains it and names its fields"
)]
pub enum PlanProblem {
    #[error("{reason}")]
    Malformed { reason: String },
    #[error("expected an object with the format `{FORMAT}`")]
    NotAPlan,
    #[error("expected the format `{FORMAT}`, found `{found}`")]
    Format { found: String },
    #[error("expected at most {MOST_LINE_BYTES} bytes, found more")]
    TooLong,
    #[error("expected a path after `{before}`, found `{found}`")]
    Order { before: TreePath, found: TreePath },
    #[error(
        "expected the last line, with the number of manifests and the digest, found the end of the file"
    )]
    Truncated,
    #[error("expected {expected} manifests before the last line, found {found}")]
    Number { expected: u64, found: u64 },
    #[error("expected lines with the digest `{expected}` before the last one, found `{found}`")]
    Edited { expected: String, found: String },
    #[error("expected the end of the file, found more")]
    Trailing,
}

impl PlanFileError {
    /// The stable code.
    pub fn code(&self) -> Code {
        Code::PlanInvalid
    }
}

/// A plan that was read: for each manifest the digests that the execution compares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanFile {
    head: PlanHead,
    catalog_digest: Digest,
    manifests: Vec<(TreePath, PlanEntry)>,
}

/// The versions and digests that a plan expects of one manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanEntry {
    /// The versions before and after.
    pub versions: Arc<(Version, Version)>,
    /// The digest of the bytes when the plan was made.
    pub before: Digest,
    /// The canonical checksum in the new history record.
    pub checksum_after: Digest,
}

impl PlanFile {
    /// Reads a plan to its end.
    ///
    /// # Errors
    /// The input cannot be read, is no plan, or was cut off or edited.
    pub fn read(input: impl BufRead) -> Result<Self, PlanFileError> {
        let mut lines = LineReader::new(input);
        let head = lines.required()?;
        let head: PlanHead = check_format(head).map_err(|problem| lines.wrong(problem))?;
        let catalog_digest = digest(&head.catalog.digest).map_err(|wrong| lines.wrong(wrong))?;
        let mut plan = Self {
            head,
            catalog_digest,
            manifests: Vec::new(),
        };
        loop {
            let line = lines.required()?;
            if line.starts_with(LAST_BEGINS) {
                let last = parse::<LastLine>(line).map_err(|problem| lines.wrong(problem))?;
                lines.finish(&last, plan.manifests.len() as u64)?;
                return Ok(plan);
            }
            let entry = entry(line).and_then(|entry| plan.add(entry));
            entry.map_err(|problem| lines.wrong(problem))?;
        }
    }

    fn add(&mut self, (path, mut entry): (TreePath, PlanEntry)) -> Result<(), PlanProblem> {
        if let Some((before, last)) = self.manifests.last() {
            if *before >= path {
                return Err(PlanProblem::Order {
                    before: before.clone(),
                    found: path,
                });
            }
            // Most have the same: they are kept once.
            if last.versions == entry.versions {
                entry.versions = Arc::clone(&last.versions);
            }
        }
        self.manifests.push((path, entry));
        Ok(())
    }

    /// The head.
    pub fn head(&self) -> &PlanHead {
        &self.head
    }

    /// The digest of the catalog.
    pub fn catalog_digest(&self) -> Digest {
        self.catalog_digest
    }

    /// The manifests, in path order.
    pub fn paths(&self) -> impl ExactSizeIterator<Item = &TreePath> {
        self.manifests.iter().map(|(path, _)| path)
    }

    /// The expected digests of a manifest, if it is in the plan.
    pub fn of(&self, path: &TreePath) -> Option<PlanEntry> {
        let at = self.manifests.binary_search_by(|(one, _)| one.cmp(path));
        at.ok().map(|at| self.manifests[at].1.clone())
    }
}

struct LineReader<R> {
    input: R,
    line: Vec<u8>,
    number: u64,
    /// It has the bytes of every line before this one.
    hasher: Hasher,
}

impl<R: BufRead> LineReader<R> {
    fn new(input: R) -> Self {
        Self {
            input,
            line: Vec::new(),
            number: 0,
            hasher: Hasher::new(),
        }
    }

    fn required(&mut self) -> Result<&[u8], PlanFileError> {
        self.hasher.update(&self.line);
        self.line.clear();
        self.number += 1;
        let mut limited = (&mut self.input).take(MOST_LINE_BYTES);
        let read = limited.read_until(b'\n', &mut self.line);
        let read = read.map_err(PlanFileError::Unreadable)? as u64;
        match self.line.last() {
            Some(b'\n') => Ok(&self.line),
            _ if read == MOST_LINE_BYTES => Err(self.wrong(PlanProblem::TooLong)),
            _ => Err(self.wrong(PlanProblem::Truncated)),
        }
    }

    fn finish(&mut self, last: &LastLine, manifests: u64) -> Result<(), PlanFileError> {
        let found = self.hasher.clone().finish().prefixed();
        if last.digest != found {
            let expected = last.digest.clone();
            return Err(self.wrong(PlanProblem::Edited { expected, found }));
        }
        if last.manifests != manifests {
            return Err(self.wrong(PlanProblem::Number {
                expected: last.manifests,
                found: manifests,
            }));
        }
        let rest = self.input.fill_buf().map_err(PlanFileError::Unreadable)?;
        if rest.is_empty() {
            return Ok(());
        }
        self.number += 1;
        Err(self.wrong(PlanProblem::Trailing))
    }

    fn wrong(&self, problem: PlanProblem) -> PlanFileError {
        PlanFileError::Line {
            line: self.number,
            problem,
        }
    }
}

fn check_format(line: &[u8]) -> Result<PlanHead, PlanProblem> {
    #[derive(Deserialize)]
    struct FormatLine {
        format: String,
    }
    let named: FormatLine = parse(line).map_err(|_| PlanProblem::NotAPlan)?;
    if named.format != FORMAT {
        return Err(PlanProblem::Format {
            found: named.format,
        });
    }
    parse(line)
}

fn entry(line: &[u8]) -> Result<(TreePath, PlanEntry), PlanProblem> {
    let line: ManifestLine = parse(line)?;
    let path = line.to_path().ok_or_else(|| PlanProblem::Malformed {
        reason: "`path` is not a path in a tree".to_owned(),
    })?;
    let expected = PlanEntry {
        versions: Arc::new((line.from, line.to)),
        before: digest(&line.before)?,
        checksum_after: digest(&line.checksum_after)?,
    };
    digest(&line.checksum_before)?;
    Ok((path, expected))
}

fn digest(text: &str) -> Result<Digest, PlanProblem> {
    text.parse()
        .map_err(|error: DigestError| PlanProblem::Malformed {
            reason: error.to_string(),
        })
}

fn parse<'l, T: Deserialize<'l>>(line: &'l [u8]) -> Result<T, PlanProblem> {
    serde_json::from_slice(line).map_err(|error| {
        let text = error.to_string();
        // The parser reads one line, so it always names line 1.
        let reason = text
            .rsplit_once(" at line ")
            .map_or(&*text, |(reason, _)| reason);
        let column = error.column();
        PlanProblem::Malformed {
            reason: format!("column {column}: {reason}"),
        }
    })
}

#[cfg(test)]
mod tests;
