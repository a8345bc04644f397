//! The contests: which work, in which order, on which tree.

use std::cell::OnceCell;
use std::error::Error;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use rayon::prelude::*;
use tempfile::TempDir;
use walkdir::WalkDir;

use crate::baseline::Mode;
use crate::measure::{Times, peak_memory, time};
use crate::ruled::{self, Rules};
use crate::table::{self, Aim};
use crate::tree::{self, MANIFEST, Payload, Run, Summary, TreeSpec};
use crate::{Options, Work, spec};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// With an fsync for each file the obvious way takes so long that it gets fewer runs.
const DURABLE_BASELINE_RUNS: usize = 500;

/// Measures what the options ask for.
///
/// # Errors
/// A tree could not be made, or a contestant failed.
pub(crate) fn run(options: &Options) -> Result<()> {
    let dir = match &options.dir {
        Some(dir) => tempfile::Builder::new().prefix("bench-").tempdir_in(dir)?,
        None => tempfile::Builder::new().prefix("bench-").tempdir()?,
    };
    let contest = Contest {
        options,
        this_program: std::env::current_exe()?,
        dir,
        unchanged: OnceCell::new(),
    };
    contest.describe()?;
    for work in &options.only {
        match work {
            Work::List => contest.list()?,
            Work::Cold => contest.cold()?,
            Work::DryRun => contest.dry_run()?,
            Work::Nothing => contest.nothing()?,
            Work::Migrate => contest.migrate()?,
            Work::Rules => contest.rules()?,
            Work::Jobs => contest.jobs()?,
            Work::Memory => contest.memory()?,
            Work::Growth => contest.growth()?,
        }
    }
    Ok(())
}

struct Contest<'a> {
    options: &'a Options,
    this_program: PathBuf,
    dir: TempDir,
    /// The tree that is only read: all who do share it.
    unchanged: OnceCell<Tree>,
}

/// One tree and how it was made.
struct Tree {
    root: PathBuf,
    spec: TreeSpec,
    summary: Summary,
}

impl Tree {
    fn new(root: PathBuf, spec: TreeSpec) -> Result<Self> {
        fs::create_dir(&root)?;
        let summary = tree::generate(&root, &spec)?;
        let tree = Self {
            root,
            spec,
            summary,
        };
        tree.flush()?;
        Ok(tree)
    }

    /// Puts every manifest back as it was generated, as a new file, and removes what a migration left.
    fn reset(&self) -> Result<()> {
        let artifacts = self.root.join("artifacts");
        match fs::remove_dir_all(artifacts.join(".migrate-manifests")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        (0..self.spec.runs)
            .into_par_iter()
            .try_for_each(|index| -> io::Result<()> {
                let run = Run::new(&self.spec, index);
                let dir = artifacts.join(&run.dir);
                for entry in fs::read_dir(&dir)? {
                    let entry = entry?;
                    if !entry.file_type()?.is_dir() {
                        fs::remove_file(entry.path())?;
                    }
                }
                fs::write(dir.join(MANIFEST), run.manifest)
            })?;
        self.flush()
    }

    /// So that nobody pays for what another left behind.
    fn flush(&self) -> Result<()> {
        Ok(rustix::fs::syncfs(File::open(&self.root)?)?)
    }

    /// Counts the backups: that is how many manifests were migrated.
    fn check_migrated(&self) -> Result<()> {
        let mut backups = 0;
        for entry in WalkDir::new(&self.root) {
            let name = entry?.file_name().to_owned();
            backups += usize::from(name == "manifest.json.backup");
        }
        let pending = self.summary.pending;
        if backups == pending {
            Ok(())
        } else {
            Err(format!("{pending} were pending, but {backups} backups are there").into())
        }
    }
}

/// A contestant: its name, and the words that its command begins with.
struct Contestant {
    name: String,
    program: PathBuf,
    args: Vec<String>,
}

impl Contestant {
    fn named(self, name: &str) -> Self {
        let name = name.to_owned();
        Self { name, ..self }
    }

    /// The command that works on a tree.
    fn command(&self, root: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.args).arg(root).env_clear();
        command
    }
}

