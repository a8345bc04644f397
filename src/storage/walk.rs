//! Diagnosis manifests: a parallel walk of the tree by directory descriptors.
//!
//! Reads directories, never files. What it may not enter (opaque and dot directories, links, other file systems) it counts or names; no error is dropped.
//!
//! Invariant: the result depends on the tree alone, not on the number of threads.

use std::io;
use std::sync::{Mutex, PoisonError};

use super::disk::{Crossing, Disk, EntryKind};
use super::{Listing, STAGED_BESIDE, STATE_DIRECTORY, Scope};
use crate::code::Code;
use crate::path::TreePath;
use crate::report::{Diagnosis, Stop};

/// How many directories one task visits before it lets others take the rest.
const CHUNK: usize = 32;

/// Where the walk goes and what it looks for.
pub(super) struct Walk<'a, D: Disk> {
    pub(super) disk: &'a D,
    pub(super) root: &'a D::Dir,
    /// The tree as the kernel names it, to recognise absolute links into it.
    pub(super) tree: &'a [u8],
    pub(super) scope: &'a Scope<'a>,
    pub(super) crossing: Crossing,
    pub(super) interrupt: &'a (dyn Fn() -> bool + Sync),
}

/// What was gathered, in one directory or in all.
#[derive(Default)]
struct Gathered {
    listing: Listing,
    nested: Option<TreePath>,
    unreadable_tree: Option<io::Error>,
}

impl<D: Disk> Walk<'_, D> {
    /// Walks, and puts what was found in path order.
    pub(super) fn run(&self) -> Result<Listing, Stop> {
        let all = Mutex::<Gathered>::default();
        let within = self.scope.selection.within.as_ref();
        let start = within.map_or_else(Vec::new, |path| path.as_bytes().to_vec());
        self.check_start(&start)?;
        rayon::scope(|scope| self.visit(scope, &all, &start));
        let all = all.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = all.unreadable_tree {
            let message = format!(
                "cannot list the tree `{}`: {error}",
                String::from_utf8_lossy(self.tree)
            );
            return Err(Stop::new(Code::TreeUnreadable, message));
        }
        if let Some(inner) = all.nested {
            return Err(nested(&inner));
        }
        let mut listing = all.listing;
        listing.manifests.sort();
        listing
            .directories_failed
            .sort_unstable_by(|a, b| a.path.cmp(&b.path));
        listing
            .warnings
            .sort_unstable_by(|a, b| (&a.path, a.code).cmp(&(&b.path, b.code)));
        listing.leftovers.sort_unstable();
        Ok(listing)
    }

    /// A walk that begins in a directory that is never entered would take data for manifests.
    fn check_start(&self, start: &[u8]) -> Result<(), Stop> {
        let never_entered = |name: &&[u8]| name.starts_with(b".") || self.is_opaque(name);
        match start.split(|byte| *byte == b'/').find(never_entered) {
            None => Ok(()),
            Some(name) => Err(Stop::new(
                Code::SelectionInvalid,
                format!(
                    "`{}` lies in `{}`, which is never entered: what is there is data",
                    String::from_utf8_lossy(start),
                    String::from_utf8_lossy(name)
                ),
            )),
        }
    }

    fn visit<'s>(&'s self, scope: &rayon::Scope<'s>, all: &'s Mutex<Gathered>, path: &[u8]) {
        if (self.interrupt)() {
            return;
        }
        let below = self.list_one(all, path);
        let mut below = below.into_iter().peekable();
        while below.peek().is_some() {
            let chunk: Vec<Vec<u8>> = below.by_ref().take(CHUNK).collect();
            scope.spawn(move |scope| {
                for path in chunk {
                    self.visit(scope, all, &path);
                }
            });
        }
    }

    /// Lists one directory; gives the directories to be visited below it.
    fn list_one(&self, all: &Mutex<Gathered>, path: &[u8]) -> Vec<Vec<u8>> {
        let mut here = Gathered::default();
        let mut below = Vec::new();
        let mut links = Vec::new();
        let listed = self
            .disk
            .open_dir(self.root, path, self.crossing)
            .and_then(|dir| {
                self.disk.list(&dir, &mut |name, kind| {
                    let kind = match kind {
                        EntryKind::Unknown => match self.disk.stat_at(&dir, name) {
                            Ok(stat) => stat.kind,
                            Err(error) => {
                                here.directory_failed(path, &error);
                                return;
                            }
                        },
                        known => known,
                    };
                    self.entry(&mut here, path, name, kind, &mut below, &mut links);
                })?;
                for name in &links {
                    self.classify_link(&mut here, &dir, path, name);
                }
                Ok(())
            });
        match listed {
            Ok(()) => {}
            Err(error) if path.is_empty() => here.unreadable_tree = Some(error),
            // Gone since its parent was listed: there is nothing left to migrate in it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
                here.warn(
                    Code::OtherFileSystem,
                    path,
                    "on another file system, not entered",
                );
            }
            Err(error) => here.directory_failed(path, &error),
        }
        let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
        all.add(here);
        below
    }

    fn entry(
        &self,
        part: &mut Gathered,
        parent: &[u8],
        name: &[u8],
        kind: EntryKind,
        below: &mut Vec<Vec<u8>>,
        links: &mut Vec<Vec<u8>>,
    ) {
        let mut names = self.scope.names.iter();
        if names.any(|wanted| wanted.as_bytes() == name) {
            self.manifest(part, &TreePath::join(parent, name), kind);
            return;
        }
        match kind {
            EntryKind::Directory if name == STATE_DIRECTORY.as_bytes() => {
                if !parent.is_empty() {
                    part.nested = TreePath::new(parent);
                }
            }
            EntryKind::Directory if name.starts_with(b".") => {}
            EntryKind::Directory if self.is_opaque(name) => {
                if parent.is_empty() {
                    part.warn(
                        Code::OpaqueAtTop,
                        name,
                        "a directory of an opaque name directly below the tree, not entered",
                    );
                }
            }
            EntryKind::Directory => below.push(join(parent, name)),
            EntryKind::Link => links.push(name.to_vec()),
            EntryKind::File if name.starts_with(STAGED_BESIDE.as_bytes()) => {
                part.listing.leftovers.push(TreePath::join(parent, name));
            }
            EntryKind::File => {
                if self
                    .scope
                    .names
                    .iter()
                    .any(|wanted| wanted.as_bytes().eq_ignore_ascii_case(name))
                {
                    part.warn(
                        Code::NameCase,
                        &join(parent, name),
                        "not a manifest: its name differs from a manifest's in case",
                    );
                }
            }
            EntryKind::Fifo | EntryKind::Socket | EntryKind::Device | EntryKind::Unknown => {}
        }
    }

    fn manifest(&self, part: &mut Gathered, path: &TreePath, kind: EntryKind) {
        part.listing.found += 1;
        if self.scope.selection.excludes(path) {
            part.listing.excluded += 1;
        } else if self.scope.selection.selects(path) {
            part.listing.manifests.push(
                path.parent(),
                path.file_name(),
                (kind != EntryKind::File).then(|| not_regular(kind)),
            );
        }
    }

    fn is_opaque(&self, name: &[u8]) -> bool {
        self.scope
            .opaque
            .iter()
            .any(|opaque| opaque.as_bytes() == name)
    }

    /// Counts a link as alias, dangling or outside, without looking at anything outside the tree.
    fn classify_link(&self, part: &mut Gathered, dir: &D::Dir, parent: &[u8], name: &[u8]) {
        let target = match self.disk.read_link(dir, name) {
            Ok(target) => target,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(error) => return part.directory_failed(&join(parent, name), &error),
        };
        let inside = match target.strip_prefix(b"/") {
            None => Some(join(parent, name)),
            Some(_) => below_tree(self.tree, &target).map(<[u8]>::to_vec),
        };
        let Some(path) = inside else {
            part.listing.outside += 1;
            return;
        };
        let found = if path.is_empty() {
            self.disk.stat_dir(self.root)
        } else {
            self.disk.stat_below(self.root, &path, true)
        };
        match found {
            Ok(stat) if stat.kind == EntryKind::Directory => {
                let holds_manifest = self.scope.names.iter().any(|wanted| {
                    let manifest = join(&path, wanted.as_bytes());
                    self.disk.stat_below(self.root, &manifest, true).is_ok()
                });
                part.listing.aliases += u64::from(holds_manifest);
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
                part.listing.outside += 1;
            }
            Err(_) => part.listing.dangling += 1,
        }
    }
}

