//! The pipeline: what becomes of one manifest, as far as the caller wants to know.
//! Invariant: the same manifest comes to the same, wherever the pipeline stops.

use super::decide::{Decision, Plan};
use super::manifest::Manifest;
use super::rules::{Failure, Verdict, check_after, check_before, consequence};
use super::transform::{Migrated, RecordStamp, transform_inspected};
use super::tree_rules::{DocumentFacts, Moment, TreeRules};
use crate::catalog::Route;
use crate::clock::Timestamp;
use crate::code::Code;
use crate::effort::{Effort, EffortLimits};
use crate::json::Value;
use crate::refusal::Refusal;
use crate::report::{Diagnosis, Enforcement, Status};
use crate::rule::OnFailure;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Until {
    Decided,
    /// The answer whether it may be migrated; its new text is made and thrown away, without checksums.
    Checked,
    Transformed,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Pipeline<'p> {
    pub plan: &'p Plan<'p>,
    pub now: Timestamp,
    pub rules: Enforcement,
    pub effort: EffortLimits<'p>,
    /// The rules over the tree, in a first pass, which collects facts for them.
    pub tree: Option<&'p TreeRules<'p>>,
}

/// The findings of a first pass about a pending manifest.
#[derive(Debug, Default)]
pub(crate) struct PendingFacts<'f> {
    /// Rules over the tree that do not hold because of it.
    pub failures: &'f [Failure],
    /// True if this very text passed schemas and rules, and there was nothing to say.
    pub has_passed: bool,
}

#[derive(Debug)]
pub(crate) struct Product<'p> {
    /// Current, ahead, deferred or pending; refused or failed with the diagnosis.
    pub status: Status,
    /// The route of a pending manifest, also of one that is refused on its way.
    pub route: Option<&'p Route>,
    pub trouble: Option<Diagnosis>,
    pub verdicts: Verdicts<'p>,
    pub migrated: Option<Migrated>,
}

impl<'p> Pipeline<'p> {
    /// Takes a manifest on. A pending one must be admitted before it is checked and transformed.
    pub(crate) fn run<'f>(
        &self,
        manifest: &Manifest<'_, '_>,
        until: Until,
        admit: impl FnOnce() -> Result<PendingFacts<'f>, Diagnosis>,
    ) -> Product<'p> {
        let mut product = self.decide(manifest);
        if let Some(route) = product.route
            && until > Until::Decided
        {
            let stamp = match until {
                Until::Transformed => RecordStamp::real(self.now),
                Until::Checked | Until::Decided => RecordStamp::placeholder(),
            };
            let verdicts = &mut product.verdicts;
            let effort = self.effort.of(manifest.text().as_str().len());
            let transformed = admit().and_then(|facts| {
                let taken = verdicts.take_first_pass(&facts);
                let transformed = taken
                    .and_then(|()| transform_checked(manifest, route, (&stamp, &effort), verdicts));
                transformed.map_err(|refusal| Diagnosis::from(&refusal))
            });
            match transformed {
                Ok(migrated) if until == Until::Transformed => product.migrated = Some(migrated),
                Ok(_) => {}
                Err(diagnosis) => product.fail(diagnosis),
            }
        }
        if let Some(tree) = self.tree
            && product.status != Status::Pending
        {
            product.verdicts.facts = tree.at_rest(manifest);
        }
        product
    }

    /// Takes a manifest no further than the decision.
    pub(crate) fn decide(&self, manifest: &Manifest<'_, '_>) -> Product<'p> {
        let mut product = Product {
            status: Status::Pending,
            route: None,
            trouble: None,
            verdicts: Verdicts::new(self.rules, self.tree),
            migrated: None,
        };
        match self.plan.decide(manifest) {
            Ok(Decision::Current) => product.status = Status::Current,
            Ok(Decision::Ahead) => product.status = Status::Ahead,
            Ok(Decision::Deferred { .. }) => product.status = Status::Deferred,
            Ok(Decision::Pending(route)) => product.route = Some(route),
            Err(refusal) => product.fail(Diagnosis::from(&refusal)),
        }
        product
    }
}

