//! Finds the tree, and the place in it of a path from the command line.
//! Links on the way to a path that the operator typed are followed: they named it. Inside the tree no link ever is.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::core::OpenOptions;
use super::kernel::Kernel;
use super::names::STATE_DIRECTORY;
use super::tree::Files;
use crate::code::Code;
use crate::path::TreePath;
use crate::report::Stop;

/// A directory that somebody named, and the tree that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// The tree, absolute and without links.
    pub tree: PathBuf,
    /// What of the tree was named; `None` is all of it.
    pub within: Option<TreePath>,
}

impl Located {
    /// Finds the tree of `root`.
    ///
    /// `root/artifacts`, where it is a directory, else `root`, is what was named. The nearest directory from there upward, on the same file system, that has a state directory of the caller, of root or of `root`'s owner is the tree; else the nearest above that is named `artifacts`; else what was named.
    ///
    /// # Errors
    /// `root` does not exist, or is no directory.
    pub fn find(root: &Path) -> Result<Self, Stop> {
        let named = existing_directory(root)?;
        let artifacts = named.join("artifacts");
        let named = if artifacts.is_dir() {
            existing_directory(&artifacts)?
        } else {
            named
        };
        Self::above(root, &named)
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
        let located = Self::above(path, &dir.map_err(wrong)?)?;
        Ok(Self {
            within: None,
            ..located
        })
    }

    fn above(root: &Path, named: &Path) -> Result<Self, Stop> {
        let cannot = |error: io::Error| not_a_tree(root, &error.to_string());
        let metadata = fs::metadata(named).map_err(cannot)?;
        let caller = rustix::process::geteuid().as_raw();
        let same_device =
            |dir: &&Path| fs::metadata(dir).is_ok_and(|found| found.dev() == metadata.dev());
        let above = || named.ancestors().take_while(same_device);
        let has_state = |dir: &&Path| {
            fs::symlink_metadata(dir.join(STATE_DIRECTORY)).is_ok_and(|state| {
                state.is_dir() && [caller, 0, metadata.uid()].contains(&state.uid())
            })
        };
        let tree = above()
            .find(has_state)
            .or_else(|| above().find(|dir| dir.file_name() == Some(OsStr::new("artifacts"))))
            .unwrap_or(named);
        let below = named
            .strip_prefix(tree)
            .map_err(|error| not_a_tree(root, &error.to_string()))?;
        Ok(Self {
            within: TreePath::new(below.as_os_str().as_bytes()),
            tree: tree.to_owned(),
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
        let found = candidates
            .iter()
            .find(|candidate| fs::symlink_metadata(candidate).is_ok());
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
                let held = names
                    .iter()
                    .find(|name| fs::symlink_metadata(found.join(name)).is_ok());
                match held.or(names.first()) {
                    Some(name) => found.join(name),
                    None => found.clone(),
                }
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
    let found = fs::canonicalize(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => not_a_tree(path, "it does not exist"),
        _ => not_a_tree(path, &error.to_string()),
    })?;
    if found.is_dir() {
        Ok(found)
    } else {
        Err(not_a_tree(path, "it is not a directory"))
    }
}

fn not_a_tree(path: &Path, why: &str) -> Stop {
    Stop::new(
        Code::TreeNotFound,
        format!("`{}` cannot be a tree: {why}", path.display()),
    )
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
