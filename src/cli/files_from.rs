//! `--files-from`: a list of paths in the tree, from a file or from standard input.
//! Invariant: the list is read entry by entry, and of an entry no more than a path may have.

use std::collections::BTreeSet;
use std::io::{self, BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};

use migrate_manifests::outside;
use migrate_manifests::path::TreePath;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FilesFrom {
    file: Option<PathBuf>,
    separator: Separator,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Separator {
    /// A line end; a line that begins with `"` is a JSON string.
    Line,
    Nul,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum FilesFromError {
    #[error("cannot read the list of manifests from {place}")]
    Unreadable { place: String, source: io::Error },
    #[error("{place}, entry {number}: {problem}")]
    Entry {
        place: String,
        number: usize,
        problem: Problem,
    },
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Problem {
    #[error("a line that begins with `\"` must be a JSON string")]
    NotAJsonString,
    #[error(
        "`{0}` is not a path in the tree: expected names with `/` between them, as reports print them"
    )]
    NotAPath(String),
    #[error("`{0}` is longer than a path can be, {MOST_ENTRY_BYTES} bytes")]
    TooLong(String),
}

/// No path is longer, also as a JSON string in which every byte is an escape.
const MOST_ENTRY_BYTES: usize = 32 * 1024;
/// So many characters of an entry are shown.
const MOST_SHOWN: usize = 80;

impl FilesFrom {
    pub(crate) fn new(file: PathBuf, separator: Separator) -> Self {
        Self {
            file: (file != Path::new("-")).then_some(file),
            separator,
        }
    }

    pub(crate) fn read(&self, stdin: &mut dyn Read) -> Result<BTreeSet<TreePath>, FilesFromError> {
        let list: &mut dyn Read = match &self.file {
            Some(file) => &mut outside::open(file).map_err(|source| self.unreadable(source))?,
            None => stdin,
        };
        let (mut list, mut entry, mut paths) = (BufReader::new(list), Vec::new(), BTreeSet::new());
        for number in 1.. {
            let is_there = self.separator.next(&mut list, &mut entry);
            if !is_there.map_err(|source| self.unreadable(source))? {
                break;
            }
            if entry.is_empty() {
                continue;
            }
            let path = path(&entry, self.separator);
            paths.insert(path.map_err(|problem| FilesFromError::Entry {
                place: self.place(),
                number,
                problem,
            })?);
        }
        Ok(paths)
    }

    fn unreadable(&self, source: io::Error) -> FilesFromError {
        FilesFromError::Unreadable {
            place: self.place(),
            source,
        }
    }

    fn place(&self) -> String {
        match &self.file {
            Some(file) => format!("`{}`", file.display()),
            None => "standard input".to_owned(),
        }
    }
}

impl Separator {
    /// Reads the next entry, or more of it than an entry may have; returns false at the end of the list.
    fn next(self, list: &mut impl io::BufRead, entry: &mut Vec<u8>) -> io::Result<bool> {
        let end = match self {
            Self::Line => b'\n',
            Self::Nul => 0,
        };
        entry.clear();
        // A line may end with two bytes.
        let mut part = list.take(MOST_ENTRY_BYTES as u64 + 2);
        let is_there = part.read_until(end, entry)? > 0;
        if entry.last() == Some(&end) {
            entry.pop();
            if self == Self::Line && entry.last() == Some(&b'\r') {
                entry.pop();
            }
        }
        Ok(is_there)
    }
}

fn path(entry: &[u8], separator: Separator) -> Result<TreePath, Problem> {
    if entry.len() > MOST_ENTRY_BYTES {
        return Err(Problem::TooLong(shown(entry)));
    }
    let quoted: String;
    let bytes = if separator == Separator::Line && entry.starts_with(b"\"") {
        quoted = serde_json::from_slice(entry).map_err(|_| Problem::NotAJsonString)?;
        quoted.as_bytes()
    } else {
        entry
    };
    TreePath::new(bytes).ok_or_else(|| Problem::NotAPath(shown(bytes)))
}

fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    match text.char_indices().nth(MOST_SHOWN) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(list: &[u8], separator: Separator) -> Vec<Vec<u8>> {
        let from = FilesFrom::new("-".into(), separator);
        let paths = from.read(&mut &*list).unwrap();
        paths.iter().map(|path| path.as_bytes().to_vec()).collect()
    }

    #[test]
    fn a_path_stands_on_each_line_plain_or_as_a_json_string() {
        let list = b"b/manifest.json\r\n\n\"a\\n\\u001b/manifest.json\"\nb/manifest.json\nc\\n";
        let paths: [&[u8]; 3] = [b"a\n\x1b/manifest.json", b"b/manifest.json", b"c\\n"];
        assert_eq!(parsed(list, Separator::Line), paths);
    }

    #[test]
    fn with_nul_every_other_byte_is_itself() {
        let list = b"\"a\"/m\0b\n\xff\r/m\0";
        let paths: [&[u8]; 2] = [b"\"a\"/m", b"b\n\xff\r/m"];
        assert_eq!(parsed(list, Separator::Nul), paths);
    }

    #[test]
    fn an_entry_that_leads_elsewhere_is_named_with_its_number() {
        let from = FilesFrom::new("-".into(), Separator::Line);
        let error = from.read(&mut &b"a/m\n\n/etc/passwd\n"[..]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "standard input, entry 3: `/etc/passwd` is not a path in the tree: expected names with `/` between them, as reports print them"
        );
        let error = from.read(&mut &b"\"a\n"[..]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "standard input, entry 1: a line that begins with `\"` must be a JSON string"
        );
    }

    #[test]
    fn a_long_entry_is_refused_and_not_shown_whole() {
        let from = FilesFrom::new("-".into(), Separator::Line);
        let list = format!("a/m\n{}", "x".repeat(MOST_ENTRY_BYTES + 1));
        let shown = "x".repeat(MOST_SHOWN);
        let too_long = format!(
            "standard input, entry 2: `{shown}...` is longer than a path can be, 32768 bytes"
        );
        let error = from.read(&mut list.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), too_long);
        // Nothing more than this is read of a list without an end.
        let endless = &mut io::Cursor::new("a/m\n").chain(io::repeat(b'x'));
        assert_eq!(from.read(endless).unwrap_err().to_string(), too_long);
        let longest = format!("{}\r\na/m\r\n", "x".repeat(MOST_ENTRY_BYTES));
        assert_eq!(from.read(&mut longest.as_bytes()).unwrap().len(), 2);
        let list = format!("/{}", "y".repeat(MOST_ENTRY_BYTES - 1));
        let error = from.read(&mut list.as_bytes()).unwrap_err();
        let shown = format!("`/{}...` is not a path", "y".repeat(MOST_SHOWN - 1));
        assert!(error.to_string().contains(&shown), "{error}");
    }

    #[test]
    fn a_list_that_cannot_be_read_is_named() {
        let from = FilesFrom::new("/nowhere/list".into(), Separator::Line);
        let error = from.read(&mut io::empty()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot read the list of manifests from `/nowhere/list`"
        );
    }
}
