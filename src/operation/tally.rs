//! Keeping count: every event goes to the sinks through here, and the summary grows with it.
//!
//! Invariant: what was told is what was counted.

use std::collections::BTreeMap;
use std::io;

use super::survey::{Answer, Answers, Survey};
use crate::catalog::Route;
use crate::clock::Timestamp;
use crate::code::{Class, Code};
use crate::journal::{Record, RecordedPath, Settled};
use crate::path::TreePath;
use crate::report::{
    Diagnosis, Event, Outcome, RouteCount, Signal, Sink, Status, Stop, Summary, Verified, Watch,
};
use crate::selection::Tolerance;
use crate::storage::{Listing, Transaction};
use crate::version::Version;

/// So many warnings of one code about manifests are told.
const MOST_WARNINGS: u64 = 20;

/// Counts, and passes on.
pub(super) struct Tally<'s> {
    sink: &'s mut dyn Sink,
    pub(super) summary: Summary,
    routes: BTreeMap<(Version, Version, Vec<Version>), u64>,
    answers: Answers,
    /// What the sink said when it could not take more.
    broken: Option<io::Error>,
    /// Whether a signal ended the listing, so that there may be more than was found.
    pub(super) listing_ended_early: bool,
    /// How often each code was warned of, of manifests.
    warned: BTreeMap<Code, u64>,
}

impl<'s> Tally<'s> {
    pub(super) fn new(sink: &'s mut dyn Sink, survey: &Survey) -> Self {
        Self {
            sink,
            summary: Summary::default(),
            routes: BTreeMap::new(),
            answers: Answers::new(survey),
            broken: None,
            listing_ended_early: false,
            warned: BTreeMap::new(),
        }
    }

    /// Whether nobody can hear what happens any more.
    pub(super) fn is_broken(&self) -> bool {
        self.broken.is_some()
    }

    pub(super) fn tell(&mut self, event: &Event<'_>) {
        if self.broken.is_none() {
            self.broken = self.sink.event(event).err();
        }
    }

    /// The operation has an id from now on.
    pub(super) fn began(&mut self, operation: &str) {
        if self.summary.operation.is_none() {
            self.summary.operation = Some(operation.to_owned());
            self.tell(&Event::Began { operation });
        }
    }

    pub(super) fn recovered(&mut self, (notices, rescued): (Vec<Diagnosis>, u64)) {
        self.summary.rescued += rescued;
        for notice in &notices {
            self.tell(&Event::Warning(notice));
        }
    }

    pub(super) fn listed(&mut self, listing: &Listing) {
        let counts = &mut self.summary.counts;
        counts.found = listing.found;
        counts.excluded = listing.excluded;
        counts.aliases = listing.aliases;
        counts.dangling = listing.dangling;
        counts.outside = listing.outside;
        counts.directories_failed = listing.directories_failed.len() as u64;
        for notice in &listing.directories_failed {
            self.tell(&Event::DirectoryFailed(notice));
        }
        for notice in &listing.warnings {
            self.tell(&Event::Warning(notice));
        }
        self.tell(&Event::Listed {
            manifests: listing.manifests.len() as u64,
        });
    }

    /// A first pass has looked at so many manifests; these directories it could not list.
    pub(super) fn judged(&mut self, manifests: u64, unlisted: &[Diagnosis]) {
        self.summary.judged = Some(manifests);
        self.summary.counts.directories_failed += unlisted.len() as u64;
        for notice in unlisted {
            self.tell(&Event::DirectoryFailed(notice));
        }
    }

    /// What an operation without a listing has chosen from journals.
    pub(super) fn chosen(&mut self, found: u64, excluded: u64, manifests: u64) {
        self.summary.counts.found = found;
        self.summary.counts.excluded = excluded;
        self.tell(&Event::Listed { manifests });
    }

    /// Takes one outcome in, in path order.
    pub(super) fn outcome(
        &mut self,
        outcome: &Outcome,
        route: Option<&Route>,
        modified: Option<i64>,
    ) {
        self.count(outcome, route, modified);
        self.tell(&Event::Outcome(outcome));
    }

    /// Takes one manifest in that was proved, in path order.
    pub(super) fn verified(
        &mut self,
        verified: &Verified,
        route: Option<&Route>,
        modified: Option<i64>,
    ) {
        self.count(&verified.outcome, route, modified);
        for finding in &verified.findings {
            self.count_finding(finding.code);
        }
        self.tell(&Event::Verified(verified));
    }

    /// Takes a finding in that is about no manifest.
    pub(super) fn found(&mut self, finding: Diagnosis) {
        self.found_at(None, finding);
    }

    /// Takes a finding in about a place where no manifest is.
    pub(super) fn found_at(&mut self, path: Option<TreePath>, finding: Diagnosis) {
        self.count_finding(finding.code);
        self.tell(&Event::Finding(&Diagnosis {
            code: finding.code,
            path,
            message: finding.message,
        }));
    }

    fn count_finding(&mut self, code: Code) {
        let counts = match code.class() {
            Class::Note | Class::Warning => &mut self.summary.notes,
            _ => &mut self.summary.findings,
        };
        *counts.get_or_insert_default().entry(code).or_default() += 1;
    }

