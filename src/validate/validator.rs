//! Validates one document.
//!
//! Finds all problems, while the engine stops at the first one. Migrates nothing.
//!
//! Invariant: a migration accepts every valid document.

use super::input::InputDocument;
use crate::catalog::Kind;
use crate::code::Code;
use crate::effort::EffortLimits;
use crate::engine::{EngineMembers, PlanError, check_at_rest, history};
use crate::json::{Text, TextError, TextProblem, Value};
use crate::proof::check_identity;
use crate::refusal::Refusal;
use crate::report::Diagnosis;
use crate::version::Version;

/// Validates documents of one kind.
#[derive(Debug, Clone)]
pub struct Validator<'c> {
    kind: &'c Kind,
    expected: Option<Version>,
}

/// The result for one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedDocument {
    /// The line, if there is one document on each line.
    pub line: Option<u64>,
    /// The version, if it is valid.
    pub version: Option<Version>,
    /// The findings and warnings.
    pub findings: Vec<Diagnosis>,
}

impl CheckedDocument {
    /// Returns true if there are only notes and warnings.
    pub fn is_valid(&self) -> bool {
        self.findings.iter().all(Diagnosis::is_note)
    }
}

impl<'c> Validator<'c> {
    /// Validates each document by the schema and rules of its version. With `expected`, it must have that version.
    ///
    /// # Errors
    /// The kind does not know the version.
    pub fn new(kind: &'c Kind, expected: Option<Version>) -> Result<Self, PlanError> {
        match expected {
            Some(target) if !kind.registry.knows(&target) => Err(PlanError::TargetUnknown {
                target,
                known: kind.registry.versions().cloned().collect(),
            }),
            expected => Ok(Self { kind, expected }),
        }
    }

    /// Validates one document.
    ///
    /// ```
    /// use migrate_manifests::catalog::Catalog;
    /// use migrate_manifests::validate::{InputDocument, Validator};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let catalog = Catalog::built_in()?;
    /// let validator = Validator::new(&catalog.kinds()[0], Some("1.2.0".parse()?))?;
    /// let checked = validator.check(InputDocument::whole(br#"{"schema_version": "1.1.0"}"#));
    /// let codes: Vec<_> = checked.findings.iter().map(|one| one.code.as_str()).collect();
    /// assert_eq!(codes, ["required_missing", "version_differs"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn check(&self, document: InputDocument<'_>) -> CheckedDocument {
        let (version, findings) = match scan(document) {
            Ok(text) => self.examine(text.root()),
            Err(error) => (None, vec![Diagnosis::from(&Refusal::Text(error))]),
        };
        CheckedDocument {
            line: document.line,
            version,
            findings,
        }
    }

    fn examine(&self, document: Value<'_>) -> (Option<Version>, Vec<Diagnosis>) {
        let kind = self.kind;
        let members = EngineMembers::read(document, kind);
        let version = self.version(&members);
        let missing = members.missing.iter().map(|at| {
            let at = (*at).clone();
            Diagnosis::from(&Refusal::RequiredMissing { at })
        });
        let mut findings: Vec<_> = missing.collect();
        findings.extend(version.as_ref().err().cloned());
        match &members.history_len {
            Ok(_) => findings.extend(
                history::read(document, &kind.history)
                    .err()
                    .map(|error| Diagnosis::new(Code::HistoryRecordMalformed, error.to_string())),
            ),
            Err(refusal) => findings.push(Diagnosis::from(refusal)),
        }
        if let Ok(version) = &version {
            let effort = EffortLimits::default().of(document.raw().len());
            let failures = check_at_rest(kind, version, document, &effort).failures;
            findings.extend(failures.iter().map(Diagnosis::from));
        }
        if let Some(snapshots) = &kind.snapshots {
            findings.extend(check_identity(document, snapshots));
        }
        (version.ok(), findings)
    }

    fn version(&self, members: &EngineMembers<'_>) -> Result<Version, Diagnosis> {
        let (kind, at) = (self.kind, &self.kind.version);
        let declared = members.declared.as_ref().map_err(Diagnosis::from)?;
        let found = declared.as_ref().unwrap_or(&kind.unversioned);
        if !kind.registry.knows(found) {
            return Err(Diagnosis::from(&Refusal::VersionUnknown {
                at: at.clone(),
                found: found.clone(),
                latest: kind.registry.latest().clone(),
            }));
        }
        match &self.expected {
            Some(expected) if expected != found => {
                let found = match declared {
                    Some(found) => format!("`{found}`"),
                    None => format!("missing, which stands for `{found}`"),
                };
                let message = format!("`{at}` is {found}, expected `{expected}`");
                Err(Diagnosis::new(Code::VersionDiffers, message))
            }
            _ => Ok(found.clone()),
        }
    }
}

