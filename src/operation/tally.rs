//! Counts events into the summary and passes them to the sinks.
//!
//! Before the lock is taken, events may be held back: they are reported only if nothing is to be written.
//!
//! Invariant: exactly the reported events are counted.

use std::collections::BTreeMap;
use std::io;
use std::mem;
use std::sync::Arc;

use super::accept::{self, Acceptance, Judgement, StateFinding};
use super::survey::{Answers, Survey, SurveyedManifest};
use crate::catalog::Route;
use crate::clock::Timestamp;
use crate::code::{Class, Code};
use crate::digest::Digest;
use crate::journal::{Accepted, OperationId};
use crate::path::TreePath;
use crate::report::{
    Backup, Diagnosis, Event, Fate, Outcome, RouteCount, Signal, Sink, Start, Status, Stop,
    Summary, Verified,
};
use crate::selection::Tolerance;
use crate::storage::Recovery;
use crate::version::Version;

const MAX_WARNINGS: u64 = 20;

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct FoundCounts {
    pub(super) found: u64,
    pub(super) excluded: u64,
    pub(super) aliases: u64,
    pub(super) dangling: u64,
    pub(super) outside: u64,
}

impl FoundCounts {
    pub(super) fn add(&mut self, other: &Self) {
        self.found += other.found;
        self.excluded += other.excluded;
        self.aliases += other.aliases;
        self.dangling += other.dangling;
        self.outside += other.outside;
    }
}

pub(super) struct Tally<'s> {
    sink: &'s mut dyn Sink,
    pub(super) summary: Summary,
    routes: BTreeMap<(Version, Version, Vec<Version>), u64>,
    survey: Survey,
    answers: Answers,
    /// The number of warnings about manifests by code.
    warned: BTreeMap<Code, u64>,
    acceptance: Acceptance,
    /// True if a signal ended the search, so that there may be more than was found.
    pub(super) ended_early: bool,
    /// The error of the sink, after which it gets no more events.
    output_error: Option<io::Error>,
    /// The events that are held back.
    buffered: Option<Vec<Buffered>>,
    /// The versions that outcomes which are held name, each once.
    versions: Vec<Arc<Version>>,
}

/// An event that is held back. Most are of manifests with nothing to do, of which only path, status and version are known.
enum Buffered {
    Plain(TreePath, Status, Option<Arc<Version>>),
    Outcome(Box<Outcome>),
    Warning(Box<Diagnosis>),
    DirectoryFailed(Box<Diagnosis>),
    Backup(Box<Backup>),
    Verified(Box<Verified>),
    Finding(Box<Diagnosis>),
}

impl<'s> Tally<'s> {
    pub(super) fn new(sink: &'s mut dyn Sink, survey: &Survey) -> Self {
        Self {
            sink,
            summary: Summary::default(),
            routes: BTreeMap::new(),
            survey: survey.clone(),
            answers: Answers::new(survey),
            warned: BTreeMap::new(),
            acceptance: Acceptance::default(),
            ended_early: false,
            output_error: None,
            buffered: None,
            versions: Vec::new(),
        }
    }

    pub(super) fn start(&mut self, head: &Start) {
        self.emit(&Event::Started(head));
    }

    pub(super) fn output_failed(&self) -> bool {
        self.output_error.is_some()
    }

    pub(super) fn output_stop(&self) -> Option<Stop> {
        self.output_error.as_ref().map(output_stop)
    }

    fn emit(&mut self, event: &Event<'_>) {
        if self.output_error.is_none() {
            self.output_error = self.sink.event(event).err();
        }
    }

    pub(super) fn start_buffering(&mut self) {
        self.buffered = Some(Vec::new());
    }

    pub(super) fn flush_buffered(&mut self) {
        for buffered in self.buffered.take().into_iter().flatten() {
            match buffered {
                Buffered::Plain(path, status, from) => {
                    let from = from.map(|version| (*version).clone());
                    let outcome = Outcome {
                        from,
                        ..Outcome::new(path, status)
                    };
                    self.emit(&Event::Outcome(&outcome));
                }
                Buffered::Outcome(outcome) => self.emit(&Event::Outcome(&outcome)),
                Buffered::Warning(diagnosis) => self.emit(&Event::Warning(&diagnosis)),
                Buffered::DirectoryFailed(diagnosis) => {
                    self.emit(&Event::DirectoryFailed(&diagnosis));
                }
                Buffered::Backup(backup) => self.emit(&Event::Backup(&backup)),
                Buffered::Verified(verified) => self.emit(&Event::Verified(&verified)),
                Buffered::Finding(finding) => self.emit(&Event::Finding(&finding)),
            }
        }
    }

