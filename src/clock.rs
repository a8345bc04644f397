//! Points in time as an argument, and the only place that knows the calendar crate.
//!
//! Invariant: only [`Timestamp::now`] reads the system's clock. The edge of a program calls it for the start of an operation, and a storage for the end that it records.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Datelike as _, SecondsFormat, Utc};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A point in time, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(DateTime<Utc>);

impl Timestamp {
    /// 1970-01-01T00:00:00Z, for results that nobody sees.
    pub(crate) const EPOCH: Self = Self(DateTime::UNIX_EPOCH);

    /// The system's time, also where its clock stands before 1970 or beyond the calendar.
    #[expect(
        clippy::disallowed_methods,
        reason = "the only place that asks for the time"
    )]
    pub fn now() -> Self {
        Self::of(SystemTime::now())
    }

    /// The second that has begun at a time of the system; 1970 where that is beyond the calendar.
    fn of(time: SystemTime) -> Self {
        let seconds = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
        let since_epoch = match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => seconds(after),
            Err(before) => {
                let before = before.duration();
                let has_begun = before.subsec_nanos() > 0;
                -seconds(before) - i64::from(has_begun)
            }
        };
        Self::from_unix_seconds(since_epoch).unwrap_or(Self::EPOCH)
    }

    /// The time that many seconds after 1970-01-01T00:00:00Z, or `None` beyond the calendar.
    pub fn from_unix_seconds(seconds: i64) -> Option<Self> {
        DateTime::from_timestamp(seconds, 0).and_then(Self::in_calendar)
    }

    /// Refuses years without exactly four digits, which RFC 3339 cannot write.
    fn in_calendar(time: DateTime<Utc>) -> Option<Self> {
        (0..=9999).contains(&time.year()).then_some(Self(time))
    }

    /// Seconds since 1970-01-01T00:00:00Z, rounded down.
    pub fn unix_seconds(self) -> i64 {
        self.0.timestamp()
    }

    /// The form in an operation id: `20260228T103000Z`.
    pub fn compact(self) -> String {
        self.0.format("%Y%m%dT%H%M%SZ").to_string()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_rfc3339_opts(SecondsFormat::Secs, true))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

/// Converts a time in RFC 3339 to UTC, with `Z` and the fraction of the second as written; `None` if `text` is no such time.
pub fn in_utc(text: &str) -> Option<String> {
    let time = DateTime::parse_from_rfc3339(text).ok()?.to_utc();
    Timestamp::in_calendar(time)?;
    let fraction = text.find('.').map_or("", |point| {
        let digits = text[point + 1..].find(|next: char| !next.is_ascii_digit());
        digits.map_or("", |digits| &text[point..=point + digits])
    });
    Some(format!("{}{fraction}Z", time.format("%Y-%m-%dT%H:%M:%S")))
}

/// The text is not a point in time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{found}` is not a time: expected RFC 3339, as in `2026-02-28T10:30:00Z`, or seconds since 1970 after `@`"
)]
pub struct TimestampError {
    /// The text.
    pub found: String,
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        let wrong = || TimestampError {
            found: text.to_owned(),
        };
        if let Some(seconds) = text.strip_prefix('@') {
            let seconds = seconds.parse().map_err(|_| wrong())?;
            return Self::from_unix_seconds(seconds).ok_or_else(wrong);
        }
        let time = DateTime::parse_from_rfc3339(text).map_err(|_| wrong())?;
        Self::in_calendar(time.to_utc()).ok_or_else(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_with_an_offset_is_put_in_utc_and_keeps_its_fraction() {
        for (text, utc) in [
            ("2026-02-28T10:30:00Z", Some("2026-02-28T10:30:00Z")),
            ("2026-02-28t10:30:00z", Some("2026-02-28T10:30:00Z")),
            ("2026-02-28 10:30:00+00:00", Some("2026-02-28T10:30:00Z")),
            (
                "2026-03-01T00:30:00.120+02:00",
                Some("2026-02-28T22:30:00.120Z"),
            ),
            (
                "2026-02-28T10:30:00.1234567890123-00:30",
                Some("2026-02-28T11:00:00.1234567890123Z"),
            ),
            ("2016-12-31T23:59:60Z", Some("2016-12-31T23:59:60Z")),
            ("0000-01-01T00:00:00+00:01", None),
            ("2026-02-28T10:30:00", None),
            ("2026-02-28", None),
            ("2026-02-30T10:30:00Z", None),
            ("@0", None),
            ("", None),
        ] {
            assert_eq!(in_utc(text).as_deref(), utc, "{text}");
        }
    }

    #[test]
    fn a_clock_of_the_system_may_say_anything() {
        let epoch = SystemTime::UNIX_EPOCH;
        let seconds = Duration::from_secs;
        for (time, expected) in [
            (epoch, "1970-01-01T00:00:00Z"),
            (epoch - seconds(1), "1969-12-31T23:59:59Z"),
            (epoch - Duration::from_millis(1), "1969-12-31T23:59:59Z"),
            (epoch - Duration::from_millis(1001), "1969-12-31T23:59:58Z"),
            (epoch - seconds(62_167_219_200), "0000-01-01T00:00:00Z"),
            (epoch + seconds(253_402_300_799), "9999-12-31T23:59:59Z"),
            // Beyond the calendar.
            (epoch - seconds(62_167_219_201), "1970-01-01T00:00:00Z"),
            (epoch + seconds(253_402_300_800), "1970-01-01T00:00:00Z"),
            (
                epoch + seconds(i64::MAX.unsigned_abs()),
                "1970-01-01T00:00:00Z",
            ),
            (
                epoch - seconds(i64::MIN.unsigned_abs()),
                "1970-01-01T00:00:00Z",
            ),
        ] {
            assert_eq!(Timestamp::of(time).to_string(), expected, "{time:?}");
        }
    }

    #[test]
    fn a_year_has_four_digits_in_utc() {
        for beyond in [
            "9999-12-31T23:59:59-23:59",
            "0000-01-01T00:00:00+00:01",
            "@253402300800",
            "@-99999999999",
        ] {
            assert!(beyond.parse::<Timestamp>().is_err(), "{beyond}");
        }
        let last: Timestamp = "@253402300799".parse().unwrap();
        assert_eq!(last.to_string(), "9999-12-31T23:59:59Z");
    }

    #[test]
    fn a_time_is_printed_in_utc_with_seconds_and_z() {
        let time: Timestamp = "2026-02-28T11:30:00.75+01:00".parse().unwrap();
        assert_eq!(time.to_string(), "2026-02-28T10:30:00Z");
        assert_eq!(time.compact(), "20260228T103000Z");
        assert_eq!(
            "@1772274600".parse(),
            Timestamp::from_unix_seconds(1_772_274_600)
                .ok_or(())
                .map_err(|()| TimestampError {
                    found: String::new()
                })
        );
    }

    #[test]
    fn other_texts_are_refused() {
        let error = "yesterday".parse::<Timestamp>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "`yesterday` is not a time: expected RFC 3339, as in `2026-02-28T10:30:00Z`, or seconds since 1970 after `@`"
        );
    }
}
