//! A look at one manifest in the first pass: what it contributes to rules over the tree, and whether it would be refused.
//!
//! Writes nothing; judges nothing that takes more than one manifest.
//!
//! Invariant: what is refused contributes as it is.

use super::super::evaluate::refused;
use super::super::settle::Settling;
use super::super::turns::Turns;
use crate::catalog::Route;
use crate::digest::Digest;
use crate::engine::{
    Decision, DocumentFacts, Manifest, Moment, Plan, TreeRules, check_after, check_before,
    check_transform, examine,
};
use crate::path::TreePath;
use crate::refusal::Refusal;
use crate::report::{Diagnosis, Enforcement};
use crate::storage::{Found, FoundList, Storage};

/// What was seen of one manifest.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) contribution: DocumentFacts,
    /// The digest of what was read.
    pub(super) digest: Option<Digest>,
    pub(super) rehearsed: Rehearsed,
    pub(super) trouble: Option<Diagnosis>,
    pub(super) halts: bool,
}

/// What came of taking a manifest along its route in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Rehearsed {
    /// It is not to be migrated.
    #[default]
    Not,
    /// Schemas and rules of the document have nothing to say.
    Silent,
    /// It is refused, or there is something to warn of.
    Remarked,
}

/// Which manifests count as they will be.
#[derive(Clone, Copy)]
pub(super) enum Selected<'l> {
    All,
    None,
    These(&'l FoundList),
}

impl Selected<'_> {
    fn has(self, path: &TreePath) -> bool {
        match self {
            Self::All => true,
            Self::None => false,
            Self::These(selected) => selected.position(path).is_some(),
        }
    }
}

/// What all looks of one pass share.
pub(super) struct Look<'l, S: Storage> {
    pub(super) storage: &'l S,
    pub(super) plan: &'l Plan<'l>,
    pub(super) whole: &'l TreeRules<'l>,
    pub(super) rules: Enforcement,
    pub(super) selected: Selected<'l>,
    pub(super) turns: Turns,
}

impl<S: Storage> Look<'_, S> {
    /// Looks at one manifest; `buffer` is scratch space.
    pub(super) fn see(&self, found: &Found, buffer: &mut Vec<u8>) -> Seen {
        self.turns.take(buffer, |buffer, most| {
            let read = match &found.trouble {
                Some(trouble) => Err(trouble.clone()),
                None => self.storage.read_small(&found.path, buffer, most),
            };
            let mut seen = Seen::default();
            let seeing = read.transpose()?.and_then(|_| {
                seen.digest = Some(Digest::of(buffer));
                self.look(found, buffer, &mut seen)
                    .map_err(|refusal| refused(&refusal))
            });
            seen.trouble = seeing.err();
            Some(seen)
        })
    }

    /// The error is why the manifest would be refused; what it contributes as it is was taken by then, where that can be told.
    fn look(&self, found: &Found, bytes: &[u8], seen: &mut Seen) -> Result<(), Refusal> {
        let manifest = examine(self.plan.catalog(), found.path.file_name(), bytes)
            .map_err(|unexamined| unexamined.refusal)?;
        let kind_index = manifest.kind().index();
        let is_selected = self.selected.has(&found.path);
        match self.plan.decide(&manifest) {
            Ok(Decision::Pending(route)) if is_selected => {
                self.rehearse(found, &manifest, kind_index, route, seen)
            }
            decided => {
                let into = &mut seen.contribution;
                self.ask(kind_index, &manifest, Moment::AtRest, into);
                if is_selected {
                    decided.map(drop)
                } else {
                    Ok(())
                }
            }
        }
    }

    /// Takes a manifest along its route in memory, and holds it against its rules before and after.
    fn rehearse(
        &self,
        found: &Found,
        manifest: &Manifest<'_, '_>,
        kind_index: usize,
        route: &Route,
        seen: &mut Seen,
    ) -> Result<(), Refusal> {
        let (kind, document) = (manifest.kind(), manifest.document());
        let mut contribution = DocumentFacts::default();
        self.ask(kind_index, manifest, Moment::Before, &mut contribution);
        let mut settling = Settling::new(&found.path, self.rules);
        let rehearsed = settling
            .take(check_before(kind, manifest.version(), document))
            .and_then(|()| {
                check_transform(manifest, route, |after| {
                    settling.take(check_after(kind, route.to(), document, after))?;
                    let (to, into) = (route.to(), &mut contribution);
                    self.whole
                        .collect(kind_index, to, Moment::After, after, into);
                    Ok(())
                })
            });
        // Also of what is refused, so that the second pass finds the same reason and no change.
        seen.rehearsed = Rehearsed::Remarked;
        if rehearsed.is_ok() {
            seen.contribution = contribution;
            if !settling.has_noticed() {
                seen.rehearsed = Rehearsed::Silent;
            }
        } else {
            let into = &mut seen.contribution;
            self.ask(kind_index, manifest, Moment::AtRest, into);
            seen.halts = settling.has_halted();
        }
        rehearsed
    }

    /// Adds what a manifest contributes as it was found.
    fn ask(
        &self,
        kind_index: usize,
        manifest: &Manifest<'_, '_>,
        moment: Moment,
        into: &mut DocumentFacts,
    ) {
        let (version, document) = (manifest.version(), manifest.document());
        self.whole
            .collect(kind_index, version, moment, document, into);
    }
}
