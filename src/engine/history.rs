//! The history of a manifest: the records that migrations leave in it.
//! Reads records, whoever wrote them, and makes the text of a new one. Accepts unknown members and any wording of changes, because other tools may write them; requires the form of all members that it reads.
//! Invariant: no value is guessed, and a new record has its members in the order of the format.

use std::borrow::Cow;

use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::json::{Fragment, Pointer, Value, ValueKind};
use crate::version::Version;

/// A record of a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryRecord {
    /// The version before the migration.
    pub from_version: Version,
    /// The version after it.
    pub to_version: Version,
    /// The time of the migration.
    pub applied_at: Timestamp,
    /// The changes: one list for each migration. A record with a plain list of texts gives one list.
    pub changes: Vec<Vec<String>>,
    /// The canonical digest of the document as found.
    pub checksum_before: Digest,
    /// The canonical digest of the document at the target, with the history as found.
    pub checksum_after: Digest,
    /// The pointers whose values are not authoritative.
    pub backfilled: Vec<String>,
}

/// The reason why a record cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{at}` is {found}, expected {expected}")]
pub struct RecordError {
    /// The member, or the record itself.
    pub at: Pointer,
    /// The value there, in words.
    pub found: String,
    /// The expected value, in words.
    pub expected: &'static str,
}

/// Reads the history at `at` in `document`; a missing history has no records.
///
/// # Errors
/// The first record that cannot be read.
pub fn read(document: Value<'_>, at: &Pointer) -> Result<Vec<HistoryRecord>, RecordError> {
    let records = document.at(at).into_iter().flat_map(|list| list.elements());
    records
        .enumerate()
        .map(|(index, record)| HistoryRecord::read(record, &at.child(index.to_string())))
        .collect()
}

impl HistoryRecord {
    /// Reads the record `value` at the place `at` of its document.
    ///
    /// # Errors
    /// The first member that is missing or does not have its form.
    pub fn read(value: Value<'_>, at: &Pointer) -> Result<Self, RecordError> {
        let record = RecordReader { value, at };
        if value.kind() != ValueKind::Object {
            return Err(RecordError {
                at: at.clone(),
                found: value.kind().to_string(),
                expected: "a record",
            });
        }
        Ok(Self {
            from_version: record.text("from_version", VERSION, |text| text.parse().ok())?,
            to_version: record.text("to_version", VERSION, |text| text.parse().ok())?,
            applied_at: record.text("applied_at", TIME, time)?,
            changes: record.changes()?,
            checksum_before: record.text("checksum_before", CHECKSUM, checksum)?,
            checksum_after: record.text("checksum_after", CHECKSUM, checksum)?,
            backfilled: record.backfilled()?,
        })
    }
}

const VERSION: &str = "a version, as in `1.2.0`";
const TIME: &str = "a time in RFC 3339, as in `2026-02-28T10:30:00Z`";
const CHECKSUM: &str = "`sha256:` and 64 lower-case hex digits";
const CHANGES: &str = "a list of texts, or of lists of texts";
const BACKFILLED: &str = "a list of pointers";

fn time(text: &str) -> Option<Timestamp> {
    // `parse` also accepts seconds after `@`, for command lines.
    text.parse().ok().filter(|_| !text.starts_with('@'))
}

fn checksum(text: &str) -> Option<Digest> {
    text.parse().ok().filter(|_| text.starts_with("sha256:"))
}

struct RecordReader<'r, 't> {
    value: Value<'t>,
    at: &'r Pointer,
}

impl<'t> RecordReader<'_, 't> {
    fn text<T>(
        &self,
        name: &str,
        expected: &'static str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, RecordError> {
        let value = self.value.get(name);
        let text = value.and_then(|value| value.as_str());
        text.and_then(|text| read(&text))
            .ok_or_else(|| self.malformed(name, value, expected))
    }

    fn changes(&self) -> Result<Vec<Vec<String>>, RecordError> {
        let list = self.value.get("changes");
        let wrong = || self.malformed("changes", list, CHANGES);
        let list = list
            .filter(|list| list.kind() == ValueKind::Array)
            .ok_or_else(wrong)?;
        if list.elements().any(|one| one.kind() == ValueKind::Array) {
            list.elements()
                .map(|one| texts(one).ok_or_else(wrong))
                .collect()
        } else {
            let plain = texts(list).ok_or_else(wrong)?;
            Ok(Some(plain)
                .filter(|plain| !plain.is_empty())
                .into_iter()
                .collect())
        }
    }

    fn backfilled(&self) -> Result<Vec<String>, RecordError> {
        let list = self.value.get("backfilled");
        list.map_or(Some(Vec::new()), texts)
            .ok_or_else(|| self.malformed("backfilled", list, BACKFILLED))
    }

    fn malformed(
        &self,
        name: &str,
        found: Option<Value<'t>>,
        expected: &'static str,
    ) -> RecordError {
        RecordError {
            at: self.at.child(name),
            found: found.map_or_else(|| "missing".to_owned(), |value| value.in_words()),
            expected,
        }
    }
}

fn texts(list: Value<'_>) -> Option<Vec<String>> {
    if list.kind() != ValueKind::Array {
        return None;
    }
    let texts = list.elements().map(|one| one.as_str().map(Cow::into_owned));
    texts.collect()
}

