//! Visits one directory, or one named manifest.
//! Invariant: each manifest is examined while its directory is open, and no error is dropped.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::frame::Frame;
use super::scope::{Scope, given_trouble};
use super::tally::{FoundCounts, Tally};
use crate::code::Code;
use crate::path::{Name, TreePath};
use crate::report::{Diagnosis, Stop};
use crate::storage::{Directory, EntryKind, Failed, LinkTarget, Storage};

pub(super) struct Visit<'v> {
    pub(super) path: &'v TreePath,
    /// The open directory, or the reason why it cannot be read.
    pub(super) directory: Result<&'v Directory<'v>, Diagnosis>,
    /// The diagnosis of a manifest that is not to be read: it is not a regular file, or lies below the state of another user.
    refused: Option<Diagnosis>,
}

/// Examines one manifest, from any thread, with a buffer of the thread.
pub(super) type VisitFn<'v, T> = dyn Fn(&Visit<'_>, &mut Vec<u8>) -> T + Sync + 'v;

impl<'v> Visit<'v> {
    pub(super) fn readable(&self) -> Result<&'v Directory<'v>, Diagnosis> {
        match &self.refused {
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
pub(super) struct VisitResult<T> {
    pub(super) ahead: Vec<Ahead<T>>,
    pub(super) counts: FoundCounts,
    /// The directory, if another user made a state directory in it.
    pub(super) foreign: Option<TreePath>,
    /// The stop that ends the search after these items.
    pub(super) stop: Option<Stop>,
}

impl<T> Default for VisitResult<T> {
    fn default() -> Self {
        Self {
            ahead: Vec::new(),
            counts: FoundCounts::default(),
            foreign: None,
            stop: None,
        }
    }
}

pub(super) struct Visiting<'v, T> {
    pub(super) frame: &'v Frame<'v>,
    pub(super) scope: &'v Scope<'v>,
    pub(super) visit: &'v VisitFn<'v, T>,
    /// The directories known so far in which another user made a state directory.
    pub(super) foreign: &'v BTreeSet<TreePath>,
}

impl<T> Visiting<'_, T> {
    /// Lists one directory, visits the manifests in it, and returns the directories below it.
    pub(super) fn directory(&self, path: &[u8], buffer: &mut Vec<u8>) -> VisitResult<T> {
        let mut visited = VisitResult::default();
        if self.frame.watch.signal().is_some() {
            visited.ahead.push(Ahead::Directory(path.into()));
            return visited;
        }
        let at = TreePath::new(path);
        let directory = match self
            .frame
            .storage
            .open(at.as_ref())
            .and_then(Directory::list)
        {
            Ok(directory) => directory,
            Err(failed) => {
                match at {
                    Some(path) => visited.ahead.extend(not_listed(path, failed)),
                    None => visited.stop = Some(self.unreadable_tree(&failed)),
                }
                return visited;
            }
        };
        let mut here = Vec::new();
        for (name, kind) in directory.entries.iter() {
            let what = self.entry((path, name, kind), &directory, &mut visited);
            here.extend(what.map(|what| (name.as_bytes(), what)));
        }
        here.sort_unstable_by(path_order);
        let foreign = visited.foreign.as_ref();
        let foreign = foreign.or_else(|| self.foreign_above(path));
        let refused = foreign.map(nested_state);
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
                        refused: match kind {
                            EntryKind::File => refused.clone(),
                            other => Some(other.not_regular()),
                        },
                    };
                    Ahead::Found(Box::new(Found::Manifest((self.visit)(&visit, buffer))))
                }
            });
        }
        visited
    }

    /// Counts one entry. Returns what is to be visited or reported.
    fn entry(
        &self,
        (parent, name, kind): (&[u8], Name<'_>, EntryKind),
        directory: &Directory<'_>,
        visited: &mut VisitResult<T>,
    ) -> Option<Here<T>> {
        let bytes = name.as_bytes();
        let path = || TreePath::join(parent, bytes);
        let warning = |code, message: &str| {
            let diagnosis = Diagnosis::new(code, message).at(path());
            Some(Here::Found(Box::new(Found::Warning(diagnosis))))
        };
        if self.scope.is_manifest(name) {
            let (path, selection) = (path(), &self.scope.selection);
            let is_excluded = selection.excludes(&path);
            visited.counts.found += 1;
            visited.counts.excluded += u64::from(is_excluded);
            let is_selected = !is_excluded && selection.selects(&path);
            return is_selected.then_some(Here::Manifest(kind));
        }
        match kind {
            EntryKind::State => {
                let inner = TreePath::new(parent);
                visited.stop = inner.map(|inner| nested(&inner)).or(visited.stop.take());
                None
            }
            EntryKind::ForeignState => {
                // In the tree itself it is the tree's.
                visited.foreign = TreePath::new(parent);
                None
            }
            EntryKind::Directory if bytes.starts_with(b".") => None,
            EntryKind::Directory if !self.scope.is_opaque(bytes) => Some(Here::Directory),
            EntryKind::Directory if parent.is_empty() => warning(
                Code::OpaqueAtTop,
                "a directory of an opaque name directly below the tree, not entered",
            ),
            EntryKind::Link => match directory.follow(name, &self.scope.names) {
                Ok(target) => {
                    match target {
                        LinkTarget::Run => visited.counts.aliases += 1,
                        LinkTarget::Missing => visited.counts.dangling += 1,
                        LinkTarget::Outside => visited.counts.outside += 1,
                        LinkTarget::Inside => {}
                    }
                    None
                }
                Err(diagnosis) => {
                    let failed = Found::DirectoryFailed(diagnosis.at(path()));
                    Some(Here::Found(Box::new(failed)))
                }
            },
            EntryKind::Staged => warning(
                Code::UnfinishedOperation,
                "this file is named like one that an unfinished operation left beside a manifest",
            ),
            EntryKind::File if self.scope.is_manifest_in_other_case(bytes) => warning(
                Code::NameCase,
                "not a manifest: its name differs from a manifest's in case",
            ),
            EntryKind::Directory
            | EntryKind::File
            | EntryKind::Fifo
            | EntryKind::Socket
            | EntryKind::Device
            | EntryKind::Unknown => None,
        }
    }

    fn unreadable_tree(&self, failed: &Failed) -> Stop {
        let reason = match failed {
            Failed::Error(diagnosis) => &*diagnosis.message,
            Failed::Gone | Failed::OtherFileSystem => "No such file or directory (os error 2)",
        };
        let tree = &self.frame.request.tree;
        let message = format!("cannot list the tree `{tree}`: {reason}");
        Stop::new(Code::TreeUnreadable, message)
    }

    pub(super) fn named(&self, path: TreePath, buffer: &mut Vec<u8>) -> VisitResult<T> {
        let mut visited = VisitResult::default();
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
            None => open_parent(self.frame.storage, path, Directory::list),
        };
        let visit = Visit {
            path,
            directory: readable.as_ref().map_err(Diagnosis::clone),
            refused: self.foreign_above(path.parent()).map(nested_state),
        };
        (self.visit)(&visit, buffer)
    }

    /// The directory at or above this one in which another user made a state directory.
    fn foreign_above(&self, directory: &[u8]) -> Option<&TreePath> {
        if self.foreign.is_empty() {
            return None;
        }
        let mut above = TreePath::new(directory);
        while let Some(directory) = above {
            if let Some(found) = self.foreign.get(&directory) {
                return Some(found);
            }
            above = TreePath::new(directory.parent());
        }
        None
    }
}

