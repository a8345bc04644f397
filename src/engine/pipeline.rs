//! The pipeline: what becomes of one manifest, as far as the caller wants to know.
//! Invariant: the same manifest comes to the same, wherever the pipeline stops.

use super::decide::{Decision, Plan};
use super::manifest::Manifest;
use super::rules::{Failure, Verdict, check_after, check_before, consequence};
use super::transform::{Migrated, check_transform, transform_inspected};
use crate::catalog::Route;
use crate::clock::Timestamp;
use crate::code::Code;
use crate::json::{Pointer, Value};
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
}

pub(crate) trait Inspector {
    /// Sees a manifest that is pending, before it is checked and transformed.
    fn pending(
        &mut self,
        manifest: &Manifest<'_, '_>,
        verdicts: &mut Verdicts,
    ) -> Result<Checks, Diagnosis> {
        let (_, _) = (manifest, verdicts);
        Ok(Checks::All)
    }

    fn result(&mut self, manifest: &Manifest<'_, '_>, route: &Route, after: Value<'_>) {
        let (_, _, _) = (manifest, route, after);
    }
}

impl Inspector for () {}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Checks {
    All,
    /// None: this very text passed them before, and there was nothing to say.
    Passed,
}

#[derive(Debug)]
pub(crate) struct Product<'p> {
    /// Current, ahead, deferred or pending; refused or failed with the diagnosis.
    pub status: Status,
    /// The route of a pending manifest, also of one that is refused on its way.
    pub route: Option<&'p Route>,
    pub trouble: Option<Diagnosis>,
    /// The member that says that a writer still has it, and its value.
    pub deferred_by: Option<(Pointer, String)>,
    /// Violations that are only warnings.
    pub warnings: Vec<(Code, String)>,
    pub halts: bool,
    pub migrated: Option<Migrated>,
}

impl<'p> Pipeline<'p> {
    pub(crate) fn run(
        &self,
        manifest: &Manifest<'_, '_>,
        until: Until,
        inspector: &mut dyn Inspector,
    ) -> Product<'p> {
        let mut product = Product {
            status: Status::Pending,
            route: None,
            trouble: None,
            deferred_by: None,
            warnings: Vec::new(),
            halts: false,
            migrated: None,
        };
        let route = match self.plan.decide(manifest) {
            Ok(Decision::Pending(route)) => route,
            Ok(Decision::Current) => return product.with(Status::Current),
            Ok(Decision::Ahead) => return product.with(Status::Ahead),
            Ok(Decision::Deferred { at, value }) => {
                product.deferred_by = Some((at, value));
                return product.with(Status::Deferred);
            }
            Err(refusal) => return product.refused(Diagnosis::from(&refusal)),
        };
        product.route = Some(route);
        if until == Until::Decided {
            return product;
        }
        let mut verdicts = Verdicts::new(self.rules);
        let transformed = self.transform(manifest, route, until, inspector, &mut verdicts);
        product.halts = verdicts.halts;
        product.warnings = verdicts.warnings;
        match transformed {
            Ok(migrated) => {
                product.migrated = migrated;
                product
            }
            Err(diagnosis) => product.refused(diagnosis),
        }
    }

    fn transform(
        &self,
        manifest: &Manifest<'_, '_>,
        route: &Route,
        until: Until,
        inspector: &mut dyn Inspector,
        verdicts: &mut Verdicts,
    ) -> Result<Option<Migrated>, Diagnosis> {
        let checks = inspector.pending(manifest, verdicts)?;
        let result = |after: Value<'_>| inspector.result(manifest, route, after);
        let text = (until == Until::Transformed).then_some(self.now);
        transform_checked(manifest, route, text, checks, verdicts, result)
            .map_err(|refusal| Diagnosis::from(&refusal))
    }
}

/// Transforms a manifest between the checks before and after. The new text is given if there is a clock for its record.
pub(crate) fn transform_checked(
    manifest: &Manifest<'_, '_>,
    route: &Route,
    now: Option<Timestamp>,
    checks: Checks,
    verdicts: &mut Verdicts,
    result: impl FnOnce(Value<'_>),
) -> Result<Option<Migrated>, Refusal> {
    let (kind, document) = (manifest.kind(), manifest.document());
    if checks == Checks::All {
        verdicts.take(check_before(kind, manifest.version(), document))?;
    }
    let inspect = |after: Value<'_>| {
        if checks == Checks::All {
            verdicts.take(check_after(kind, route.to(), document, after))?;
        }
        result(after);
        Ok(())
    };
    match now {
        Some(now) => transform_inspected(manifest, route, now, inspect).map(Some),
        None => check_transform(manifest, route, inspect).map(|()| None),
    }
}

impl Product<'_> {
    fn with(self, status: Status) -> Self {
        Self { status, ..self }
    }

    fn refused(self, diagnosis: Diagnosis) -> Self {
        Self {
            status: diagnosis.status(),
            trouble: Some(diagnosis),
            ..self
        }
    }
}

#[derive(Debug)]
pub(crate) struct Verdicts {
    rules: Enforcement,
    warnings: Vec<(Code, String)>,
    halts: bool,
}

impl Verdicts {
    pub(crate) fn new(rules: Enforcement) -> Self {
        Self {
            rules,
            warnings: Vec::new(),
            halts: false,
        }
    }

    pub(crate) fn take(&mut self, verdict: Verdict) -> Result<(), Refusal> {
        self.take_failures(verdict.failures)?;
        for at in verdict.beyond_range {
            let message = format!("`{at}` is beyond the range of doubles");
            self.warn(Code::NumberBeyondRange, message);
        }
        Ok(())
    }

    /// Takes failures: the first that is not only warned of refuses, one that halts before others.
    pub(crate) fn take_failures(
        &mut self,
        failures: impl IntoIterator<Item = Failure>,
    ) -> Result<(), Refusal> {
        let mut refusal = None;
        for failure in failures {
            match consequence(failure.on_failure, self.rules) {
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
