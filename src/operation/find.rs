//! Finds manifests, directory by directory in path order; each is examined while its directory is open.
//!
//! A group of directories is visited in parallel. Directories that may not be entered (opaque and dot directories, links, other file systems) are counted or reported; no error is dropped.
//!
//! Invariant: the manifests and their order depend only on the tree and the scope, not on the number of threads.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use super::frame::Frame;
use super::scope::{Scope, check_start, given_trouble};
use super::tally::FoundCounts;
use super::walk::{Ahead, Found, Visit, VisitFn, VisitResult, Visiting, nested};
use crate::code::Code;
use crate::path::TreePath;
use crate::report::Stop;
use crate::storage::{EntryKind, STATE_DIRECTORY};

/// The most directories of an unknown depth in a group, whose visits show how many directories are in each.
const PROBES: usize = 7;

pub(super) struct Finder<'f, T> {
    frame: &'f Frame<'f>,
    scope: &'f Scope<'f>,
    pub(super) counts: FoundCounts,
    /// The next steps, the last one first.
    ahead: Vec<Ahead<T>>,
    /// The numbers of visited directories and of the directories in them, by depth.
    widths: Vec<(usize, usize)>,
    /// Directories in which no other tree of the caller lies.
    not_nested: BTreeSet<TreePath>,
    /// Directories in which another user made a state directory: what is below is refused.
    foreign: BTreeSet<TreePath>,
    /// The stop that ends the search after the results so far.
    stop: Option<Stop>,
    has_ended: bool,
}

impl<'f, T: Send> Finder<'f, T> {
    /// Starts at the tree, at the selected directory, or with the named manifests.
    pub(super) fn new(frame: &'f Frame<'f>, scope: &'f Scope<'f>) -> Result<Self, Stop> {
        let ahead = if let Some(named) = &scope.selection.manifests {
            let mut named = named.clone();
            named.sort_unstable_by(|one, two| two.cmp(one));
            named.dedup();
            named.into_iter().map(Ahead::Named).collect()
        } else {
            let start = scope.selection.within.as_ref();
            let start = start.map_or(&b""[..], TreePath::as_bytes);
            check_start(scope, start)?;
            vec![Ahead::Directory(start.into())]
        };
        Ok(Self {
            frame,
            scope,
            counts: FoundCounts::default(),
            widths: Vec::new(),
            ahead,
            not_nested: BTreeSet::new(),
            foreign: BTreeSet::new(),
            stop: None,
            has_ended: false,
        })
    }

    /// The things that come next in path order; `None` at the end, or after a signal, once all that was visited is given. `visit` examines each manifest, from any thread, with a buffer of its own.
    pub(super) fn next(
        &mut self,
        group: usize,
        visit: &VisitFn<'_, T>,
    ) -> Result<Option<Vec<Found<T>>>, Stop> {
        loop {
            let is_over =
                self.has_ended || self.stop.is_some() || self.frame.watch.signal().is_some();
            let found = self.take_found(is_over);
            if !found.is_empty() {
                return Ok(Some(found));
            }
            let stop = self.stop.take();
            if let Some(stop) = stop.or_else(|| self.frame.storage.failure()) {
                return Err(stop);
            }
            if self.ahead.is_empty() || is_over {
                return Ok(None);
            }
            self.visit_group(group, visit)?;
        }
    }

    /// Visits everything, and passes it to `take` in path order until `take` returns false.
    pub(super) fn for_each(
        &mut self,
        group: usize,
        visit: &VisitFn<'_, T>,
        mut take: impl FnMut(Found<T>) -> bool,
    ) -> Result<(), Stop> {
        while let Some(found) = self.next(group, visit)? {
            for one in found {
                let goes_on = take(one);
                self.end_if(!goes_on);
            }
        }
        Ok(())
    }

    pub(super) fn end_if(&mut self, is_over: bool) {
        self.has_ended |= is_over;
    }

    /// The number of unvisited directories, and the named manifests that are selected and unvisited, which are counted.
    pub(super) fn rest(&mut self) -> (u64, Vec<TreePath>) {
        let (mut directories, mut named) = (0, Vec::new());
        for ahead in std::mem::take(&mut self.ahead).into_iter().rev() {
            match ahead {
                Ahead::Directory(_) => directories += 1,
                Ahead::Named(path) => {
                    if self.scope.counts_named(&path, &mut self.counts) {
                        named.push(path);
                    }
                }
                Ahead::Found(_) => {}
            }
        }
        (directories, named)
    }

    /// Visits those manifests of a group again for whose results `again` gives the path.
    pub(super) fn visit_again(
        &self,
        found: &mut [Found<T>],
        visit: &VisitFn<'_, T>,
        mut again: impl FnMut(&T) -> Option<TreePath>,
    ) {
        let results = found.iter_mut().filter_map(|one| match one {
            Found::Manifest(result) => Some(result),
            Found::Warning(_) | Found::DirectoryFailed(_) => None,
        });
        let wanted = results.filter_map(|result| again(result).map(|path| (result, path)));
        let (results, paths): (Vec<&mut T>, Vec<TreePath>) = wanted.unzip();
        let visiting = Visiting {
            frame: self.frame,
            scope: self.scope,
            visit,
            foreign: &self.foreign,
        };
        let visited = self
            .frame
            .in_parallel(paths, |buffer, path| visiting.one(&path, buffer));
        for (result, visited) in results.into_iter().zip(visited) {
            *result = visited;
        }
    }

