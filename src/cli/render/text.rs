//! The report for people.
//!
//! Manifests come first, as they happen, and the summary last, where the eye is. Those in trouble are always listed; of those that are or would be migrated the first twenty, because nobody reads a hundred thousand lines; `--all` lists everything.
//!
//! Invariant: everything that comes from the tree goes through `escape`.

mod closing;
mod proof;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{self, Write};

use migrate_manifests::clock::Timestamp;
use migrate_manifests::code::Code;
use migrate_manifests::report::{
    Counts, Diagnosis, Event, Outcome, RouteCount, Sink, Start, Status, Summary, Verified,
};
use migrate_manifests::version::Version;

use super::diff;
use super::layout::{Align, age, grouped, table, wrap};
use super::paint::{Paint, Tone};
use super::survey;
use crate::cli::escape;
use crate::cli::options::Purpose;
use closing::{Backups, Closing};
use proof::Proof;

/// What stands for the target where kinds differ.
pub(crate) const EACH_LATEST: &str = "each kind's latest";
/// How many manifests of one status are listed without `--all`.
const LISTED_MOST: u64 = 20;
/// Where the second column begins.
const INDENT: usize = 10;
/// How many marks a bar has at most.
const LONGEST_BAR: usize = 50;
/// How wide a list of versions is where nobody says.
const USUAL_COLUMNS: usize = 80;

/// Writes the report.
pub(crate) struct Text<W> {
    out: W,
    view: View,
    paint: Paint,
    head: Option<Start>,
    listed: BTreeMap<Status, u64>,
    codes: BTreeSet<Code>,
    proof: Proof,
    backups: Backups,
    has_recovered: bool,
    needs_gap: bool,
}

/// What is shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View {
    /// What the user is after.
    pub(crate) purpose: Purpose,
    /// Whether every manifest is listed.
    pub(crate) all: bool,
    /// Whether only trouble is shown.
    pub(crate) quiet: bool,
    /// The width to fit text into, where somebody looks.
    pub(crate) columns: Option<usize>,
}

impl<W: Write> Text<W> {
    /// A report to `out`.
    pub(crate) fn new(out: W, view: View, paint: Paint) -> Self {
        Self {
            out,
            view,
            paint,
            head: None,
            listed: BTreeMap::new(),
            codes: BTreeSet::new(),
            proof: Proof::default(),
            backups: Backups::None,
            has_recovered: false,
            needs_gap: false,
        }
    }

    fn print(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(text.as_bytes())
    }

    /// Lines of the list of manifests, apart from what stands before the list.
    fn print_in_list(&mut self, lines: &str) -> io::Result<()> {
        if std::mem::take(&mut self.needs_gap) {
            self.print("\n")?;
        }
        self.print(lines)
    }

    fn started(&mut self, head: &Start) -> io::Result<()> {
        self.head = Some(head.clone());
        if self.view.quiet {
            return Ok(());
        }
        let digest: String = head
            .catalog_digest
            .chars()
            .take("sha256:".len() + 16)
            .collect();
        let target = match &head.target {
            Some(target) => match &head.latest {
                Some(latest) if latest != target => {
                    format!("target    {target} (the latest is {latest})\n")
                }
                _ => format!("target    {target}\n"),
            },
            None if head.latest.is_none() && !self.view.purpose.goes_back() => {
                format!("target    {EACH_LATEST}\n")
            }
            None => String::new(),
        };
        let lines = format!(
            "tree      {}\ncatalog   {} ({}), {digest}\n{target}",
            escape::path(head.tree.as_bytes()),
            escape::message(&head.catalog_name),
            escape::message(&head.catalog_source),
        );
        self.needs_gap = true;
        self.print(&lines)
    }

    fn outcome(&mut self, outcome: &Outcome) -> io::Result<()> {
        if let Some(backup) = &outcome.backup {
            self.backups.add(backup);
        }
        if let Some(trouble) = &outcome.trouble {
            self.codes.insert(trouble.code);
            let path = escape::path(outcome.path.as_bytes());
            let lines = self.trouble(outcome.status, &path, trouble.code, &trouble.message);
            return self.print_in_list(&lines);
        }
        if self.view.quiet {
            return Ok(());
        }
        if let Some(difference) = &outcome.diff {
            let lines = diff::unified(&outcome.path, difference, self.paint);
            return self.print_in_list(&lines);
        }
        let listed = self.listed.entry(outcome.status).or_default();
        *listed += 1;
        if !self.view.all
            && (!is_listed(outcome.status, self.view.purpose) || *listed > LISTED_MOST)
        {
            return Ok(());
        }
        let versions = match (&outcome.from, &outcome.to) {
            (Some(from), Some(to)) if from != to => format!("{from} -> {to}"),
            (Some(from), _) => from.to_string(),
            (None, _) => String::new(),
        };
        let line = format!(
            "{}{versions:<14}  {}\n",
            self.status(outcome.status),
            escape::path(outcome.path.as_bytes())
        );
        self.print_in_list(&line)
    }

