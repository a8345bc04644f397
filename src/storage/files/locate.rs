//! Finds the tree, and the place in it of a path from the command line.
//! Links on the way to a path that the operator typed are followed: they named it. Inside the tree no link ever is.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::core::OpenOptions;
use super::error::{if_there, is_absent};
use super::kernel::Kernel;
use super::names::STATE_DIRECTORY;
use super::tree::Files;
use crate::code::Code;
use crate::path::TreePath;
use crate::report::{Diagnosis, Stop};

/// A directory that somebody named, and the tree that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// The tree, absolute and without links.
    pub tree: PathBuf,
    /// What of the tree was named; `None` is all of it.
    pub within: Option<TreePath>,
    /// State directories from there upward that were not taken for the tree's, each with the reason.
    pub ignored: Vec<Diagnosis>,
}

impl Located {
    /// Finds the tree of `root`.
    ///
    /// `root/artifacts`, where it is a directory, else `root`, is what was named. The nearest directory from there upward, on the same file system, that has a state directory of the caller, of root or of its own owner, which nobody else can write to, is the tree; else the nearest above that is named `artifacts`; else what was named.
    ///
    /// # Errors
    /// `root` does not exist, or is no directory; `root/artifacts` is a link, which nobody typed (`tree_is_link`); something on the way cannot be examined.
    pub fn find(root: &Path) -> Result<Self, Stop> {
        let named = existing_directory(root)?;
        let artifacts = named.join("artifacts");
        let found = if_there(fs::symlink_metadata(&artifacts));
        match found.map_err(|error| unreadable(&artifacts, &error))? {
            Some(found) if found.is_symlink() => {
                let message = format!("`{}` is a symbolic link", artifacts.display());
                Err(Stop::new(Code::TreeIsLink, message))
            }
            Some(found) if found.is_dir() => Self::above(&artifacts),
            _ => Self::above(&named),
        }
    }

    /// Finds the tree in which a manifest, or a run directory, stands.
    ///
    /// # Errors
    /// Nothing is there, or it cannot be looked up.
    pub fn around(path: &Path) -> Result<Self, Stop> {
        let wrong = |error: io::Error| {
            let message = match error.kind() {
                io::ErrorKind::NotFound => format!("nothing is at `{}`", path.display()),
                _ => format!("`{}` cannot be looked up: {error}", path.display()),
            };
            Stop::new(Code::SelectionInvalid, message)
        };
        let dir = if path.is_dir() {
            fs::canonicalize(path)
        } else {
            fs::symlink_metadata(path).and_then(|_| fs::canonicalize(directory_of(path)))
        };
        let located = Self::above(&dir.map_err(wrong)?)?;
        Ok(Self {
            within: None,
            ..located
        })
    }

    /// Finds the tree from `named` upward; its path is absolute and without links.
    fn above(named: &Path) -> Result<Self, Stop> {
        let examine = |dir: &Path| fs::metadata(dir).map_err(|error| unreadable(dir, &error));
        let device = examine(named)?.dev();
        let (mut tree, mut above, mut ignored) = (None, None, Vec::new());
        for dir in named.ancestors() {
            let metadata = examine(dir)?;
            if metadata.dev() != device {
                break;
            }
            match state_in(dir, metadata.uid())? {
                Some(Ok(())) => {
                    tree = Some(dir);
                    break;
                }
                Some(Err(why)) => ignored.push((dir, why)),
                None => {}
            }
            let is_artifacts = dir.file_name() == Some(OsStr::new("artifacts"));
            above = above.or(is_artifacts.then_some(dir));
        }
        let tree = tree.or(above).unwrap_or(named);
        let below = named.strip_prefix(tree).unwrap_or(Path::new(""));
        let notice = |(dir, why): (&Path, String)| {
            let state = dir.join(STATE_DIRECTORY);
            let message = format!("`{}` {why}: it is ignored", state.display());
            (dir != tree).then(|| Diagnosis::new(Code::StateIgnored, message))
        };
        Ok(Self {
            within: TreePath::new(below.as_os_str().as_bytes()),
            tree: tree.to_owned(),
            ignored: ignored.into_iter().filter_map(notice).collect(),
        })
    }

