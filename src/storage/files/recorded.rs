//! The record of an original beside its bytes: mode, owner, modification time, attributes; and the comparison of a file with it.
//! Invariant: a property that the journal does not have is not compared.

use std::io;

use super::disk::{FileTime, Stat};
use super::metadata::{mode_words, owner_words};
use super::parts::ReplacingPart;
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::journal::Memo;
use crate::storage::values::{Property, PropertyDifference};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Recorded {
    mode: u32,
    owner: u32,
    group: u32,
    modified: FileTime,
    attributes: RecordedAttributes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RecordedAttributes {
    NotRecorded,
    None,
    Some(Digest),
}

impl Recorded {
    /// `says_attributes` is false for journals of format 1, in which a missing digest says nothing.
    pub(super) fn of(part: &ReplacingPart, says_attributes: bool) -> Self {
        Self {
            mode: part.mode.0,
            owner: part.owner,
            group: part.group,
            modified: part.modified,
            attributes: match part.attributes {
                Some(digest) => RecordedAttributes::Some(digest),
                // A record without an inode was written before the attributes were read.
                None if says_attributes && part.inode.is_some() => RecordedAttributes::None,
                None => RecordedAttributes::NotRecorded,
            },
        }
    }

    /// The form of a [`Memo`]: mode, owner, group and attributes are mostly the same for many.
    pub(super) fn to_bytes(self) -> (Vec<u8>, [u8; 12]) {
        let mut common = Vec::with_capacity(48);
        for number in [self.mode, self.owner, self.group] {
            common.extend_from_slice(&number.to_be_bytes());
        }
        match self.attributes {
            RecordedAttributes::NotRecorded => {}
            RecordedAttributes::None => common.push(0),
            RecordedAttributes::Some(digest) => common.extend_from_slice(digest.as_bytes()),
        }
        let mut own = [0; 12];
        own[..8].copy_from_slice(&self.modified.0.to_be_bytes());
        own[8..].copy_from_slice(&self.modified.1.to_be_bytes());
        (common, own)
    }

    /// Reads what [`Recorded::to_bytes`] made; `None` if another storage made it.
    pub(super) fn from_memo(memo: Memo<'_>) -> Option<Self> {
        let ([mode, owner, group], attributes) =
            memo.common
                .split_first_chunk::<12>()
                .map(|(numbers, rest)| {
                    let number = |at: usize| {
                        let mut bytes = [0; 4];
                        bytes.copy_from_slice(&numbers[at..at + 4]);
                        u32::from_be_bytes(bytes)
                    };
                    ([number(0), number(4), number(8)], rest)
                })?;
        let (mut seconds, mut nanoseconds) = ([0; 8], [0; 4]);
        seconds.copy_from_slice(&memo.own[..8]);
        nanoseconds.copy_from_slice(&memo.own[8..]);
        Some(Self {
            mode,
            owner,
            group,
            modified: (i64::from_be_bytes(seconds), u32::from_be_bytes(nanoseconds)),
            attributes: match attributes {
                [] => RecordedAttributes::NotRecorded,
                [0] => RecordedAttributes::None,
                digest => RecordedAttributes::Some(Digest::from_bytes(digest.try_into().ok()?)),
            },
        })
    }

    /// Compares these properties of a file; `attributes` reads the digest of its attributes.
    pub(super) fn differences(
        &self,
        properties: &[Property],
        stat: &Stat,
        attributes: impl Fn() -> io::Result<Option<Digest>>,
    ) -> io::Result<Vec<PropertyDifference>> {
        let mut differences = Vec::new();
        for property in properties {
            let words = match property {
                Property::Mode => self.mode_differs(stat),
                Property::Owner => self.owner_differs(stat),
                Property::Modified => self.time_differs(stat),
                Property::Attributes if self.attributes == RecordedAttributes::NotRecorded => None,
                Property::Attributes => self.attributes_differ(attributes()?),
                Property::Names => (stat.links > 1)
                    .then(|| format!("{} names (hard links), expected one", stat.links)),
            };
            differences.extend(words.map(|words| PropertyDifference {
                of: *property,
                words,
            }));
        }
        Ok(differences)
    }

    fn mode_differs(&self, stat: &Stat) -> Option<String> {
        let found = mode_words(stat);
        (stat.mode != self.mode).then(|| format!("{found}, expected {:04o}", self.mode))
    }

    fn owner_differs(&self, stat: &Stat) -> Option<String> {
        let (owner, group) = (self.owner, self.group);
        ((stat.owner, stat.group) != (owner, group))
            .then(|| format!("{}, expected {owner}:{group}", owner_words(stat)))
    }

    fn time_differs(&self, stat: &Stat) -> Option<String> {
        let (found, expected) = (stat.modified, self.modified);
        (!is_same_time(found, expected)).then(|| {
            format!(
                "modification time {}, expected {}",
                time_words(found),
                time_words(expected)
            )
        })
    }

    fn attributes_differ(&self, found: Option<Digest>) -> Option<String> {
        let words = match (self.attributes, found) {
            (RecordedAttributes::NotRecorded, _) | (RecordedAttributes::None, None) => return None,
            (RecordedAttributes::Some(expected), Some(found)) if expected == found => return None,
            (RecordedAttributes::None, Some(_)) => "extended attributes, expected none",
            (RecordedAttributes::Some(_), None) => "no extended attributes, expected some",
            (RecordedAttributes::Some(_), Some(_)) => "other extended attributes than expected",
        };
        Some(words.to_owned())
    }
}

/// Some file systems and archives keep whole seconds, or every second one.
fn is_same_time(found: FileTime, expected: FileTime) -> bool {
    let is_cut = found.1 == 0
        && (found.0 == expected.0
            || (found.0 % 2 == 0 && Some(expected.0) == found.0.checked_add(1)));
    found == expected || is_cut
}

fn time_words((seconds, nanoseconds): FileTime) -> String {
    match Timestamp::from_unix_seconds(seconds) {
        Some(time) if nanoseconds == 0 => time.to_string(),
        Some(time) => {
            let text = time.to_string();
            format!("{}.{nanoseconds:09}Z", text.trim_end_matches('Z'))
        }
        None => format!("{seconds}.{nanoseconds:09} seconds since 1970"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(attributes: RecordedAttributes) -> Recorded {
        Recorded {
            mode: 0o640,
            owner: 1000,
            group: 100,
            modified: (-1, 999_999_999),
            attributes,
        }
    }

    #[test]
    fn a_memo_is_read_back() {
        for attributes in [
            RecordedAttributes::NotRecorded,
            RecordedAttributes::None,
            RecordedAttributes::Some(Digest::of(b"x")),
        ] {
            let (common, own) = recorded(attributes).to_bytes();
            let memo = Memo {
                common: &common,
                own,
            };
            assert_eq!(Recorded::from_memo(memo), Some(recorded(attributes)));
        }
        let foreign = Memo {
            common: b"another storage's",
            own: [0; 12],
        };
        assert_eq!(Recorded::from_memo(foreign), None);
    }

    #[test]
    fn a_time_may_have_lost_its_fraction_and_nothing_else() {
        let expected = (1001, 500);
        for (found, is_same) in [
            ((1001, 500), true),
            ((1001, 0), true),
            ((1000, 0), true),
            ((999, 0), false),
            ((1002, 0), false),
            ((1001, 499), false),
            ((1000, 500), false),
        ] {
            assert_eq!(is_same_time(found, expected), is_same, "{found:?}");
        }
        assert!(!is_same_time((999, 0), (1000, 0)));
    }

    #[test]
    fn attributes_that_were_not_recorded_are_not_compared() {
        let some = Some(Digest::of(b"x"));
        let of = |attributes| recorded(attributes).attributes_differ(some);
        assert_eq!(of(RecordedAttributes::NotRecorded), None);
        assert_eq!(
            of(RecordedAttributes::None).as_deref(),
            Some("extended attributes, expected none")
        );
        assert_eq!(of(RecordedAttributes::Some(Digest::of(b"x"))), None);
        assert_eq!(
            of(RecordedAttributes::Some(Digest::of(b"y"))).as_deref(),
            Some("other extended attributes than expected")
        );
    }

    #[test]
    fn times_are_told_as_dates() {
        assert_eq!(time_words((978_307_200, 0)), "2001-01-01T00:00:00Z");
        assert_eq!(
            time_words((978_307_200, 5)),
            "2001-01-01T00:00:00.000000005Z"
        );
        assert_eq!(
            time_words((i64::MAX, 0)),
            "9223372036854775807.000000000 seconds since 1970"
        );
    }
}
