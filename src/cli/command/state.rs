//! `state`: what the tree's state is, apart from what operations say in it. `adopt` puts that of another user aside.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;

use migrate_manifests::report::Stop;
use migrate_manifests::storage::{Adopted, Files, Located, OpenOptions};

use crate::cli::args::{ClockArgs, OutputArgs};
use crate::cli::environment::Cli;
use crate::cli::invocation::Invocation;
use crate::cli::options::ReportOptions;
use crate::cli::render::{End, Ending, Page};

#[derive(Debug, Clone, clap::Args)]
pub(super) struct StateArgs {
    #[command(subcommand)]
    command: StateCommand,
}

#[derive(Debug, Clone, Subcommand)]
enum StateCommand {
    /// Put the state of another user aside, unread, and begin a new one (for root)
    Adopt(AdoptArgs),
}

#[derive(Debug, Clone, clap::Args)]
struct AdoptArgs {
    /// The directory that holds the artifacts, or its parent [default: .]
    root: Option<PathBuf>,

    #[command(flatten)]
    clock: ClockArgs,
}

pub(super) fn run(args: StateArgs, cli: &mut Cli<'_>) -> Result<ExitCode, Stop> {
    let StateCommand::Adopt(args) = args.command;
    let output = OutputArgs::default();
    let mut reporting = ReportOptions::new("state", &output, &args.clock, cli.env)?;
    reporting.facts.dry_run = false;
    let invocation = Invocation::begin(cli, reporting);
    Ok(invocation.answer(adopt(args.root).map_err(Into::into)))
}

fn adopt(root: Option<PathBuf>) -> Result<AdoptEnd, Stop> {
    let root = root.unwrap_or_else(|| PathBuf::from("."));
    let located = Located::find(&root)?;
    let files = Files::open(&located, OpenOptions::default())?;
    Ok(AdoptEnd(files.adopt_state()?))
}

struct AdoptEnd(Option<Adopted>);

impl Ending for AdoptEnd {
    fn text(&self, _: &End<'_>, page: &mut Page) {
        let text = match &self.0 {
            None => "Nothing to do: no state of another user is here.".to_owned(),
            Some(Adopted { owner, kept_as }) => format!(
                "The state of user {owner} is `{kept_as}` now, and a new one has begun. Operations that the old one records can be rolled back only by its owner, with the old state in its place."
            ),
        };
        let text = page.sentences(&[text]);
        page.print(&text);
    }
}
