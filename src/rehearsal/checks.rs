//! Checks fixtures and generated documents by schemas and rules.
//! Invariant: a document is checked as in a migration, with the new history record.

use super::remark::{Remark, place_of};
use crate::catalog::{Kind, Migration, Place, Route};
use crate::clock::Timestamp;
use crate::code::Code;
use crate::engine::{
    Manifest, RecordStamp, Verdict, Verdicts, check_after, check_before, effort_of, transform,
    transform_checked,
};
use crate::json::{Edit, Fragment, Text, Value, apply};
use crate::refusal::Refusal;
use crate::report::Enforcement;
use crate::rule::OnFailure;

const SHOWN: usize = 200;

pub(super) fn before(manifest: &Manifest<'_, '_>, file: &str) -> Vec<Remark> {
    let document = manifest.document();
    let verdict = check_before(
        manifest.kind(),
        manifest.version(),
        document,
        &effort_of(manifest),
    );
    remarks_on(verdict, file, "")
}

pub(super) fn after(
    manifest: &Manifest<'_, '_>,
    route: &Route,
    another: Option<&str>,
    file: &str,
) -> Vec<Remark> {
    let Ok(migrated) = transform(manifest, route, Timestamp::EPOCH) else {
        return Vec::new();
    };
    let kind = manifest.kind();
    let check = |text: &str, prefix: &str| {
        let text = Text::scan(text.as_bytes());
        let verdict = text.map(|text| {
            let before = manifest.document();
            check_after(
                (kind, route.to()),
                before,
                text.root(),
                &effort_of(manifest),
            )
        });
        remarks_on(verdict.unwrap_or_default(), file, prefix)
    };
    let Some(another) = another else {
        return check(&migrated.text, "");
    };
    let expected = with_history_of(kind, another, &migrated.text);
    let mut remarks = expected.map_or(Vec::new(), |text| check(&text, ""));
    let made = "what the migration makes of it: ";
    let mut more = check(&migrated.text, made);
    more.retain(|one| {
        let same = |known: &Remark| one.message.strip_prefix(made) == Some(&known.message);
        !remarks.iter().any(same)
    });
    remarks.extend(more);
    remarks
}

/// A document with the history of another, because fixtures have no new record.
fn with_history_of(kind: &Kind, text: &str, other: &str) -> Option<String> {
    let text = Text::scan(text.as_bytes()).ok()?;
    let other = Text::scan(other.as_bytes()).ok()?;
    let value = Fragment::from(other.root().at(&kind.history)?);
    let at = kind.history.clone();
    let edit = match text.root().at(&at) {
        Some(_) => Edit::Replace { at, value },
        None => Edit::Insert { at, value },
    };
    apply(&text, &[edit]).ok()
}

fn remarks_on(verdict: Verdict, file: &str, prefix: &str) -> Vec<Remark> {
    let remark = |code, message: String| {
        Remark::new(
            code,
            Place::File(file.to_owned()),
            format!("{prefix}{message}"),
        )
    };
    let failures = verdict.failures.into_iter();
    let failures = failures.map(|failure| {
        let code = match failure.on_failure {
            OnFailure::Halt | OnFailure::Refuse => Code::FixtureViolates,
            OnFailure::Warn => Code::FixtureWarned,
        };
        remark(code, failure.refusal.to_string())
    });
    let beyond_range = verdict.beyond_range.into_iter().map(|at| {
        let message = format!("`{at}` is beyond the range of doubles");
        remark(Code::FixtureWarned, message)
    });
    failures.chain(beyond_range).collect()
}

pub(super) enum RehearsalRefusal {
    Step(String),
    Result(String),
}

/// Migrates a document that is valid at its version. `None` if it is not valid, or if its version has no schema.
pub(super) fn migrate_valid(
    manifest: &Manifest<'_, '_>,
    route: &Route,
) -> Option<Result<(), RehearsalRefusal>> {
    let (kind, document) = (manifest.kind(), manifest.document());
    let version = manifest.version();
    let is_valid = kind.schemas.contains_key(version)
        && check_before(kind, version, document, &effort_of(manifest))
            .failures
            .is_empty();
    if !is_valid {
        return None;
    }
    let mut verdicts = Verdicts::new(Enforcement::AsWritten, None);
    let migrated = transform_checked(
        manifest,
        route,
        (&RecordStamp::placeholder(), &effort_of(manifest)),
        &mut verdicts,
    );
    Some(migrated.map(drop).map_err(|refusal| match refusal {
        Refusal::Schema { .. } | Refusal::Rule { .. } => {
            RehearsalRefusal::Result(refusal.to_string())
        }
        _ => RehearsalRefusal::Step(refusal.to_string()),
    }))
}

pub(super) fn result_refused(migration: &Migration, document: Value<'_>, why: &str) -> Remark {
    let shown = match document.raw().char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", &document.raw()[..end]),
        None => document.raw().to_owned(),
    };
    let message = format!(
        "a document that is valid at {} is refused once it is migrated: {why}; it is `{shown}`",
        migration.from
    );
    Remark::new(Code::ResultRefused, place_of(migration), message)
}
