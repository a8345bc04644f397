//! A tree with a hundred kinds of trouble, and what is to be expected of each.
//!
//! Each entry has a run directory `artifacts/trouble/<name>`, so that a report can be read without this table. Outcomes are those of a migration to 1.2.0; a dry run says `pending` where this says `migrated`.
//!
//! Invariant: every name is used once, and what an entry makes lies below its own directory, except where it is about another place.

mod table;

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::tree::{Layout, Payload, Run, VERSIONS};

pub(crate) use table::all;

/// Who runs the program under test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Privileges {
    Root,
    User,
}

/// What is to be expected of one path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) name: String,
    /// Relative to the tree (`artifacts`).
    pub(crate) path: PathBuf,
    /// The name of a count; `warning` for what is only warned of, `unseen` for what must not appear.
    pub(crate) outcome: &'static str,
    /// A code, or nothing.
    pub(crate) code: &'static str,
}

/// One kind of trouble.
pub(crate) struct Trouble {
    pub(crate) name: &'static str,
    pub(crate) make: Make,
    pub(crate) expect: Expect,
    pub(crate) who: Who,
}

/// How a kind of trouble is made.
pub(crate) enum Make {
    /// [`BASE`], in which the first of the one text is the other.
    Patch(&'static str, &'static str),
    /// A manifest of these bytes.
    Bytes(&'static [u8]),
    /// A manifest of bytes that have to be made.
    Built(fn() -> Vec<u8>),
    /// Anything; returns the path that is to be expected, relative to the tree.
    Place(fn(&Place) -> io::Result<PathBuf>),
}

/// What is to be expected.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expect {
    pub(crate) outcome: &'static str,
    pub(crate) code: &'static str,
}

impl Expect {
    const fn new(outcome: &'static str, code: &'static str) -> Self {
        Self { outcome, code }
    }
}

/// For whom an entry is trouble.
#[derive(Clone, Copy)]
pub(crate) enum Who {
    Everyone,
    /// Only root can make it.
    OnlyRoot,
    /// Root sees no trouble and migrates it.
    NotRoot,
}

/// Where an entry is made.
pub(crate) struct Place {
    tree: PathBuf,
    name: &'static str,
    privileges: Privileges,
}

impl Place {
    fn job() -> PathBuf {
        PathBuf::from("trouble")
    }

    /// The one path for root, the other for everybody else.
    fn seen_by_root(&self, root: PathBuf, others: PathBuf) -> PathBuf {
        match self.privileges {
            Privileges::Root => root,
            Privileges::User => others,
        }
    }

    /// The run directory, relative to the tree.
    fn run(&self) -> PathBuf {
        Self::job().join(self.name)
    }

    fn manifest(&self) -> PathBuf {
        self.run().join("manifest.json")
    }

    fn dir(&self) -> PathBuf {
        self.tree.join(self.run())
    }

    /// Writes a healthy manifest into a directory of the tree and returns its path.
    fn healthy(&self, run: impl AsRef<Path>) -> io::Result<PathBuf> {
        self.write(run, BASE)
    }

    fn write(&self, run: impl AsRef<Path>, text: &str) -> io::Result<PathBuf> {
        let path = run.as_ref().join("manifest.json");
        fs::create_dir_all(self.tree.join(&run))?;
        fs::write(self.tree.join(&path), text)?;
        Ok(path)
    }

    /// A healthy run in a directory of this name.
    fn named(&self, name: &[u8]) -> io::Result<PathBuf> {
        self.healthy(self.run().join(OsStr::from_bytes(name)))
    }

    /// A node of another type where the manifest should be.
    fn node(&self, kind: FileType, device: u64) -> io::Result<PathBuf> {
        let path = self.dir().join("manifest.json");
        mknodat(CWD, path, kind, Mode::RUSR | Mode::WUSR, device)?;
        Ok(self.manifest())
    }

    /// A symbolic link where the manifest should be.
    fn link(&self, target: impl AsRef<Path>) -> io::Result<PathBuf> {
        symlink(target, self.dir().join("manifest.json"))?;
        Ok(self.manifest())
    }

