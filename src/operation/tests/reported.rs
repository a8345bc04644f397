//! The events of an operation, as lines.
//!
//! Invariant: every event has a line, in order.

use std::fmt::Write as _;
use std::io;

use crate::journal::OperationId;
use crate::report::{
    Backup, Counts, Diagnosis, Event, ExitTerms, Fate, Outcome, Sink, Status, Summary, Verified,
};

#[derive(Debug, Default)]
pub(super) struct Reported {
    /// Each event between the first and the last.
    pub(super) lines: Vec<String>,
    pub(super) outcomes: Vec<Outcome>,
    pub(super) backups: Vec<Backup>,
    /// What was found about manifests that were verified.
    pub(super) findings: Vec<Diagnosis>,
    pub(super) summary: Summary,
    /// The number of events before the output fails; `None` is no limit.
    room: Option<usize>,
    started: u32,
    finished: u32,
}

impl Reported {
    pub(super) fn with_room(events: usize) -> Self {
        Self {
            room: Some(events),
            ..Self::default()
        }
    }

    /// Checks that the stream had its form, and takes in the summary that was returned.
    pub(super) fn end(mut self, summary: Summary) -> Self {
        if self.room.is_none() {
            assert_eq!(self.started, 1, "one first event");
            assert_eq!(self.finished, 1, "one last event");
            assert_eq!(self.summary, summary, "the summary told is the one given");
            let mut counts = summary.counts;
            let reported = self.outcomes.len() as u64;
            assert_eq!(
                counts.selected, reported,
                "an outcome for each selected manifest"
            );
            counts.selected = 0;
            self.outcomes.iter().for_each(|one| counts.add(one.status));
            let sum = |counts: &Counts| -> u64 {
                let named = counts.named();
                named[2..12].iter().map(|(_, count)| count).sum()
            };
            assert_eq!(
                sum(&counts),
                2 * reported,
                "the outcomes are those that were counted"
            );
        }
        self.summary = summary;
        self
    }

    pub(super) fn code(&self) -> u8 {
        self.summary.exit_code(ExitTerms::default()).code()
    }

    pub(super) fn counts(&self) -> String {
        let named = self.summary.counts.named();
        let there = named.iter().filter(|(_, count)| *count > 0);
        let texts: Vec<_> = there
            .map(|(name, count)| format!("{name} {count}"))
            .collect();
        texts.join(", ")
    }

    pub(super) fn stop(&self) -> String {
        let stop = self.summary.stop.as_ref();
        stop.map_or_else(String::new, |stop| {
            format!("{}: {}", stop.code, stop.message)
        })
    }

    pub(super) fn id(&self) -> &str {
        self.summary
            .operation
            .as_ref()
            .map(OperationId::as_str)
            .expect("it wrote")
    }

    pub(super) fn only(&self, status: Status) -> Vec<String> {
        let all = self.outcomes.iter().filter(|one| one.status == status);
        all.map(|one| short(&one.path.to_text())).collect()
    }
}

impl Sink for Reported {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        if let Some(room) = &mut self.room {
            *room = room.checked_sub(1).ok_or(io::ErrorKind::StorageFull)?;
        }
        let line = match event {
            Event::Started(_) => {
                self.started += 1;
                return Ok(());
            }
            Event::Finished(summary) => {
                self.finished += 1;
                self.summary = (*summary).clone();
                return Ok(());
            }
            Event::Began { operation } => format!("began {operation}"),
            Event::Warning(diagnosis) => format!("warning {}", diagnosed(diagnosis)),
            Event::DirectoryFailed(diagnosis) => format!("directory {}", diagnosed(diagnosis)),
            Event::Finding(diagnosis) => format!("finding {}", diagnosed(diagnosis)),
            Event::Outcome(outcome) => {
                self.outcomes.push((*outcome).clone());
                outcome_in_words(outcome)
            }
            Event::Verified(Verified { outcome, findings }) => {
                self.outcomes.push(outcome.clone());
                self.findings.extend(findings.iter().cloned());
                let codes = findings.iter().map(|one| format!(" {}", one.code));
                let path = short(&outcome.path.to_text());
                format!(
                    "{path} {}{}",
                    outcome.status.as_str(),
                    codes.collect::<String>()
                )
            }
            Event::Backup(backup) => {
                self.backups.push((*backup).clone());
                backup_in_words(backup)
            }
        };
        self.lines.push(line);
        Ok(())
    }
}

pub(super) fn short(path: &str) -> String {
    path.strip_suffix("/manifest.json")
        .unwrap_or(path)
        .to_owned()
}

fn diagnosed(diagnosis: &Diagnosis) -> String {
    let place = diagnosis.path.as_ref();
    let place = place.map_or_else(String::new, |path| format!("{} ", short(&path.to_text())));
    format!("{place}{}: {}", diagnosis.code, diagnosis.message)
}

fn outcome_in_words(outcome: &Outcome) -> String {
    let mut line = format!(
        "{} {}",
        short(&outcome.path.to_text()),
        outcome.status.as_str()
    );
    let from = outcome.from.iter().map(|version| format!(" {version}"));
    let to = outcome.to.iter().map(|version| format!(" -> {version}"));
    let backup = outcome.backup.iter().map(|name| format!(" as {name}"));
    let trouble = outcome.trouble.iter();
    let trouble = trouble.map(|one| format!(" {}: {}", one.code, one.message));
    line.extend(from.chain(to).chain(backup).chain(trouble));
    line
}

fn backup_in_words(backup: &Backup) -> String {
    let operation = backup.operation.as_ref();
    let operation = operation.map_or("nobody", OperationId::as_str);
    let path = short(&backup.path.to_text());
    let mut line = format!(
        "{path} {} of {operation}: {}",
        backup.name,
        backup.fate.as_str()
    );
    if let Fate::Kept(reason) | Fate::Failed(reason) = &backup.fate {
        write!(line, " {}: {}", reason.code, reason.message).unwrap();
    }
    line
}