/// Transforms a manifest between the checks before and after.
pub(crate) fn transform_checked(
    manifest: &Manifest<'_, '_>,
    route: &Route,
    (stamp, effort): (&RecordStamp, &Effort<'_>),
    verdicts: &mut Verdicts<'_>,
) -> Result<Migrated, Refusal> {
    verdicts.check_before(manifest, effort)?;
    let inspect = |after: Value<'_>| verdicts.check_after((manifest, route), after, effort);
    transform_inspected(manifest, route, (stamp, effort), inspect)
}

impl Product<'_> {
    fn fail(&mut self, diagnosis: Diagnosis) {
        self.status = diagnosis.status();
        self.trouble = Some(diagnosis);
    }
}

/// The verdicts of schemas and rules on one manifest, before and after.
#[derive(Debug)]
pub(crate) struct Verdicts<'p> {
    rules: Enforcement,
    tree: Option<&'p TreeRules<'p>>,
    has_passed: bool,
    /// Violations that are only warnings.
    pub warnings: Vec<(Code, String)>,
    pub halts: bool,
    /// The facts for the rules over the tree: as the manifest will be if it is pending, else as it is.
    pub facts: DocumentFacts,
}

impl<'p> Verdicts<'p> {
    pub(crate) fn new(rules: Enforcement, tree: Option<&'p TreeRules<'p>>) -> Self {
        Self {
            rules,
            tree,
            has_passed: false,
            warnings: Vec::new(),
            halts: false,
            facts: DocumentFacts::default(),
        }
    }

    fn take_first_pass(&mut self, facts: &PendingFacts<'_>) -> Result<(), Refusal> {
        self.has_passed = facts.has_passed;
        self.take_failures(facts.failures.iter().cloned())
    }

    fn check_before(
        &mut self,
        manifest: &Manifest<'_, '_>,
        effort: &Effort<'_>,
    ) -> Result<(), Refusal> {
        if let Some(tree) = self.tree {
            tree.collect(manifest, Moment::Before, &mut self.facts);
        }
        if self.has_passed {
            return Ok(());
        }
        let (kind, document) = (manifest.kind(), manifest.document());
        self.take(check_before(kind, manifest.version(), document, effort))
    }

    fn check_after(
        &mut self,
        (manifest, route): (&Manifest<'_, '_>, &Route),
        document: Value<'_>,
        effort: &Effort<'_>,
    ) -> Result<(), Refusal> {
        let version = route.to();
        if !self.has_passed {
            let (kind, before) = (manifest.kind(), manifest.document());
            self.take(check_after((kind, version), before, document, effort))?;
        }
        if let Some(tree) = self.tree {
            let moment = Moment::After { version, document };
            tree.collect(manifest, moment, &mut self.facts);
        }
        Ok(())
    }

    fn take(&mut self, verdict: Verdict) -> Result<(), Refusal> {
        self.take_failures(verdict.failures)?;
        for at in verdict.beyond_range {
            let message = format!("`{at}` is beyond the range of doubles");
            self.warn(Code::NumberBeyondRange, message);
        }
        Ok(())
    }

    /// Takes failures: the first that is not only warned of refuses, one that halts before others.
    fn take_failures(
        &mut self,
        failures: impl IntoIterator<Item = Failure>,
    ) -> Result<(), Refusal> {
        let mut refusal = None;
        for failure in failures {
            // What could not be checked is never migrated with a warning.
            let is_unchecked = matches!(failure.refusal, Refusal::TooCostly { .. });
            let rules = if is_unchecked {
                Enforcement::AsWritten
            } else {
                self.rules
            };
            match consequence(failure.on_failure, rules) {
                OnFailure::Warn => self.warn(Code::RuleWarned, failure.refusal.to_string()),
                OnFailure::Halt if !self.halts => {
                    self.halts = true;
                    refusal = Some(failure.refusal);
                }
                OnFailure::Halt | OnFailure::Refuse => {
                    refusal.get_or_insert(failure.refusal);
                }
            }
        }
        refusal.map_or(Ok(()), Err)
    }

    fn warn(&mut self, code: Code, message: String) {
        let warning = (code, message);
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }
}