    /// A healthy run, and something that has the name of its backup.
    fn with_backup(&self, make: fn(&Path) -> io::Result<()>) -> io::Result<PathBuf> {
        let manifest = self.healthy(self.run())?;
        make(&self.dir().join("manifest.json.backup"))?;
        Ok(manifest)
    }

    /// A symbolic link in the legacy place of aliases.
    fn alias(&self, target: &str) -> io::Result<PathBuf> {
        let path = PathBuf::from("runs").join(self.name);
        fs::create_dir_all(self.tree.join("runs"))?;
        symlink(target, self.tree.join(&path))?;
        Ok(path)
    }
}

/// A healthy manifest at 1.0.0 that most entries change in one place.
pub(crate) const BASE: &str = r#"{
  "schema_version": "1.0.0",
  "run_id": "575fc3b9-1d70-42de-a69c-c377ffce9d2f",
  "job_ref": "jobs/ig-test-001/brief.yaml",
  "status": "succeeded",
  "artifacts": {},
  "meta": {"note": "Grüße", "cost": 1.50},
  "error": null
}
"#;

/// Makes `root/artifacts`, and `root/outside` for links that lead there.
///
/// `root` must be an empty directory on a file system with modes, links and names of any bytes. Some directories cannot be listed afterwards: call [`unlock`] before removing it as a user.
///
/// # Errors
/// Something could not be made.
pub(crate) fn make_all(root: &Path, privileges: Privileges) -> io::Result<Vec<Expected>> {
    let tree = root.join("artifacts");
    fs::create_dir_all(root.join("outside"))?;
    fs::write(root.join("outside/manifest.json"), BASE)?;
    let mut expected = healthy(&tree)?;
    for trouble in all() {
        let code = match (trouble.who, privileges) {
            (Who::OnlyRoot, Privileges::User) => continue,
            (Who::NotRoot, Privileges::Root) => Expect::new("migrated", ""),
            _ => trouble.expect,
        };
        let place = Place {
            tree: tree.clone(),
            name: trouble.name,
            privileges,
        };
        expected.push(Expected {
            name: trouble.name.to_owned(),
            path: trouble.make.at(&place)?,
            outcome: code.outcome,
            code: code.code,
        });
    }
    expected.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(expected)
}

/// Makes everything below `root` listable again, so that it can be removed.
///
/// # Errors
/// A mode could not be changed.
pub(crate) fn unlock(root: &Path) -> io::Result<()> {
    for name in [
        "unlistable-directory",
        "unlistable-job/job",
        "read-only-directory",
    ] {
        let dir = root.join("artifacts/trouble").join(name);
        fs::set_permissions(dir, Permissions::from_mode(0o755))?;
    }
    Ok(())
}

impl Make {
    /// The bytes of the manifest, where that is all there is.
    pub(crate) fn bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::Patch(from, to) => {
                assert!(BASE.contains(from), "{from} is not in the base");
                Some(BASE.replacen(from, to, 1).into_bytes())
            }
            Self::Bytes(bytes) => Some(bytes.to_vec()),
            Self::Built(build) => Some(build()),
            Self::Place(_) => None,
        }
    }

    fn at(&self, place: &Place) -> io::Result<PathBuf> {
        fs::create_dir_all(place.dir())?;
        match self {
            Self::Place(make) => make(place),
            other => {
                let bytes = other.bytes().expect("everything else is bytes");
                fs::write(place.dir().join("manifest.json"), bytes)?;
                Ok(place.manifest())
            }
        }
    }
}

/// Every version in every layout, and every status of a writer.
fn healthy(tree: &Path) -> io::Result<Vec<Expected>> {
    let mut expected = Vec::new();
    for (n, version) in (0..).zip(VERSIONS) {
        for (m, (layout_name, layout)) in (0..).zip(Layout::ALL) {
            let mut run = Run::of(1_000 * n + m, version, "succeeded", layout);
            run.dir = format!("healthy/{version}-{layout_name}");
            run.write(tree, Payload::Absent)?;
            let outcome = if version == VERSIONS[2] {
                "current"
            } else {
                "migrated"
            };
            expected.push(Expected {
                name: format!("healthy-{version}-{layout_name}"),
                path: PathBuf::from(&run.dir).join("manifest.json"),
                outcome,
                code: "",
            });
        }
    }
    Ok(expected)
}
