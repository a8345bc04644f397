//! The end: `error:`, `caused by:` and `hint:`, printed here and nowhere else, and the exit code.

use std::io::{self, Write};
use std::process::ExitCode;

use migrate_manifests::code::Code;
use migrate_manifests::report::{self, ExitTerms, Signal, Stop, Summary};

use super::escape;
use super::options::{Output, TreeOptions};
use super::render::{Paint, Tone};

#[derive(Debug, Clone)]
pub(crate) struct CommandFailure {
    stop: Stop,
    causes: Vec<String>,
}

impl From<Stop> for CommandFailure {
    fn from(stop: Stop) -> Self {
        Self {
            stop,
            causes: Vec::new(),
        }
    }
}

impl CommandFailure {
    pub(crate) fn new(code: Code, error: &dyn std::error::Error) -> Self {
        let causes = std::iter::successors(error.source(), |cause| cause.source());
        Self {
            stop: Stop::new(code, error.to_string()),
            causes: causes.map(ToString::to_string).collect(),
        }
    }

    pub(crate) fn to_stop(&self) -> Stop {
        let message = std::iter::once(&self.stop.message).chain(&self.causes);
        Stop {
            message: message.map(String::as_str).collect::<Vec<_>>().join(": "),
            ..self.stop.clone()
        }
    }
}

pub(crate) fn failure(summary: &Summary, lost: Option<&io::Error>) -> Option<CommandFailure> {
    let output_failed = |error: &io::Error| CommandFailure {
        stop: Stop::new(Code::OutputFailed, "cannot write the output"),
        causes: vec![error.to_string()],
    };
    let interrupted = |signal: Signal| {
        let name = signal.name();
        Stop::new(Code::Interrupted, format!("interrupted by {name}")).into()
    };
    match &summary.stop {
        Some(stop) if stop.code != Code::OutputFailed => Some(stop.clone().into()),
        stop => summary
            .signal
            .map(interrupted)
            .or_else(|| lost.map(output_failed))
            .or_else(|| stop.clone().map(CommandFailure::from)),
    }
}

pub(crate) fn print_failure(failure: &CommandFailure, stderr: &mut dyn Write, paint: Paint) {
    let mut lines = vec![(Tone::Trouble, "error:", failure.stop.message.as_str())];
    lines.extend(
        failure
            .causes
            .iter()
            .map(|cause| (Tone::Trouble, "caused by:", cause.as_str())),
    );
    lines.push((Tone::Hint, "hint:", failure.stop.hint()));
    let shown: Vec<_> = lines
        .iter()
        .map(|(tone, label, text)| {
            format!("{} {}\n", paint.text(*tone, label), escape::message(text))
        })
        .collect();
    // If standard error is closed, the exit code still reports the failure.
    stderr
        .write_all(shown.concat().as_bytes())
        .unwrap_or_default();
}

pub(crate) fn terms(tree: &TreeOptions, output: &Output) -> ExitTerms {
    ExitTerms {
        lines_count: output.format.has_a_line_for_each() && tree.files_from.is_some(),
        ..ExitTerms::default()
    }
}

pub(crate) fn printed(written: io::Result<()>) -> ExitCode {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            ExitCode::from(report::ExitCode::CouldNotStart.code())
        }
        _ => ExitCode::SUCCESS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed_failure(failure: &CommandFailure) -> String {
        let mut out = Vec::new();
        print_failure(failure, &mut out, Paint::OFF);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_failure_is_told_with_its_causes_and_one_hint() {
        let failure = CommandFailure {
            stop: Stop::new(Code::SelectionInvalid, "cannot read `a\nb`"),
            causes: vec!["no such file".to_owned()],
        };
        assert_eq!(
            printed_failure(&failure),
            "error: cannot read `a\\nb`\ncaused by: no such file\nhint: check the selection\n"
        );
        assert_eq!(
            failure.to_stop().message,
            "cannot read `a\nb`: no such file"
        );
    }

    #[test]
    fn a_signal_is_told_where_nothing_worse_happened() {
        let interrupted = Summary {
            signal: Some(Signal::Interrupt),
            ..Summary::default()
        };
        let failure = failure(&interrupted, None).unwrap();
        assert_eq!(
            printed_failure(&failure),
            "error: interrupted by SIGINT\nhint: run again to continue from here\n"
        );
    }

    #[test]
    fn lost_output_is_a_failure_with_the_systems_word_for_it() {
        let error = io::Error::from(io::ErrorKind::StorageFull);
        let failure = failure(&Summary::default(), Some(&error)).unwrap();
        assert_eq!(
            printed_failure(&failure),
            "error: cannot write the output\ncaused by: no storage space\nhint: check the file or program that receives the output; every manifest is whole, old or new\n"
        );
    }
}