    /// The path in the tree of a manifest, or of a run directory, that somebody typed.
    ///
    /// Relative paths are looked for in the working directory, then in `root`, then in the tree. A directory stands for the manifest in it, named as one of `names`.
    ///
    /// # Errors
    /// Nothing is there, or it lies outside the tree.
    pub fn locate(&self, path: &Path, root: &Path, names: &[&str]) -> Result<TreePath, Stop> {
        let wrong = |message: String| Stop::new(Code::SelectionInvalid, message);
        let candidates = [path.to_owned(), root.join(path), self.tree.join(path)];
        let mut found = None;
        for candidate in &candidates {
            if is_there(candidate)? {
                found = Some(candidate);
                break;
            }
        }
        let Some(found) = found else {
            return Err(wrong(format!(
                "nothing is at `{}`: looked in the working directory, in `{}` and in `{}`",
                path.display(),
                root.display(),
                self.tree.display()
            )));
        };
        let is_manifest = found
            .file_name()
            .is_some_and(|name| names.iter().any(|wanted| name == *wanted));
        let manifest = match is_manifest {
            true => found.clone(),
            false if found.is_dir() => {
                let mut held = names.first();
                for name in names {
                    if is_there(&found.join(name))? {
                        held = Some(name);
                        break;
                    }
                }
                held.map_or_else(|| found.clone(), |name| found.join(name))
            }
            false => {
                return Err(wrong(format!(
                    "`{}` is neither a run directory nor a manifest named `{}`",
                    found.display(),
                    names.join("` or `")
                )));
            }
        };
        self.below_tree(&manifest)
            .map_err(|reason| wrong(format!("`{}` {reason}", path.display())))
    }

    fn below_tree(&self, manifest: &Path) -> Result<TreePath, String> {
        let (Some(parent), Some(name)) = (manifest.parent(), manifest.file_name()) else {
            return Err("is no manifest".to_owned());
        };
        let whole = fs::canonicalize(or_here(parent))
            .map_err(|error| format!("cannot be looked up: {error}"))?
            .join(name);
        let outside = || format!("is not in the tree `{}`", self.tree.display());
        let below = whole.strip_prefix(&self.tree).map_err(|_| outside())?;
        TreePath::new(below.as_os_str().as_bytes()).ok_or_else(outside)
    }
}

fn directory_of(path: &Path) -> &Path {
    path.parent().map_or(Path::new("/"), or_here)
}

fn or_here(parent: &Path) -> &Path {
    if parent.as_os_str().is_empty() {
        Path::new(".")
    } else {
        parent
    }
}

fn existing_directory(path: &Path) -> Result<PathBuf, Stop> {
    let not_a_tree = |why: &str| {
        let message = format!("`{}` cannot be a tree: {why}", path.display());
        Stop::new(Code::TreeNotFound, message)
    };
    let found = fs::canonicalize(path).and_then(|found| Ok((fs::metadata(&found)?, found)));
    match found {
        Ok((metadata, found)) if metadata.is_dir() => Ok(found),
        Ok(_) => Err(not_a_tree("it is not a directory")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(not_a_tree("it does not exist"))
        }
        Err(error) => Err(not_a_tree(&error.to_string())),
    }
}

/// Looks for a state directory in a directory of this owner: that of a tree, or what it is instead; `None` where nothing has its name.
fn state_in(dir: &Path, owner: u32) -> Result<Option<Result<(), String>>, Stop> {
    let state = dir.join(STATE_DIRECTORY);
    let found = if_there(fs::symlink_metadata(&state));
    let Some(found) = found.map_err(|error| unreadable(&state, &error))? else {
        return Ok(None);
    };
    let caller = rustix::process::geteuid().as_raw();
    Ok(Some(if !found.is_dir() {
        Err("is not a directory".to_owned())
    } else if ![caller, 0, owner].contains(&found.uid()) {
        Err(format!("belongs to user {}", found.uid()))
    } else if found.mode() & 0o022 != 0 {
        Err("can be written to by others".to_owned())
    } else {
        Ok(())
    }))
}

fn is_there(path: &Path) -> Result<bool, Stop> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if is_absent(&error) => Ok(false),
        Err(error) => Err(unreadable(path, &error)),
    }
}

fn unreadable(path: &Path, error: &io::Error) -> Stop {
    let message = format!("cannot examine `{}`: {error}", path.display());
    Stop::new(Code::TreeUnreadable, message)
}

impl Files<Kernel> {
    /// Opens a tree that was found.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn open(located: &Located, options: OpenOptions) -> Result<Self, Stop> {
        let (kernel, root) = Kernel::open(&located.tree).map_err(|error| {
            let message = format!("cannot open the tree `{}`: {error}", located.tree.display());
            Stop::new(Code::TreeUnreadable, message)
        })?;
        let tree = located.tree.as_os_str().as_bytes().to_vec();
        Ok(Self::new(kernel, root, tree, options))
    }
}
