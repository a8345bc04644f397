//! Compares the members that no migration may change with the oldest original.
//! Invariant: members are compared by their canonical form, because other tools change the spelling.

use super::evidence::OriginalEvidence;
use crate::code::Code;
use crate::engine::Manifest;
use crate::json::{Pointer, Value, canonical};
use crate::report::Diagnosis;

pub(super) fn check(
    manifest: &Manifest<'_, '_>,
    originals: &[Option<&OriginalEvidence<'_>>],
) -> Vec<Diagnosis> {
    let Some(original) = originals.iter().flatten().next() else {
        return Vec::new();
    };
    let compared = original.with_root(|before| compare(manifest, before, original.name()));
    compared.unwrap_or_default()
}

fn compare(manifest: &Manifest<'_, '_>, before: Value<'_>, name: &str) -> Vec<Diagnosis> {
    let (kind, after) = (manifest.kind(), manifest.document());
    let immutable = kind
        .immutable
        .iter()
        .filter(|at| !is_same(before, after, at));
    let immutable = immutable.map(|at| {
        let message = format!("`{at}`, which is immutable, is not as in `{name}`");
        Diagnosis::new(Code::ImmutableChanged, message)
    });
    let was_there = |at: &&Pointer| before.at(at).is_some();
    let protected = kind.protected.iter().filter(was_there);
    let protected = protected.filter(|at| !is_same(before, after, at));
    let protected = protected.map(|at| {
        let message = format!("`{at}`, which is protected, is not as in `{name}`");
        Diagnosis::new(Code::ProtectedChanged, message)
    });
    immutable.chain(protected).collect()
}

fn is_same(one: Value<'_>, two: Value<'_>, at: &Pointer) -> bool {
    match (one.at(at), two.at(at)) {
        (Some(one), Some(two)) => canonical::same(one, two),
        (None, None) => true,
        _ => false,
    }
}
