//! Standard input, output and error. Only this file writes to a terminal.
//!
//! Invariant: text for a terminal never appears in the middle of the progress bar.

use std::io::{self, IsTerminal as _, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

use super::progress::Progress;

pub(crate) struct Streams {
    pub(crate) stdin: Box<dyn Read>,
    pub(crate) stdout: Stream,
    /// Standard error: progress, warnings, errors.
    pub(crate) stderr: Stream,
}

impl Streams {
    pub(crate) fn of_process() -> Self {
        Self {
            stdin: Box::new(io::stdin()),
            stdout: Stream::new(Box::new(io::stdout()), io::stdout().is_terminal()),
            stderr: Stream::new(Box::new(io::stderr()), io::stderr().is_terminal()),
        }
    }
}

#[derive(Clone)]
pub(crate) struct Stream {
    to: Arc<Mutex<Box<dyn Write + Send>>>,
    is_terminal: bool,
    progress: Progress,
}

impl Stream {
    pub(crate) fn new(to: Box<dyn Write + Send>, is_terminal: bool) -> Self {
        Self {
            to: Arc::new(Mutex::new(to)),
            is_terminal,
            progress: Progress::hidden(),
        }
    }

    pub(crate) fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    pub(crate) fn beside(&self, progress: &Progress) -> Self {
        let mut stream = self.clone();
        if self.is_terminal {
            stream.progress = progress.clone();
        }
        stream
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
