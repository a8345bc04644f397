//! SIGINT and SIGTERM, and SIGXFSZ. Only this file uses their crate.
//!
//! A signal only sets a flag, which operations read. A second Ctrl-C has no further effect; SIGQUIT (Ctrl-\) and SIGKILL end the process at once and lose nothing, because the next operation finishes or undoes an interrupted one.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM, SIGXFSZ};

use migrate_manifests::report::Signal;

/// Makes a limit on the size of files (`ulimit -f`) an error of the write, as a full disk is, and no end of the process.
pub(crate) fn survive_file_size_limit() -> io::Result<()> {
    // Nobody reads the flag: it takes the place of what the signal would do.
    signal_hook::flag::register(SIGXFSZ, Arc::default()).map(drop)
}

#[derive(Debug, Default)]
pub(crate) struct Signals {
    interrupted: Arc<AtomicBool>,
    terminated: Arc<AtomicBool>,
    announced: AtomicBool,
}

impl Signals {
    pub(crate) fn watch() -> io::Result<Self> {
        let signals = Self::default();
        signal_hook::flag::register(SIGINT, Arc::clone(&signals.interrupted))?;
        signal_hook::flag::register(SIGTERM, Arc::clone(&signals.terminated))?;
        Ok(signals)
    }

    /// The signal that has arrived, if any. The first call that returns one calls `announce`.
    pub(crate) fn pending(&self, announce: impl FnOnce()) -> Option<Signal> {
        let signal = if self.terminated.load(Ordering::Relaxed) {
            Signal::Terminate
        } else if self.interrupted.load(Ordering::Relaxed) {
            Signal::Interrupt
        } else {
            return None;
        };
        if !self.announced.swap(true, Ordering::Relaxed) {
            announce();
        }
        Some(signal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn a_signal_is_given_every_time_and_announced_once() {
        let signals = Signals::default();
        let announced = Cell::new(0);
        let ask = || signals.pending(|| announced.set(announced.get() + 1));
        assert_eq!(ask(), None);
        signals.interrupted.store(true, Ordering::Relaxed);
        assert_eq!(ask(), Some(Signal::Interrupt));
        assert_eq!(ask(), Some(Signal::Interrupt));
        assert_eq!(announced.get(), 1);
    }
}
