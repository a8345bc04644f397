//! Rehearses the migrations of a catalog on a whole tree, in memory, and checks schemas, rules and the laws of migrations.
//!
//! For authors. Writes nothing and takes no lock.
//!
//! Invariant: every manifest is counted once, in path order, for any number of threads.

use std::collections::{BTreeMap, BTreeSet};

use super::find::Finder;
use super::frame::Frame;
use super::migrate::{Detail, FirstPass, FirstPassFacts, Migrate, Visitor, plan_of};
use super::scope::Scope;
use super::survey::Survey;
use super::walk::{Found, Visit};
use crate::engine::{PendingFacts, Pipeline, Until, examine};
use crate::path::TreePath;
use crate::rehearsal::{Rehearsal, Remark, StepId, rehearse};
use crate::report::{Diagnosis, Enforcement, Stop};

const GROUP: usize = 1024;

/// The result of a rehearsal on a tree.
#[derive(Debug, Clone, Default)]
pub struct TreeRehearsal {
    /// The number of manifests that were examined.
    pub manifests: u64,
    /// The number of manifests that a migration would change.
    pub pending: u64,
    /// The manifests that each step would change.
    pub changed: BTreeMap<StepId, Vec<TreePath>>,
    /// The manifests that would be refused or cannot be read, with the reasons.
    pub troubled: Vec<(TreePath, Diagnosis)>,
    /// The warnings of schemas and rules.
    pub warned: Vec<Diagnosis>,
    /// The rule that would halt a migration of the tree before it writes.
    pub halted: Option<Stop>,
    /// Laws that do not hold, and of which manifests.
    pub broken: Vec<(TreePath, Remark)>,
    /// The indices of the kinds that were found.
    pub kinds: BTreeSet<usize>,
    /// Warnings about the tree.
    pub notices: Vec<Diagnosis>,
}

/// Migrates every manifest of a tree in memory to the latest version of its kind, deferred ones too. Rules over the tree are checked on the results.
///
/// # Errors
/// The tree cannot be listed.
pub fn rehearse_tree(frame: &Frame<'_>) -> Result<TreeRehearsal, Stop> {
    let options = Migrate {
        detail: Detail::Outcomes,
        target: None,
        include_running: true,
        allow_downgrade: false,
        survey: Survey::default(),
        plan: None,
        rules: Enforcement::AsWritten,
        max_failures: None,
    };
    let plan = plan_of(frame.catalog, &options)?;
    let mut visitor = Visitor::new(frame, &options, &plan);
    // An author need not be the owner of the tree.
    visitor.asks_permission = false;
    let pass_facts = FirstPass::of_all(frame, &options)?.run_all(&visitor)?;
    let pass_facts = pass_facts.unwrap_or_default();
    let mut rehearsal = TreeRehearsal {
        halted: pass_facts.halted(None),
        ..TreeRehearsal::default()
    };
    let rehearser = TreeRehearser {
        frame,
        pipeline: visitor.pipeline,
        pass_facts: &pass_facts,
        is_halted: rehearsal.halted.is_some(),
    };
    let visit = |visit: &Visit<'_>, buffer: &mut Vec<u8>| rehearser.look(visit, buffer);
    let scope = Scope::of(frame.catalog, &frame.request.selection)?;
    let mut finder = Finder::new(frame, &scope)?;
    finder.for_each(GROUP, &visit, |found| {
        match found {
            Found::Manifest(seen) => rehearsal.add(seen),
            Found::Warning(notice) | Found::DirectoryFailed(notice) => {
                rehearsal.notices.push(notice);
            }
        }
        true
    })?;
    Ok(rehearsal)
}

struct RehearsedManifest {
    path: TreePath,
    kind: Option<usize>,
    rehearsed: Option<Rehearsal>,
    warned: Vec<Diagnosis>,
    /// The reason why the manifest would not be migrated.
    trouble: Option<Diagnosis>,
}

struct TreeRehearser<'l> {
    frame: &'l Frame<'l>,
    pipeline: Pipeline<'l>,
    pass_facts: &'l FirstPassFacts,
    is_halted: bool,
}

impl TreeRehearser<'_> {
    fn look(&self, visit: &Visit<'_>, buffer: &mut Vec<u8>) -> RehearsedManifest {
        let path = visit.path;
        self.frame.budget.process(buffer, |bytes, most| {
            let mut seen = RehearsedManifest {
                path: path.clone(),
                kind: None,
                rehearsed: None,
                warned: Vec::new(),
                trouble: None,
            };
            let read = match visit.readable() {
                Ok(directory) => directory.read(path.name(), most, bytes)?.map(drop),
                Err(diagnosis) => Err(diagnosis),
            };
            let rehearsed = read.and_then(|()| self.rehearse(bytes, &mut seen));
            seen.trouble = rehearsed.err();
            Ok(seen)
        })
    }

    fn rehearse(&self, bytes: &[u8], seen: &mut RehearsedManifest) -> Result<(), Diagnosis> {
        let examined = examine(self.frame.catalog, seen.path.file_name(), bytes);
        seen.kind = match &examined {
            Ok(manifest) => Some(manifest.kind().index()),
            Err(unexamined) => unexamined.kind_index,
        };
        if self.is_halted
            && let Some(trouble) = self.pass_facts.trouble(&seen.path)
        {
            return Err(trouble.clone());
        }
        let manifest = examined.map_err(|one| Diagnosis::from(&one.refusal))?;
        let product = self.pipeline.run(&manifest, Until::Checked, || {
            Ok(PendingFacts {
                failures: self.pass_facts.failures(&seen.path),
                has_passed: false,
            })
        });
        if let Some(trouble) = product.trouble {
            return Err(trouble);
        }
        if let Some(route) = product.route {
            let rehearsed = rehearse(&manifest, route);
            seen.rehearsed = Some(rehearsed.map_err(|refusal| Diagnosis::from(&refusal))?);
            let warnings = product.verdicts.warnings.into_iter();
            let path = || seen.path.clone();
            let warned = warnings.map(|(code, message)| Diagnosis::new(code, message).at(path()));
            seen.warned = warned.collect();
        }
        Ok(())
    }
}

impl TreeRehearsal {
    fn add(&mut self, seen: RehearsedManifest) {
        self.manifests += 1;
        self.kinds.extend(seen.kind);
        self.warned.extend(seen.warned);
        if let Some(trouble) = seen.trouble {
            self.troubled.push((seen.path, trouble));
        } else if let Some(rehearsed) = seen.rehearsed {
            self.pending += 1;
            for step in rehearsed.changed {
                self.changed
                    .entry(step)
                    .or_default()
                    .push(seen.path.clone());
            }
            let broken = rehearsed.broken.into_iter();
            self.broken
                .extend(broken.map(|remark| (seen.path.clone(), remark)));
        }
    }
}
