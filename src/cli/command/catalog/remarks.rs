//! Remarks about a catalog, as people and programs see them.

use std::collections::BTreeSet;

use serde::Serialize;

use migrate_manifests::catalog::{CatalogError, Place};
use migrate_manifests::code::{Class, Code};
use migrate_manifests::path::TreePath;
use migrate_manifests::rehearsal::Remark;
use migrate_manifests::report::{Diagnosis, Stop};

use crate::cli::escape;
use crate::cli::options::Output;
use crate::cli::render::{Document, Surface, Tone, counted, grouped, json_lines, json_text, wrap};

/// How many manifests are named without `--all`.
const NAMED_MOST: usize = 5;

/// What is wrong.
const FINDING: &str = "finding";
/// What only should be known.
const NOTE: &str = "note";

/// A remark.
#[derive(Debug, Serialize)]
pub(super) struct Told {
    class: &'static str,
    code: &'static str,
    /// The file in the catalog.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    /// The manifest, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    message: String,
    /// The manifests that a step would change, where a tree was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    manifests: Option<Vec<String>>,
    /// What gives the hint.
    #[serde(skip)]
    hinted: Code,
}

impl Told {
    fn at(place: &Place, code: Code, message: String) -> Self {
        let (file, line, column) = match place {
            Place::Catalog => (None, None, None),
            Place::File(file) => (Some(file.clone()), None, None),
            Place::Line { file, line, column } => (Some(file.clone()), Some(*line), Some(*column)),
        };
        Self {
            class: match code.class() {
                Class::Note | Class::Warning => NOTE,
                _ => FINDING,
            },
            code: code.as_str(),
            file,
            line,
            column,
            path: None,
            message,
            manifests: None,
            hinted: code,
        }
    }

    /// The same remark, seen in a manifest of a tree.
    pub(super) fn of(mut self, path: &TreePath) -> Self {
        self.path = Some(path.to_text().into_owned());
        self
    }

    /// The same remark about a step that would change these manifests.
    pub(super) fn changing(mut self, paths: &[TreePath]) -> Self {
        let paths = paths.iter().map(|path| path.to_text().into_owned());
        self.manifests = Some(paths.collect());
        self
    }

    /// A manifest that would not be migrated.
    pub(super) fn troubled(path: &TreePath, trouble: &Diagnosis) -> Self {
        Self::at(&Place::Catalog, trouble.code, trouble.message.clone()).of(path)
    }

    /// What is to be said of a tree as a whole.
    pub(super) fn of_tree(code: Code, message: &str) -> Self {
        Self::at(&Place::Catalog, code, message.to_owned())
    }

    fn is_finding(&self) -> bool {
        self.class == FINDING
    }

    fn place(&self) -> String {
        let file = self.file.clone().unwrap_or_default();
        let place = match (self.line, self.column) {
            (Some(line), Some(column)) => format!("{file}:{line}:{column}"),
            _ => file,
        };
        let parts = [place, self.path.clone().unwrap_or_default()].into_iter();
        let parts: Vec<_> = parts.filter(|part| !part.is_empty()).collect();
        parts.join(", ")
    }
}

impl From<&Remark> for Told {
    fn from(remark: &Remark) -> Self {
        Self::at(&remark.place, remark.code, remark.message.clone())
    }
}

impl From<&Diagnosis> for Told {
    fn from(notice: &Diagnosis) -> Self {
        let told = Self::of_tree(notice.code, &notice.message);
        match &notice.path {
            Some(path) => told.of(path),
            None => told,
        }
    }
}

impl From<&CatalogError> for Told {
    fn from(error: &CatalogError) -> Self {
        Self::at(&error.place, error.code(), error.problem.to_string())
    }
}

/// Remarks, and what was looked at in a sentence and as a member for programs.
pub(super) struct Remarks {
    pub(super) told: Vec<Told>,
    /// How many manifests of a tree were looked at.
    pub(super) manifests: Option<u64>,
    pub(super) sentence: String,
    pub(super) tested: Option<String>,
}

impl Remarks {
    /// The document; exit code 1 where something is wrong.
    pub(super) fn document(&self, output: &Output, surface: Surface) -> Result<Document, Stop> {
        let mut members = vec![("remarks", json_text(&self.told)?)];
        members.extend(self.tested.clone().map(|tested| ("tested", tested)));
        Ok(Document {
            text: self.text(output, surface),
            members,
            lines: json_lines(&self.told)?,
            code: u8::from(self.told.iter().any(Told::is_finding)),
            ..Document::default()
        })
    }

    fn text(&self, output: &Output, surface: Surface) -> String {
        let told = self.told.iter();
        let shown = told.filter(|told| !output.quiet || told.is_finding());
        let mut text: String = shown.map(|told| self.one(told, output, surface)).collect();
        if output.quiet {
            return text;
        }
        let codes: BTreeSet<Code> = self.told.iter().map(|told| told.hinted).collect();
        if !codes.is_empty() {
            text.push('\n');
        }
        let label = surface.paint.text(Tone::Hint, "hint: ");
        for code in &codes {
            let hint = wrap(&format!("{code}: {}", code.hint()), surface.columns, 6);
            text.extend([&label, hint.as_str(), "\n"]);
        }
        if !codes.is_empty() {
            text.push('\n');
        }
        let findings = self.told.iter().filter(|told| told.is_finding()).count();
        let verdict = match (findings, self.told.len() - findings) {
            (0, 0) => "Nothing to remark.".to_owned(),
            (findings, notes) => format!(
                "{}, {}.",
                counted(findings as u64, "finding", "findings"),
                counted(notes as u64, "note", "notes")
            ),
        };
        let end = format!("{} {verdict}", self.sentence);
        text + &wrap(end.trim_start(), surface.columns, 0) + "\n"
    }

    fn one(&self, told: &Told, output: &Output, surface: Surface) -> String {
        let label = if told.is_finding() {
            surface.paint.text(Tone::Trouble, "finding")
        } else {
            "note   ".into()
        };
        let place = told.place();
        let place = escape::message(&place);
        let mut shown = format!("{label}   {place}").trim_end().to_owned() + "\n";
        let mut lines = vec![format!("{}: {}", told.code, escape::message(&told.message))];
        lines.extend(self.namely(told, output));
        for line in lines {
            let line = wrap(&line, surface.columns, 10);
            shown.extend(["          ", &line, "\n"]);
        }
        shown
    }

    fn namely(&self, told: &Told, output: &Output) -> Option<String> {
        let (paths, all) = (told.manifests.as_ref()?, self.manifests?);
        let all = counted(all, "manifest", "manifests");
        if paths.is_empty() {
            return Some(format!("in none of {all}"));
        }
        let most = if output.all { paths.len() } else { NAMED_MOST };
        let named = paths.iter().take(most).map(|path| escape::message(path));
        let named: Vec<_> = named.collect();
        let more = match paths.len().saturating_sub(most) {
            0 => String::new(),
            more => format!(" and {} more (--all names them)", grouped(more as u64)),
        };
        let number = grouped(paths.len() as u64);
        Some(format!(
            "in {number} of {all}, namely {}{more}",
            named.join(", ")
        ))
    }
}
