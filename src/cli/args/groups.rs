//! Flags that several commands have, in groups, each with one meaning and one help text.

use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;

use migrate_manifests::clock::Timestamp;
use migrate_manifests::report::Enforcement;
use migrate_manifests::selection::{Glob, Sample, Shard, Tolerance};
use migrate_manifests::storage::{Lacking, SyncChoice};

use super::values::{self, Color, Format, Rules};

#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct TreeArgs {
    /// Use the catalog in DIR (built-in is the built-in one)
    ///
    /// A catalog says which versions there are and how to come from one to the next. A directory named built-in is ./built-in. Without this flag: the one in .migrate-manifests/catalog of the tree, else the built-in one.
    #[arg(long, value_name = "DIR", help_heading = "How")]
    pub(crate) catalog: Option<PathBuf>,

    /// Enter other file systems mounted in the tree
    #[arg(long, help_heading = "How")]
    pub(crate) cross_file_systems: bool,

    /// Work as the owner of the tree's state (for root)
    ///
    /// Takes the user, the group and the further groups of the owner of the state directory, or of the tree if it has none, before anything is opened.
    #[arg(long, help_heading = "How")]
    pub(crate) as_owner: bool,

    /// How changes are made durable.
    #[arg(long, value_name = "HOW", hide = true, value_parser = values::sync())]
    pub(crate) sync: Option<SyncChoice>,

    /// Do as if the file system lacked these.
    #[arg(
        long,
        value_name = "WHAT",
        hide = true,
        value_delimiter = ',',
        value_parser = values::lacking()
    )]
    pub(crate) assume_lacking: Vec<Lacking>,
}

#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct SelectArgs {
    /// Only this manifest, or this run directory's (repeatable)
    ///
    /// Relative to the working directory; if nothing is there, to ROOT, then to the tree.
    #[arg(long, value_name = "PATH", help_heading = "Which manifests")]
    pub(crate) manifest: Vec<PathBuf>,

    /// Only runs of jobs whose name matches (repeatable)
    ///
    /// The job is the directory above the run directory.
    #[arg(long, value_name = "GLOB", help_heading = "Which manifests")]
    pub(crate) job: Vec<Glob>,

    /// Only a share of them, as in 5%
    ///
    /// Drawn by the hash of the path: the same on every machine, and a larger sample contains a smaller one.
    #[arg(long, value_name = "PERCENT", help_heading = "Which manifests")]
    pub(crate) sample: Option<Sample>,

    /// Only part K (from 0) of N equal parts, as in 0/4
    #[arg(long, value_name = "K/N", help_heading = "Which manifests")]
    pub(crate) shard: Option<Shard>,

    /// Only those listed in FILE (- is standard input)
    ///
    /// One path in the tree a line, as reports print them. A line that begins with " is a JSON string.
    #[arg(long, value_name = "FILE", help_heading = "Which manifests")]
    pub(crate) files_from: Option<PathBuf>,

    /// Paths in --files-from end with NUL, not with a line
    #[arg(
        short = '0',
        long,
        requires = "files_from",
        help_heading = "Which manifests"
    )]
    pub(crate) null: bool,

    /// Not what matches (repeatable)
    ///
    /// A glob without / matches the name of a file or directory at any depth; one with / the path in the tree. * and ? stay within one name, ** does not.
    #[arg(long, value_name = "GLOB", help_heading = "Which manifests")]
    pub(crate) exclude: Vec<Glob>,
}

