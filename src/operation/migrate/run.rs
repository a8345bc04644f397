//! The pass over the tree: finds and visits manifests in groups, waits for the answers and reports them.
//!
//! Invariant: outcomes are reported in path order, and `migrated` only after the storage has confirmed durability. At most one further group is in flight.

use std::collections::VecDeque;
use std::slice;

use super::execution::{Execution, check_catalog};
use super::facts::FirstPassFacts;
use super::first_pass::FirstPass;
use super::options::{Detail, Migrate};
use super::visit::{Mode, VisitedManifest, Visitor};
use crate::catalog::Catalog;
use crate::code::Code;
use crate::engine::Plan;
use crate::journal::{Command, RulesTaken};
use crate::operation::find::Finder;
use crate::operation::frame::{Frame, Writing};
use crate::operation::scope::Scope;
use crate::operation::tally::Tally;
use crate::operation::walk::{Found, Visit};
use crate::report::{Enforcement, Outcome, Sink, Status, Stop, Summary};
use crate::storage::Answer;

/// The size of a group if nothing is written: directories, or named manifests.
const GROUP_OF_READS: usize = 1024;
const GROUP_OF_DIFFERENCES: usize = 256;
/// The size of a group if manifests are replaced, which a storage may flush together.
const GROUP_OF_WRITES: usize = 4096;

/// Migrates the selected manifests of a tree, or reports what a migration would do.
///
/// After a signal the current group is finished and the rest is not visited. The summary has the result, even after a stop ([`Summary::stop`]).
pub fn migrate(frame: &Frame<'_>, options: &Migrate, sink: &mut dyn Sink) -> Summary {
    let mut tally = Tally::new(sink, &options.survey);
    tally.summary.rules = options.rules;
    let target = options.target();
    let latest = frame.catalog.latest();
    tally.start(&frame.head(target.as_ref().or(latest)));
    let ended = run(frame, options, &mut tally);
    frame.conclude(tally, ended)
}

pub(in crate::operation) fn plan_of<'c>(
    catalog: &'c Catalog,
    options: &Migrate,
) -> Result<Plan<'c>, Stop> {
    let include_running = options.include_running || options.plan.is_some();
    let plan = Plan::new(catalog, options.target(), include_running)?;
    Ok(if options.allow_downgrade {
        plan.allowing_downgrade()
    } else {
        plan
    })
}

fn run(frame: &Frame<'_>, options: &Migrate, tally: &mut Tally<'_>) -> Result<(), Stop> {
    if let Some(planned) = &options.plan {
        check_catalog(planned, frame.catalog)?;
    }
    let first_pass = FirstPass::new(frame, options)?;
    let plan = plan_of(frame.catalog, options)?;
    let scope = Scope::of(frame.catalog, &options.narrow(&frame.request.selection))?;
    let execution = options.plan.as_ref().map(Execution::new);
    let run = MigrateRun {
        frame,
        options,
        scope: &scope,
        plan: &plan,
        execution: execution.as_ref(),
        first_pass: first_pass.as_ref(),
    };
    let mut opening = frame.opening(Command::Migrate);
    opening.target_version = plan.target().cloned();
    opening.rules = (options.rules == Enforcement::Warn).then_some(RulesTaken::Warn);
    frame.write(opening, tally, |writing, tally| {
        if writing.is_none() {
            frame.warn_of_unfinished(tally);
        }
        let mode = match writing {
            Some(writing) => Mode::Write(writing),
            None if frame.request.dry_run => Mode::DryRun(options.detail),
            None => Mode::Preview,
        };
        run.passes(mode, tally)
    })
}

struct MigrateRun<'r> {
    frame: &'r Frame<'r>,
    options: &'r Migrate,
    scope: &'r Scope<'r>,
    plan: &'r Plan<'r>,
    execution: Option<&'r Execution>,
    first_pass: Option<&'r FirstPass<'r>>,
}

