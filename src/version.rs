//! Strict schema versions: `MAJOR.MINOR.PATCH` and nothing else.
//!
//! Invariant: a `Version` has neither pre-release nor build part, so its order is that of three numbers.

use std::fmt;
use std::str::FromStr;

/// A schema version.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version(semver::Version);

impl Version {
    /// The version with these three numbers.
    pub fn new(major: u64, minor: u64, patch: u64) -> Self {
        Self(semver::Version::new(major, minor, patch))
    }

    /// The first of the three numbers. A change of it breaks readers.
    pub fn major(&self) -> u64 {
        self.0.major
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The text is not a schema version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not a schema version: expected MAJOR.MINOR.PATCH, as in `1.2.0`")]
pub struct VersionError {
    /// The text.
    pub found: String,
}

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        match semver::Version::parse(text) {
            Ok(version) if version.pre.is_empty() && version.build.is_empty() => Ok(Self(version)),
            _ => Err(VersionError {
                found: text.to_owned(),
            }),
        }
    }
}

impl serde::Serialize for Version {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Version {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_numbers_are_a_version_and_keep_their_order() {
        let one: Version = "1.9.0".parse().unwrap();
        let two: Version = "1.10.0".parse().unwrap();
        assert!(one < two);
        assert_eq!(two.to_string(), "1.10.0");
    }

    #[test]
    fn everything_else_is_refused_with_what_was_found() {
        for text in [
            "",
            "1",
            "1.2",
            "v1.0.0",
            "1.0.0-rc.1",
            "1.0.0+b",
            "01.0.0",
            "1.0.0 ",
            "1.0.x",
            "99999999999999999999.0.0",
        ] {
            let error = text.parse::<Version>().unwrap_err();
            assert_eq!(
                error.to_string(),
                format!(
                    "`{text}` is not a schema version: expected MAJOR.MINOR.PATCH, as in `1.2.0`"
                )
            );
        }
    }
}