    /// Takes the found items up to the next unvisited directory; all of them if no more directories are visited.
    fn take_found(&mut self, is_over: bool) -> Vec<Found<T>> {
        let mut found = Vec::new();
        let mut unvisited = Vec::new();
        while let Some(last) = self.ahead.pop() {
            match last {
                Ahead::Found(one) => found.push(*one),
                other if is_over => unvisited.push(other),
                other => {
                    self.ahead.push(other);
                    break;
                }
            }
        }
        self.ahead.extend(unvisited.into_iter().rev());
        found
    }

    fn visit_group(&mut self, group: usize, visit: &VisitFn<'_, T>) -> Result<(), Stop> {
        let mut weight = 0;
        let is_beyond = |ahead: &Ahead<T>| {
            let is_first = weight == 0;
            weight += self.weight(ahead).unwrap_or(group / PROBES);
            weight > group && !is_first
        };
        let beyond = self.ahead.iter().rposition(is_beyond);
        let mut group = self.ahead.split_off(beyond.map_or(0, |beyond| beyond + 1));
        group.reverse();
        self.check_above(&group)?;
        let (frame, scope) = (self.frame, self.scope);
        let visiting = Visiting {
            frame,
            scope,
            visit,
            foreign: &self.foreign,
        };
        let visit_one = |buffer: &mut Vec<u8>, ahead: Ahead<T>| match ahead {
            Ahead::Directory(path) => visiting.directory(&path, buffer),
            Ahead::Named(path) => visiting.named(path, buffer),
            found @ Ahead::Found(_) => VisitResult {
                ahead: vec![found],
                ..VisitResult::default()
            },
        };
        let depths: Vec<_> = group.iter().map(Ahead::depth).collect();
        let visited = frame.in_parallel(group, visit_one);
        let mut foreign = Vec::new();
        for (mut one, depth) in visited.into_iter().zip(depths).rev() {
            if let Some(depth) = depth {
                self.widths.resize(self.widths.len().max(depth + 1), (0, 0));
                let is_directory = |ahead: &&Ahead<T>| matches!(ahead, Ahead::Directory(_));
                self.widths[depth].0 += 1;
                self.widths[depth].1 += one.ahead.iter().filter(is_directory).count();
            }
            self.stop = one.stop.or(self.stop.take());
            foreign.extend(one.foreign);
            self.counts.add(&one.counts);
            one.ahead.reverse();
            self.ahead.append(&mut one.ahead);
        }
        self.foreign.extend(foreign);
        let weights = self.ahead.iter().map(|ahead| self.weight(ahead));
        let expected: usize = weights.map(|weight| weight.unwrap_or(1)).sum();
        frame.watch.expects(expected as u64);
        Ok(())
    }

    /// The number of directories to expect below this step; `None` if no directory of its depth was visited. Groups are bounded by it, and so is the number of paths in memory.
    fn weight(&self, ahead: &Ahead<T>) -> Option<usize> {
        match ahead {
            Ahead::Found(_) => Some(0),
            Ahead::Named(_) => Some(1),
            Ahead::Directory(_) => {
                let (visited, inside) = *self.widths.get(ahead.depth()?)?;
                (visited > 0).then(|| (inside / visited).max(1))
            }
        }
    }

    /// Checks the directories above named manifests, and above the start, for other trees; a walk finds these on its way.
    fn check_above(&mut self, group: &[Ahead<T>]) -> Result<(), Stop> {
        let start = self.scope.selection.within.as_ref();
        let start = start.map(TreePath::as_bytes);
        for ahead in group {
            let below = match ahead {
                // A path that cannot be a manifest is not checked.
                Ahead::Named(path) if given_trouble(self.scope, path).is_none() => path.parent(),
                Ahead::Directory(path) if start == Some(&**path) => path,
                _ => continue,
            };
            // Stops at a directory that was checked for another manifest.
            let mut dir = TreePath::new(below);
            while let Some(inner) = dir.take_if(|dir| !self.not_nested.contains(dir)) {
                let state = TreePath::join(inner.as_bytes(), STATE_DIRECTORY.as_bytes());
                // If the directory cannot be read, the manifest's outcome has the reason.
                match self.frame.storage.look(&state) {
                    Ok(Some((EntryKind::State, _))) => return Err(nested(&inner)),
                    Ok(Some((EntryKind::ForeignState, _))) => {
                        self.foreign.insert(inner.clone());
                    }
                    _ => {}
                }
                dir = TreePath::new(inner.parent());
                self.not_nested.insert(inner);
            }
        }
        Ok(())
    }
}

pub(super) fn visit_only(
    frame: &Frame<'_>,
    scope: &Scope<'_>,
    visit: &mut (dyn FnMut(&Visit<'_>, &mut Vec<u8>) + Send),
) -> Result<(), Stop> {
    let path = frame.only_manifest()?;
    let visit = Mutex::new(visit);
    let once = |one: &Visit<'_>, buffer: &mut Vec<u8>| {
        visit.lock().unwrap_or_else(PoisonError::into_inner)(one, buffer);
    };
    let mut finder = Finder::new(frame, scope)?;
    if finder.next(1, &once)?.is_none() {
        let name = frame.catalog.name();
        let message = format!("`{path}` is excluded by the catalog `{name}`");
        return Err(Stop::new(Code::SelectionInvalid, message));
    }
    Ok(())
}