impl Contest<'_> {
    fn describe(&self) -> Result<()> {
        let Options {
            runs, rounds, seed, ..
        } = self.options;
        let cores = thread::available_parallelism()?;
        let dir = self.dir.path().display();
        println!("{runs} runs, seed {seed}, medians of {rounds} rounds, {cores} cores, in {dir}");
        Ok(())
    }

    fn ours(&self, name: &str, args: &[&str]) -> Contestant {
        Contestant {
            name: name.to_owned(),
            program: self.options.program.clone(),
            args: args.iter().map(|&arg| arg.to_owned()).collect(),
        }
    }

    fn obvious(&self, name: &str, mode: Mode) -> Contestant {
        Contestant {
            name: name.to_owned(),
            program: self.this_program.clone(),
            args: vec!["baseline".to_owned(), mode.name()],
        }
    }

    fn tree(&self, name: &str, runs: usize, payload: Payload) -> Result<Tree> {
        Tree::new(
            self.dir.path().join(name),
            spec(self.options, runs, payload),
        )
    }

    fn unchanged(&self) -> Result<&Tree> {
        if let Some(tree) = self.unchanged.get() {
            return Ok(tree);
        }
        let tree = self.tree("unchanged", self.options.runs, Payload::Full)?;
        Ok(self.unchanged.get_or_init(|| tree))
    }

    /// Everybody once in each round, the first one last in the next.
    fn rounds(
        &self,
        contestants: &[Contestant],
        mut before: impl FnMut(usize) -> Result<PathBuf>,
        mut after: impl FnMut(usize) -> Result<()>,
    ) -> Result<Vec<Times>> {
        let mut times = vec![Times::default(); contestants.len()];
        for round in 0..self.options.rounds {
            for n in 0..contestants.len() {
                let n = (n + round) % contestants.len();
                let root = before(n)?;
                times[n].push(time(contestants[n].command(&root))?);
                after(n)?;
            }
        }
        for (contestant, times) in contestants.iter().zip(&times) {
            table::times(&contestant.name, times);
        }
        Ok(times)
    }

    /// Ours against the obvious way, where nothing is written.
    fn read(&self, tree: &Tree, args: &[&str], mode: Mode, aim: f64) -> Result<()> {
        let contestants = [self.ours("ours", args), self.obvious("obvious", mode)];
        for contestant in &contestants {
            // Whoever comes first would fill the caches for the others.
            time(contestant.command(&tree.root))?;
        }
        let times = self.rounds(&contestants, |_| Ok(tree.root.clone()), |_| Ok(()))?;
        table::figure(
            "times faster",
            times[1].median() / times[0].median(),
            Some(Aim::AtLeast(aim)),
        );
        Ok(())
    }

    fn list(&self) -> Result<()> {
        table::heading("list versions");
        let tree = self.unchanged()?;
        self.read(tree, &["--list-versions"], Mode::List, 7.0)
    }

    fn dry_run(&self) -> Result<()> {
        table::heading("dry run");
        let tree = self.unchanged()?;
        self.read(tree, &["--dry-run"], Mode::DryRun, 5.0)
    }

    fn nothing(&self) -> Result<()> {
        table::heading("nothing to do");
        let tree = self.tree("nothing", self.options.runs, Payload::Full)?;
        time(self.ours("", &["--sync", "none"]).command(&tree.root))?;
        tree.check_migrated()?;
        tree.flush()?;
        self.read(&tree, &[], Mode::Migrate, 5.0)
    }

    fn cold(&self) -> Result<()> {
        table::heading("list versions, cold");
        let tree = self.unchanged()?;
        let contestants = [
            self.ours("ours", &["--list-versions"]),
            self.obvious("obvious", Mode::List),
        ];
        let before = |_| {
            tree.flush()?;
            fs::write("/proc/sys/vm/drop_caches", "3")?;
            // The contestants' own programs were dropped, too.
            fs::read(&self.options.program)?;
            fs::read(&self.this_program)?;
            Ok(tree.root.clone())
        };
        let times = self.rounds(&contestants, before, |_| Ok(()))?;
        table::figure(
            "times faster",
            times[1].median() / times[0].median(),
            Some(Aim::AtLeast(5.0)),
        );
        Ok(())
    }

    fn migrate(&self) -> Result<()> {
        table::heading("migrate");
        let tree = self.tree("migrate", self.options.runs, Payload::Full)?;
        let few = self.options.runs.min(DURABLE_BASELINE_RUNS);
        let small = self.tree("migrate-few", few, Payload::Full)?;
        let few_name = format!("obvious, an fsync for each file, {few} runs");
        let contestants = [
            self.ours("ours", &[]),
            self.ours("ours without flushes", &["--sync", "none"]),
            self.obvious("obvious without flushes", Mode::Migrate),
            self.obvious(&few_name, Mode::MigrateDurable),
        ];
        let of = |n: usize| if n == 3 { &small } else { &tree };
        let before = |n| {
            of(n).reset()?;
            Ok(of(n).root.clone())
        };
        let times = self.rounds(&contestants, before, |n| of(n).check_migrated())?;
        let [ours, ours_not_durable, obvious, durable] =
            [0, 1, 2, 3].map(|n: usize| times[n].median());
        let durable = durable * ratio(tree.summary.pending, small.summary.pending);
        let figure = |name: &str, value: f64, aim: Aim| table::figure(name, value, Some(aim));
        figure(
            "times faster than without flushes",
            obvious / ours,
            Aim::AtLeast(1.5),
        );
        figure(
            "times faster than with (extrapolated)",
            durable / ours,
            Aim::AtLeast(10.0),
        );
        figure(
            "times our own without flushes",
            ours / ours_not_durable,
            Aim::AtMost(1.5),
        );
        table::figure(
            "times faster, both without flushes",
            obvious / ours_not_durable,
            None,
        );
        Ok(())
    }

    fn rules(&self) -> Result<()> {
        table::heading("schemas and rules, without flushes");
        let tree = self.tree("rules", self.options.runs, Payload::Full)?;
        let catalog = |name: &str, rules| -> Result<String> {
            let dir = self.dir.path().join(name);
            ruled::make(&dir, rules)?;
            Ok(dir.to_string_lossy().into_owned())
        };
        let documents = catalog("documents", Rules::Documents)?;
        let whole = catalog("whole", Rules::Tree)?;
        let plain = ["--sync", "none"];
        let with = |catalog: &str| self.ours(catalog, &["--sync", "none", "--catalog", catalog]);
        let contestants = [
            self.ours("without", &plain),
            with(&documents).named("schemas and rules of documents"),
            with(&whole).named("and rules over the tree"),
        ];
        let before = |_| {
            tree.reset()?;
            Ok(tree.root.clone())
        };
        let times = self.rounds(&contestants, before, |_| tree.check_migrated())?;
        let of = |n: usize| times[n].median() / times[0].median();
        let aim = Some(Aim::AtMost(1.5));
        table::figure("times as long with schemas and rules", of(1), aim);
        table::figure("and with rules over the tree", of(2), None);
        Ok(())
    }

    fn jobs(&self) -> Result<()> {
        table::heading("jobs, warm");
        let tree = self.unchanged()?;
        let cores = thread::available_parallelism()?.to_string();
        for args in [["--list-versions"], ["--dry-run"]] {
            let as_cores = [args[0], "--jobs", &cores];
            let names = [
                format!("{}, default", args[0]),
                format!("{} --jobs {cores}", args[0]),
            ];
            let contestants = [self.ours(&names[0], &args), self.ours(&names[1], &as_cores)];
            let times = self.rounds(&contestants, |_| Ok(tree.root.clone()), |_| Ok(()))?;
            // One tenth is noise.
            let aim = Some(Aim::AtMost(1.1));
            table::figure(
                "default for one job a core",
                times[0].median() / times[1].median(),
                aim,
            );
        }
        Ok(())
    }

    fn memory(&self) -> Result<()> {
        let runs = self.options.runs;
        table::heading(&format!("peak memory, {runs} and {} runs", runs * 10));
        let trees = [
            self.tree("memory", runs, Payload::Hollow)?,
            self.tree("memory-large", runs * 10, Payload::Hollow)?,
        ];
        let more = ratio(trees[1].summary.found - trees[0].summary.found, 1);
        for args in [
            &["--list-versions"][..],
            &["--dry-run"],
            &["--sync", "none"],
        ] {
            let name = args.join(" ");
            let contestant = self.ours(&name, args);
            let mut peaks = [0.0; 2];
            for (tree, peak) in trees.iter().zip(&mut peaks) {
                let bytes = peak_memory(contestant.command(&tree.root))?;
                *peak = ratio(usize::try_from(bytes)?, 1);
            }
            let is_large = trees[1].summary.found >= 100_000;
            let aim = is_large.then_some(Aim::AtMost(32.0));
            table::figure(&format!("{name}: MB"), peaks[1] / 1e6, aim);
            let growth = (peaks[1] - peaks[0]) / more;
            table::figure(
                &format!("{name}: bytes a manifest"),
                growth,
                Some(Aim::AtMost(150.0)),
            );
        }
        Ok(())
    }

    fn growth(&self) -> Result<()> {
        let runs = self.options.runs;
        table::heading(&format!("growth, {runs} and {} runs", runs * 10));
        let trees = [
            self.tree("growth", runs, Payload::Hollow)?,
            self.tree("growth-large", runs * 10, Payload::Hollow)?,
        ];
        for args in [&["--list-versions"][..], &["--dry-run"], &[]] {
            let names = [runs, runs * 10].map(|runs| {
                format!(
                    "{}, {runs} runs",
                    if args.is_empty() { "migrate" } else { args[0] }
                )
            });
            let contestants = [self.ours(&names[0], args), self.ours(&names[1], args)];
            let before = |n: usize| {
                if args.is_empty() {
                    trees[n].reset()?;
                }
                Ok(trees[n].root.clone())
            };
            let times = self.rounds(&contestants, before, |_| Ok(()))?;
            let aim = Some(Aim::AtMost(11.0));
            table::figure("times as long", times[1].median() / times[0].median(), aim);
        }
        Ok(())
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts and sizes far below 2^52"
)]
fn ratio(a: usize, b: usize) -> f64 {
    a as f64 / b.max(1) as f64
}
