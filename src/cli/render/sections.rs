//! Sections that several endings share: counts, versions, routes, findings, and what needs attention.

use std::collections::BTreeMap;

use migrate_manifests::code::Code;
use migrate_manifests::report::{Counts, Summary};
use migrate_manifests::version::Version;

use super::facts::End;
use super::layout::{Align, age, counted, grouped, table};
use super::page::Page;
use super::paint::Tone;
use super::text::EACH_LATEST;
use crate::cli::escape;

const LONGEST_BAR: usize = 50;
const USUAL_COLUMNS: usize = 80;

/// Prints the ending of an operation: these sections, the hints, what needs attention, what was not attempted, and the sentences of the command. Prints nothing and returns false if no operation began, or if the output is quiet.
pub(crate) fn print(
    end: &End<'_>,
    page: &mut Page,
    sections: &[String],
    sentences: Vec<String>,
) -> bool {
    let could_not_begin = end.summary.stop.is_some() && end.summary.counts == Counts::default();
    if !end.facts.has_started || page.view.quiet || could_not_begin {
        return false;
    }
    page.print_omitted();
    let stopped_early = stopped_early(end.summary).into_iter();
    let sentences: Vec<_> = stopped_early.chain(sentences).collect();
    let closing = page.sentences(&attention(end.summary)) + &page.sentences(&sentences);
    page.sections(sections);
    page.sections(&[page.hints(), closing]);
    true
}

pub(crate) fn target(end: &End<'_>) -> String {
    let target = end.facts.target.as_ref().or(end.facts.latest.as_ref());
    target.map_or_else(|| EACH_LATEST.to_owned(), ToString::to_string)
}

pub(crate) fn counts(summary: &Summary) -> String {
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

pub(crate) fn versions(end: &End<'_>, page: &Page) -> String {
    let latest = end.facts.latest.as_ref();
    let total: u64 = end.summary.versions.values().sum();
    let mut versions = end.summary.versions.clone();
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
            let share = per_cent(*count, total);
            vec![format!("{version}{mark}"), grouped(*count), share]
        })
        .collect();
    let table = table(&rows, &[Align::Left, Align::Right, Align::Right]);
    let taken = table.lines().map(str::len).max().unwrap_or(0) + "  ".len();
    let columns = page.view.columns.unwrap_or(USUAL_COLUMNS);
    let room = columns.saturating_sub(taken).min(LONGEST_BAR);
    let lines = table.lines().zip(versions.values()).map(|(line, count)| {
        let bar = bar(*count, total, room);
        let gap = if bar.is_empty() { "" } else { "  " };
        format!("{line}{gap}{}\n", page.paint.text(Tone::Place, &bar))
    });
    lines.collect()
}

pub(crate) fn routes(summary: &Summary, page: &Page) -> String {
    let rows: Vec<_> = summary
        .routes
        .iter()
        .map(|route| {
            let versions = std::iter::once(&route.from)
                .chain(&route.via)
                .chain([&route.to]);
            let names: Vec<_> = versions.map(Version::to_string).collect();
            vec![String::new(), names.join(" -> "), grouped(route.count)]
        })
        .collect();
    page.section(
        "routes",
        &table(&rows, &[Align::Left, Align::Left, Align::Right]),
    )
}

pub(crate) fn oldest_deferred(end: &End<'_>, page: &Page) -> String {
    let Some((path, modified_seconds)) = &end.summary.oldest_deferred else {
        return String::new();
    };
    let age = age(*modified_seconds, end.facts.started_at.unix_seconds());
    let text = format!(
        "deferred longest: {}, last written {age}. If its writer died, --include-running migrates it.",
        escape::path(path.as_bytes())
    );
    format!("{}\n", page.wrap(&text, 0))
}

pub(crate) fn findings(summary: &Summary, page: &Page) -> String {
    let part = |heading: &str, counts: Option<&BTreeMap<Code, u64>>| {
        let rows = counts.into_iter().flatten();
        let rows: Vec<_> = rows
            .map(|(code, count)| vec![String::new(), code.to_string(), grouped(*count)])
            .collect();
        page.section(
            heading,
            &table(&rows, &[Align::Left, Align::Left, Align::Right]),
        )
    };
    let findings = part("findings", summary.findings.as_ref());
    findings + &part("notes", summary.notes.as_ref())
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

fn stopped_early(summary: &Summary) -> Option<String> {
    let (manifests, directories) = (summary.counts.not_attempted, summary.unvisited);
    let ended = summary.stop.is_some() || summary.signal.is_some();
    let mut parts = Vec::new();
    if manifests > 0 {
        parts.push(format!("{} not attempted", grouped(manifests)));
    }
    if directories > 0 {
        let directories = counted(directories, "directory", "directories");
        parts.push(format!("{directories} not visited"));
    }
    let is_told = ended && !parts.is_empty();
    is_told.then(|| format!("Stopped early: {}.", parts.join(", ")))
}

pub(crate) fn nothing_written(end: &End<'_>) -> Option<String> {
    let mut warnings = end.notices.warnings.iter();
    let has_recovered = warnings.any(|notice| notice.code == Code::Recovered);
    let is_so = !has_recovered && end.summary.operation.is_none();
    is_so.then(|| "Nothing was written.".to_owned())
}

pub(crate) fn manifests(number: u64) -> String {
    counted(number, "manifest", "manifests")
}

fn per_cent(part: u64, total: u64) -> String {
    let thousandths = u128::from(part) * 1000 / u128::from(total.max(1));
    format!("{}.{}%", thousandths / 10, thousandths % 10)
}

fn bar(part: u64, total: u64, room: usize) -> String {
    let marks = u128::from(part) * room as u128 / u128::from(total.max(1));
    let marks = usize::try_from(marks)
        .unwrap_or(room)
        .max(usize::from(part > 0));
    "#".repeat(marks)
}
