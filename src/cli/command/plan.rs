//! `plan`: what a migration would do, to be kept, looked at and executed later.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use migrate_manifests::operation::{self, Depth};
use migrate_manifests::plan::PlanHead;
use migrate_manifests::report::{Stop, Summary};
use migrate_manifests::version::Version;

use crate::cli::args::{Format, LimitArgs, OutputArgs, RulesArgs, SelectArgs, TreeArgs, WorkArgs};
use crate::cli::exit::Terms;
use crate::cli::options::{
    Output, Place, Purpose, all_and_quiet, is_text, looking, refuse_contradictions,
};
use crate::cli::order::Asked as _;
use crate::cli::plan_file::{Destination, PlanOutput};
use crate::cli::render::{Audience, counted, wrap};
use crate::cli::session::{self, Invocation, Lookout, Prepared};
use crate::cli::streams::{Stream, Streams};
use crate::cli::{Environment, escape};

/// What `plan` is told.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct PlanArgs {
    /// The directory that holds the artifacts, or its parent [default: .]
    root: Option<PathBuf>,

    /// Write the plan to FILE, which must not exist (- is standard output)
    ///
    /// One line for each pending manifest, with the digest of its bytes and the checksum that it will have. migrate-manifests --plan FILE does exactly that and refuses what has changed since.
    #[arg(short, long, value_name = "FILE", help_heading = "What")]
    output: Option<PathBuf>,

    /// Plan to migrate to this version [default: the latest]
    #[arg(long, value_name = "VERSION", help_heading = "What")]
    target_version: Option<Version>,

    /// Take manifests that a writer still has, too
    #[arg(long, help_heading = "What")]
    include_running: bool,

    #[command(flatten)]
    rules: RulesArgs,
    #[command(flatten)]
    select: SelectArgs,
    #[command(flatten)]
    limit: LimitArgs,
    #[command(flatten)]
    tree: TreeArgs,
    #[command(flatten)]
    work: WorkArgs,
    #[command(flatten)]
    shown: OutputArgs,
}

/// Everything that was left open, decided.
struct Options {
    place: Place,
    output: Output,
    asked: operation::Options,
    destination: Destination,
}

/// Makes a plan.
pub(crate) fn run(args: PlanArgs, invocation: &Invocation<'_>, streams: Streams) -> ExitCode {
    let options = match resolve(args, invocation.env) {
        Ok(options) => options,
        Err(stop) => return session::refuse(stop, invocation, streams),
    };
    let stdout = streams.stdout.clone();
    let streams = match options.destination {
        // The plan is the data, so what is said about it goes elsewhere.
        Destination::Output => Streams {
            stdout: streams.stderr.clone(),
            ..streams
        },
        _ => streams,
    };
    session::work(
        &options.place,
        &options.output,
        &options.asked.subject(),
        streams,
        |prepared, lookout, audience| make(&options, prepared, lookout, audience, &stdout),
        Terms::of(&options.place, &options.output),
    )
}

fn make(
    options: &Options,
    prepared: &Prepared,
    lookout: &Lookout,
    audience: &mut Audience,
    stdout: &Stream,
) -> Summary {
    let asked = &options.asked;
    let target = asked.target.as_ref();
    let head = PlanHead::new(&prepared.catalog, target, &prepared.tree, asked.now);
    let plan = match PlanOutput::begin(&options.destination, stdout, &head) {
        Ok(plan) => plan,
        Err(stop) => {
            return Summary {
                stop: Some(stop),
                ..Summary::default()
            };
        }
    };
    let mut listeners = (plan, audience);
    let summary = asked.carry_out(prepared, lookout, &mut listeners);
    let (mut plan, _) = listeners;
    let summary = plan.correct(summary);
    let is_kept = plan.is_kept();
    if options.output.format == Format::Text && !options.output.quiet {
        let told = told(options, &summary, is_kept);
        // A reader that is gone has been noticed by then.
        stdout
            .clone()
            .write_all(told.as_bytes())
            .unwrap_or_default();
    }
    summary
}

/// Where the plan went, and how it is executed.
fn told(options: &Options, summary: &Summary, is_kept: bool) -> String {
    let told = match &options.destination {
        Destination::File(file) if is_kept => {
            let manifests = counted(summary.counts.pending, "manifest", "manifests");
            let file = escape::path(file.as_os_str().as_encoded_bytes());
            let root = &options.place.root;
            let root = escape::path(root.as_os_str().as_encoded_bytes());
            format!(
                "The plan for {manifests} is in {file}. To execute it: migrate-manifests --plan {file} {root}"
            )
        }
        Destination::File(_) if summary.signal.is_some() => {
            "No plan was written: it would lack what was not attempted.".to_owned()
        }
        Destination::Nowhere if summary.stop.is_none() => {
            "Nothing was written. To keep this as a plan, give -o FILE.".to_owned()
        }
        _ => return String::new(),
    };
    wrap(&told, options.output.columns, 0) + "\n"
}

fn resolve(args: PlanArgs, env: &Environment) -> Result<Options, Stop> {
    let destination = Destination::new(args.output);
    refuse_contradictions(&[
        (
            destination == Destination::Output && !is_text(&args.shown),
            "-o - and --format exclude each other: standard output has the plan, or the report",
        ),
        all_and_quiet(&args.shown),
    ])?;
    let output = Output::new(&args.shown, Purpose::Plan, env);
    let place = Place::new(args.root, args.tree, args.select, &args.limit);
    let asked = operation::Options {
        target: args.target_version,
        include_running: args.include_running,
        rules: args.rules.enforcement(),
        ..looking("plan", Depth::Predict, &place, &args.work, env)?
    };
    Ok(Options {
        place,
        output,
        asked,
        destination,
    })
}