/// What of an absolute path lies below the tree.
fn below_tree<'t>(tree: &[u8], target: &'t [u8]) -> Option<&'t [u8]> {
    let rest = target.strip_prefix(tree)?;
    match (rest, tree) {
        (b"", _) | (_, b"/") => Some(rest),
        _ => rest.strip_prefix(b"/"),
    }
}

fn join(parent: &[u8], name: &[u8]) -> Vec<u8> {
    match parent {
        b"" => name.to_vec(),
        _ => [parent, b"/", name].concat(),
    }
}

/// The stop where the directory `inner` of the tree is a tree of its own.
pub(super) fn nested(inner: &TreePath) -> Stop {
    let message =
        format!("one tree lies inside the other: `{inner}` has a state directory of its own");
    Stop::new(Code::NestedTree, message)
}

/// The trouble of something that has a manifest's name and is no regular file.
pub(super) fn not_regular(kind: EntryKind) -> Diagnosis {
    Diagnosis::new(
        Code::NotRegular,
        format!("expected a regular file, found {}", kind.words()),
    )
}

impl Gathered {
    fn add(&mut self, other: Self) {
        let (mine, theirs) = (&mut self.listing, other.listing);
        mine.manifests.append(theirs.manifests);
        mine.found += theirs.found;
        mine.excluded += theirs.excluded;
        mine.aliases += theirs.aliases;
        mine.dangling += theirs.dangling;
        mine.outside += theirs.outside;
        mine.directories_failed.extend(theirs.directories_failed);
        mine.warnings.extend(theirs.warnings);
        mine.leftovers.extend(theirs.leftovers);
        // The first in path order, so that the message does not depend on threads.
        self.nested = [self.nested.take(), other.nested]
            .into_iter()
            .flatten()
            .min();
        self.unreadable_tree = self.unreadable_tree.take().or(other.unreadable_tree);
    }

    fn warn(&mut self, code: Code, path: &[u8], message: &str) {
        self.listing.warnings.push(Diagnosis {
            code,
            path: TreePath::new(path),
            message: message.to_owned(),
        });
    }

    fn directory_failed(&mut self, path: &[u8], error: &io::Error) {
        let trouble = super::trouble_of("cannot list", error);
        self.listing.directories_failed.push(Diagnosis {
            code: trouble.code,
            path: TreePath::new(path),
            message: trouble.message,
        });
    }
}
