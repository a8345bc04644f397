//! Surveys: a table for people, members for programs.

use std::collections::BTreeMap;

use serde::Serialize;

use migrate_manifests::report::{FieldCount, SurveyResult};

use super::layout::{Align, grouped, table};
use super::paint::{Paint, Tone};
use crate::cli::escape;

#[derive(Serialize)]
pub(super) struct Field<'a> {
    at: String,
    present: u64,
    null: u64,
    missing: u64,
    distinct: u64,
    most_frequent: Vec<Frequent<'a>>,
}

#[derive(Serialize)]
struct Frequent<'a> {
    value: &'a str,
    count: u64,
}

/// What the members hold, for programs.
pub(super) fn fields(survey: &SurveyResult) -> Vec<Field<'_>> {
    survey
        .fields
        .iter()
        .map(|field| Field {
            at: field.at.to_string(),
            present: field.present,
            null: field.null,
            missing: field.missing,
            distinct: field.distinct,
            most_frequent: field
                .most_frequent
                .iter()
                .map(|(value, count)| Frequent {
                    value,
                    count: *count,
                })
                .collect(),
        })
        .collect()
}

/// Which values are not authoritative, for programs.
pub(super) fn backfilled(survey: &SurveyResult) -> Option<&BTreeMap<String, u64>> {
    survey.backfilled.as_ref()
}

/// All of it, for people.
pub(super) fn text(survey: &SurveyResult, paint: Paint) -> String {
    let mut sections = Vec::new();
    if !survey.fields.is_empty() {
        sections.push(presence(&survey.fields));
    }
    let held = survey
        .fields
        .iter()
        .filter(|field| !field.most_frequent.is_empty());
    sections.extend(held.map(|field| most_frequent(field, paint)));
    sections.extend(
        survey
            .backfilled
            .as_ref()
            .map(|counts| backfilled_text(counts, paint)),
    );
    sections.join("\n")
}

/// How many manifests have each member, one line each.
fn presence(fields: &[FieldCount]) -> String {
    let names = ["member", "present", "null", "missing", "distinct"];
    let mut rows = vec![names.map(str::to_owned).to_vec()];
    rows.extend(fields.iter().map(|field| {
        let counts = [field.present, field.null, field.missing, field.distinct];
        std::iter::once(place(&field.at.to_string()))
            .chain(counts.map(grouped))
            .collect()
    }));
    let number = Align::Right;
    table(&rows, &[Align::Left, number, number, number, number])
}

fn most_frequent(field: &FieldCount, paint: Paint) -> String {
    let head = format!("most frequent in {}", place(&field.at.to_string()));
    let rows = field.most_frequent.iter().map(|(value, count)| {
        let value = escape::message(value).into_owned();
        vec![String::new(), grouped(*count), value]
    });
    let rows: Vec<_> = rows.collect();
    under(
        &head,
        &table(&rows, &[Align::Left, Align::Right, Align::Left]),
        paint,
    )
}

fn backfilled_text(counts: &BTreeMap<String, u64>, paint: Paint) -> String {
    if counts.is_empty() {
        return "No history says that a value is backfilled.\n".to_owned();
    }
    let rows = counts
        .iter()
        .map(|(at, count)| vec![String::new(), place(at), grouped(*count)]);
    let rows: Vec<_> = rows.collect();
    under(
        "backfilled, so not authoritative",
        &table(&rows, &[Align::Left, Align::Left, Align::Right]),
        paint,
    )
}

fn under(head: &str, lines: &str, paint: Paint) -> String {
    format!("{}\n{lines}", paint.text(Tone::Heading, head))
}

/// A pointer as text shows it.
fn place(pointer: &str) -> String {
    escape::message(pointer).into_owned()
}
