//! The text report.
//!
//! Items come first, as they happen, and the summary last, at the end of the screen.
//!
//! Invariant: text from the tree is printed only through `escape`.

use std::io;

use migrate_manifests::report::{Start, Status};

use super::facts::{End, Listed};
use super::form::{Form, Trouble};
use super::item::{Ending, Item};
use super::manifest::findings;
use super::page::{Headline, Page};
use super::paint::Tone;
use crate::cli::escape;

pub(crate) const EACH_LATEST: &str = "each kind's latest";
const DIGEST_SHOWN: usize = "sha256:".len() + 16;

pub(crate) struct Text {
    page: Page,
}

impl Text {
    pub(super) fn new(page: Page) -> Self {
        Self { page }
    }
}

impl Form for Text {
    fn start(&mut self, head: &Start) -> io::Result<()> {
        let headline = self.page.view.headline;
        if self.page.view.quiet || headline == Headline::None {
            return Ok(());
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
        self.page.head(&format!(
            "tree      {}\ncatalog   {} ({}), {digest}\n{target}",
            escape::path(head.tree.as_bytes()),
            escape::message(&head.catalog_name),
            escape::message(&head.catalog_source),
        ))
    }

    fn item(&mut self, item: &dyn Item) -> io::Result<()> {
        item.text(&mut self.page)
    }

    fn expect(&mut self, _: Listed) {}

    fn trouble(&mut self, trouble: Trouble<'_>) -> io::Result<()> {
        let page = &mut self.page;
        match trouble {
            Trouble::Directory(notice) => {
                let place = match &notice.path {
                    Some(path) => format!("{} (directory)", escape::path(path.as_bytes())),
                    None => "the tree itself".to_owned(),
                };
                let label = page.label(Tone::Trouble, Status::Failed.as_str());
                let why = page.why(notice.code, &notice.message);
                page.list(&format!("{label}{place}\n{why}"))
            }
            Trouble::Finding(notice) => {
                let path = notice.path.as_ref();
                let place = path.map_or("the state directory".into(), |path| {
                    escape::path(path.as_bytes())
                });
                findings(page, &place, &[notice])
            }
        }
    }

    fn end(&mut self, end: &End<'_>, ending: &dyn Ending) -> io::Result<()> {
        ending.text(end, &mut self.page)?;
        self.page.flush()
    }
}