    fn directory_failed(&mut self, notice: &Diagnosis) -> io::Result<()> {
        self.codes.insert(notice.code);
        let place = match &notice.path {
            Some(path) => format!("{} (directory)", escape::path(path.as_bytes())),
            None => "the tree itself".to_owned(),
        };
        let lines = self.trouble(Status::Failed, &place, notice.code, &notice.message);
        self.print_in_list(&lines)
    }

    fn verified(&mut self, verified: &Verified) -> io::Result<()> {
        self.proof.take(verified);
        let is_shown = |finding: &&Diagnosis| !finding.is_note() || self.view.all;
        let shown: Vec<_> = verified.findings.iter().filter(is_shown).collect();
        self.codes.extend(shown.iter().map(|finding| finding.code));
        let place = escape::path(verified.outcome.path.as_bytes());
        let lines = if shown.is_empty() && self.view.all {
            proof::sound(self.paint, &place)
        } else {
            proof::block(self.paint, self.view.columns, &place, &shown)
        };
        if lines.is_empty() {
            return Ok(());
        }
        self.print_in_list(&lines)
    }

    fn state_finding(&mut self, notice: &Diagnosis) -> io::Result<()> {
        self.codes.insert(notice.code);
        let finding = Diagnosis::new(notice.code, notice.message.clone());
        let path = notice.path.as_ref();
        let place = path.map_or("the state directory".into(), |path| {
            escape::path(path.as_bytes())
        });
        let lines = proof::block(self.paint, self.view.columns, &place, &[&finding]);
        self.print_in_list(&lines)
    }

    fn trouble(&self, status: Status, place: &str, code: Code, message: &str) -> String {
        let why = format!("{code}: {}", escape::message(message));
        format!(
            "{}{place}\n{:INDENT$}{}\n",
            self.status(status),
            "",
            wrap(&why, self.view.columns, INDENT)
        )
    }

    /// The first column: the status, in colour, filled up with spaces.
    fn status(&self, status: Status) -> String {
        let name = status.as_str();
        let fill = INDENT.saturating_sub(name.len()).max(1);
        format!("{}{:fill$}", self.paint.text(Tone::of(status), name), "")
    }

    fn finished(&mut self, summary: &Summary) -> io::Result<()> {
        let Some(head) = self.head.take().filter(|_| !self.view.quiet) else {
            return self.out.flush();
        };
        if summary.stop.is_some() && summary.counts == Counts::default() {
            // It could not even begin; there is nothing to sum up.
            return self.out.flush();
        }
        for (status, count) in std::mem::take(&mut self.listed) {
            if count > LISTED_MOST && !self.view.all && is_listed(status, self.view.purpose) {
                let more = grouped(count - LISTED_MOST);
                let line = format!(
                    "{}... and {more} more (--all lists them)\n",
                    self.status(status)
                );
                self.print_in_list(&line)?;
            }
        }
        let sections = [
            if self.view.purpose == Purpose::Versions {
                self.versions(summary, head.latest.as_ref())
            } else {
                String::new()
            },
            counts(summary),
            proof::counts(summary, self.paint),
            if self.view.purpose == Purpose::Proof {
                String::new()
            } else {
                self.routes(&summary.routes)
            },
            summary
                .survey
                .as_ref()
                .map_or_else(String::new, |result| survey::text(result, self.paint)),
            if self.view.purpose == Purpose::Proof {
                String::new()
            } else {
                self.oldest_deferred(summary, head.started_at)
            },
            self.hints(),
            Closing {
                view: self.view,
                summary,
                target: &head
                    .target
                    .as_ref()
                    .or(head.latest.as_ref())
                    .map_or_else(|| EACH_LATEST.to_owned(), ToString::to_string),
                backups: &self.backups,
                proof: &self.proof,
                has_recovered: self.has_recovered,
            }
            .text(),
        ];
        for section in sections.iter().filter(|section| !section.is_empty()) {
            self.print(&format!("\n{section}"))?;
        }
        self.out.flush()
    }

