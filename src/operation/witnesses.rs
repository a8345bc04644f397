//! What the state directory says: journals, and the catalogs that operations used.
//!
//! Invariant: what cannot be read is told, once, and never ends the operation.

use std::collections::HashMap;

use super::listing;
use super::operations::account;
use super::survey::Survey;
use super::tally::Tally;
use crate::catalog::{Catalog, Source};
use crate::code::Code;
use crate::digest::Digest;
use crate::proof::Witnesses;
use crate::report::{Diagnosis, Event};
use crate::storage::Storage;

/// All journals.
pub(super) struct Journals {
    pub(super) witnesses: Witnesses,
    /// Whether it is known that there are none.
    pub(super) are_none: bool,
    /// What tells whether an operation has written since: the unfinished, and how far each journal was read.
    seen: (Vec<String>, Vec<(String, u64)>),
}

impl Journals {
    pub(super) fn read<S: Storage>(storage: &S, tally: &mut Tally<'_>) -> Self {
        let mut journals = Self {
            witnesses: Witnesses::default(),
            are_none: false,
            seen: (Vec::new(), Vec::new()),
        };
        let both = storage
            .unfinished()
            .and_then(|unfinished| Ok((unfinished, storage.operations()?)));
        let (unfinished, ids) = match both {
            Ok(both) => both,
            Err(notice) => {
                tally.tell(&Event::Warning(&notice));
                return journals;
            }
        };
        if !unfinished.is_empty() {
            tally.tell(&Event::Warning(&listing::unfinished(&unfinished)));
        }
        for id in &ids {
            match account(storage, id) {
                Ok(account) => {
                    let bytes = account.sound_bytes();
                    journals.seen.1.push((id.clone(), bytes));
                    let is_unfinished = unfinished.contains(id);
                    let finding = journals.witnesses.add(id, &account, is_unfinished);
                    if let Some(finding) = finding {
                        tally.found(finding);
                    }
                }
                Err(trouble) if trouble.code == Code::NotRegular => {
                    journals.witnesses.doubt(false);
                    tally.found(Diagnosis::new(Code::JournalDamaged, trouble.message));
                }
                Err(trouble) => {
                    journals.witnesses.doubt(false);
                    tally.tell(&Event::Warning(&Diagnosis {
                        code: Code::StateUnreadable,
                        path: None,
                        message: format!("the journal of operation `{id}`: {}", trouble.message),
                    }));
                }
            }
        }
        journals.are_none = ids.is_empty();
        journals.seen.0 = unfinished;
        journals
    }

    /// The journals as they are now, if any operation has written since these were read.
    pub(super) fn if_changed<S: Storage>(&self, storage: &S) -> Option<Self> {
        let now = Self::read(storage, &mut Tally::new(&mut (), &Survey::default()));
        (now.seen != self.seen).then_some(now)
    }
}

/// The catalogs that operations used, by digest.
pub(super) struct Catalogs<'c> {
    given: &'c Catalog,
    kept: HashMap<Digest, Result<Catalog, String>>,
}

impl<'c> Catalogs<'c> {
    /// None but the given one.
    pub(super) fn none(given: &'c Catalog) -> Self {
        let kept = HashMap::new();
        Self { given, kept }
    }

    /// Those that the state directory keeps; tells which are damaged.
    pub(super) fn load<S: Storage>(
        storage: &S,
        given: &'c Catalog,
        witnesses: &Witnesses,
        tally: &mut Tally<'_>,
    ) -> Self {
        let mut catalogs = Self::none(given);
        for digest in witnesses.catalogs() {
            if catalogs.kept.contains_key(&digest) {
                continue;
            }
            let name = digest.prefixed();
            // The copy of the one in use is looked at, too: the next operation may use another.
            let catalog = match storage.kept_catalog(digest) {
                Ok(Some(bundle)) => Catalog::from_bundle(Source::Directory(name), &bundle)
                    .map_err(|error| format!("the catalog that was used cannot be read: {error}")),
                Ok(None) => Err(format!(
                    "the catalog {name} that was used is not kept any more"
                )),
                Err(trouble) => {
                    let why = format!("the catalog {name} that was used: {}", trouble.message);
                    if trouble.code == Code::KeptChanged {
                        tally.found(trouble);
                    }
                    Err(why)
                }
            };
            catalogs.kept.insert(digest, catalog);
        }
        catalogs
    }

    /// The catalog with a digest, or why it cannot be had.
    pub(super) fn of(&self, digest: Digest) -> Result<&Catalog, String> {
        match self.kept.get(&digest) {
            _ if digest == self.given.digest() => Ok(self.given),
            Some(Ok(catalog)) => Ok(catalog),
            Some(Err(why)) => Err(why.clone()),
            None => Err(format!(
                "the catalog {} was not looked for",
                digest.prefixed()
            )),
        }
    }
}
