//! A look at one manifest in the first pass: what it contributes to rules over the tree, and whether it would be refused.
//!
//! Writes nothing; judges nothing that takes more than one manifest.
//!
//! Invariant: what is refused contributes as it is.

use super::super::evaluate::refused;
use super::super::settle::Settling;
use super::super::turns::Turns;
use crate::digest::Digest;
use crate::json::{Text, Value};
use crate::manifest::{Manifest, kind_of};
use crate::plan::{Decision, Plan};
use crate::refusal::Refusal;
use crate::report::Trouble;
use crate::rule::whole::{Contribution, Standing, Whole};
use crate::rule::{Enforcement, hold_found, hold_result};
use crate::storage::{Found, FoundList, Storage};
use crate::transform::rehearse_and;

/// What was seen of one manifest.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) contribution: Contribution,
    /// The digest of what was read.
    pub(super) digest: Option<Digest>,
    pub(super) rehearsed: Rehearsed,
    pub(super) trouble: Option<Trouble>,
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

/// What all looks of one pass share.
pub(super) struct Look<'l, S: Storage> {
    pub(super) storage: &'l S,
    pub(super) plan: &'l Plan<'l>,
    pub(super) whole: &'l Whole<'l>,
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
        let text = Text::scan(bytes).map_err(Refusal::Text)?;
        let kind_index = kind_of(self.plan.catalog(), found.path.file_name(), text.root())?;
        let kind = &self.plan.catalog().kinds()[kind_index];
        let manifest = Manifest::read(&text, kind)?;
        let (version, document) = (manifest.version(), text.root());
        let is_selected = match self.selected {
            Selected::All => true,
            Selected::None => false,
            Selected::These(selected) => selected.position(&found.path).is_some(),
        };
        let decided = self.plan.decide(&manifest, kind_index);
        let ask = |standing, version, document: Value<'_>, into: &mut Contribution| {
            self.whole
                .ask(kind_index, version, standing, document, into);
        };
        let Ok(Decision::Pending(route)) = decided.as_ref() else {
            ask(Standing::AsItIs, version, document, &mut seen.contribution);
            return if is_selected {
                decided.map(drop)
            } else {
                Ok(())
            };
        };
        if !is_selected {
            ask(Standing::AsItIs, version, document, &mut seen.contribution);
            return Ok(());
        }
        let mut contribution = Contribution::default();
        ask(Standing::Before, version, document, &mut contribution);
        let mut settling = Settling::new(&found.path, self.rules);
        let rehearsed = settling
            .take(hold_found(kind, version, document))
            .and_then(|()| {
                rehearse_and(&manifest, route, |after| {
                    settling.take(hold_result(kind, route.to(), document, after))?;
                    ask(Standing::After, route.to(), after, &mut contribution);
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
            // What is refused stays as it is.
            ask(Standing::AsItIs, version, document, &mut seen.contribution);
            seen.halts = settling.has_halted();
        }
        rehearsed
    }
}