impl MigrateRun<'_> {
    /// Runs the first pass, if one is needed, and the pass. Returns true if something is to be written.
    fn passes(&self, mode: Mode<'_>, tally: &mut Tally<'_>) -> Result<bool, Stop> {
        let Some(first_pass) = self.first_pass else {
            return self.pass(mode, None, tally);
        };
        let visitor = self.visitor(None);
        let pass_facts = first_pass.run(&visitor, self.scope)?;
        tally.first_pass(
            pass_facts.number(),
            pass_facts.unlisted(),
            pass_facts.unread(),
        );
        // After a signal the first pass is incomplete: the pass reports the rest as not attempted.
        let is_complete = self.frame.watch.signal().is_none();
        if is_complete && let Some(stop) = pass_facts.halted(self.options.max_failures) {
            self.report_halted(&pass_facts, tally)?;
            return Err(stop);
        }
        if is_complete && matches!(mode, Mode::Preview) && pass_facts.is_to_be_written() {
            return Ok(true);
        }
        self.pass(mode, Some(&pass_facts), tally)
    }

    fn visitor<'v>(&'v self, pass_facts: Option<&'v FirstPassFacts>) -> Visitor<'v> {
        Visitor {
            execution: self.execution,
            pass_facts,
            ..Visitor::new(self.frame, self.options, self.plan)
        }
    }

    /// Reports the trouble of each manifest if nothing is written because of it.
    fn report_halted(
        &self,
        pass_facts: &FirstPassFacts,
        tally: &mut Tally<'_>,
    ) -> Result<(), Stop> {
        let mut finder = Finder::new(self.frame, self.scope)?;
        let troubled = |visit: &Visit<'_>, _: &mut Vec<u8>| match pass_facts.trouble(visit.path) {
            Some(trouble) => Outcome::troubled(visit.path.clone(), trouble.clone()),
            None => Outcome::new(visit.path.clone(), Status::NotAttempted),
        };
        let reported = finder.for_each(GROUP_OF_READS, &troubled, |found| {
            // Behind a limit nothing was selected.
            let outcome = found.manifest(tally);
            if let Some(outcome) = outcome.filter(|one| pass_facts.selects(&one.path)) {
                tally.outcome(outcome, None, None);
            }
            true
        });
        tally.found_so_far(finder.counts);
        reported
    }

    /// Finds, visits and reports. Returns true if something is to be written.
    fn pass(
        &self,
        mode: Mode<'_>,
        pass_facts: Option<&FirstPassFacts>,
        tally: &mut Tally<'_>,
    ) -> Result<bool, Stop> {
        let visitor = self.visitor(pass_facts);
        let mut pass = Pass {
            run: self,
            mode,
            visitor: &visitor,
            finder: Finder::new(self.frame, self.scope)?,
            waiting: VecDeque::new(),
            wanted: self.frame.request.selection.limit,
            stop: None,
            is_to_be_written: false,
        };
        pass.all(tally);
        let stop = pass.stop.take();
        let is_to_be_written = pass.is_to_be_written;
        let has_failed = stop.as_ref().map(|stop| stop.code) == Some(Code::StorageFailed);
        if !is_to_be_written && (has_failed || self.frame.must_end(tally)) {
            pass.report_unvisited(tally);
        }
        if let Some(stop) = stop {
            return Err(stop);
        }
        let foreign = self
            .execution
            .and_then(|execution| execution.foreign(&tally.summary.counts));
        match foreign {
            Some(stop) if !is_to_be_written => Err(stop),
            _ => Ok(is_to_be_written),
        }
    }
}

type FoundManifest<'p> = Found<VisitedManifest<'p>>;

struct Pass<'p> {
    run: &'p MigrateRun<'p>,
    mode: Mode<'p>,
    visitor: &'p Visitor<'p>,
    finder: Finder<'p, VisitedManifest<'p>>,
    /// Groups of which not all answers may be there, in path order.
    waiting: VecDeque<Vec<FoundManifest<'p>>>,
    /// The number of pending manifests up to the limit.
    wanted: Option<u64>,
    stop: Option<Stop>,
    is_to_be_written: bool,
}

impl<'p> Pass<'p> {
    fn report_unvisited(mut self, tally: &mut Tally<'_>) {
        let is_limited = self.wanted == Some(0);
        let (directories, named) = self.finder.rest();
        tally.found_so_far(self.finder.counts);
        tally.unvisited(directories);
        for path in named.into_iter().filter(|_| !is_limited) {
            tally.outcome(Outcome::new(path, Status::NotAttempted), None, None);
        }
    }

    fn all(&mut self, tally: &mut Tally<'_>) {
        loop {
            self.note_failure(tally);
            self.finder.end_if(tally.output_failed());
            let found = match self.next_group() {
                Ok(found) => found,
                // Manifests that were handed over are reported anyway.
                Err(stop) => {
                    self.stop.get_or_insert(stop);
                    None
                }
            };
            tally.found_so_far(self.finder.counts);
            if self.is_to_be_written {
                return;
            }
            let is_last = found.is_none();
            self.waiting.extend(found);
            let in_flight = usize::from(!is_last && self.writing().is_some());
            while self.waiting.len() > in_flight {
                self.report_first(tally);
            }
            if is_last {
                return;
            }
        }
    }

