//! Guarded members: what a migration may never change is as the oldest original has it.
//!
//! Invariant: members are compared by what they say; their spelling is proved by the bytes that journals recorded.

use super::original::Original;
use crate::code::Code;
use crate::engine::Manifest;
use crate::json::{Pointer, Value, canonical};
use crate::report::Diagnosis;

pub(super) fn check(
    manifest: &Manifest<'_, '_>,
    of_records: &[Option<usize>],
    originals: &[Original<'_>],
) -> Vec<Diagnosis> {
    let oldest = of_records.iter().flatten().next();
    let Some(original) = oldest.map(|place| &originals[*place]) else {
        return Vec::new();
    };
    let Some(before) = original.root() else {
        return Vec::new();
    };
    let (kind, after, name) = (manifest.kind(), manifest.document(), original.name());
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

/// Whether both documents say the same at a place. Other tools respell what they do not change.
fn is_same(one: Value<'_>, two: Value<'_>, at: &Pointer) -> bool {
    match (one.at(at), two.at(at)) {
        (Some(one), Some(two)) => {
            one.raw() == two.raw() || canonical::digest(one) == canonical::digest(two)
        }
        (None, None) => true,
        _ => false,
    }
}
