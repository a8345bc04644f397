//! The facts about an invocation, at its start and at its end.
//!
//! Data only; every format is made from it.

use std::collections::BTreeSet;

use serde::Serialize;

use migrate_manifests::catalog::Catalog;
use migrate_manifests::clock::Timestamp;
use migrate_manifests::path::TreePath;
use migrate_manifests::report::{Diagnosis, Start, Summary};
use migrate_manifests::selection::Selection;
use migrate_manifests::version::Version;

/// The facts that are known before the operation starts; its start completes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) command: String,
    pub(crate) dry_run: bool,
    pub(crate) tree: Option<String>,
    pub(crate) catalog: Option<CatalogFacts>,
    /// The target version, once it is known.
    pub(crate) target: Option<Version>,
    pub(crate) latest: Option<Version>,
    /// True if an operation has started.
    pub(crate) has_started: bool,
    pub(crate) started_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct CatalogFacts {
    name: String,
    source: String,
    digest: String,
}

impl From<&Catalog> for CatalogFacts {
    fn from(catalog: &Catalog) -> Self {
        Self {
            name: catalog.name().to_owned(),
            source: catalog.source().to_string(),
            digest: catalog.digest().prefixed(),
        }
    }
}

impl Facts {
    pub(crate) fn reading(command: &str, now: Timestamp) -> Self {
        Self {
            command: command.to_owned(),
            dry_run: true,
            tree: None,
            catalog: None,
            target: None,
            latest: None,
            has_started: false,
            started_at: now,
        }
    }
}

impl From<&Start> for Facts {
    fn from(head: &Start) -> Self {
        Self {
            dry_run: head.dry_run,
            tree: Some(head.tree.clone()),
            catalog: Some(CatalogFacts {
                name: head.catalog_name.clone(),
                source: head.catalog_source.clone(),
                digest: head.catalog_digest.clone(),
            }),
            target: head.target.clone(),
            latest: head.latest.clone(),
            has_started: true,
            ..Self::reading(&head.command, head.started_at)
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct ListedManifests {
    pub(crate) paths: BTreeSet<TreePath>,
    pub(crate) selection: Selection,
}

#[derive(Debug, Default)]
pub(crate) struct Notices {
    pub(crate) warnings: Vec<Diagnosis>,
    pub(crate) directories: Vec<Diagnosis>,
    pub(crate) state: Vec<Diagnosis>,
}

pub(crate) struct End<'e> {
    pub(crate) facts: &'e Facts,
    pub(crate) summary: &'e Summary,
    pub(crate) notices: &'e Notices,
}
