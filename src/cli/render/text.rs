//! The text report: items first, as they happen, and the summary last, at the end of the screen.
//!
//! Invariant: text from the tree is printed only through `escape`.

use std::io;

use migrate_manifests::report::{Start, Status};

use super::item::ReportPart;
use super::manifest::findings;
use super::page::{Headline, Page};
use super::paint::Tone;
use crate::cli::escape;

pub(crate) const EACH_LATEST: &str = "each kind's latest";
const DIGEST_SHOWN: usize = "sha256:".len() + 16;

pub(super) fn write(page: &mut Page, part: ReportPart<'_>) -> io::Result<()> {
    match part {
        ReportPart::Listed(_) | ReportPart::Began(_) => {}
        ReportPart::Start(head) => start(page, head),
        ReportPart::Item(item) => item.text(page),
        ReportPart::Directory(notice) => {
            let place = match &notice.path {
                Some(path) => format!("{} (directory)", escape::path(path.as_bytes())),
                None => "the tree itself".to_owned(),
            };
            let label = page.label(Tone::Trouble, Status::Failed.as_str());
            let why = page.why(notice);
            page.list(&format!("{label}{place}\n{why}"));
        }
        ReportPart::Finding(notice) => {
            let path = notice.path.as_ref();
            let place = path.map_or("the state directory".into(), |path| {
                escape::path(path.as_bytes())
            });
            findings(page, &place, &[notice]);
        }
        ReportPart::End(end, ending) => {
            ending.text(end, page);
            page.flush();
        }
    }
    page.check()
}

fn start(page: &mut Page, head: &Start) {
    let headline = page.view.headline;
    if page.view.quiet || headline == Headline::None {
        return;
    }
    let digest: String = head.catalog_digest.chars().take(DIGEST_SHOWN).collect();
    let target = match (&head.target, &head.latest) {
        (Some(target), Some(latest)) if latest != target => {
            format!("target    {target} (the latest is {latest})\n")
        }
        (Some(target), _) => format!("target    {target}\n"),
        (None, None) if headline == Headline::Target => format!("target    {EACH_LATEST}\n"),
        (None, _) => String::new(),
    };
    page.head(&format!(
        "tree      {}\ncatalog   {} ({}), {digest}\n{target}",
        escape::path(head.tree.as_bytes()),
        escape::message(&head.catalog_name),
        escape::message(&head.catalog_source),
    ));
}
