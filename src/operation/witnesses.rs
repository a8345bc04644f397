//! What the state directory says: journals, and the catalogs that operations used.
//!
//! Invariant: what cannot be read is told, once, and never ends the operation.

use std::collections::HashMap;

use super::listing;
use super::operations::account;
use super::tally::Tally;
use crate::catalog::{Catalog, Source};
use crate::code::Code;
use crate::digest::Digest;
use crate::event::Event;
use crate::report::Notice;
use crate::storage::Storage;
use crate::verify::{Finding, Witnesses};

/// All journals.
pub(super) struct Journals {
    pub(super) witnesses: Witnesses,
    /// Whether it is known that there are none.
    pub(super) are_none: bool,
}

impl Journals {
    pub(super) fn read<S: Storage>(storage: &S, tally: &mut Tally<'_>) -> Self {
        let mut journals = Self {
            witnesses: Witnesses::default(),
            are_none: false,
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
                    let is_unfinished = unfinished.contains(id);
                    let finding = journals.witnesses.take(id, &account, is_unfinished);
                    if let Some(finding) = finding {
                        tally.found(finding);
                    }
                }
                Err(trouble) => {
                    journals.witnesses.doubt(false);
                    tally.tell(&Event::Warning(&Notice {
                        code: Code::StateUnreadable,
                        path: None,
                        message: format!("the journal of operation `{id}`: {}", trouble.message),
                    }));
                }
            }
        }
        journals.are_none = ids.is_empty();
        journals
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
            if digest == given.digest() || catalogs.kept.contains_key(&digest) {
                continue;
            }
            let name = digest.prefixed();
            let catalog = match storage.kept_catalog(digest) {
                Ok(Some(bundle)) => Catalog::from_bundle(Source::Directory(name), &bundle)
                    .map_err(|error| format!("the catalog that was used cannot be read: {error}")),
                Ok(None) => Err(format!(
                    "the catalog {name} that was used is not kept any more"
                )),
                Err(trouble) => {
                    let why = format!("the catalog {name} that was used: {}", trouble.message);
                    if trouble.code == Code::KeptChanged {
                        tally.found(Finding::from(trouble));
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