/// Scans a document. The error has the line in the whole input.
fn scan(document: InputDocument<'_>) -> Result<Text<'_>, TextError> {
    let in_input = |error: TextError| TextError {
        line: document
            .line
            .and_then(|line| usize::try_from(line).ok())
            .unwrap_or(error.line),
        ..error
    };
    let bytes = document.bytes.map_err(|found| TextError {
        problem: TextProblem::TooLarge { found },
        offset: 0,
        line: 1,
        column: 1,
    });
    bytes.and_then(Text::scan).map_err(in_input)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    fn findings(document: &str, expected: Option<&str>) -> Vec<String> {
        let catalog = Catalog::built_in().unwrap();
        let expected = expected.map(|text| text.parse().unwrap());
        let validator = Validator::new(&catalog.kinds()[0], expected).unwrap();
        let checked = validator.check(InputDocument::whole(document.as_bytes()));
        let told = checked.findings.iter();
        told.map(|one| format!("{}: {}", one.code, one.message))
            .collect()
    }

    #[test]
    fn a_document_without_a_version_is_of_the_first() {
        assert!(findings(r#"{"run_id":"r"}"#, None).is_empty());
        assert!(findings(r#"{"run_id":"r"}"#, Some("1.0.0")).is_empty());
        assert_eq!(
            findings(r#"{"run_id":"r"}"#, Some("1.2.0")),
            [
                "version_differs: `/schema_version` is missing, which stands for `1.0.0`, expected `1.2.0`"
            ]
        );
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        assert_eq!(
            findings(r#"{"schema_version":"1.9.0","migration_history":{}}"#, None),
            [
                "required_missing: `/run_id` is required, but missing",
                "version_unknown: `/schema_version` is `1.9.0`, which the catalog does not know: its latest version is `1.2.0`",
                "history_not_a_list: `/migration_history` is an object, expected an array of records",
            ]
        );
        assert_eq!(
            findings(
                r#"{"run_id":"r","schema_version":2,"migration_history":[{}]}"#,
                None
            ),
            [
                "version_not_text: `/schema_version` is a number, expected a string, as in `\"1.0.0\"`",
                "history_record_malformed: `/migration_history/0/from_version` is missing, expected a version, as in `1.2.0`",
            ]
        );
        let hash = "0".repeat(64);
        let lies = format!(r#"{{"run_id":"r","inputs_hash":"{hash}"}}"#);
        let codes = findings(&lies, None);
        assert!(codes[0].starts_with("inputs_hash_differs: "), "{codes:?}");
    }

    #[test]
    fn a_text_that_is_no_document_has_one_finding_with_its_place() {
        for (document, finding) in [
            ("", "empty: line 1, column 1: the text is empty"),
            (
                "\u{feff}{}",
                "byte_order_mark: line 1, column 1: the text begins with a byte order mark",
            ),
            (
                "{\"a\":1,\n\"a\":2}",
                "duplicate_name: line 2, column 1: expected each name once in an object, found `a` again",
            ),
        ] {
            assert_eq!(findings(document, None), [finding]);
        }
    }

    #[test]
    fn on_a_line_of_several_the_place_is_the_one_in_the_input() {
        let catalog = Catalog::built_in().unwrap();
        let validator = Validator::new(&catalog.kinds()[0], None).unwrap();
        let checked = validator.check(InputDocument {
            line: Some(7),
            bytes: Ok(b"{\"a\" 1}"),
        });
        assert_eq!(
            checked.findings[0].message,
            "line 7, column 6: expected `:`, found `1`"
        );
        let checked = validator.check(InputDocument {
            line: Some(8),
            bytes: Err(20_000_000),
        });
        assert_eq!(
            checked.findings[0].message,
            "line 8, column 1: expected at most 16777216 bytes, found 20000000"
        );
    }

    #[test]
    fn a_version_that_no_document_can_have_is_an_error_at_once() {
        let catalog = Catalog::built_in().unwrap();
        let error = Validator::new(&catalog.kinds()[0], Some(Version::new(9, 0, 0))).unwrap_err();
        assert_eq!(
            error.to_string(),
            "target version `9.0.0` does not exist, expected one of `1.0.0, 1.1.0, 1.2.0`"
        );
    }
}
