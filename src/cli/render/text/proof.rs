//! What `verify` found, for people: a block for each manifest, a table of codes, and a sentence at the end.
//!
//! Invariant: notes are listed only where everything is, and always counted.

use std::collections::BTreeMap;

use migrate_manifests::code::Code;
use migrate_manifests::report::{Diagnosis, Status, Summary, Verified};

use super::INDENT;
use crate::cli::escape;
use crate::cli::render::layout::{Align, counted, grouped, table, wrap};
use crate::cli::render::paint::{Paint, Tone};

/// What the last sentence is made from.
#[derive(Debug, Default)]
pub(super) struct Proof {
    /// Manifests about which something is wrong.
    unsound: u64,
}

impl Proof {
    pub(super) fn take(&mut self, verified: &Verified) {
        self.unsound += u64::from(verified.wrong().next().is_some());
    }

    /// What it came to.
    pub(super) fn sentences(&self, summary: &Summary) -> Vec<String> {
        let total = |counts: &Option<BTreeMap<Code, u64>>| -> u64 {
            counts.iter().flat_map(BTreeMap::values).sum()
        };
        let counts = &summary.counts;
        let looked_at = counts.selected - counts.not_attempted;
        let found = total(&summary.findings);
        let place = match self.unsound {
            0 => String::new(),
            unsound => format!(" in {}", manifests(unsound)),
        };
        let findings = counted(found, "finding", "findings");
        let mut sentences = vec![format!(
            "Verified {}: {findings}{place}.",
            manifests(looked_at)
        )];
        let notes = summary.notes.as_ref();
        let unwitnessed = notes.and_then(|notes| notes.get(&Code::Unwitnessed));
        if let Some(unwitnessed) = unwitnessed {
            sentences.push(format!(
                "{} of them cannot be proved to the beginning: no journal and no original speaks for them.",
                grouped(*unwitnessed)
            ));
        }
        sentences
    }
}

/// A manifest, or whatever it is, and what is said of it.
pub(super) fn block(
    paint: Paint,
    columns: Option<usize>,
    place: &str,
    findings: &[&Diagnosis],
) -> String {
    if findings.is_empty() {
        return String::new();
    }
    let (label, tone) = if findings.iter().all(|finding| finding.is_note()) {
        ("note", Tone::of(Status::Deferred))
    } else {
        ("finding", Tone::Trouble)
    };
    let told = findings.iter().map(|finding| {
        let text = format!("{}: {}", finding.code, escape::message(&finding.message));
        format!("{:INDENT$}{}\n", "", wrap(&text, columns, INDENT))
    });
    line(paint, tone, label, place) + &told.collect::<String>()
}

/// A manifest of which nothing is to be said.
pub(super) fn sound(paint: Paint, place: &str) -> String {
    line(paint, Tone::of(Status::Current), "sound", place)
}

fn line(paint: Paint, tone: Tone, label: &str, place: &str) -> String {
    let fill = INDENT.saturating_sub(label.len());
    format!("{}{:fill$}{place}\n", paint.text(tone, label), "")
}

/// How often each code was found, and each note made.
pub(super) fn counts(summary: &Summary, paint: Paint) -> String {
    let part = |heading: &str, counts: &Option<BTreeMap<Code, u64>>| {
        let counts = counts.as_ref().filter(|counts| !counts.is_empty());
        counts.map_or_else(String::new, |counts| {
            let rows = counts.iter();
            let rows: Vec<_> = rows
                .map(|(code, count)| vec![String::new(), code.to_string(), grouped(*count)])
                .collect();
            let table = table(&rows, &[Align::Left, Align::Left, Align::Right]);
            format!("{}\n{table}", paint.text(Tone::Heading, heading))
        })
    };
    [
        part("findings", &summary.findings),
        part("notes", &summary.notes),
    ]
    .concat()
}

fn manifests(number: u64) -> String {
    counted(number, "manifest", "manifests")
}
