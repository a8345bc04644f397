//! Remarks about a catalog, as people and programs see them.

use migrate_manifests::catalog::Place;
use migrate_manifests::path::TreePath;
use migrate_manifests::rehearsal::Remark;
use migrate_manifests::report::Diagnosis;

use crate::cli::escape;
use crate::cli::render::{
    End, Ending, INDENT, JsonObject, Page, ReportItem, Tone, counted, grouped,
};

const NAMED_MOST: usize = 5;

/// One remark, about a place in the catalog or a manifest of a tree.
#[derive(Debug)]
pub(super) struct RemarkItem {
    place: Place,
    diagnosis: Diagnosis,
    /// With a tree the manifests that the step would change, and the number of all.
    pub(super) changed: Option<(Vec<TreePath>, u64)>,
}

impl RemarkItem {
    pub(super) fn new(place: Place, diagnosis: Diagnosis) -> Self {
        Self {
            place,
            diagnosis,
            changed: None,
        }
    }

    pub(super) fn of_catalog(remark: &Remark) -> Self {
        let diagnosis = Diagnosis::new(remark.code, &*remark.message);
        Self::new(remark.place.clone(), diagnosis)
    }

    pub(super) fn of_manifest(path: &TreePath, remark: &Remark) -> Self {
        let mut item = Self::of_catalog(remark);
        item.diagnosis.path = Some(path.clone());
        item
    }

    fn is_finding(&self) -> bool {
        !self.diagnosis.is_note()
    }

    fn manifest_list(&self, all: bool) -> Option<String> {
        let (paths, tried) = self.changed.as_ref()?;
        let tried = counted(*tried, "manifest", "manifests");
        if paths.is_empty() {
            return Some(format!("in none of {tried}"));
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
            "in {number} of {tried}, namely {}{more}",
            named.join(", ")
        ))
    }
}

impl ReportItem for RemarkItem {
    fn list(&self) -> &'static str {
        "remarks"
    }

    fn text(&self, page: &mut Page) {
        if page.view.quiet && !self.is_finding() {
            return;
        }
        let label = if self.is_finding() {
            page.label(Tone::Trouble, "finding")
        } else {
            page.label(Tone::Plain, "note")
        };
        let place = self.place.to_string();
        let place = place.strip_suffix(": ").unwrap_or_default().to_owned();
        let path = self.diagnosis.path.as_ref().map(ToString::to_string);
        let places: Vec<_> = [place, path.unwrap_or_default()]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect();
        let head = format!("{label}{}", escape::message(&places.join(", ")));
        let mut shown = format!("{}\n{}", head.trim_end(), page.why(&self.diagnosis));
        if let Some(list) = self.manifest_list(page.view.all) {
            shown.extend(["          ", &page.wrap(&list, INDENT), "\n"]);
        }
        page.head(&shown);
    }

    fn json(&self, object: &mut JsonObject, _: bool) {
        let (file, line, column) = match &self.place {
            Place::Catalog => (None, None, None),
            Place::File(file) => (Some(file), None, None),
            Place::Line { file, line, column } => (Some(file), Some(line), Some(column)),
        };
        let class = if self.is_finding() { "finding" } else { "note" };
        let changed = self.changed.as_ref().map(|(paths, _)| paths.iter());
        object
            .member("class", class)
            .member("code", self.diagnosis.code)
            .some("file", file)
            .some("line", line)
            .some("column", column)
            .some("path", self.diagnosis.path.as_ref().map(TreePath::to_text))
            .member("message", &self.diagnosis.message)
            .some(
                "manifests",
                changed.map(|paths| paths.map(TreePath::to_text).collect::<Vec<_>>()),
            );
    }
}

pub(super) struct Remarks {
    pub(super) all: Vec<RemarkItem>,
    pub(super) tried: Option<Tried>,
}

/// The number of documents of each sort.
pub(super) struct Tried {
    pub(super) fixtures: usize,
    /// Made-up documents.
    pub(super) documents: usize,
    pub(super) manifests: Option<u64>,
    pub(super) pending: Option<u64>,
}

impl Tried {
    fn sentence(&self) -> String {
        let mut parts = vec![
            counted(self.fixtures as u64, "fixture", "fixtures"),
            counted(
                self.documents as u64,
                "made-up document",
                "made-up documents",
            ),
        ];
        if let (Some(manifests), Some(pending)) = (self.manifests, self.pending) {
            let manifests = counted(manifests, "manifest", "manifests");
            parts.push(format!("{manifests} ({pending} pending)"));
        }
        let last = parts.pop().unwrap_or_default();
        format!("Tried {} and {last}.", parts.join(", "))
    }
}

impl Ending for Remarks {
    fn lists(&self) -> &'static [&'static str] {
        &["remarks"]
    }

    fn text(&self, _: &End<'_>, page: &mut Page) {
        if page.view.quiet {
            return;
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
        let tried = self.tried.as_ref().map(Tried::sentence);
        let sentences: Vec<_> = tried.into_iter().chain([verdict]).collect();
        page.close_list(&sentences);
    }

    fn members(&self, object: &mut JsonObject) {
        if let Some(tried) = &self.tried {
            object.object("tested", |object| {
                object
                    .member("fixtures", tried.fixtures)
                    .member("documents", tried.documents)
                    .member("manifests", tried.manifests)
                    .member("pending", tried.pending);
            });
        }
    }

    fn has_trouble(&self) -> bool {
        self.all.iter().any(RemarkItem::is_finding)
    }
}
