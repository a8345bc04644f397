//! Input snapshots: the files that a manifest declares.
//! Invariant: a path that leads out of the run directory is never opened.

use std::borrow::Cow;

use crate::code::Code;
use crate::digest::{Digest, Hasher};
use crate::json::{Fragment, MAX_BYTES, Pointer, Text, Value, ValueKind, canonical};
use crate::report::Diagnosis;

/// Reads the file with a name relative to the run directory, and passes it on in pieces.
pub(crate) type FileReader<'f> = dyn Fn(&str, &mut dyn FnMut(&[u8])) -> Result<(), Diagnosis> + 'f;

pub(super) struct Declared<'t> {
    pub(super) name: Cow<'t, str>,
    path: Cow<'t, str>,
    bytes: u64,
    pub(super) sha256: Cow<'t, str>,
    digest: Digest,
}

pub(super) fn declared<'t>(
    document: Value<'t>,
    at: &Pointer,
) -> Option<Result<Vec<Declared<'t>>, Diagnosis>> {
    let object = document
        .at(at)
        .filter(|value| value.kind() != ValueKind::Null)?;
    if object.kind() != ValueKind::Object {
        return Some(Err(malformed(at, &object.kind().to_string(), "an object")));
    }
    let read = |member: crate::json::Member<'t>| snapshot(member.name(), member.value(), at);
    (!object.is_empty()).then(|| object.members().map(read).collect())
}

fn snapshot<'t>(
    name: Cow<'t, str>,
    value: Value<'t>,
    at: &Pointer,
) -> Result<Declared<'t>, Diagnosis> {
    let at = at.child(name.as_ref());
    let wrong = |member: &str, expected| {
        let found = value.get(member);
        let found = found.map_or_else(|| "missing".to_owned(), |value| value.in_words());
        malformed(&at.child(member), &found, expected)
    };
    let text = |member: &str| value.get(member).and_then(|value| value.as_str());
    let path = text("path").ok_or_else(|| wrong("path", "a string"))?;
    let bytes = value
        .get("bytes")
        .and_then(|bytes| bytes.raw().parse().ok());
    let bytes = bytes.ok_or_else(|| wrong("bytes", "a number of bytes"))?;
    let sha256 = text("sha256").ok_or_else(|| wrong("sha256", "a string"))?;
    let Ok(digest) = sha256.parse() else {
        return Err(wrong("sha256", "`sha256:` and 64 lower-case hex digits"));
    };
    Ok(Declared {
        name,
        path,
        bytes,
        sha256,
        digest,
    })
}

fn malformed(at: &Pointer, found: &str, expected: &str) -> Diagnosis {
    let message = format!("`{at}` is {found}, expected {expected}");
    Diagnosis::new(Code::SnapshotMalformed, message)
}

impl Declared<'_> {
    pub(super) fn check(
        &self,
        files: &FileReader<'_>,
        agrees_with: Option<(&Pointer, Value<'_>)>,
    ) -> Vec<Diagnosis> {
        let (mut hasher, mut size, mut content) = (Hasher::new(), 0, Vec::new());
        let read = files(&self.path, &mut |piece| {
            hasher.update(piece);
            size += piece.len() as u64;
            if agrees_with.is_some() && content.len() <= MAX_BYTES {
                content.extend_from_slice(piece);
            }
        });
        if let Err(trouble) = read {
            return vec![self.unread(&trouble)];
        }
        let (path, digest) = (&self.path, hasher.finish());
        let mut findings = Vec::new();
        if size != self.bytes {
            let message = format!("`{path}` has the size {size}, expected {}", self.bytes);
            findings.push(Diagnosis::new(Code::SnapshotSizeDiffers, message));
        }
        if digest != self.digest {
            let message = format!(
                "`{path}` has the SHA-256 {digest}, expected {}",
                self.digest
            );
            findings.push(Diagnosis::new(Code::SnapshotHashDiffers, message));
        } else if let Some((at, member)) = agrees_with {
            findings.extend(self.disagreement(&content, at, member));
        }
        findings
    }

    fn unread(&self, trouble: &Diagnosis) -> Diagnosis {
        let path = &self.path;
        match trouble.code {
            Code::NotFound => {
                Diagnosis::new(Code::SnapshotMissing, format!("`{path}` is not there"))
            }
            Code::LeadsOut => {
                let message =
                    format!("`{path}` leads out of the run directory, so it was not opened");
                Diagnosis::new(Code::SnapshotLeadsOut, message)
            }
            Code::NotRegular => {
                let message = format!("`{path}`: {}", trouble.message);
                Diagnosis::new(Code::SnapshotNotRegular, message)
            }
            code => Diagnosis::new(code, format!("`{path}`: {}", trouble.message)),
        }
    }

    fn disagreement(&self, content: &[u8], at: &Pointer, member: Value<'_>) -> Option<Diagnosis> {
        let path = &self.path;
        let differs = |message| Some(Diagnosis::new(Code::SnapshotDisagrees, message));
        let text = match Text::scan(content) {
            Ok(text) => text,
            Err(error) => return differs(format!("`{path}` is no JSON object: {error}")),
        };
        let other = member.members().find_map(|one| {
            let name = one.name();
            let found = text.root().get(&name)?;
            let is_same = canonical::digest(found) == canonical::digest(one.value());
            (!is_same).then_some(name)
        })?;
        let at = at.child(other.as_ref());
        differs(format!("`{path}` has another `{other}` than `{at}`"))
    }
}

pub(super) fn inputs_hash(declared: &[Declared<'_>]) -> Digest {
    let mut members: Vec<_> = declared.iter().collect();
    members.sort_by(|one, two| one.name.cmp(&two.name));
    let members = members.into_iter();
    let members: Vec<_> = members
        .map(|one| (one.name.as_ref(), Fragment::string(&one.sha256)))
        .collect();
    Digest::of(Fragment::object(&members).as_str().as_bytes())
}
