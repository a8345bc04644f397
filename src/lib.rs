//! Moves a tree of JSON manifests to a new schema version, losing not one byte.
//!
//! A *catalog* says which versions there are and which migrations lead from one to the next. An *operation* lists the manifests of a *storage*, decides on each, transforms what is pending and replaces it, and tells what came of it as a stream of *events*.
//!
//! What it promises:
//!
//! - Members that no transform names keep their bytes. Manifests are edited as text, never parsed to values and printed again.
//! - Immutable and protected members stay as they are, whatever a migration tries; where it does, the manifest is refused.
//! - On a file system, a manifest is whole at every moment, old or new, and its original is kept; `migrated` is said only after the storage has confirmed it. `docs/durability.md` says what this rests on.
//! - One manifest's failure is an outcome and never stops the others. What stops an operation is in its [`Summary`](report::Summary), with everything that was done before.
//! - Nothing here prints, reads the environment or asks for the time: the clock is an argument.
//!
//! # A tree on a file system
//!
//! ```
//! use migrate_manifests::catalog::Catalog;
//! use migrate_manifests::clock::Timestamp;
//! use migrate_manifests::operation::{Depth, Options, Survey, migrate};
//! use migrate_manifests::report::{Outcome, Status};
//! use migrate_manifests::report::Enforcement;
//! use migrate_manifests::selection::Selection;
//! use migrate_manifests::storage::{FileSystem, Located, OpenOptions};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let dir = tempfile::tempdir()?;
//! let run = dir.path().join("artifacts/job-1/run-1");
//! std::fs::create_dir_all(&run)?;
//! std::fs::write(run.join("manifest.json"), r#"{"run_id": "run-1", "cost": 1.50}"#)?;
//!
//! let located = Located::find(dir.path()).map_err(|stop| stop.message)?;
//! let storage = FileSystem::open(&located, OpenOptions::default()).map_err(|stop| stop.message)?;
//! let catalog = Catalog::built_in()?;
//! let options = Options {
//!     depth: Depth::Write, // or Depth::Predict, to see what would happen
//!     command: "migrate",
//!     tree: located.tree.display().to_string(),
//!     now: "2026-02-28T10:30:00Z".parse()?,
//!     started: Timestamp::now(),
//!     target: None,
//!     include_running: false,
//!     allow_downgrade: false,
//!     selection: Selection::default(),
//!     survey: Survey::default(),
//!     plan: None,
//!     jobs: std::num::NonZeroUsize::MIN,
//!     batch: std::num::NonZeroUsize::MAX,
//!     rules: Enforcement::AsWritten,
//!     max_failures: None,
//!     wait: false,
//! };
//! let mut outcomes: Vec<Outcome> = Vec::new();
//! let summary = migrate(&storage, &catalog, &options, &|| None, &mut outcomes);
//!
//! assert_eq!(summary.exit_code(false, false), 0);
//! assert_eq!(outcomes[0].path.as_str(), Some("job-1/run-1/manifest.json"));
//! assert_eq!(outcomes[0].status, Status::Migrated);
//! let migrated = std::fs::read_to_string(run.join("manifest.json"))?;
//! assert!(migrated.starts_with(r#"{"run_id": "run-1", "cost": 1.50, "#));
//! let backup = std::fs::read_to_string(run.join("manifest.json.backup"))?;
//! assert_eq!(backup, r#"{"run_id": "run-1", "cost": 1.50}"#);
//! # Ok(())
//! # }
//! ```
//!
//! One document in memory, at the version that a reader wants: [`read::at`]; migrated: [`engine::examine`] and [`engine::transform`]. A migration of your own in Rust: [`transform::Transform`]. Another place to keep manifests: [`storage::Storage`].
//!
//! # Modules, in reading order
//!
//! - The text: [`json`], and the values in it: [`version`], [`digest`], [`path`], [`clock`], [`code`].
//! - The data that reports and journals are made of: [`report`], [`journal`], [`refusal`].
//! - The contract of a change: [`transform`]; the closed lists of changes and checks: [`step`], [`rule`], whose objects [`form`] reads.
//! - Everything that catalog files say: [`catalog`].
//! - One document examined, decided on and transformed: [`engine`].
//! - Without a tree: [`read`], [`validate`], [`plan`], [`selection`], [`proof`], [`rehearsal`].
//! - The place where manifests are: [`storage`].
//! - All of it together: [`operation`].
//!
//! The feature `schema`, on by default, holds documents against JSON Schemas; without it a catalog that has some is refused. The feature `cli`, on by default, is for the program only; the library needs none of its dependencies.

pub mod catalog;
pub mod clock;
pub mod code;
pub mod digest;
pub mod engine;
pub mod form;
pub mod journal;
pub mod json;
pub mod operation;
pub mod path;
pub mod plan;
pub mod proof;
pub mod read;
pub mod refusal;
pub mod rehearsal;
pub mod report;
pub mod rule;
pub mod selection;
pub mod step;
pub mod storage;
pub mod transform;
pub mod validate;
pub mod version;

/// The example of the README, to be tested with the others.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