    /// Drops the events that were held back, and all counts.
    pub(super) fn discard_buffered(&mut self) {
        self.buffered = None;
        self.summary = Summary {
            rules: self.summary.rules,
            ..Summary::default()
        };
        self.routes.clear();
        self.answers = Answers::new(&self.survey);
        self.warned.clear();
    }

    /// Reports the id of the operation once it has begun.
    pub(super) fn began(&mut self, operation: Option<&OperationId>) {
        if let (Some(operation), None) = (operation, &self.summary.operation) {
            self.summary.operation = Some(operation.clone());
            self.emit(&Event::Began { operation });
        }
    }

    pub(super) fn recovered(&mut self, recovery: &Recovery) {
        self.summary.rescued += recovery.rescued;
        self.summary.unknown_journals += recovery.unknown;
        for notice in &recovery.notices {
            self.emit(&Event::Warning(notice));
        }
    }

    pub(super) fn ended(&mut self, notice: &Diagnosis) {
        self.summary.rescued += u64::from(notice.code == Code::Rescued);
        self.emit(&Event::Warning(notice));
    }

    /// Adds the size of the first pass, and what it could not look at outside the selection.
    pub(super) fn first_pass(
        &mut self,
        manifests: u64,
        unlisted: &[Diagnosis],
        unread: &[Diagnosis],
    ) {
        self.summary.judged = Some(manifests);
        for notice in unread {
            self.emit(&Event::Warning(notice));
        }
        for diagnosis in unlisted {
            self.directory_failed(diagnosis.clone());
        }
    }

    pub(super) fn found_so_far(&mut self, found: FoundCounts) {
        let counts = &mut self.summary.counts;
        counts.found = found.found;
        counts.excluded = found.excluded;
        counts.aliases = found.aliases;
        counts.dangling = found.dangling;
        counts.outside = found.outside;
    }

    pub(super) fn unvisited(&mut self, directories: u64) {
        self.ended_early |= directories > 0;
        self.summary.unvisited = directories;
    }

    pub(super) fn directory_failed(&mut self, diagnosis: Diagnosis) {
        self.summary.counts.directories_failed += 1;
        match &mut self.buffered {
            Some(buffered) => buffered.push(Buffered::DirectoryFailed(Box::new(diagnosis))),
            None => self.emit(&Event::DirectoryFailed(&diagnosis)),
        }
    }

    pub(super) fn outcome(
        &mut self,
        outcome: Outcome,
        route: Option<&Route>,
        modified: Option<i64>,
    ) {
        self.count(&outcome, route, modified);
        if self.buffered.is_none() {
            return self.emit(&Event::Outcome(&outcome));
        }
        let buffered = if matches!(outcome.status, Status::Current | Status::Ahead) {
            let from = outcome.from.as_ref().map(|version| self.shared(version));
            Buffered::Plain(outcome.path, outcome.status, from)
        } else {
            Buffered::Outcome(Box::new(outcome))
        };
        self.buffered.get_or_insert_default().push(buffered);
    }

    fn shared(&mut self, version: &Version) -> Arc<Version> {
        if let Some(known) = self.versions.iter().find(|known| ***known == *version) {
            return Arc::clone(known);
        }
        let shared = Arc::new(version.clone());
        self.versions.push(Arc::clone(&shared));
        shared
    }

    /// Counts and reports a manifest with its findings; `raw` is the SHA-256 of its bytes. Findings that were accepted become notes.
    pub(super) fn verified(
        &mut self,
        mut verified: Verified,
        raw: Option<Digest>,
        facts: (Option<&Route>, Option<i64>),
    ) {
        self.count(&verified.outcome, facts.0, facts.1);
        let path = &verified.outcome.path;
        let mut is_open = false;
        for finding in &mut verified.findings {
            // What is compared of metadata has its own words, whatever the bytes are.
            let is_of_metadata = matches!(
                finding.code,
                Code::MetadataChanged | Code::BackupMetadataChanged | Code::HardLinked
            );
            let judged = self.acceptance.judge(&StateFinding {
                found: raw.filter(|_| !is_of_metadata),
                ..StateFinding::from(finding.clone().at(path.clone()))
            });
            is_open |= !finding.is_note() && judged == Judgement::Open;
            self.judged(finding, judged);
        }
        let is_troubled = verified.outcome.trouble.is_some();
        self.summary.excused += u64::from(is_troubled && !is_open);
        match &mut self.buffered {
            Some(buffered) => buffered.push(Buffered::Verified(Box::new(verified))),
            None => self.emit(&Event::Verified(&verified)),
        }
    }

