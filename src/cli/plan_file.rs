//! The file that a plan is written to, and the one that it is read from.
//!
//! Invariant: what is there is never overwritten, and under the name that was typed there is a whole plan or nothing.

use std::fs::{File, Permissions};
use std::io::{self, BufReader, BufWriter, Read};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use migrate_manifests::code::Code;
use migrate_manifests::event::{Event, Sink};
use migrate_manifests::plan::{Head, PlanFileError, Planned, Writer};
use migrate_manifests::report::{Stop, Summary};

use super::streams::Stream;

/// Reads the plan in `file`, where `-` is standard input.
///
/// # Errors
/// It cannot be read, or is no plan that can be executed.
pub(crate) fn read(file: &Path, stdin: &mut dyn Read) -> Result<Planned, Stop> {
    let (planned, place) = if file == Path::new("-") {
        let planned = Planned::read(BufReader::new(stdin));
        (planned, "standard input".to_owned())
    } else {
        let opened = File::open(file).map_err(PlanFileError::Unreadable);
        let planned = opened.and_then(|file| Planned::read(BufReader::new(file)));
        (planned, format!("`{}`", file.display()))
    };
    planned.map_err(|error| {
        let cause = std::error::Error::source(&error);
        let cause = cause.map_or_else(String::new, |cause| format!(": {cause}"));
        let is_unreadable = matches!(error, PlanFileError::Unreadable(_));
        Stop {
            hint: is_unreadable.then(|| "give a file that `plan -o` has written".to_owned()),
            ..Stop::new(error.code(), format!("{place}: {error}{cause}"))
        }
    })
}

/// Where a plan is to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Destination {
    /// Nowhere: it is only shown.
    Nowhere,
    /// Standard output.
    Output,
    /// A file that is not there yet.
    File(PathBuf),
}

impl Destination {
    /// What `-o` asks for.
    pub(crate) fn new(typed: Option<PathBuf>) -> Self {
        match typed {
            None => Self::Nowhere,
            Some(file) if file == Path::new("-") => Self::Output,
            Some(file) => Self::File(file),
        }
    }
}

/// A plan on its way to where it goes.
pub(crate) enum PlanOutput {
    /// It is only shown.
    Nowhere,
    /// To a stream.
    Stream(Writer<BufWriter<Stream>>),
    /// To a file, under another name until it is whole.
    File(Box<Draft>),
}

/// A plan under another name.
pub(crate) struct Draft {
    /// Taken when it is whole.
    writer: Option<Writer<BufWriter<NamedTempFile>>>,
    destination: PathBuf,
    /// What kept it from being kept.
    failure: Option<Stop>,
}

impl PlanOutput {
    /// Begins a plan.
    ///
    /// # Errors
    /// The file is there, or cannot be made.
    pub(crate) fn begin(to: &Destination, stdout: &Stream, head: &Head) -> Result<Self, Stop> {
        match to {
            Destination::Nowhere => Ok(Self::Nowhere),
            Destination::Output => Writer::new(BufWriter::new(stdout.clone()), head)
                .map(Self::Stream)
                .map_err(|error| cannot(Path::new("-"), &error)),
            Destination::File(file) => {
                if file.symlink_metadata().is_ok() {
                    return Err(exists(file));
                }
                let draft = tempfile::Builder::new()
                    .prefix(".migrate-manifests-plan.")
                    .permissions(Permissions::from_mode(0o666))
                    .tempfile_in(directory(file));
                let writer = draft.and_then(|draft| Writer::new(BufWriter::new(draft), head));
                Ok(Self::File(Box::new(Draft {
                    writer: Some(writer.map_err(|error| cannot(file, &error))?),
                    destination: file.clone(),
                    failure: None,
                })))
            }
        }
    }

    /// Whether the plan is in its file.
    pub(crate) fn kept(&self, summary: &Summary) -> bool {
        matches!(self, Self::File(draft) if draft.writer.is_none()) && summary.stop.is_none()
    }

    /// The summary with what kept the plan from being written, where something did.
    pub(crate) fn correct(&mut self, mut summary: Summary) -> Summary {
        if let Self::File(draft) = self
            && let Some(failure) = draft.failure.take()
        {
            summary.stop = Some(failure);
        }
        summary
    }
}

impl Sink for PlanOutput {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        match self {
            Self::Nowhere => Ok(()),
            Self::Stream(writer) => writer.event(event),
            Self::File(draft) => draft.event(event),
        }
    }
}

impl Draft {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        let Some(writer) = &mut self.writer else {
            return Ok(());
        };
        let taken = writer.event(event);
        let kept = taken.and_then(|()| match event {
            Event::Finished(_) => self.keep(),
            _ => Ok(()),
        });
        kept.inspect_err(|error| {
            self.failure = Some(match error.kind() {
                io::ErrorKind::AlreadyExists => exists(&self.destination),
                _ => cannot(&self.destination, error),
            });
        })
    }

    /// Gives a whole plan its name, durably; one that is not whole goes away.
    fn keep(&mut self) -> io::Result<()> {
        let Some((true, buffered)) = self.writer.take().map(Writer::into_parts) else {
            return Ok(());
        };
        let draft = buffered
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        draft.as_file().sync_all()?;
        draft
            .persist_noclobber(&self.destination)
            .map_err(|error| error.error)?;
        File::open(directory(&self.destination))?.sync_all()
    }
}

fn directory(file: &Path) -> &Path {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn exists(file: &Path) -> Stop {
    Stop::new(
        Code::OutputExists,
        format!("`{}` is there already", file.display()),
    )
}

fn cannot(file: &Path, error: &io::Error) -> Stop {
    Stop::new(
        Code::OutputFailed,
        format!("cannot write the plan to `{}`: {error}", file.display()),
    )
}
