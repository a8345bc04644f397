//! The end of the report for people: what it came to, in a sentence or two.

use migrate_manifests::report::Summary;

use super::View;
use super::proof::Proof;
use crate::cli::escape;
use crate::cli::options::Purpose;
use crate::cli::render::layout::{counted, grouped, wrap};

/// What the last sentences are made from.
pub(super) struct Closing<'a> {
    pub(super) view: View,
    pub(super) summary: &'a Summary,
    /// The target in words.
    pub(super) target: &'a str,
    pub(super) backups: &'a Backups,
    pub(super) proof: &'a Proof,
    /// Whether something unfinished was settled before.
    pub(super) has_recovered: bool,
}

/// The names that backups got, as far as one sentence can say.
pub(super) enum Backups {
    None,
    One(String),
    Several,
}

impl Closing<'_> {
    /// The sentences, in lines that fit.
    pub(super) fn text(&self) -> String {
        let mut sentences = Vec::new();
        let (summary, counts) = (self.summary, &self.summary.counts);
        let ended = summary.stop.is_some() || summary.signal.is_some();
        if ended && counts.not_attempted > 0 {
            sentences.push(format!(
                "Stopped early: {} not attempted.",
                grouped(counts.not_attempted)
            ));
        }
        let mut way_back = Vec::new();
        if self.view.purpose.goes_back() {
            sentences.extend(self.rolled_back());
        } else if let Some(operation) = summary.operation.as_deref().filter(|_| counts.migrated > 0)
        {
            sentences.push(format!(
                "Migrated {} to {} in operation {operation}.",
                manifests(counts.migrated),
                self.target
            ));
            sentences.extend(self.backups.sentence());
            way_back.push(format!(
                "To go back: migrate-manifests rollback {operation}"
            ));
        } else if self.view.purpose == Purpose::Versions {
            sentences.push(self.need_migration());
        } else if self.view.purpose == Purpose::Proof {
            sentences.extend(self.proof.sentences(summary));
        } else {
            sentences.extend(self.nothing_written());
        }
        let lines = [attention(summary), sentences, way_back];
        let shown = lines.iter().filter(|sentences| !sentences.is_empty());
        shown
            .map(|sentences| wrap(&sentences.join(" "), self.view.columns, 0) + "\n")
            .collect()
    }

    /// What a rollback did, or would do.
    fn rolled_back(&self) -> Vec<String> {
        let (summary, counts) = (self.summary, &self.summary.counts);
        let before = match &summary.undoes {
            Some(undone) => format!(
                " to what stood there before operation {}",
                escape::message(undone)
            ),
            None => String::new(),
        };
        if let Some(operation) = summary.operation.as_deref().filter(|_| counts.restored > 0) {
            let restored = manifests(counts.restored);
            return vec![format!(
                "Restored {restored}{before}, in operation {operation}."
            )];
        }
        let mut sentences = Vec::new();
        let is_whole = summary.stop.is_none() && summary.signal.is_none();
        if counts.pending > 0 {
            let pending = manifests(counts.pending);
            sentences.push(format!("A rollback would restore {pending}{before}."));
        } else if is_whole && counts.trouble() == 0 {
            sentences.push(match (counts.found, &summary.undoes) {
                (0, None) => "Nothing to roll back: no migration is left to be undone.".to_owned(),
                (0, Some(undone)) => format!(
                    "Nothing to roll back: operation {} is rolled back already, or replaced no manifest.",
                    escape::message(undone)
                ),
                (found, _) if counts.selected == 0 => format!(
                    "Nothing to roll back: none of the {} is selected.",
                    manifests(found)
                ),
                _ => "Nothing to roll back: the originals are in their places.".to_owned(),
            });
        }
        if !self.has_recovered && summary.operation.is_none() {
            sentences.push("Nothing was written.".to_owned());
        }
        if counts.pending > 0 {
            sentences.push("To do so, run the same command without --dry-run.".to_owned());
        }
        sentences
    }

    fn need_migration(&self) -> String {
        let pending = self.summary.counts.pending;
        let known: u64 = self.summary.versions.values().sum();
        let needing = if pending == 1 { "needs" } else { "need" };
        format!(
            "{} of {} {needing} migration to {}.",
            grouped(pending),
            manifests(known),
            self.target
        )
    }

    fn nothing_written(&self) -> Vec<String> {
        let (summary, target) = (self.summary, self.target);
        let counts = &summary.counts;
        let is_whole = summary.stop.is_none() && summary.signal.is_none();
        let mut sentences = Vec::new();
        if counts.pending == 0
            && is_whole
            && counts.trouble() == 0
            && counts.directories_failed == 0
        {
            sentences.push(match (counts.found, counts.selected) {
                (0, _) => "Nothing to do: no manifest was found.".to_owned(),
                (found, 0) => format!(
                    "Nothing to do: none of the {} found is selected.",
                    manifests(found)
                ),
                (_, 1) if counts.current == 1 => {
                    format!("Nothing to do: the manifest is at {target}.")
                }
                (_, selected) if counts.current == selected => {
                    format!(
                        "Nothing to do: all {} are at {target}.",
                        manifests(selected)
                    )
                }
                _ => "Nothing to do: no manifest is pending.".to_owned(),
            });
        }
        let writes_a_plan = self.view.purpose == Purpose::Plan;
        if !self.has_recovered && summary.operation.is_none() && !writes_a_plan {
            sentences.push("Nothing was written.".to_owned());
        }
        let flag = match self.view.purpose {
            Purpose::Preview => "--dry-run",
            Purpose::Differences => "--diff",
            Purpose::Check => "--check",
            Purpose::Plan
            | Purpose::Migrate
            | Purpose::Versions
            | Purpose::Proof
            | Purpose::PreviewRollback
            | Purpose::Rollback
            | Purpose::Look => return sentences,
        };
        if counts.pending > 0 {
            let these = if counts.pending == 1 {
                "the pending manifest".to_owned()
            } else {
                format!("the {} pending manifests", grouped(counts.pending))
            };
            sentences.push(format!(
                "To migrate {these}, run the same command without {flag}."
            ));
        }
        sentences
    }
}

impl Backups {
    /// One more name.
    pub(super) fn add(&mut self, name: &str) {
        *self = match std::mem::replace(self, Self::Several) {
            Self::None => Self::One(name.to_owned()),
            Self::One(known) if known == name => Self::One(known),
            Self::One(_) | Self::Several => Self::Several,
        };
    }

    fn sentence(&self) -> Option<String> {
        match self {
            Self::None => None,
            Self::One(name) => Some(format!(
                "Each original is kept beside its manifest as {}.",
                escape::path(name.as_bytes())
            )),
            Self::Several => Some(
                "Each original is kept beside its manifest; --format json names each.".to_owned(),
            ),
        }
    }
}

fn attention(summary: &Summary) -> Vec<String> {
    let counts = &summary.counts;
    let mut sentences = Vec::new();
    match counts.trouble() {
        0 => {}
        1 => sentences.push("1 manifest needs attention, listed above.".to_owned()),
        several => sentences.push(format!(
            "{} need attention, listed above.",
            manifests(several)
        )),
    }
    if counts.directories_failed > 0 {
        let directories = counted(counts.directories_failed, "directory", "directories");
        sentences.push(format!("{directories} could not be listed."));
    }
    sentences
}

fn manifests(number: u64) -> String {
    counted(number, "manifest", "manifests")
}