    fn writing(&self) -> Option<&'p Writing> {
        match self.mode {
            Mode::Write(writing) => Some(writing),
            Mode::DryRun(_) | Mode::Preview => None,
        }
    }

    fn note_failure(&mut self, tally: &mut Tally<'_>) {
        if let Some(writing) = self.writing() {
            self.stop = self.stop.take().or_else(|| writing.failure());
            tally.began(writing.operation());
        }
    }

    fn group(&self) -> usize {
        match self.mode {
            Mode::DryRun(Detail::Differences) => GROUP_OF_DIFFERENCES,
            Mode::DryRun(_) | Mode::Preview => GROUP_OF_READS,
            Mode::Write(_) => GROUP_OF_WRITES,
        }
    }

    /// With a limit, manifests are decided first, and only those up to the limit are transformed. After it nothing is selected, only found.
    fn next_group(&mut self) -> Result<Option<Vec<FoundManifest<'p>>>, Stop> {
        let is_after_limit = self.wanted == Some(0);
        if self.stop.is_some() && !is_after_limit {
            return self.counted_group();
        }
        let (visitor, mode) = (self.visitor, self.mode);
        let watch = self.run.frame.watch;
        let first_mode = match self.wanted {
            Some(_) => Mode::DryRun(Detail::Versions),
            None => mode,
        };
        let visit_first = |visit: &Visit<'_>, buffer: &mut Vec<u8>| {
            if is_after_limit {
                return VisitedManifest::not_attempted(visit.path);
            }
            let visited = visitor.visit(visit, first_mode, buffer);
            watch.looked_at();
            visited
        };
        let Some(mut found) = self.finder.next(self.group(), &visit_first)? else {
            return Ok(None);
        };
        if let Some(left) = &mut self.wanted {
            limit(&mut found, left);
            let visit =
                |visit: &Visit<'_>, buffer: &mut Vec<u8>| visitor.visit(visit, mode, buffer);
            self.finder.visit_again(&mut found, &visit, |visited| {
                let is_pending = visited.outcome.status == Status::Pending;
                is_pending.then(|| visited.outcome.path.clone())
            });
        }
        self.note_pending(&mut found);
        Ok(Some(found))
    }

    /// After a stop the rest is only counted, including the manifests that were decided but not transformed.
    fn counted_group(&mut self) -> Result<Option<Vec<FoundManifest<'p>>>, Stop> {
        let not_attempted =
            |visit: &Visit<'_>, _: &mut Vec<u8>| VisitedManifest::not_attempted(visit.path);
        let mut found = self.finder.next(GROUP_OF_READS, &not_attempted)?;
        if self.wanted.is_some() {
            take_back(found.as_deref_mut().unwrap_or_default());
        }
        Ok(found)
    }

    /// A preview without the lock ends at the first manifest to be written, or at a signal.
    fn note_pending(&mut self, found: &mut [FoundManifest<'p>]) {
        if !matches!(self.mode, Mode::Preview) {
            return;
        }
        if self.run.frame.watch.signal().is_some() {
            return take_back(found);
        }
        self.is_to_be_written |= found.iter().any(|one| matches!(one, Found::Manifest(visited) if visited.outcome.status == Status::Pending));
    }

    fn report_first(&mut self, tally: &mut Tally<'_>) {
        let Some(group) = self.waiting.pop_front() else {
            return;
        };
        let visitor = Visitor {
            keeps_all: true,
            ..*self.visitor
        };
        let visit =
            |visit: &Visit<'_>, buffer: &mut Vec<u8>| visitor.visit(visit, self.mode, buffer);
        for mut one in group {
            let postponed = |visited: &VisitedManifest<'p>| {
                let path = &visited.outcome.path;
                visited.is_postponed.then(|| path.clone())
            };
            self.finder
                .visit_again(slice::from_mut(&mut one), &visit, postponed);
            if let Some(visited) = one.manifest(tally) {
                let kept_bytes = visited.kept_bytes;
                report(visited, self.writing(), tally);
                self.run.frame.unreserve(kept_bytes);
            }
        }
        self.note_failure(tally);
        let too_many = || tally.too_many(self.run.options.max_failures);
        self.stop = self.stop.take().or_else(too_many);
    }
}

/// Drops the manifests after the last pending one that is wanted; `left` counts down.
fn limit(found: &mut Vec<FoundManifest<'_>>, left: &mut u64) {
    found.retain(|one| match one {
        Found::Manifest(visited) => {
            let is_within = *left > 0;
            let is_pending = visited.outcome.status == Status::Pending;
            *left -= u64::from(is_within && is_pending);
            is_within
        }
        Found::Warning(_) | Found::DirectoryFailed(_) => true,
    });
}

fn take_back(found: &mut [FoundManifest<'_>]) {
    for one in found {
        if let Found::Manifest(visited) = one
            && visited.outcome.status == Status::Pending
            && visited.answer.is_none()
        {
            *visited = VisitedManifest::not_attempted(&visited.outcome.path);
        }
    }
}

fn report(visited: VisitedManifest<'_>, writing: Option<&Writing>, tally: &mut Tally<'_>) {
    for warning in &visited.warnings {
        tally.warn(warning);
    }
    if let Some(answer) = visited.survey {
        tally.answer(*answer);
    }
    let asked = writing.zip(visited.answer);
    let outcome = match asked.map(|(writing, answer)| writing.answer(&answer)) {
        None => visited.outcome,
        Some(Answer::Done(backup)) => Outcome {
            status: Status::Migrated,
            backup: backup.clone(),
            ..visited.outcome
        },
        Some(Answer::NotAttempted) => Outcome {
            from: visited.outcome.from,
            ..Outcome::new(visited.outcome.path, Status::NotAttempted)
        },
        Some(Answer::Not(diagnosis)) => Outcome {
            from: visited.outcome.from,
            ..Outcome::troubled(visited.outcome.path, diagnosis)
        },
    };
    tally.outcome(outcome, visited.route, visited.modified);
}