    fn count(&mut self, outcome: &Outcome, route: Option<&Route>, modified: Option<i64>) {
        self.summary.counts.add(outcome.status);
        if let Some(version) = &outcome.from {
            match self.summary.versions.get_mut(version) {
                Some(count) => *count += 1,
                None => drop(self.summary.versions.insert(version.clone(), 1)),
            }
        }
        if let (Status::Pending | Status::Migrated, Some(route)) = (outcome.status, route) {
            let via = route.via().into_iter().cloned().collect();
            *self
                .routes
                .entry((route.from().clone(), route.to().clone(), via))
                .or_default() += 1;
        }
        if let (Status::Deferred, Some(modified)) = (outcome.status, modified) {
            let oldest = &mut self.summary.oldest_deferred;
            if oldest.as_ref().is_none_or(|(_, so_far)| modified < *so_far) {
                *oldest = Some((outcome.path.clone(), modified));
            }
        }
    }

    /// Takes in what one manifest answers to the survey.
    pub(super) fn answer(&mut self, answer: Answer) {
        self.answers.add(answer);
    }

    /// The stop that too many manifests in trouble are, counted so far.
    pub(super) fn too_many(&self, most: Option<Tolerance>) -> Option<Stop> {
        let counts = &self.summary.counts;
        let (trouble, looked_at) = (counts.trouble(), counts.selected);
        let is_exceeded = most?.is_exceeded(trouble, looked_at);
        is_exceeded.then(|| {
            let message =
                format!("{trouble} of {looked_at} manifests were refused, failed or in conflict");
            Stop::new(Code::TooManyFailures, message)
        })
    }

    /// Tells what somebody should know of a manifest, but not the same over and over.
    pub(super) fn warn(&mut self, notice: &Diagnosis) {
        let count = self.warned.entry(notice.code).or_default();
        *count += 1;
        if *count <= MOST_WARNINGS {
            self.tell(&Event::Warning(notice));
        }
    }

    /// Tells how much more there was to warn of.
    fn tell_unshown(&mut self) {
        for (code, count) in std::mem::take(&mut self.warned) {
            if count > MOST_WARNINGS {
                let message = format!("{count} such warnings, of which {MOST_WARNINGS} are shown");
                self.tell(&Event::Warning(&Diagnosis {
                    code,
                    path: None,
                    message,
                }));
            }
        }
    }

    /// Tells what could not be recorded at the end.
    pub(super) fn ended(&mut self, notices: &[Diagnosis]) {
        for notice in notices {
            self.tell(&Event::Warning(notice));
        }
    }

    /// Says why it is over: stopped, by a signal, or done. The last event follows; gives the summary.
    pub(super) fn conclude(
        self,
        stop: Option<Stop>,
        watch: &dyn Watch,
        waits: bool,
        now: Timestamp,
    ) -> Summary {
        // A signal that came when all was done ended nothing.
        let ended_early = self.listing_ended_early || self.summary.counts.not_attempted > 0;
        // Nor does a lock that somebody else holds end an operation that would have waited for it.
        let gave_up_waiting = waits && stop.as_ref().is_some_and(|stop| stop.code == Code::Locked);
        let signal = watch.signal().filter(|_| ended_early || gave_up_waiting);
        let stop = stop.filter(|_| !gave_up_waiting || signal.is_none());
        self.finish(stop, signal, now)
    }

    /// The last event; gives the summary.
    fn finish(mut self, stop: Option<Stop>, signal: Option<Signal>, now: Timestamp) -> Summary {
        self.tell_unshown();
        let routes = std::mem::take(&mut self.routes).into_iter();
        let routes = routes.map(|((from, to, via), count)| RouteCount {
            from,
            to,
            via,
            count,
        });
        self.summary.routes = routes.collect();
        self.summary.survey = self.answers.result();
        self.summary.finished_at = Some(now);
        self.summary.signal = signal;
        self.summary.stop = stop;
        if let (None, Some(error)) = (&self.summary.stop, &self.broken) {
            self.summary.stop = Some(Stop::new(
                Code::OutputFailed,
                format!("cannot write the report: {error}"),
            ));
        }
        let mut summary = self.summary;
        if self.broken.is_none()
            && let Err(error) = self.sink.event(&Event::Finished(&summary))
        {
            let broken = || {
                Stop::new(
                    Code::OutputFailed,
                    format!("cannot write the report: {error}"),
                )
            };
            summary.stop.get_or_insert_with(broken);
        }
        summary
    }
}

/// The sink that keeps the journal: what came of each manifest that had an intent.
pub(super) struct JournalSink<'t, T>(pub(super) &'t T);

impl<T: Transaction> Sink for JournalSink<'_, T> {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        if let Event::Outcome(outcome) = event {
            let version = |version: &Option<Version>| version.as_ref().map(ToString::to_string);
            self.0.append(&Record::Result(Settled {
                path: RecordedPath::new(&outcome.path),
                outcome: outcome.status.as_str().to_owned(),
                backup: outcome.backup.clone(),
                code: outcome
                    .trouble
                    .as_ref()
                    .map(|trouble| trouble.code.to_string()),
                from_version: version(&outcome.from),
                to_version: version(&outcome.to),
            }));
        }
        Ok(())
    }
}
