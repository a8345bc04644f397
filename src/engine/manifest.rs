//! Manifests: valid documents with the version, history and members that their kind requires.
//! Invariant: a [`Manifest`] has its required members, a well-formed version or none, and a history that is an array or missing.

use crate::catalog::Kind;
use crate::json::{self, Pointer, Text, Value};
use crate::refusal::Refusal;
use crate::version::Version;

pub(crate) const MAX_RECORDS: usize = 10_000;

const FOUND_CHARACTERS: usize = 40;

/// A valid manifest of its kind. `'b` is the lifetime of its bytes, `'c` that of the catalog.
#[derive(Debug, Clone)]
pub struct Manifest<'b, 'c> {
    text: Text<'b>,
    kind: &'c Kind,
    declared: Option<Version>,
    history_len: usize,
}

/// The members that the engine reads, each with its own refusal.
#[derive(Debug, Clone)]
pub(crate) struct EngineMembers<'c> {
    pub(crate) history_len: Result<usize, Refusal>,
    /// The places of required members that are missing.
    pub(crate) missing: Vec<&'c Pointer>,
    /// A version that the catalog does not know is accepted here; a plan refuses it.
    pub(crate) declared: Result<Option<Version>, Refusal>,
}

impl<'b, 'c> Manifest<'b, 'c> {
    /// Fails in this order: the history is not an array or is too long, a required member is missing, the version is not a string or is malformed.
    pub(super) fn new(text: Text<'b>, kind: &'c Kind) -> Result<Self, Box<(Refusal, Text<'b>)>> {
        let members = EngineMembers::read(text.root(), kind);
        let read = members.history_len.and_then(|history_len| {
            if let Some(at) = members.missing.first() {
                let at = (*at).clone();
                return Err(Refusal::RequiredMissing { at });
            }
            Ok((history_len, members.declared?))
        });
        match read {
            Ok((history_len, declared)) => Ok(Self {
                text,
                kind,
                declared,
                history_len,
            }),
            Err(refusal) => Err(Box::new((refusal, text))),
        }
    }

    /// The text.
    pub fn text(&self) -> &Text<'b> {
        &self.text
    }

    /// The document: the top-level object of the text.
    pub fn document(&self) -> Value<'_> {
        self.text.root()
    }

    /// The kind.
    pub fn kind(&self) -> &'c Kind {
        self.kind
    }

    /// The declared version, or else the kind's `unversioned`.
    pub fn version(&self) -> &Version {
        self.declared.as_ref().unwrap_or(&self.kind.unversioned)
    }

    /// Returns true if the manifest has a version of its own.
    pub fn version_is_declared(&self) -> bool {
        self.declared.is_some()
    }

    pub(crate) fn history_len(&self) -> usize {
        self.history_len
    }
}

impl<'c> EngineMembers<'c> {
    pub(crate) fn read(document: Value<'_>, kind: &'c Kind) -> Self {
        let missing = kind.required.iter().filter(|at| document.at(at).is_none());
        Self {
            history_len: history_len(document, &kind.history),
            missing: missing.collect(),
            declared: declared_version(document, &kind.version),
        }
    }
}

fn history_len(document: Value<'_>, at: &Pointer) -> Result<usize, Refusal> {
    let Some(history) = document.at(at) else {
        return Ok(0);
    };
    if history.kind() != json::ValueKind::Array {
        return Err(Refusal::HistoryNotAList {
            at: at.clone(),
            found: history.kind(),
        });
    }
    check_history_len(at, history.len())
}

pub(super) fn check_history_len(at: &Pointer, records: usize) -> Result<usize, Refusal> {
    if records > MAX_RECORDS {
        return Err(Refusal::HistoryTooLong {
            at: at.clone(),
            records,
            limit: MAX_RECORDS,
        });
    }
    Ok(records)
}

