//! Examines a document: the one way from bytes to a manifest.
//! Invariant: a document is scanned once.

use super::manifest::Manifest;
use crate::catalog::{Catalog, Kind};
use crate::json::Text;
use crate::refusal::Refusal;

/// A document that is no valid manifest, with the facts that are known about it.
#[derive(Debug, Clone)]
pub struct Unexamined<'b> {
    /// The reason.
    pub refusal: Refusal,
    /// The text, if it is valid.
    pub text: Option<Text<'b>>,
    /// The index of its kind, if it has one.
    pub kind_index: Option<usize>,
}

/// Examines the document `bytes` in a file of this name. Unknown versions are accepted here; a plan refuses them.
///
/// ```
/// use migrate_manifests::catalog::Catalog;
/// use migrate_manifests::engine::examine;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let catalog = Catalog::built_in()?;
/// let manifest = examine(&catalog, b"manifest.json", br#"{"run_id": "r1"}"#).map_err(|one| one.refusal)?;
/// assert_eq!((manifest.kind().name.as_str(), manifest.version().to_string().as_str()), ("run", "1.0.0"));
///
/// let other = examine(&catalog, b"manifest.json", br#"{"name": "web app"}"#).unwrap_err();
/// assert_eq!(other.refusal.to_string(), "`/run_id` is required, but missing");
/// assert_eq!(other.kind_index, Some(0));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// The bytes are no valid document, the document has no kind that such a file can have, or it is no valid manifest of its kind.
pub fn examine<'b, 'c>(
    catalog: &'c Catalog,
    file_name: &[u8],
    bytes: &'b [u8],
) -> Result<Manifest<'b, 'c>, Box<Unexamined<'b>>> {
    match Text::scan(bytes) {
        Ok(text) => examine_text(catalog, file_name, text),
        Err(error) => Err(unexamined(Refusal::Text(error), None, None)),
    }
}

pub(crate) fn examine_text<'b, 'c>(
    catalog: &'c Catalog,
    file_name: &[u8],
    text: Text<'b>,
) -> Result<Manifest<'b, 'c>, Box<Unexamined<'b>>> {
    let Some(index) = catalog.kind_of(file_name, text.root()) else {
        let refusal = unknown_kind(catalog, file_name);
        return Err(unexamined(refusal, Some(text), None));
    };
    Manifest::new(text, &catalog.kinds()[index]).map_err(|failed| {
        let (refusal, text) = *failed;
        unexamined(refusal, Some(text), Some(index))
    })
}

/// Examines the document `bytes` as a manifest of this kind, whatever its marks say.
///
/// # Errors
/// The bytes are no valid document, or it is no valid manifest of the kind.
pub fn examine_as<'b, 'c>(kind: &'c Kind, bytes: &'b [u8]) -> Result<Manifest<'b, 'c>, Refusal> {
    let text = Text::scan(bytes).map_err(Refusal::Text)?;
    Manifest::new(text, kind).map_err(|failed| failed.0)
}

fn unexamined(
    refusal: Refusal,
    text: Option<Text<'_>>,
    kind_index: Option<usize>,
) -> Box<Unexamined<'_>> {
    Box::new(Unexamined {
        refusal,
        text,
        kind_index,
    })
}

fn unknown_kind(catalog: &Catalog, file_name: &[u8]) -> Refusal {
    let kinds = catalog.kinds_named(file_name).map(|(_, kind)| {
        let marks: Vec<_> = kind.marks.iter().map(ToString::to_string).collect();
        format!("`{}`, where {}", kind.name, marks.join(" and "))
    });
    Refusal::KindUnknown {
        expected: kinds.collect::<Vec<_>>().join(", or "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Source;

    const LEDGERS: &str = r#"{"name": "n", "kinds": {
 "event": {"file": "d.json", "where": {"/document": "event"}, "version": "/v", "history": "/h", "unversioned": "1.0.0"},
 "ledger": {"file": "d.json", "where": {"/document": "ledger", "/of": 1}, "version": "/v", "history": "/h", "unversioned": "2.0.0"},
 "other": {"file": "o.json", "version": "/v", "history": "/h", "unversioned": "1.0.0"}}}"#;

    #[test]
    fn a_document_of_no_kind_is_refused_with_the_marks_that_were_expected() {
        let files = [("catalog.json".to_owned(), LEDGERS.to_owned())];
        let catalog = Catalog::from_files(Source::BuiltIn, &files.into()).unwrap();
        let refusal = examine(&catalog, b"d.json", b"{}").unwrap_err().refusal;
        assert_eq!(
            refusal.to_string(),
            "it is of no kind that its file name can have: expected `event`, where `/document` is `\"event\"`, or `ledger`, where `/document` is `\"ledger\"` and `/of` is `1`"
        );
        assert_eq!(refusal.code().as_str(), "kind_unknown");
    }

    #[test]
    fn whatever_was_learned_of_a_document_is_kept() {
        let catalog = Catalog::built_in().unwrap();
        for (document, has_text, kind_index) in [
            ("{", false, None),
            (r#"{"schema_version":1}"#, true, Some(0)),
        ] {
            let one = examine(&catalog, b"manifest.json", document.as_bytes()).unwrap_err();
            assert_eq!((one.text.is_some(), one.kind_index), (has_text, kind_index));
        }
        let other = examine(&catalog, b"other.json", b"{}").unwrap_err();
        assert_eq!((other.text.is_some(), other.kind_index), (true, None));
    }
}
