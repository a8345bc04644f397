//! Reads and writes plan files.
//!
//! Invariant: an existing file is never overwritten, and the given name has a complete plan or no file.

use std::fs::Permissions;
use std::io::{self, BufReader, BufWriter, Read};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use migrate_manifests::code::Code;
use migrate_manifests::outside;
use migrate_manifests::plan::{PlanFile, PlanFileError, PlanHead, PlanWriter};
use migrate_manifests::report::{Event, Sink, Stop, Summary};

use super::streams::Stream;

pub(crate) fn read(file: &Path, stdin: &mut dyn Read) -> Result<PlanFile, Stop> {
    let (planned, place) = if file == Path::new("-") {
        let planned = PlanFile::read(BufReader::new(stdin));
        (planned, "standard input".to_owned())
    } else {
        let opened = outside::open(file).map_err(PlanFileError::Unreadable);
        let planned = opened.and_then(|file| PlanFile::read(BufReader::new(file)));
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

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Destination {
    Nowhere,
    Output,
    File(PathBuf),
}

impl Destination {
    pub(crate) fn new(typed: Option<PathBuf>) -> Self {
        match typed {
            None => Self::Nowhere,
            Some(file) if file == Path::new("-") => Self::Output,
            Some(file) => Self::File(file),
        }
    }
}

pub(crate) enum PlanOutput {
    Nowhere,
    Stream(PlanWriter<BufWriter<Stream>>),
    /// Written under another name until it is complete.
    File(Box<Draft>),
}

pub(crate) struct Draft {
    writer: Option<PlanWriter<BufWriter<NamedTempFile>>>,
    destination: PathBuf,
    /// The result, once it was whole or could not be written.
    kept: Option<Result<(), Stop>>,
}

impl PlanOutput {
    pub(crate) fn begin(to: &Destination, stdout: &Stream, head: &PlanHead) -> Result<Self, Stop> {
        match to {
            Destination::Nowhere => Ok(Self::Nowhere),
            Destination::Output => PlanWriter::new(BufWriter::new(stdout.clone()), head)
                .map(Self::Stream)
                .map_err(|error| cannot(Path::new("-"), &error)),
            Destination::File(file) => {
                if outside::exists(file) {
                    return Err(exists(file));
                }
                let draft = tempfile::Builder::new()
                    .prefix(".migrate-manifests-plan.")
                    .permissions(Permissions::from_mode(0o666))
                    .tempfile_in(directory(file));
                let writer = draft.and_then(|draft| PlanWriter::new(BufWriter::new(draft), head));
                Ok(Self::File(Box::new(Draft {
                    writer: Some(writer.map_err(|error| cannot(file, &error))?),
                    destination: file.clone(),
                    kept: None,
                })))
            }
        }
    }

    pub(crate) fn is_kept(&self) -> bool {
        matches!(self, Self::File(draft) if draft.kept == Some(Ok(())))
    }

    /// Returns the summary, with a stop if the plan could not be written.
    pub(crate) fn correct(&self, mut summary: Summary) -> Summary {
        if let Self::File(draft) = self
            && let Some(Err(failure)) = &draft.kept
        {
            summary.stop = Some(failure.clone());
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
            self.kept = Some(Err(match error.kind() {
                io::ErrorKind::AlreadyExists => exists(&self.destination),
                _ => cannot(&self.destination, error),
            }));
        })
    }

    fn keep(&mut self) -> io::Result<()> {
        let Some((true, buffered)) = self.writer.take().map(PlanWriter::into_parts) else {
            return Ok(());
        };
        let draft = buffered
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        draft.as_file().sync_all()?;
        draft
            .persist_noclobber(&self.destination)
            .map_err(|error| error.error)?;
        outside::open(directory(&self.destination))?.sync_all()?;
        self.kept = Some(Ok(()));
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::streams::Stream;
    use migrate_manifests::catalog::Catalog;
    use migrate_manifests::report::Signal;

    /// Returns the files of the directory afterwards, and whether the plan was published.
    fn left_after(summary: &Summary, meanwhile: Option<&[u8]>) -> (bool, Summary, Vec<Vec<u8>>) {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("plan.jsonl");
        let stdout = Stream::new(Box::new(io::sink()), false);
        let now = "2026-02-28T10:30:00Z".parse().unwrap();
        let head = PlanHead::new(&Catalog::built_in().unwrap(), None, "/tree", now);
        let to = Destination::File(file.clone());
        let mut plan = PlanOutput::begin(&to, &stdout, &head).unwrap();
        if let Some(bytes) = meanwhile {
            std::fs::write(&file, bytes).unwrap();
        }
        let printed = plan.event(&Event::Finished(summary));
        let (is_kept, summary) = (plan.is_kept(), plan.correct(summary.clone()));
        assert_eq!(printed.is_err(), summary.stop.is_some());
        drop(plan);
        let left = std::fs::read_dir(dir.path()).unwrap();
        let left = left.map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
        (is_kept, summary, left.collect())
    }

    #[test]
    fn a_plan_is_kept_whole_or_not_at_all() {
        let (is_kept, _, left) = left_after(&Summary::default(), None);
        assert!(is_kept);
        assert!(PlanFile::read(&*left[0]).is_ok());
        let interrupted = Summary {
            signal: Some(Signal::Interrupt),
            ..Summary::default()
        };
        let (is_kept, _, left) = left_after(&interrupted, None);
        assert!(!is_kept && left.is_empty());
    }

    #[test]
    fn a_file_that_came_meanwhile_is_not_overwritten() {
        let (is_kept, summary, left) = left_after(&Summary::default(), Some(b"theirs"));
        assert!(!is_kept);
        assert_eq!(summary.stop.unwrap().code, Code::OutputExists);
        assert_eq!(left, [b"theirs"]);
    }
}
