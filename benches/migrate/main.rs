//! How fast the program is beside the obvious way to write it, on one generated tree and in rounds that alternate, because on a shared machine only ratios count.
//!
//! ```text
//! cargo bench                                              what takes about a minute
//! cargo bench --bench migrate -- --runs 10000 --rounds 9 --only list,dry-run
//! cargo bench --bench migrate -- --only cold --dir DIR     drops the caches of the kernel: root only
//! cargo bench --bench migrate -- --only memory,growth      also makes a tree of ten times as many runs
//! cargo bench --bench migrate -- tree DIR RUNS             makes a tree and leaves it there
//! cargo bench --bench migrate -- demo fixtures             makes the trees that ship with the project
//! cargo bench --bench migrate -- baseline list ROOT        the obvious way, by itself
//! ```
//!
//! Give `--dir` on the file system that matters: the default is where temporary files are. `--program PATH` takes another build of the program.
//!
//! Invariant: both contestants do the same work on the same bytes, each as a process of its own, and what they did is counted afterwards.

#![expect(
    clippy::print_stdout,
    reason = "a table on standard output is what this is for"
)]
#![expect(
    clippy::expect_used,
    reason = "the generator of trees is shared with the tests"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "it makes trees, measures time and starts programs"
)]

mod baseline;
mod contest;
mod measure;
mod ruled;
mod table;

#[path = "../../tests/it/support/demo.rs"]
mod demo;
#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../../tests/it/support/tree/mod.rs"]
mod tree;

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

use crate::tree::{Payload, TreeSpec};

/// Measures `migrate-manifests` beside the obvious implementation.
#[derive(Debug, Parser)]
struct Options {
    #[command(subcommand)]
    command: Option<Command>,
    /// Manifests in the tree.
    #[arg(long, default_value_t = 10_000)]
    runs: usize,
    /// Measurements of each contestant; the median counts.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Where the trees are made and removed.
    #[arg(long)]
    dir: Option<PathBuf>,
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "list,dry-run,nothing,migrate"
    )]
    only: Vec<Work>,
    /// Seed of the tree.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The program to measure.
    #[arg(long, default_value = env!("CARGO_BIN_EXE_migrate-manifests"))]
    program: PathBuf,
    /// Cargo gives this when it benches, and does not when it tests.
    #[arg(long, hide = true, global = true)]
    bench: bool,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Work {
    /// `--list-versions`, everything in the kernel's caches.
    List,
    /// The same with empty caches; drops those of the whole machine.
    Cold,
    /// `--dry-run`.
    DryRun,
    /// A migration of a tree that is current.
    Nothing,
    /// A migration, with and without flushes.
    Migrate,
    /// A migration with schemas and rules beside one without.
    Rules,
    /// Sixteen jobs beside as many as there are cores.
    Jobs,
    /// Peak memory, and what each further manifest adds.
    Memory,
    /// Ten times as many runs.
    Growth,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes a tree of RUNS runs in DIR.
    Tree { dir: PathBuf, runs: usize },
    /// Makes the trees that ship with the project in DIR.
    Demo { dir: PathBuf },
    /// The obvious implementation.
    Baseline { mode: baseline::Mode, root: PathBuf },
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let options = Options::parse();
    match &options.command {
        Some(Command::Tree { dir, runs }) => {
            fs::create_dir_all(dir)?;
            let summary = tree::generate(dir, &spec(&options, *runs, Payload::Full))?;
            println!("{summary:#?}");
        }
        Some(Command::Demo { dir }) => demo::make(dir)?,
        Some(Command::Baseline { mode, root }) => println!("{}", baseline::run(*mode, root)?),
        // `cargo test` builds and starts this, too: there is nothing to test.
        None if !options.bench => {}
        None => contest::run(&options)?,
    }
    Ok(())
}

fn spec(options: &Options, runs: usize, payload: Payload) -> TreeSpec {
    TreeSpec {
        payload,
        ..TreeSpec::new(options.seed, runs)
    }
}