fn declared_version(document: Value<'_>, at: &Pointer) -> Result<Option<Version>, Refusal> {
    let Some(value) = document.at(at) else {
        return Ok(None);
    };
    let Some(text) = value.as_str() else {
        return Err(Refusal::VersionNotText {
            at: at.clone(),
            found: value.kind(),
        });
    };
    text.parse()
        .map(Some)
        .map_err(|_| Refusal::VersionMalformed {
            at: at.clone(),
            found: shortened(&text),
        })
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(FOUND_CHARACTERS) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use crate::code::Code;
    use crate::engine::examine_as;

    fn refusal(document: &str) -> Refusal {
        let catalog = Catalog::built_in().unwrap();
        examine_as(&catalog.kinds()[0], document.as_bytes()).unwrap_err()
    }

    #[test]
    fn a_manifest_says_its_version_and_the_length_of_its_history() {
        let catalog = Catalog::built_in().unwrap();
        let document = br#"{"run_id":"r","schema_version":"1.1.0","migration_history":[{},{}]}"#;
        let manifest = examine_as(&catalog.kinds()[0], document).unwrap();
        assert_eq!(manifest.version(), &Version::new(1, 1, 0));
        assert!(manifest.version_is_declared());
        assert_eq!(manifest.history_len(), 2);
    }

    #[test]
    fn a_manifest_without_version_has_the_unversioned_one() {
        let catalog = Catalog::built_in().unwrap();
        let manifest = examine_as(&catalog.kinds()[0], br#"{"run_id":"r"}"#).unwrap();
        assert_eq!(manifest.version(), &Version::new(1, 0, 0));
        assert!(!manifest.version_is_declared());
        assert_eq!(manifest.history_len(), 0);
    }

    #[test]
    fn what_is_not_a_manifest_is_refused_with_place_and_code() {
        let long = format!(r#"{{"run_id":"r","schema_version":"{}"}}"#, "é".repeat(50));
        for (document, message, code) in [
            (
                r#"{"run_id":"r","migration_history":null}"#,
                "`/migration_history` is null, expected an array of records",
                Code::HistoryNotAList,
            ),
            (
                r#"{"schema_version":"1.0.0"}"#,
                "`/run_id` is required, but missing",
                Code::RequiredMissing,
            ),
            (
                r#"{"run_id":"r","schema_version":1.0}"#,
                "`/schema_version` is a number, expected a string, as in `\"1.0.0\"`",
                Code::VersionNotText,
            ),
            (
                r#"{"run_id":"r","schema_version":"v1.0.0"}"#,
                "`/schema_version` is `v1.0.0`, expected MAJOR.MINOR.PATCH, as in `1.2.0`",
                Code::VersionMalformed,
            ),
            (
                &long,
                &format!(
                    "`/schema_version` is `{}...`, expected MAJOR.MINOR.PATCH, as in `1.2.0`",
                    "é".repeat(40)
                ),
                Code::VersionMalformed,
            ),
        ] {
            let refusal = refusal(document);
            assert_eq!(refusal.to_string(), message);
            assert_eq!(refusal.code(), code);
        }
    }

    #[test]
    fn the_history_is_looked_at_before_required_members_and_those_before_the_version() {
        let all = r#"{"migration_history":{},"schema_version":1}"#;
        assert_eq!(refusal(all).code(), Code::HistoryNotAList);
        let two = r#"{"schema_version":1}"#;
        assert_eq!(refusal(two).code(), Code::RequiredMissing);
    }

    #[test]
    fn a_history_has_at_most_ten_thousand_records() {
        let document = |records: usize| {
            let records = vec!["1"; records].join(",");
            format!(r#"{{"run_id":"r","migration_history":[{records}]}}"#)
        };
        assert_eq!(
            refusal(&document(10_001)).to_string(),
            "`/migration_history` of 10001 records is too long, expected at most 10000"
        );
        let catalog = Catalog::built_in().unwrap();
        let full = document(10_000);
        assert!(examine_as(&catalog.kinds()[0], full.as_bytes()).is_ok());
    }
}