impl HistoryRecord {
    pub(super) fn to_fragment(&self) -> Fragment {
        let changes: Vec<_> = self.changes.iter().map(|list| strings(list)).collect();
        let mut members = vec![
            ("from_version", text(&self.from_version.to_string())),
            ("to_version", text(&self.to_version.to_string())),
            ("applied_at", text(&self.applied_at.to_string())),
            ("changes", Fragment::array(&changes)),
            ("checksum_before", text(&self.checksum_before.prefixed())),
            ("checksum_after", text(&self.checksum_after.prefixed())),
        ];
        if !self.backfilled.is_empty() {
            members.push(("backfilled", strings(&self.backfilled)));
        }
        Fragment::object(&members)
    }
}

fn text(text: &str) -> Fragment {
    Fragment::string(text)
}

fn strings(texts: &[String]) -> Fragment {
    let texts: Vec<_> = texts.iter().map(|one| text(one)).collect();
    Fragment::array(&texts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Text;

    const RECORD: &str = r#"{"from_version":"1.0.0","to_version":"1.2.0","applied_at":"2026-02-28T10:30:00Z","changes":[["set /a"],[]],"checksum_before":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","checksum_after":"sha256:01ba4719c80b6fe911b091a7c05124b64eeece964e09c058ef8f9805daca546b"}"#;

    fn read(record: &str) -> Result<HistoryRecord, String> {
        let document = format!(r#"{{"migration_history":[{record}]}}"#);
        let text = Text::scan(document.as_bytes()).unwrap();
        let at = "/migration_history".parse().unwrap();
        let records = super::read(text.root(), &at).map_err(|error| error.to_string());
        records.map(|records| records[0].clone())
    }

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let applied = read(RECORD).unwrap();
        assert_eq!(applied.from_version, Version::new(1, 0, 0));
        assert_eq!(applied.to_version, Version::new(1, 2, 0));
        assert_eq!(applied.applied_at.to_string(), "2026-02-28T10:30:00Z");
        assert_eq!(applied.changes, [vec!["set /a".to_owned()], vec![]]);
        assert_eq!(applied.checksum_before, Digest::of(b""));
        assert_eq!(applied.checksum_after, Digest::of(b"\n"));
        assert!(applied.backfilled.is_empty());
    }

    #[test]
    fn a_record_of_another_tool_has_other_words_fractions_of_seconds_and_members_of_its_own() {
        let other = RECORD
            .replace(r#"[["set /a"],[]]"#, r#"["Add field a (null)"]"#)
            .replace("10:30:00Z", "11:30:00.676525+01:00")
            .replace(r#"{"from"#, r#"{"tool":{"name":"x"},"from"#);
        let applied = read(&other).unwrap();
        assert_eq!(applied.changes, [["Add field a (null)"]]);
        assert_eq!(applied.applied_at.to_string(), "2026-02-28T10:30:00Z");
        let nothing = read(&RECORD.replace(r#"[["set /a"],[]]"#, "[]")).unwrap();
        assert!(nothing.changes.is_empty());
    }

    #[test]
    fn a_member_without_its_meaning_is_named_with_what_was_expected() {
        for (from, to, message) in [
            (
                r#""from_version":"1.0.0","#,
                "",
                "`/migration_history/0/from_version` is missing, expected a version, as in `1.2.0`",
            ),
            (
                r#""1.2.0""#,
                "1.2",
                "`/migration_history/0/to_version` is a number, expected a version, as in `1.2.0`",
            ),
            (
                "2026-02-28T10:30:00Z",
                "@1772274600",
                "`/migration_history/0/applied_at` is `@1772274600`, expected a time in RFC 3339, as in `2026-02-28T10:30:00Z`",
            ),
            (
                r#"[["set /a"],[]]"#,
                r#"[["set /a"],"b"]"#,
                "`/migration_history/0/changes` is an array, expected a list of texts, or of lists of texts",
            ),
            (
                "sha256:e3b0",
                "e3b0",
                "`/migration_history/0/checksum_before` is `e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855`, expected `sha256:` and 64 lower-case hex digits",
            ),
            (
                r#"{"from"#,
                r#"{"backfilled":[1],"from"#,
                "`/migration_history/0/backfilled` is an array, expected a list of pointers",
            ),
        ] {
            assert_eq!(read(&RECORD.replacen(from, to, 1)).unwrap_err(), message);
        }
        assert_eq!(
            read("[]").unwrap_err(),
            "`/migration_history/0` is an array, expected a record"
        );
    }

    #[test]
    fn a_record_has_its_members_in_order() {
        let digest = Digest::of(b"");
        let changes = vec!["set /input_snapshots".to_owned(), "kept /a\"b".to_owned()];
        let mut record = HistoryRecord {
            from_version: Version::new(1, 0, 0),
            to_version: Version::new(1, 2, 0),
            applied_at: "2026-02-28T10:30:00Z".parse().unwrap(),
            changes: vec![changes, vec![]],
            checksum_before: digest,
            checksum_after: digest,
            backfilled: vec![],
        };
        let expected = format!(
            r#"{{"from_version":"1.0.0","to_version":"1.2.0","applied_at":"2026-02-28T10:30:00Z","changes":[["set /input_snapshots","kept /a\"b"],[]],"checksum_before":"sha256:{digest}","checksum_after":"sha256:{digest}"}}"#
        );
        assert_eq!(record.to_fragment().as_str(), expected);
        record.backfilled = vec!["/inputs_hash".to_owned()];
        let expected = expected.replace("\"}", "\",\"backfilled\":[\"/inputs_hash\"]}");
        assert_eq!(record.to_fragment().as_str(), expected);
    }
}
