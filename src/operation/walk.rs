//! Visits one directory, or one named manifest.
//! Invariant: each manifest is examined while its directory is open, and no error is dropped.

use std::cmp::Ordering;

use super::frame::Frame;
use super::scope::{Scope, given_trouble};
use super::tally::{FoundCounts, Tally};
use crate::code::Code;
use crate::path::{Name, TreePath};
use crate::report::Diagnosis;
use crate::storage::{Directory, EntryKind, Failed, LinkTarget, Storage};

pub(super) struct Visit<'v> {
    pub(super) path: &'v TreePath,
    /// The open directory, or the reason why it cannot be read.
    pub(super) directory: Result<&'v Directory<'v>, Diagnosis>,
    /// The diagnosis of a manifest that is not a regular file.
    not_regular: Option<Diagnosis>,
}

impl<'v> Visit<'v> {
    pub(super) fn readable(&self) -> Result<&'v Directory<'v>, Diagnosis> {
        match &self.not_regular {
            Some(diagnosis) => Err(diagnosis.clone()),
            None => self.directory.clone(),
        }
    }
}

pub(super) enum Found<T> {
    /// A selected manifest, with the result of the visit.
    Manifest(T),
    Warning(Diagnosis),
    /// A directory that could not be listed.
    DirectoryFailed(Diagnosis),
}

impl<T> Found<T> {
    /// The result of a manifest's visit; anything else is reported.
    pub(super) fn manifest(self, tally: &mut Tally<'_>) -> Option<T> {
        match self {
            Self::Manifest(one) => return Some(one),
            Self::Warning(diagnosis) => tally.warn(&diagnosis),
            Self::DirectoryFailed(diagnosis) => tally.directory_failed(diagnosis),
        }
        None
    }
}

pub(super) enum Ahead<T> {
    /// A directory that has yet to be visited; an empty path is the tree.
    Directory(Box<[u8]>),
    /// A manifest that was named, and has yet to be visited.
    Named(TreePath),
    Found(Box<Found<T>>),
}

impl<T> Ahead<T> {
    /// The number of directories above a directory.
    pub(super) fn depth(&self) -> Option<usize> {
        match self {
            Self::Directory(path) if path.is_empty() => Some(0),
            Self::Directory(path) => Some(path.split(|byte| *byte == b'/').count()),
            Self::Named(_) | Self::Found(_) => None,
        }
    }
}

/// The result of one visit: items in path order, and subdirectories between them.
pub(super) struct Visited<T> {
    pub(super) ahead: Vec<Ahead<T>>,
    pub(super) counts: FoundCounts,
    /// A directory that is a tree of its own.
    pub(super) nested: Option<TreePath>,
    pub(super) unreadable_tree: Option<Diagnosis>,
}

impl<T> Default for Visited<T> {
    fn default() -> Self {
        Self {
            ahead: Vec::new(),
            counts: FoundCounts::default(),
            nested: None,
            unreadable_tree: None,
        }
    }
}

pub(super) struct Visiting<'v, T> {
    pub(super) frame: &'v Frame<'v>,
    pub(super) scope: &'v Scope<'v>,
    pub(super) visit: &'v (dyn Fn(&Visit<'_>, &mut Vec<u8>) -> T + Sync),
}

