//! Standard input, output and error, and the only place that writes to a terminal.
//!
//! Invariant: what is written to a terminal never lands in the middle of the progress bar.

use std::io::{self, IsTerminal as _, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

use super::progress::Progress;

/// Where the program reads from and writes to.
pub(crate) struct Streams {
    /// Standard input.
    pub(crate) stdin: Box<dyn Read>,
    /// Standard output: data.
    pub(crate) stdout: Stream,
    /// Standard error: progress, warnings, errors.
    pub(crate) stderr: Stream,
}

impl Streams {
    /// Those of the process.
    pub(crate) fn of_process() -> Self {
        Self {
            stdin: Box::new(io::stdin()),
            stdout: Stream::new(Box::new(io::stdout()), io::stdout().is_terminal()),
            stderr: Stream::new(Box::new(io::stderr()), io::stderr().is_terminal()),
        }
    }

    /// The same streams, which from now on move the bar out of the way of what they write.
    pub(crate) fn beside(self, progress: &Progress) -> Self {
        Self {
            stdin: self.stdin,
            stdout: self.stdout.beside(progress),
            stderr: self.stderr.beside(progress),
        }
    }
}

/// A stream to write to; its clones write to the same place.
#[derive(Clone)]
pub(crate) struct Stream {
    to: Arc<Mutex<Box<dyn Write + Send>>>,
    is_terminal: bool,
    progress: Progress,
}

impl Stream {
    /// A stream that writes to `to`.
    pub(crate) fn new(to: Box<dyn Write + Send>, is_terminal: bool) -> Self {
        Self {
            to: Arc::new(Mutex::new(to)),
            is_terminal,
            progress: Progress::hidden(),
        }
    }

    /// Whether somebody looks at it.
    pub(crate) fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    fn beside(mut self, progress: &Progress) -> Self {
        if self.is_terminal {
            self.progress = progress.clone();
        }
        self
    }

    fn with<T>(&self, act: impl FnOnce(&mut dyn Write) -> T) -> T {
        self.progress.aside(|| {
            let mut to = self.to.lock().unwrap_or_else(PoisonError::into_inner);
            act(&mut **to)
        })
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.with(|to| to.write(bytes))
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.with(|to| to.write_all(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .flush()
    }
}
