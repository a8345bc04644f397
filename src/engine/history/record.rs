//! Writing history records.
//!
//! Builds the text of one record; where it is inserted is for the engine to say.
//!
//! Invariant: the members stand in the order of the format, and `backfilled` only where something was.

use crate::digest::Digest;
use crate::json::Fragment;
use crate::version::Version;

/// What one record says.
#[derive(Debug, Clone)]
pub struct Record<'a> {
    /// The version that the manifest had.
    pub from_version: &'a Version,
    /// The version that it has now.
    pub to_version: &'a Version,
    /// When the operation began: UTC, with seconds and `Z`.
    pub applied_at: &'a str,
    /// One list for each migration, one text for each step and place.
    pub changes: &'a [Vec<String>],
    /// The canonical digest of the document as found.
    pub checksum_before: Digest,
    /// The canonical digest of the document at the target, with the history as found.
    pub checksum_after: Digest,
    /// The pointers whose values are not authoritative.
    pub backfilled: &'a [String],
}

impl Record<'_> {
    /// The record as an element of the history.
    #[must_use]
    pub fn to_fragment(&self) -> Fragment {
        let changes: Vec<_> = self.changes.iter().map(|list| strings(list)).collect();
        let mut members = vec![
            ("from_version", text(&self.from_version.to_string())),
            ("to_version", text(&self.to_version.to_string())),
            ("applied_at", text(self.applied_at)),
            ("changes", Fragment::array(&changes)),
            ("checksum_before", text(&self.checksum_before.prefixed())),
            ("checksum_after", text(&self.checksum_after.prefixed())),
        ];
        if !self.backfilled.is_empty() {
            members.push(("backfilled", strings(self.backfilled)));
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

    #[test]
    fn a_record_has_its_members_in_order() {
        let (from, to) = (Version::new(1, 0, 0), Version::new(1, 2, 0));
        let digest = Digest::of(b"");
        let changes = [
            vec!["set /input_snapshots".to_owned(), "kept /a\"b".to_owned()],
            vec![],
        ];
        let mut record = Record {
            from_version: &from,
            to_version: &to,
            applied_at: "2026-02-28T10:30:00Z",
            changes: &changes,
            checksum_before: digest,
            checksum_after: digest,
            backfilled: &[],
        };
        let expected = format!(
            r#"{{"from_version":"1.0.0","to_version":"1.2.0","applied_at":"2026-02-28T10:30:00Z","changes":[["set /input_snapshots","kept /a\"b"],[]],"checksum_before":"sha256:{digest}","checksum_after":"sha256:{digest}"}}"#
        );
        assert_eq!(record.to_fragment().as_str(), expected);
        let backfilled = ["/inputs_hash".to_owned()];
        record.backfilled = &backfilled;
        let expected = expected.replace("\"}", "\",\"backfilled\":[\"/inputs_hash\"]}");
        assert_eq!(record.to_fragment().as_str(), expected);
    }
}