impl<T> Visiting<'_, T> {
    /// Lists one directory, visits the manifests in it, and returns the directories below it.
    pub(super) fn directory(&self, path: &[u8], buffer: &mut Vec<u8>) -> Visited<T> {
        let mut visited = Visited::default();
        if self.frame.watch.signal().is_some() {
            visited.ahead.push(Ahead::Directory(path.into()));
            return visited;
        }
        let at = TreePath::new(path);
        let directory = match self.frame.storage.list(at.as_ref()) {
            Ok(directory) => directory,
            Err(failed) => {
                visited.fail(at, failed);
                return visited;
            }
        };
        let mut here = Vec::new();
        for (name, kind) in directory.entries.iter() {
            self.entry(&mut visited, (path, name, kind), &directory, &mut here);
        }
        here.sort_unstable_by(path_order);
        visited.ahead.reserve_exact(here.len());
        for (name, what) in here {
            visited.ahead.push(match what {
                Here::Directory if path.is_empty() => Ahead::Directory(name.into()),
                Here::Directory => Ahead::Directory([path, b"/", name].concat().into()),
                Here::Found(found) => Ahead::Found(found),
                Here::Manifest(kind) => {
                    let path = TreePath::join(path, name);
                    let visit = Visit {
                        path: &path,
                        directory: Ok(&directory),
                        not_regular: (kind != EntryKind::File).then(|| kind.not_regular()),
                    };
                    Ahead::Found(Box::new(Found::Manifest((self.visit)(&visit, buffer))))
                }
            });
        }
        visited
    }

    /// Sorts one entry in.
    fn entry<'n>(
        &self,
        visited: &mut Visited<T>,
        (parent, name, kind): (&[u8], Name<'n>, EntryKind),
        directory: &Directory<'_>,
        here: &mut Vec<(&'n [u8], Here<T>)>,
    ) {
        let bytes = name.as_bytes();
        let mut push = |what: Here<T>| here.push((bytes, what));
        let warning = |code, message: &str| {
            let diagnosis = Diagnosis::new(code, message).at(TreePath::join(parent, bytes));
            Here::Found(Box::new(Found::Warning(diagnosis)))
        };
        if self.scope.is_manifest(name) {
            let path = TreePath::join(parent, bytes);
            visited.counts.found += 1;
            if self.scope.selection.excludes(&path) {
                visited.counts.excluded += 1;
            } else if self.scope.selection.selects(&path) {
                push(Here::Manifest(kind));
            }
            return;
        }
        match kind {
            EntryKind::State => {
                visited.nested = TreePath::new(parent).or(visited.nested.take());
            }
            EntryKind::Directory if bytes.starts_with(b".") => {}
            EntryKind::Directory if self.scope.is_opaque(bytes) => {
                if parent.is_empty() {
                    push(warning(
                        Code::OpaqueAtTop,
                        "a directory of an opaque name directly below the tree, not entered",
                    ));
                }
            }
            EntryKind::Directory => push(Here::Directory),
            EntryKind::Link => match directory.follow(name, &self.scope.names) {
                Ok(LinkTarget::Run) => visited.counts.aliases += 1,
                Ok(LinkTarget::Missing) => visited.counts.dangling += 1,
                Ok(LinkTarget::Outside) => visited.counts.outside += 1,
                Ok(LinkTarget::Inside) => {}
                Err(diagnosis) => {
                    let at = TreePath::join(parent, bytes);
                    push(Here::Found(Box::new(Found::DirectoryFailed(
                        diagnosis.at(at),
                    ))));
                }
            },
            EntryKind::Staged => push(warning(
                Code::UnfinishedOperation,
                "this file is named like one that an unfinished operation left beside a manifest",
            )),
            EntryKind::File if self.scope.is_manifest_in_other_case(bytes) => push(warning(
                Code::NameCase,
                "not a manifest: its name differs from a manifest's in case",
            )),
            EntryKind::File
            | EntryKind::Fifo
            | EntryKind::Socket
            | EntryKind::Device
            | EntryKind::Unknown => {}
        }
    }

    pub(super) fn named(&self, path: TreePath, buffer: &mut Vec<u8>) -> Visited<T> {
        let mut visited = Visited::default();
        if self.frame.watch.signal().is_some() {
            visited.ahead.push(Ahead::Named(path));
        } else if self.scope.counts_named(&path, &mut visited.counts) {
            let manifest = self.one(&path, buffer);
            visited
                .ahead
                .push(Ahead::Found(Box::new(Found::Manifest(manifest))));
        }
        visited
    }

    pub(super) fn one(&self, path: &TreePath, buffer: &mut Vec<u8>) -> T {
        let readable = match given_trouble(self.scope, path) {
            Some(trouble) => Err(trouble),
            None => open_parent(self.frame.storage, path),
        };
        let visit = Visit {
            path,
            directory: readable.as_ref().map_err(Diagnosis::clone),
            not_regular: None,
        };
        (self.visit)(&visit, buffer)
    }
}

/// Opens the directory of a manifest. If it cannot be listed, reading the manifest gives the reason.
pub(super) fn open_parent<'s>(
    storage: &'s dyn Storage,
    path: &TreePath,
) -> Result<Directory<'s>, Diagnosis> {
    let parent = TreePath::new(path.parent());
    storage.list(parent.as_ref()).map_err(|failed| {
        let read = storage.read(path, &mut |_| false);
        read.err().unwrap_or_else(|| match failed {
            Failed::Error(diagnosis) => diagnosis,
            Failed::Gone | Failed::OtherFileSystem => {
                Diagnosis::new(Code::NotFound, "its directory cannot be listed")
            }
        })
    })
}

enum Here<T> {
    Directory,
    Manifest(EntryKind),
    Found(Box<Found<T>>),
}

/// The order of paths: the name of a directory counts as if it ended with `/`.
fn path_order<T>((one, first): &(&[u8], Here<T>), (two, second): &(&[u8], Here<T>)) -> Ordering {
    let common = one.len().min(two.len());
    let rest = |name: &'_ [u8], what: &Here<T>| {
        let slash = matches!(what, Here::Directory).then_some(b'/');
        name[common..]
            .iter()
            .copied()
            .chain(slash)
            .collect::<Vec<_>>()
    };
    let order = one[..common].cmp(&two[..common]);
    order.then_with(|| rest(one, first).cmp(&rest(two, second)))
}

impl<T> Visited<T> {
    fn fail(&mut self, at: Option<TreePath>, failed: Failed) {
        let found = match (at, failed) {
            (None, Failed::Error(diagnosis)) => {
                self.unreadable_tree = Some(diagnosis);
                return;
            }
            (None, Failed::Gone | Failed::OtherFileSystem) => {
                let message = "No such file or directory (os error 2)";
                self.unreadable_tree = Some(Diagnosis::new(Code::NotFound, message));
                return;
            }
            // The directory was removed after its parent was listed.
            (Some(_), Failed::Gone) => return,
            (Some(path), Failed::OtherFileSystem) => Found::Warning(
                Diagnosis::new(Code::OtherFileSystem, "on another file system, not entered")
                    .at(path),
            ),
            (Some(path), Failed::Error(diagnosis)) => Found::DirectoryFailed(diagnosis.at(path)),
        };
        self.ahead.push(Ahead::Found(Box::new(found)));
    }
}