/// Opens the directory of a manifest; `then` is [`Directory::list`], or `Ok` where no entries are needed. If that cannot be done, reading the manifest gives the reason.
pub(super) fn open_parent<'s>(
    storage: &'s dyn Storage,
    path: &TreePath,
    then: fn(Directory<'s>) -> Result<Directory<'s>, Failed>,
) -> Result<Directory<'s>, Diagnosis> {
    let parent = TreePath::new(path.parent());
    let opened = storage.open(parent.as_ref()).and_then(then);
    opened.map_err(|failed| {
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

fn not_listed<T>(path: TreePath, failed: Failed) -> Option<Ahead<T>> {
    let found = match failed {
        // The directory was removed after its parent was listed.
        Failed::Gone => return None,
        Failed::OtherFileSystem => {
            let message = "on another file system, not entered";
            Found::Warning(Diagnosis::new(Code::OtherFileSystem, message).at(path))
        }
        Failed::Error(diagnosis) => Found::DirectoryFailed(diagnosis.at(path)),
    };
    Some(Ahead::Found(Box::new(found)))
}

fn nested_state(foreign: &TreePath) -> Diagnosis {
    let message = format!("another user made a state directory in `{foreign}`");
    Diagnosis::new(Code::NestedState, message)
}

pub(super) fn nested(inner: &TreePath) -> Stop {
    let message =
        format!("one tree lies inside the other: `{inner}` has a state directory of its own");
    Stop::new(Code::NestedTree, message)
}
