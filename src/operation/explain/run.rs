//! Explains one manifest by examining it and by dry runs of the other operations.
//!
//! Invariant: the outcomes are the ones that a migration and a rollback would report.

use super::explanation::{Explanation, FileFacts, Leg};
use super::past;
use crate::clock::Timestamp;
use crate::code::Code;
use crate::digest::Digest;
use crate::engine::{Decision, Manifest, Plan, examine, history, transform};
use crate::operation::find::visit_only;
use crate::operation::frame::Frame;
use crate::operation::ledger::Journals;
use crate::operation::migrate::{Detail, FirstPass, FirstPassFacts, Migrate, Visitor, plan_of};
use crate::operation::rollback::rollback_outcome;
use crate::operation::scope::Scope;
use crate::operation::survey::Survey;
use crate::operation::walk::Visit;
use crate::path::TreePath;
use crate::report::{Diagnosis, Enforcement, Outcome, Status, Stop};
use crate::version::Version;

/// Explains the manifest that the request selects, as a migration to `target` or to the latest version sees it.
///
/// # Errors
/// The target does not exist, no manifest is at the path, or it is excluded. A manifest that is broken is explained.
pub fn explain(frame: &Frame<'_>, target: Option<&Version>) -> Result<Explanation, Stop> {
    let path = frame.only_manifest()?;
    let options = Migrate {
        detail: Detail::Differences,
        target: target.cloned(),
        include_running: false,
        allow_downgrade: false,
        survey: Survey::default(),
        plan: None,
        rules: Enforcement::AsWritten,
        max_failures: None,
    };
    let plan = plan_of(frame.catalog, &options)?;
    let journals = Journals::read(frame.storage);
    let rollback = rollback_outcome(frame, &journals.ledger).unwrap_or_else(|stop| Outcome {
        trouble: Some(Diagnosis::new(stop.code, stop.message)),
        ..Outcome::new(path.clone(), Status::Refused)
    });
    let findings = journals.findings.into_iter().map(|one| one.finding);
    let mut notices: Vec<_> = journals.warnings.into_iter().chain(findings).collect();
    let mut visitor = Visitor::new(frame, &options, &plan);
    let pass_facts = FirstPass::of_all(frame, &options)?.run_all(&visitor)?;
    if let Some(pass_facts) = &pass_facts {
        notices.extend_from_slice(pass_facts.unlisted());
        notices.extend_from_slice(pass_facts.unread());
        notices.extend(beside(pass_facts, path));
    }
    visitor.pass_facts = pass_facts.as_ref();
    let mut explanation = Explanation {
        path: path.clone(),
        kind: None,
        target: None,
        content: None,
        outcome: Outcome::new(path.clone(), Status::NotAttempted),
        judged: pass_facts.as_ref().map(FirstPassFacts::number),
        deferred_by: None,
        route: Vec::new(),
        history: Vec::new(),
        history_trouble: None,
        backups: Vec::new(),
        rollback,
        notices,
        ledger: journals.ledger,
    };
    let mut named = frame.catalog.kinds_named(path.file_name());
    if let (Some((index, _)), None) = (named.next(), named.next()) {
        explanation.is_of_kind(&plan, index);
    }
    let scope = Scope::of(frame.catalog, &frame.request.selection)?;
    visit_only(frame, &scope, &mut |visit, buffer| {
        let (outcome, warnings) = visitor.foretell(visit, buffer);
        explanation.outcome = outcome;
        explanation.notices.extend(warnings);
        explanation.examine(&plan, visit, buffer, frame.request.now);
    })?;
    match &explanation.outcome.trouble {
        Some(trouble) if trouble.code == Code::NotFound => {
            Err(trouble.clone().at(path.clone()).into())
        }
        _ => Ok(explanation),
    }
}

/// Warnings beside the outcome: reasons to halt the migration, and violated rules over the tree if the manifest itself would not be migrated.
fn beside(pass_facts: &FirstPassFacts, path: &TreePath) -> Vec<Diagnosis> {
    let halted = pass_facts.halted(None).map(|stop| {
        let message = format!("a migration would write nothing: {}", stop.message);
        Diagnosis::new(stop.code, message)
    });
    let failures = if pass_facts.is_pending(path) {
        &[]
    } else {
        pass_facts.failures(path)
    };
    let failures = failures
        .iter()
        .map(|failure| Diagnosis::from(failure).at(path.clone()));
    halted.into_iter().chain(failures).collect()
}

impl Explanation {
    fn is_of_kind(&mut self, plan: &Plan<'_>, kind_index: usize) {
        self.kind = Some(plan.catalog().kinds()[kind_index].name.clone());
        self.target = Some(plan.target_of(kind_index).clone());
    }

    fn examine(&mut self, plan: &Plan<'_>, visit: &Visit<'_>, bytes: &mut Vec<u8>, now: Timestamp) {
        let Ok(directory) = visit.readable() else {
            // The outcome has the reason, here and below.
            return;
        };
        let Ok(Ok(version)) = directory.read(visit.path.name(), usize::MAX, bytes) else {
            return;
        };
        let mut content = FileFacts {
            size: bytes.len() as u64,
            digest: Digest::of(bytes),
            modified: version.modified,
            version: None,
            version_is_declared: false,
        };
        match examine(plan.catalog(), visit.path.file_name(), bytes) {
            Ok(manifest) => {
                self.is_of_kind(plan, manifest.kind().index());
                self.read_history(&manifest.kind().history, manifest.document());
                content.version = Some(manifest.version().clone());
                content.version_is_declared = manifest.version_is_declared();
                self.decide(plan, &manifest, now);
            }
            Err(unexamined) => {
                if let (Some(index), Some(text)) = (unexamined.kind_index, &unexamined.text) {
                    self.is_of_kind(plan, index);
                    let kind = &plan.catalog().kinds()[index];
                    self.read_history(&kind.history, text.root());
                }
            }
        }
        self.content = Some(content);
        match past::backups(directory, &self.path, &self.history, &self.ledger) {
            Ok(backups) => self.backups = backups,
            Err(diagnosis) => self.notices.push(diagnosis.at(self.path.clone())),
        }
    }

    fn read_history(&mut self, at: &crate::json::Pointer, document: crate::json::Value<'_>) {
        match history::read(document, at) {
            Ok(records) => self.history = records,
            Err(malformed) => self.history_trouble = Some(malformed.to_string()),
        }
    }

    fn decide(&mut self, plan: &Plan<'_>, manifest: &Manifest<'_, '_>, now: Timestamp) {
        let route = match plan.decide(manifest) {
            Ok(Decision::Pending(route)) => route,
            Ok(Decision::Deferred { at, value, route }) => {
                self.deferred_by = Some((at, value));
                route
            }
            Ok(Decision::Current | Decision::Ahead) | Err(_) => return,
        };
        let transformed = transform(manifest, route, now);
        let changes = transformed.map(|migrated| migrated.changes);
        let mut changes = changes.unwrap_or_default().into_iter();
        let legs = route.migrations().iter().map(|migration| Leg {
            from: migration.from.clone(),
            to: migration.to.clone(),
            summary: migration.summary.clone(),
            changes: changes.next().unwrap_or_default(),
        });
        self.route = legs.collect();
    }
}
