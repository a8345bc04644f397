//! A history record that a migration appends.
//!
//! Builds the text of the record; the engine inserts it.
//!
//! Invariant: the members are in the order of the format, and `backfilled` is there only if it is not empty.

use crate::digest::Digest;
use crate::json::Fragment;
use crate::version::Version;

#[derive(Debug, Clone)]
pub(in crate::engine) struct NewRecord<'a> {
    pub(in crate::engine) from_version: &'a Version,
    pub(in crate::engine) to_version: &'a Version,
    /// UTC, with seconds and `Z`.
    pub(in crate::engine) applied_at: &'a str,
    /// One list for each migration, one text for each step and place.
    pub(in crate::engine) changes: &'a [Vec<String>],
    pub(in crate::engine) checksum_before: Digest,
    pub(in crate::engine) checksum_after: Digest,
    pub(in crate::engine) backfilled: &'a [String],
}

impl NewRecord<'_> {
    pub(in crate::engine) fn to_fragment(&self) -> Fragment {
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
        let mut record = NewRecord {
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
