//! Remarks about a catalog, as people and programs see them.

use std::collections::BTreeSet;
use std::io;

use migrate_manifests::catalog::{CatalogError, Place};
use migrate_manifests::code::{Class, Code};
use migrate_manifests::path::TreePath;
use migrate_manifests::rehearsal;
use migrate_manifests::report::Diagnosis;

use crate::cli::escape;
use crate::cli::render::{End, Ending, INDENT, Item, Object, Page, Report, Tone, counted, grouped};

const NAMED_MOST: usize = 5;

#[derive(Debug)]
pub(super) struct Remark {
    code: Code,
    file: Option<String>,
    line: Option<usize>,
    column: Option<usize>,
    path: Option<TreePath>,
    message: String,
    /// The manifests that a step would change; `None` without a tree.
    manifests: Option<Vec<TreePath>>,
}

impl Remark {
    fn at(place: &Place, code: Code, message: String) -> Self {
        let (file, line, column) = match place {
            Place::Catalog => (None, None, None),
            Place::File(file) => (Some(file.clone()), None, None),
            Place::Line { file, line, column } => (Some(file.clone()), Some(*line), Some(*column)),
        };
        Self {
            code,
            file,
            line,
            column,
            path: None,
            message,
            manifests: None,
        }
    }

    pub(super) fn of(mut self, path: &TreePath) -> Self {
        self.path = Some(path.clone());
        self
    }

    pub(super) fn changing(mut self, paths: &[TreePath]) -> Self {
        self.manifests = Some(paths.to_vec());
        self
    }

    pub(super) fn troubled(path: &TreePath, trouble: &Diagnosis) -> Self {
        Self::at(&Place::Catalog, trouble.code, trouble.message.clone()).of(path)
    }

    pub(super) fn of_tree(code: Code, message: &str) -> Self {
        Self::at(&Place::Catalog, code, message.to_owned())
    }

    fn is_finding(&self) -> bool {
        !matches!(self.code.class(), Class::Note | Class::Warning)
    }

    fn place(&self) -> String {
        let file = self.file.clone().unwrap_or_default();
        let place = match (self.line, self.column) {
            (Some(line), Some(column)) => format!("{file}:{line}:{column}"),
            _ => file,
        };
        let path = self.path.as_ref().map(ToString::to_string);
        let parts = [place, path.unwrap_or_default()].into_iter();
        let parts: Vec<_> = parts.filter(|part| !part.is_empty()).collect();
        parts.join(", ")
    }
}

impl From<&rehearsal::Remark> for Remark {
    fn from(remark: &rehearsal::Remark) -> Self {
        Self::at(&remark.place, remark.code, remark.message.clone())
    }
}

impl From<&Diagnosis> for Remark {
    fn from(notice: &Diagnosis) -> Self {
        let remark = Self::of_tree(notice.code, &notice.message);
        match &notice.path {
            Some(path) => remark.of(path),
            None => remark,
        }
    }
}

impl From<&CatalogError> for Remark {
    fn from(error: &CatalogError) -> Self {
        Self::at(&error.place, error.code(), error.problem.to_string())
    }
}

struct RemarkItem<'r> {
    remark: &'r Remark,
    manifests: Option<u64>,
}

impl Item for Remark {
    fn list(&self) -> &'static str {
        "remarks"
    }

    fn text(&self, page: &mut Page) -> io::Result<()> {
        let printed = RemarkItem {
            remark: self,
            manifests: None,
        };
        printed.text(page)
    }

    fn json(&self, object: &mut Object, _: bool) {
        let class = if self.is_finding() { "finding" } else { "note" };
        let text = |path: &TreePath| path.to_text().into_owned();
        let manifests = self.manifests.as_ref();
        object
            .member("class", class)
            .member("code", self.code.as_str())
            .some("file", self.file.as_ref())
            .some("line", self.line)
            .some("column", self.column)
            .some("path", self.path.as_ref().map(text))
            .member("message", &self.message)
            .some(
                "manifests",
                manifests.map(|all| all.iter().map(text).collect::<Vec<_>>()),
            );
    }
}