    fn versions(&self, summary: &Summary, latest: Option<&Version>) -> String {
        let total: u64 = summary.versions.values().sum();
        let mut versions = summary.versions.clone();
        if let Some(latest) = latest {
            versions.entry(latest.clone()).or_default();
        }
        let rows: Vec<Vec<String>> = versions
            .iter()
            .map(|(version, count)| {
                let mark = if Some(version) == latest {
                    " (latest)"
                } else {
                    ""
                };
                vec![
                    format!("{version}{mark}"),
                    grouped(*count),
                    per_cent(*count, total),
                ]
            })
            .collect();
        let table = table(&rows, &[Align::Left, Align::Right, Align::Right]);
        let taken = table.lines().map(str::len).max().unwrap_or(0) + "  ".len();
        let columns = self.view.columns.unwrap_or(USUAL_COLUMNS);
        let room = columns.saturating_sub(taken).min(LONGEST_BAR);
        let lines = table.lines().zip(versions.values()).map(|(line, count)| {
            let bar = bar(*count, total, room);
            let gap = if bar.is_empty() { "" } else { "  " };
            format!("{line}{gap}{}\n", self.paint.text(Tone::Place, &bar))
        });
        lines.collect()
    }

    fn routes(&self, routes: &[RouteCount]) -> String {
        if routes.is_empty() {
            return String::new();
        }
        let rows: Vec<Vec<String>> = routes
            .iter()
            .map(|route| {
                let versions = std::iter::once(&route.from)
                    .chain(&route.via)
                    .chain([&route.to]);
                let names: Vec<_> = versions.map(Version::to_string).collect();
                vec![String::new(), names.join(" -> "), grouped(route.count)]
            })
            .collect();
        format!(
            "{}\n{}",
            self.paint.text(Tone::Heading, "routes"),
            table(&rows, &[Align::Left, Align::Left, Align::Right])
        )
    }

    fn oldest_deferred(&self, summary: &Summary, now: Timestamp) -> String {
        let Some((path, modified_seconds)) = &summary.oldest_deferred else {
            return String::new();
        };
        let age = age(*modified_seconds, now.unix_seconds());
        let text = format!(
            "deferred longest: {}, last written {age} (--include-running takes those that a dead run left behind)",
            escape::path(path.as_bytes())
        );
        format!("{}\n", wrap(&text, self.view.columns, 0))
    }

    fn hints(&self) -> String {
        let label = "hint: ";
        let mut shown = String::new();
        for code in &self.codes {
            let text = wrap(
                &format!("{code}: {}", code.hint()),
                self.view.columns,
                label.len(),
            );
            writeln!(shown, "{}{text}", self.paint.text(Tone::Hint, label)).unwrap_or_default();
        }
        shown
    }
}

impl<W: Write> Sink for Text<W> {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::Started(head) => self.started(head),
            Event::Warning(notice) => {
                self.has_recovered |= notice.code == Code::Recovered;
                Ok(())
            }
            Event::DirectoryFailed(notice) => self.directory_failed(notice),
            Event::Outcome(outcome) => self.outcome(outcome),
            Event::Verified(verified) => self.verified(verified),
            Event::Finding(notice) => self.state_finding(notice),
            Event::Finished(summary) => self.finished(summary),
            _ => Ok(()),
        }
    }
}

/// Whether manifests of a status are listed, as long as there are not too many.
fn is_listed(status: Status, purpose: Purpose) -> bool {
    match status {
        Status::Pending => purpose != Purpose::Versions,
        Status::Migrated | Status::Ahead | Status::Restored => true,
        _ => false,
    }
}

/// Everything that was counted, without zeros.
fn counts(summary: &Summary) -> String {
    let found = summary.counts.found;
    let rows: Vec<_> = summary
        .counts
        .named()
        .into_iter()
        .filter(|(name, count)| match *name {
            "found" => true,
            "selected" => *count != found,
            _ => *count > 0,
        })
        .map(|(name, count)| vec![name.to_owned(), grouped(count)])
        .collect();
    table(&rows, &[Align::Left, Align::Right])
}

/// A share with one decimal, rounded down, so that 100.0% is all.
fn per_cent(part: u64, total: u64) -> String {
    let thousandths = u128::from(part) * 1000 / u128::from(total.max(1));
    format!("{}.{}%", thousandths / 10, thousandths % 10)
}

/// A bar of text, at least one mark long where there is something to show.
fn bar(part: u64, total: u64, room: usize) -> String {
    let marks = u128::from(part) * room as u128 / u128::from(total.max(1));
    let marks = usize::try_from(marks)
        .unwrap_or(room)
        .max(usize::from(part > 0));
    "#".repeat(marks)
}

#[cfg(test)]
mod tests;
