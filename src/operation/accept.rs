//! Acceptance of findings: those that are known and meant are recorded, and not reported again.
//! A finding is the same as long as its code, its place and what stood there are the same.
//! Invariant: a finding about other bytes than those that were accepted is reported.

use std::collections::HashSet;

use crate::code::{Class, Code};
use crate::digest::{Digest, Hasher};
use crate::journal::{Accepted, Ledger, OperationId};
use crate::path::TreePath;
use crate::report::Diagnosis;

/// A finding that concerns no single manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StateFinding {
    pub(super) finding: Diagnosis,
    /// The operation that it is about. Then it is the same finding whatever its message says.
    pub(super) operation: Option<OperationId>,
    /// The SHA-256 of what stood there.
    pub(super) found: Option<Digest>,
}

impl From<Diagnosis> for StateFinding {
    fn from(finding: Diagnosis) -> Self {
        Self {
            finding,
            operation: None,
            found: None,
        }
    }
}

/// The findings that were accepted, and those that are to be.
#[derive(Debug, Default)]
pub(super) struct Acceptance {
    known: HashSet<Digest>,
    /// `None` if none are to be accepted now.
    new: Option<Vec<Accepted>>,
}

/// The fate of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judgement {
    /// It is reported.
    Open,
    /// It is reported, and is to be accepted.
    Accepting,
    /// It was accepted before.
    Accepted,
}

impl Acceptance {
    /// What journals say was accepted; with `accepts` all else that can be accepted is collected.
    pub(super) fn new(ledger: &Ledger, accepts: bool) -> Self {
        Self {
            known: ledger.accepted().collect(),
            new: accepts.then(Vec::new),
        }
    }

    pub(super) fn judge(&mut self, seen: &StateFinding) -> Judgement {
        if seen.finding.is_note() {
            return Judgement::Open;
        }
        let digest = fingerprint(seen);
        if self.known.contains(&digest) {
            return Judgement::Accepted;
        }
        let Some(new) = self.new.as_mut().filter(|_| may_be_accepted(&seen.finding)) else {
            return Judgement::Open;
        };
        new.push(Accepted {
            code: seen.finding.code,
            path: seen.finding.path.clone(),
            digest: Some(digest),
            operation: seen.operation.clone(),
            reason: None,
        });
        Judgement::Accepting
    }

    /// Takes what is to be recorded.
    pub(super) fn take_new(&mut self) -> Vec<Accepted> {
        self.new.take().unwrap_or_default()
    }
}

/// The note that takes the place of a finding that was accepted.
pub(super) fn note(finding: &Diagnosis) -> Diagnosis {
    Diagnosis {
        code: Code::Accepted,
        path: finding.path.clone(),
        message: format!("{}: {}", finding.code, finding.message),
    }
}

/// An error of the system says nothing about what stands there.
fn may_be_accepted(finding: &Diagnosis) -> bool {
    finding.code.class() != Class::Failed || finding.code == Code::KeptChanged
}

/// The SHA-256 by which a finding is recognised.
pub(super) fn fingerprint(seen: &StateFinding) -> Digest {
    let mut hasher = Hasher::new();
    let mut part = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_be_bytes());
        hasher.update(bytes);
    };
    let StateFinding {
        finding,
        operation,
        found,
    } = seen;
    part(finding.code.as_str().as_bytes());
    part(finding.path.as_ref().map_or(b"", TreePath::as_bytes));
    part(found.as_ref().map_or(&[][..], |found| found.as_bytes()));
    match operation {
        Some(operation) => part(operation.as_str().as_bytes()),
        None => part(finding.message.as_bytes()),
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::samples::{digest, id};

    fn about(code: Code, message: &str) -> StateFinding {
        StateFinding::from(Diagnosis::new(code, message))
    }

    #[test]
    fn a_finding_is_the_same_by_code_place_bytes_and_message() {
        let at = |path: &[u8]| StateFinding {
            finding: Diagnosis::new(Code::BackupChanged, "x").at(TreePath::new(path).unwrap()),
            ..about(Code::BackupChanged, "x")
        };
        let different = [
            about(Code::BackupChanged, "x"),
            about(Code::BackupMissing, "x"),
            about(Code::BackupChanged, "y"),
            at(b"a"),
            at(b"b"),
            StateFinding {
                found: Some(digest("1")),
                ..at(b"a")
            },
            StateFinding {
                found: Some(digest("2")),
                ..at(b"a")
            },
        ];
        let all: HashSet<Digest> = different.iter().map(fingerprint).collect();
        assert_eq!(all.len(), different.len());
    }

    #[test]
    fn a_finding_about_an_operation_is_the_same_whatever_names_it() {
        let of = |operation: &str, message: &str| {
            fingerprint(&StateFinding {
                operation: Some(id(operation)),
                ..about(Code::JournalMissing, message)
            })
        };
        assert_eq!(of("one", "`head` names it"), of("one", "`two` names it"));
        assert_ne!(of("one", "x"), of("two", "x"));
    }

    #[test]
    fn notes_and_errors_of_the_system_are_not_accepted() {
        let mut all = Acceptance::new(&Ledger::default(), true);
        assert_eq!(all.judge(&about(Code::Gone, "x")), Judgement::Open);
        assert_eq!(all.judge(&about(Code::IoError, "x")), Judgement::Open);
        assert_eq!(
            all.judge(&about(Code::KeptChanged, "x")),
            Judgement::Accepting
        );
        assert_eq!(all.take_new().len(), 1);
        let mut none = Acceptance::new(&Ledger::default(), false);
        assert_eq!(none.judge(&about(Code::KeptChanged, "x")), Judgement::Open);
    }
}