impl Item for RemarkItem<'_> {
    fn list(&self) -> &'static str {
        self.remark.list()
    }

    fn text(&self, page: &mut Page) -> io::Result<()> {
        let remark = self.remark;
        if page.view.quiet && !remark.is_finding() {
            return Ok(());
        }
        let label = if remark.is_finding() {
            page.label(Tone::Trouble, "finding")
        } else {
            page.label(Tone::Plain, "note")
        };
        let place = remark.place();
        let place = escape::message(&place);
        let mut shown = format!("{label}{place}").trim_end().to_owned() + "\n";
        let mut lines = vec![format!(
            "{}: {}",
            remark.code,
            escape::message(&remark.message)
        )];
        lines.extend(self.manifest_list(page.view.all));
        for line in lines {
            let line = page.wrap(&line, INDENT);
            shown.extend(["          ", &line, "\n"]);
        }
        page.head(&shown)
    }

    fn json(&self, object: &mut Object, all: bool) {
        self.remark.json(object, all);
    }
}

impl RemarkItem<'_> {
    fn manifest_list(&self, all: bool) -> Option<String> {
        let (paths, looked_at) = (self.remark.manifests.as_ref()?, self.manifests?);
        let looked_at = counted(looked_at, "manifest", "manifests");
        if paths.is_empty() {
            return Some(format!("in none of {looked_at}"));
        }
        let most = if all { paths.len() } else { NAMED_MOST };
        let named = paths.iter().take(most);
        let named: Vec<_> = named
            .map(|path| escape::message(&path.to_text()).into_owned())
            .collect();
        let more = match paths.len().saturating_sub(most) {
            0 => String::new(),
            more => format!(" and {} more (--all names them)", grouped(more as u64)),
        };
        let number = grouped(paths.len() as u64);
        Some(format!(
            "in {number} of {looked_at}, namely {}{more}",
            named.join(", ")
        ))
    }
}

pub(super) struct Remarks {
    pub(super) all: Vec<Remark>,
    pub(super) manifests: Option<u64>,
    pub(super) tried: Option<Tried>,
}

pub(super) struct Tried {
    pub(super) fixtures: usize,
    pub(super) documents: usize,
    pub(super) pending: Option<u64>,
}

impl Remarks {
    pub(super) fn report(&self, report: &mut Report) -> io::Result<()> {
        let manifests = self.manifests;
        self.all
            .iter()
            .try_for_each(|remark| report.item(&RemarkItem { remark, manifests }))
    }

    fn sentence(&self) -> Option<String> {
        let tried = self.tried.as_ref()?;
        let mut parts = vec![
            counted(tried.fixtures as u64, "fixture", "fixtures"),
            counted(
                tried.documents as u64,
                "made-up document",
                "made-up documents",
            ),
        ];
        if let (Some(manifests), Some(pending)) = (self.manifests, tried.pending) {
            let manifests = counted(manifests, "manifest", "manifests");
            parts.push(format!("{manifests} ({pending} pending)"));
        }
        let last = parts.pop().unwrap_or_default();
        Some(format!("Tried {} and {last}.", parts.join(", ")))
    }
}

impl Ending for Remarks {
    fn lists(&self) -> &'static [&'static str] {
        &["remarks"]
    }

    fn text(&self, _: &End<'_>, page: &mut Page) -> io::Result<()> {
        if page.view.quiet {
            return Ok(());
        }
        let codes: BTreeSet<Code> = self.all.iter().map(|remark| remark.code).collect();
        let label = page.paint.text(Tone::Hint, "hint: ").into_owned();
        let mut shown = String::new();
        for code in &codes {
            let hint = page.wrap(&format!("{code}: {}", code.hint()), 6);
            shown.extend([&label, hint.as_str(), "\n"]);
        }
        if !codes.is_empty() {
            shown.push('\n');
        }
        let findings = self.all.iter().filter(|remark| remark.is_finding()).count();
        let verdict = match (findings, self.all.len() - findings) {
            (0, 0) => "Nothing to remark.".to_owned(),
            (findings, notes) => format!(
                "{}, {}.",
                counted(findings as u64, "finding", "findings"),
                counted(notes as u64, "note", "notes")
            ),
        };
        let sentences: Vec<_> = self.sentence().into_iter().chain([verdict]).collect();
        shown.push_str(&page.sentences(&sentences));
        page.list(&shown)
    }

    fn members(&self, object: &mut Object) {
        if let Some(tried) = &self.tried {
            object.object(
                "tested",
                Some(|object: &mut Object| {
                    object
                        .member("fixtures", tried.fixtures)
                        .member("documents", tried.documents)
                        .member("manifests", self.manifests)
                        .member("pending", tried.pending);
                }),
            );
        }
    }

    fn has_trouble(&self) -> bool {
        self.all.iter().any(Remark::is_finding)
    }
}
