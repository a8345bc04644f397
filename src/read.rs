//! Migration on read: computes a document at a version without changing its file.
//!
//! For programs that read manifests of any age but know one version only. It has no I/O and no clock of its own.
//!
//! Invariant: a document at the target or above it comes back as the same bytes.

use std::borrow::Cow;

use crate::catalog::{Catalog, Kind};
use crate::clock::Timestamp;
use crate::engine::{
    Decision, KindPlan, Manifest, Migrated, RecordStamp, Verdicts, effort_of, examine, examine_as,
    transform_checked,
};
use crate::refusal::Refusal;
use crate::report::Enforcement;
use crate::version::Version;

/// A document at the target version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading<'b> {
    /// It has the target version: the text as given.
    Current(&'b str),
    /// It has a higher version, which is not migrated down: the text as given. Readers should accept it within one major version.
    Ahead(&'b str),
    /// It was migrated in memory.
    Migrated(Box<Migrated>),
}

impl<'b> Reading<'b> {
    /// The text at the target version.
    pub fn text(&self) -> &str {
        match self {
            Self::Current(text) | Self::Ahead(text) => text,
            Self::Migrated(migrated) => &migrated.text,
        }
    }

    /// The text; a document that needed no migration is not copied.
    pub fn into_text(self) -> Cow<'b, str> {
        match self {
            Self::Current(text) | Self::Ahead(text) => Cow::Borrowed(text),
            Self::Migrated(migrated) => Cow::Owned(migrated.text),
        }
    }
}

/// Reads `bytes`, a document of this kind, at `target`, by default the kind's latest version. The text is the one that a migration at the time `now` would write.
///
/// A manifest that a writer still works on is not deferred, because nothing is written.
///
/// ```
/// use migrate_manifests::catalog::Catalog;
/// use migrate_manifests::clock::Timestamp;
/// use migrate_manifests::read;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let catalog = Catalog::built_in()?;
/// let kind = &catalog.kinds()[0];
/// let now = Timestamp::now();
///
/// let old = br#"{"run_id": "r1", "cost": 1.50}"#;
/// let document = read::at(kind, None, old, now)?.into_text();
/// assert!(document.starts_with(r#"{"run_id": "r1", "cost": 1.50, "schema_version": "1.2.0", "#));
///
/// let current = br#"{"run_id": "r2", "schema_version": "1.2.0"}"#;
/// assert_eq!(read::at(kind, None, current, now)?.text().as_bytes(), current);
///
/// let broken = br#"{"run_id": "r3", "schema_version": 2}"#;
/// let refusal = read::at(kind, None, broken, now).unwrap_err();
/// assert_eq!(refusal.code().as_str(), "version_not_text");
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// The bytes are no valid document of the kind, the catalog does not know its version or the target, or a migration refuses the document.
pub fn at<'b>(
    kind: &Kind,
    target: Option<&Version>,
    bytes: &'b [u8],
    now: Timestamp,
) -> Result<Reading<'b>, Refusal> {
    reading(&examine_as(kind, bytes)?, target, now)
}

/// Does the same as [`at`] for a document in a file with this name; the catalog finds its kind.
///
/// # Errors
/// The same as for [`at`], or the document has none of the kinds that its file name can have.
pub fn of<'b>(
    catalog: &Catalog,
    (file_name, bytes): (&[u8], &'b [u8]),
    target: Option<&Version>,
    now: Timestamp,
) -> Result<Reading<'b>, Refusal> {
    let examined = examine(catalog, file_name, bytes);
    reading(&examined.map_err(|one| one.refusal)?, target, now)
}

fn reading<'b>(
    manifest: &Manifest<'b, '_>,
    target: Option<&Version>,
    now: Timestamp,
) -> Result<Reading<'b>, Refusal> {
    let kind = manifest.kind();
    let target = target.unwrap_or_else(|| kind.registry.latest());
    let plan = KindPlan::new(kind, target.clone(), [manifest.version()]);
    let route = match plan.decide(manifest)? {
        Decision::Current => return Ok(Reading::Current(manifest.text().as_str())),
        Decision::Ahead => return Ok(Reading::Ahead(manifest.text().as_str())),
        Decision::Pending(route) | Decision::Deferred { route, .. } => route,
    };
    let mut verdicts = Verdicts::new(Enforcement::AsWritten, None);
    let (stamp, effort) = (RecordStamp::real(now), effort_of(manifest));
    let migrated = transform_checked(manifest, route, (&stamp, &effort), &mut verdicts)?;
    Ok(Reading::Migrated(Box::new(migrated)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<'d>(document: &'d str, target: Option<&Version>) -> Result<Reading<'d>, Refusal> {
        let catalog = Catalog::built_in().unwrap();
        let now = "2026-02-28T10:30:00Z".parse().unwrap();
        at(&catalog.kinds()[0], target, document.as_bytes(), now)
    }

    #[test]
    fn what_needs_no_migration_comes_back_as_it_was_given() {
        let at_1_1 = " {\"run_id\":\"r\",\"schema_version\":\"1.1.0\",\"n\":1.50}\n";
        let reading = read(at_1_1, Some(&Version::new(1, 1, 0))).unwrap();
        assert_eq!(reading, Reading::Current(at_1_1));
        assert!(matches!(reading.into_text(), Cow::Borrowed(text) if text == at_1_1));
        let reading = read(at_1_1, Some(&Version::new(1, 0, 0))).unwrap();
        assert_eq!(reading, Reading::Ahead(at_1_1));
        let newer = at_1_1.replace("1.1.0", "1.9.0");
        assert_eq!(read(&newer, None).unwrap(), Reading::Ahead(&newer));
    }

    #[test]
    fn a_document_that_a_writer_has_is_read_like_any_other() {
        let running = r#"{"run_id":"r","status":"running","schema_version":"1.1.0"}"#;
        let reading = read(running, None).unwrap();
        assert!(reading.text().contains("\"chain_metadata\":"));
        assert!(matches!(reading, Reading::Migrated(_)));
    }

    #[test]
    fn what_cannot_be_read_at_the_target_is_refused_with_the_reason() {
        for (document, target, message) in [
            (
                "{",
                None,
                "line 1, column 2: expected a name or `}`, found the end of the text",
            ),
            (
                r#"{"schema_version":"1.0.0"}"#,
                None,
                "`/run_id` is required, but missing",
            ),
            (
                r#"{"run_id":"r","schema_version":"1.0.0"}"#,
                Some(Version::new(1, 0, 5)),
                "no migrations lead from `1.0.0` to `1.0.5`",
            ),
            (
                r#"{"run_id":"r","schema_version":"1.0.0"}"#,
                Some(Version::new(0, 9, 0)),
                "no migrations lead from `1.0.0` to `0.9.0`",
            ),
            (
                r#"{"run_id":"r","schema_version":"2.0.0"}"#,
                None,
                "`/schema_version` is `2.0.0`, which the catalog does not know: its latest version is `1.2.0`",
            ),
        ] {
            let refusal = read(document, target.as_ref()).unwrap_err();
            assert_eq!(refusal.to_string(), message);
        }
    }
}