    /// Counts a finding; one that was accepted becomes a note.
    fn judged(&mut self, finding: &mut Diagnosis, judged: Judgement) {
        match judged {
            Judgement::Open => {}
            Judgement::Accepting => *self.summary.accepted.get_or_insert_default() += 1,
            Judgement::Accepted => *finding = accept::note(finding),
        }
        self.count_finding(finding.code);
    }

    /// Begins the findings of a verification, with what was accepted before.
    pub(super) fn begin_findings(&mut self, acceptance: Acceptance, accepts: bool) {
        self.acceptance = acceptance;
        self.summary.findings = Some(BTreeMap::new());
        self.summary.notes = Some(BTreeMap::new());
        self.summary.accepted = accepts.then_some(0);
    }

    /// Takes the findings that are to be accepted.
    pub(super) fn take_accepted(&mut self) -> Vec<Accepted> {
        self.acceptance.take_new()
    }

    /// Counts what was to be accepted as open: it could not be recorded.
    pub(super) fn accept_nothing(&mut self) {
        self.summary.accepted = Some(0);
        self.summary.excused = 0;
    }

    pub(super) fn backup(&mut self, backup: &Backup) {
        self.ended_early |= backup.fate == Fate::NotAttempted;
        self.summary.backups_in_trouble += u64::from(backup.fate.is_trouble());
        match &mut self.buffered {
            Some(buffered) => buffered.push(Buffered::Backup(Box::new(backup.clone()))),
            None => self.emit(&Event::Backup(backup)),
        }
    }

    /// Counts and reports a finding that concerns no manifest that is there.
    pub(super) fn finding(&mut self, seen: impl Into<StateFinding>) {
        let mut seen = seen.into();
        let judged = self.acceptance.judge(&seen);
        self.judged(&mut seen.finding, judged);
        match &mut self.buffered {
            Some(buffered) => buffered.push(Buffered::Finding(Box::new(seen.finding))),
            None => self.emit(&Event::Finding(&seen.finding)),
        }
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

    pub(super) fn answer(&mut self, answer: SurveyedManifest) {
        self.answers.add(answer);
    }

    pub(super) fn too_many(&self, most: Option<Tolerance>) -> Option<Stop> {
        let counts = &self.summary.counts;
        too_many(most, counts.trouble(), counts.selected)
    }

    /// Reports a warning about a manifest, up to a limit for each code.
    pub(super) fn warn(&mut self, notice: &Diagnosis) {
        let count = self.warned.entry(notice.code).or_default();
        *count += 1;
        if *count > MAX_WARNINGS {
            return;
        }
        match &mut self.buffered {
            Some(buffered) => buffered.push(Buffered::Warning(Box::new(notice.clone()))),
            None => self.emit(&Event::Warning(notice)),
        }
    }

    fn warn_of_unshown(&mut self) {
        for (code, count) in mem::take(&mut self.warned) {
            if count > MAX_WARNINGS {
                let message = format!("{count} such warnings, of which {MAX_WARNINGS} are shown");
                self.emit(&Event::Warning(&Diagnosis::new(code, message)));
            }
        }
    }

    pub(super) fn was_cut_short(&self) -> bool {
        self.ended_early || self.summary.counts.not_attempted > 0
    }

    /// Reports the last event and returns the summary.
    pub(super) fn finish(
        mut self,
        stop: Option<Stop>,
        signal: Option<Signal>,
        now: Timestamp,
    ) -> Summary {
        self.warn_of_unshown();
        let routes = mem::take(&mut self.routes).into_iter();
        let routes = routes.map(|((from, to, via), count)| RouteCount {
            from,
            to,
            via,
            count,
        });
        self.summary.routes = routes.collect();
        self.summary.survey = mem::replace(&mut self.answers, Answers::new(&self.survey)).result();
        self.summary.finished_at = Some(now);
        self.summary.signal = signal;
        self.summary.stop = stop.or_else(|| self.output_stop());
        let mut summary = self.summary;
        if self.output_error.is_none()
            && let Err(error) = self.sink.event(&Event::Finished(&summary))
        {
            summary.stop.get_or_insert_with(|| output_stop(&error));
        }
        summary
    }
}

fn output_stop(error: &io::Error) -> Stop {
    let message = format!("cannot write the report: {error}");
    Stop::new(Code::OutputFailed, message)
}

pub(super) fn too_many(most: Option<Tolerance>, trouble: u64, looked_at: u64) -> Option<Stop> {
    most?.is_exceeded(trouble, looked_at).then(|| {
        let message =
            format!("{trouble} of {looked_at} manifests were refused, failed or in conflict");
        Stop::new(Code::TooManyFailures, message)
    })
}
