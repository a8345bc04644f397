//! The end: `error:`, `caused by:` and `hint:`, printed here and nowhere else, and the exit code.

use std::io::{self, Write};
use std::process::ExitCode;

use migrate_manifests::code::Code;
use migrate_manifests::report::{Signal, Stop, Summary};

use super::args::Format;
use super::escape;
use super::options::{Output, Place};
use super::render::{Paint, Tone};

/// Why the program could not do as asked, with what lies behind it.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What happened.
    stop: Stop,
    /// The causes, outermost first.
    causes: Vec<String>,
}

impl From<Stop> for Failure {
    fn from(stop: Stop) -> Self {
        Self {
            stop,
            causes: Vec::new(),
        }
    }
}

impl Failure {
    /// What happened, with the message of `error` and its causes.
    pub(crate) fn new(code: Code, error: &dyn std::error::Error) -> Self {
        let causes = std::iter::successors(error.source(), |cause| cause.source());
        Self {
            stop: Stop::new(code, error.to_string()),
            causes: causes.map(ToString::to_string).collect(),
        }
    }

    /// The same as one stop, for reports that know no causes.
    pub(crate) fn to_stop(&self) -> Stop {
        let message = std::iter::once(&self.stop.message).chain(&self.causes);
        Stop {
            message: message.map(String::as_str).collect::<Vec<_>>().join(": "),
            ..self.stop.clone()
        }
    }
}

/// What kept the operation from doing as asked, if anything did.
pub(crate) fn failure(summary: &Summary, lost: Option<&io::Error>) -> Option<Failure> {
    let output_failed = |error: &io::Error| Failure {
        stop: Stop::new(Code::OutputFailed, "cannot write the output"),
        causes: vec![error.to_string()],
    };
    let interrupted = |signal| {
        let name = match signal {
            Signal::Interrupt => "SIGINT",
            Signal::Terminate => "SIGTERM",
        };
        Stop::new(Code::Interrupted, format!("interrupted by {name}")).into()
    };
    match &summary.stop {
        Some(stop) if stop.code != Code::OutputFailed => Some(stop.clone().into()),
        stop => summary
            .signal
            .map(interrupted)
            .or_else(|| lost.map(output_failed))
            .or_else(|| stop.clone().map(Failure::from)),
    }
}

/// Says what went wrong, and what to do about it.
pub(crate) fn tell(failure: &Failure, stderr: &mut dyn Write, paint: Paint) {
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
    // Where standard error is gone, too, the exit code still tells.
    stderr
        .write_all(shown.concat().as_bytes())
        .unwrap_or_default();
}

/// What counts for the exit code, beside what came of the manifests.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Terms {
    /// Whether something pending is an exit code of its own.
    pub(crate) check: bool,
    /// Whether a program reads what came of each manifest, so that trouble with some is none for the whole.
    pub(crate) lines_count: bool,
}

impl Terms {
    /// Those of a command that gives one line for each manifest it was told.
    pub(crate) fn of(place: &Place, output: &Output) -> Self {
        Self {
            check: false,
            lines_count: output.format == Format::Jsonl && place.files_from.is_some(),
        }
    }
}

/// The exit code of an operation. Output that was lost counts as a stop.
pub(crate) fn code(summary: &Summary, was_lost: bool, terms: Terms) -> ExitCode {
    let lost = was_lost && summary.stop.is_none();
    let told = Summary {
        stop: lost.then(|| Stop::new(Code::OutputFailed, "")),
        ..summary.clone()
    };
    let summary = if lost { &told } else { summary };
    ExitCode::from(summary.exit_code(terms.check, terms.lines_count))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(failure: &Failure) -> String {
        let mut out = Vec::new();
        tell(failure, &mut out, Paint::off());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_failure_is_told_with_its_causes_and_one_hint() {
        let failure = Failure {
            stop: Stop::new(Code::SelectionInvalid, "cannot read `a\nb`"),
            causes: vec!["no such file".to_owned()],
        };
        assert_eq!(
            told(&failure),
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
            told(&failure),
            "error: interrupted by SIGINT\nhint: run again: it goes on where this stopped\n"
        );
    }

    #[test]
    fn lost_output_is_a_failure_with_the_systems_word_for_it() {
        let error = io::Error::from(io::ErrorKind::StorageFull);
        let failure = failure(&Summary::default(), Some(&error)).unwrap();
        assert_eq!(
            told(&failure),
            "error: cannot write the output\ncaused by: no storage space\nhint: check where the output goes; every manifest is whole, old or new\n"
        );
        assert_eq!(
            code(&Summary::default(), true, Terms::default()),
            ExitCode::from(2)
        );
        assert_eq!(
            code(&Summary::default(), false, Terms::default()),
            ExitCode::SUCCESS
        );
    }
}
