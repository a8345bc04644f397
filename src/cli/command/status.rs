//! `status`: which versions there are, what is pending, and what chosen members hold.

use std::process::ExitCode;

use migrate_manifests::json::Pointer;
use migrate_manifests::operation::{self, Depth, Survey};
use migrate_manifests::report::Stop;
use migrate_manifests::version::Version;

use crate::cli::Environment;
use crate::cli::args::WholeArgs;
use crate::cli::exit::Terms;
use crate::cli::options::{
    Output, Place, Purpose, all_and_quiet, is_text, looking, refuse_contradictions,
};
use crate::cli::order::Order;
use crate::cli::session::{self, Invocation};
use crate::cli::streams::Streams;

/// What `status` is told.
#[derive(Debug, Clone, clap::Args)]
#[expect(
    clippy::doc_markdown,
    reason = "the comments are the help text, where backticks would be printed"
)]
pub(crate) struct StatusArgs {
    /// Count what these members hold, as in agent_id,/a/b
    ///
    /// A name stands for a member of the document itself; what begins with / is a JSON Pointer. Of each member: how many manifests have it, have null, do not have it, how many different values there are, and the most frequent.
    #[arg(
        long,
        value_name = "MEMBERS",
        value_delimiter = ',',
        value_parser = member,
        help_heading = "What"
    )]
    fields: Vec<Pointer>,

    /// Count the values that histories call backfilled
    ///
    /// A backfilled value was set by a migration and is not authoritative.
    #[arg(long, help_heading = "What")]
    backfilled: bool,

    /// The version to compare with [default: the latest]
    #[arg(long, value_name = "VERSION", help_heading = "What")]
    target_version: Option<Version>,

    /// Count manifests that a writer still has as pending
    #[arg(long, help_heading = "What")]
    include_running: bool,

    #[command(flatten)]
    whole: WholeArgs,
}

/// Reads the name of a member, or a pointer.
fn member(text: &str) -> Result<Pointer, String> {
    if text.is_empty() {
        return Err("expected the name of a member, or a JSON Pointer".to_owned());
    }
    if text.starts_with('/') {
        text.parse().map_err(|error| format!("{error}"))
    } else {
        Ok(Pointer::root().child(text))
    }
}

/// Lists versions.
pub(crate) fn run(args: StatusArgs, invocation: &Invocation<'_>, streams: Streams) -> ExitCode {
    match resolve(args, invocation.env) {
        Ok(order) => order.perform(streams),
        Err(stop) => session::refuse(stop, invocation, streams),
    }
}

fn resolve(args: StatusArgs, env: &Environment) -> Result<Order<operation::Options>, Stop> {
    refuse_contradictions(&[
        (
            args.whole.output.quiet && is_text(&args.whole.output),
            "status and --quiet exclude each other: nothing of the list would be left",
        ),
        all_and_quiet(&args.whole.output),
    ])?;
    let output = Output::new(&args.whole.output, Purpose::Versions, env);
    let place = Place::of_whole(&args.whole);
    let asked = operation::Options {
        target: args.target_version,
        include_running: args.include_running,
        survey: Survey {
            fields: args.fields,
            backfilled: args.backfilled,
        },
        ..looking("status", Depth::Decide, &place, &args.whole.work, env)?
    };
    Ok(Order {
        place,
        output,
        operation: asked,
        terms: Terms::default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_a_name_or_a_pointer() {
        assert_eq!(member("agent_id").unwrap().to_string(), "/agent_id");
        assert_eq!(member("/a/b~1c").unwrap().to_string(), "/a/b~1c");
        assert!(member("").is_err());
    }
}
