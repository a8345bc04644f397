//! Surveys: a table for people, members for programs.

use migrate_manifests::report::{FieldCount, SurveyResult};

use super::layout::{Align, grouped, table};
use super::object::JsonObject;
use super::page::Page;
use crate::cli::escape;

pub(super) fn members(survey: &SurveyResult, object: &mut JsonObject) {
    object.list("fields", &survey.fields, |object, field| {
        object
            .member("at", field.at.to_string())
            .member("present", field.present)
            .member("null", field.null)
            .member("missing", field.missing)
            .member("distinct", field.distinct)
            .list(
                "most_frequent",
                &field.most_frequent,
                |object, (value, count)| {
                    object.member("value", value).member("count", count);
                },
            );
    });
    object.member("backfilled", &survey.backfilled);
}

pub(crate) fn text(survey: &SurveyResult, page: &Page) -> String {
    let mut sections = Vec::new();
    if !survey.fields.is_empty() {
        sections.push(presence(&survey.fields));
    }
    for field in &survey.fields {
        let rows = field.most_frequent.iter().map(|(value, count)| {
            let value = escape::message(value).into_owned();
            vec![String::new(), grouped(*count), value]
        });
        let rows: Vec<_> = rows.collect();
        let lines = table(&rows, &[Align::Left, Align::Right, Align::Left]);
        let heading = format!("most frequent in {}", place(&field.at.to_string()));
        sections.push(page.section(&heading, &lines));
    }
    if let Some(counts) = &survey.backfilled {
        let rows = counts
            .iter()
            .map(|(at, count)| vec![String::new(), place(at), grouped(*count)]);
        let rows: Vec<_> = rows.collect();
        let lines = table(&rows, &[Align::Left, Align::Left, Align::Right]);
        sections.push(if counts.is_empty() {
            "No history says that a value is backfilled.\n".to_owned()
        } else {
            page.section("backfilled, so not authoritative", &lines)
        });
    }
    sections.retain(|section| !section.is_empty());
    sections.join("\n")
}

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

fn place(pointer: &str) -> String {
    escape::message(pointer).into_owned()
}