#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct WholeArgs {
    /// The directory that holds the artifacts, or its parent [default: .]
    pub(crate) root: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) select: SelectArgs,
    #[command(flatten)]
    pub(crate) tree: TreeArgs,
    #[command(flatten)]
    pub(crate) work: WorkArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct ChangeArgs {
    #[command(flatten)]
    pub(crate) select: SelectArgs,
    #[command(flatten)]
    pub(crate) limit: LimitArgs,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
    #[command(flatten)]
    pub(crate) tree: TreeArgs,
    #[command(flatten)]
    pub(crate) work: WorkArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct LimitArgs {
    /// Only the first N that are pending, in path order
    #[arg(long, value_name = "N", value_parser = limit, help_heading = "Which manifests")]
    pub(crate) limit: Option<NonZeroU64>,
}

#[derive(Debug, Clone, Default, clap::Args)]
#[expect(
    clippy::doc_markdown,
    reason = "the comments are the help text, where backticks would be printed"
)]
pub(crate) struct ClockArgs {
    /// The time to record [default: the system's]
    ///
    /// As in 2026-02-28T10:30:00Z, or @ and seconds since 1970. The environment variable SOURCE_DATE_EPOCH does the same.
    #[arg(long, value_name = "TIME", help_heading = "How")]
    pub(crate) now: Option<Timestamp>,
}

#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct OneArgs {
    /// The root of the tree, if it cannot be found from PATH
    #[arg(long, value_name = "ROOT", help_heading = "How")]
    pub(crate) root: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) tree: TreeArgs,
    #[command(flatten)]
    pub(crate) clock: ClockArgs,
}

#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct WorkArgs {
    /// How many threads work [default: 16]
    #[arg(long, value_name = "N", value_parser = jobs, help_heading = "How")]
    pub(crate) jobs: Option<NonZeroUsize>,

    #[command(flatten)]
    pub(crate) clock: ClockArgs,
}

#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct WriteArgs {
    /// Stop after more than N (or P%) were refused, failed or in conflict
    ///
    /// A migration counts what it can know before its first write; if that is too many already, nothing is written, and it exits with 4. The rest is counted at the end of each batch, in path order. Without this flag one bad manifest never stops the others.
    #[arg(long, value_name = "N|P%", help_heading = "How")]
    pub(crate) max_failures: Option<Tolerance>,

    /// Wait for another operation's end, if one is at work
    #[arg(long, help_heading = "How")]
    pub(crate) wait: bool,
}

#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub(crate) struct RulesArgs {
    /// Report violations of schemas and rules as warnings, instead of refusing
    ///
    /// For this one operation. The journal records it. [default: as the catalog says]
    #[arg(long, value_name = "HOW", help_heading = "What")]
    pub(crate) rules: Option<Rules>,
}

impl RulesArgs {
    pub(crate) fn enforcement(self) -> Enforcement {
        match self.rules {
            None => Enforcement::AsWritten,
            Some(Rules::Warn) => Enforcement::Warn,
        }
    }
}

#[derive(Debug, Clone, Default, clap::Args)]
#[expect(
    clippy::doc_markdown,
    reason = "the comments are the help text, where backticks would be printed"
)]
pub(crate) struct OutputArgs {
    /// The form of the output [default: text]
    ///
    /// docs/formats.md describes the forms for programs.
    #[arg(long, value_name = "FORMAT", help_heading = "Output")]
    pub(crate) format: Option<Format>,

    /// Only what is wrong: refused, failed, in conflict
    #[arg(short, long, help_heading = "Output")]
    pub(crate) quiet: bool,

    /// List every manifest, also those with nothing to do
    #[arg(long, help_heading = "Output")]
    pub(crate) all: bool,

    /// Use colour [default: auto]
    ///
    /// auto is on a terminal only, unless NO_COLOR is set, or TERM is dumb or not set.
    #[arg(long, value_name = "WHEN", help_heading = "Output")]
    pub(crate) color: Option<Color>,
}

/// More threads than this only wait for each other; the system has not even got the memory for some tens of thousands.
const MOST_JOBS: usize = 1024;

fn limit(text: &str) -> Result<NonZeroU64, String> {
    let number = text.parse().ok();
    number.ok_or_else(|| "expected a number, 1 or more".to_owned())
}

fn jobs(text: &str) -> Result<NonZeroUsize, String> {
    text.parse()
        .ok()
        .filter(|jobs: &NonZeroUsize| jobs.get() <= MOST_JOBS)
        .ok_or_else(|| format!("expected a number from 1 to {MOST_JOBS}"))
}
