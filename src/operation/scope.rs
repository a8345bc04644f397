//! The scope of an operation: the paths that are manifests to it, and the directories that it never enters.
//! Invariant: what the catalog makes opaque is never entered.

use super::tally::FoundCounts;
use crate::catalog::Catalog;
use crate::code::Code;
use crate::path::{Name, TreePath};
use crate::report::{Diagnosis, Stop};
use crate::selection::Selection;

pub(super) struct Scope<'s> {
    /// The file names of manifests, each once.
    pub(super) names: Vec<&'s str>,
    /// Names of directories that are never entered.
    pub(super) opaque: &'s [String],
    /// The selection, with the exclusions of the catalog.
    pub(super) selection: Selection,
}

impl<'s> Scope<'s> {
    pub(super) fn of(catalog: &'s Catalog, selection: &Selection) -> Result<Self, Stop> {
        let mut selection = selection.clone();
        for text in catalog.exclude() {
            let glob = text.parse().map_err(|error| {
                let message = format!("`exclude` of the catalog `{}`: {error}", catalog.name());
                Stop::new(Code::CatalogInvalid, message)
            })?;
            selection.exclude.push(glob);
        }
        Ok(Self {
            names: catalog.file_names(),
            opaque: catalog.opaque(),
            selection,
        })
    }

    pub(super) fn is_manifest(&self, name: Name<'_>) -> bool {
        let mut names = self.names.iter();
        names.any(|wanted| wanted.as_bytes() == name.as_bytes())
    }

    pub(super) fn is_manifest_in_other_case(&self, name: &[u8]) -> bool {
        let mut names = self.names.iter();
        names.any(|wanted| wanted.as_bytes().eq_ignore_ascii_case(name))
    }

    pub(super) fn is_opaque(&self, name: &[u8]) -> bool {
        let mut opaque = self.opaque.iter();
        opaque.any(|opaque| opaque.as_bytes() == name)
    }

    /// Counts a named manifest. Returns true if its path is selected.
    pub(super) fn counts_named(&self, path: &TreePath, counts: &mut FoundCounts) -> bool {
        counts.found += 1;
        counts.excluded += u64::from(self.selection.excludes(path));
        self.selects(path)
    }

    pub(super) fn selects(&self, path: &TreePath) -> bool {
        let selection = &self.selection;
        selection.selects(path) && !selection.excludes(path) && selection.is_within(path)
    }
}

/// A walk that begins in a directory that is never entered would take data for manifests.
pub(super) fn check_start(scope: &Scope<'_>, start: &[u8]) -> Result<(), Stop> {
    let never_entered = |name: &&[u8]| name.starts_with(b".") || scope.is_opaque(name);
    match start.split(|byte| *byte == b'/').find(never_entered) {
        None => Ok(()),
        Some(name) => Err(Stop::new(
            Code::SelectionInvalid,
            format!(
                "`{}` lies in `{}`, which is never entered: what is there is data",
                String::from_utf8_lossy(start),
                String::from_utf8_lossy(name)
            ),
        )),
    }
}

pub(super) fn given_trouble(scope: &Scope<'_>, path: &TreePath) -> Option<Diagnosis> {
    let no_manifest = |message: String| Some(Diagnosis::new(Code::NotFound, message));
    if !scope.is_manifest(path.name()) {
        let names = scope.names.join("`, `");
        return no_manifest(format!("no manifest: a manifest is named `{names}`"));
    }
    path.parent().split(|byte| *byte == b'/').find_map(|name| {
        let shown = String::from_utf8_lossy(name);
        match name {
            _ if scope.is_opaque(name) => {
                no_manifest(format!("no manifest: what lies below `{shown}` is data"))
            }
            [b'.', ..] => no_manifest(format!("no manifest: `{shown}` is never entered")),
            _ => None,
        }
    })
}
