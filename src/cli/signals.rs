//! SIGINT and SIGTERM, and the only place that knows their crate.
//!
//! A signal only sets a flag, which the engine asks for; so the second and the third Ctrl-C kill nothing in the middle of things. Who cannot wait has SIGQUIT (Ctrl-\) and SIGKILL, and loses nothing either: the next operation finishes or undoes what was begun.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};

use migrate_manifests::report::Signal;

/// Which signals have come since they are watched.
#[derive(Debug, Default)]
pub(crate) struct Signals {
    interrupted: Arc<AtomicBool>,
    terminated: Arc<AtomicBool>,
    announced: AtomicBool,
}

impl Signals {
    /// Watches for signals from now on.
    ///
    /// # Errors
    /// The system refuses; then a signal ends the process at once.
    pub(crate) fn watch() -> io::Result<Self> {
        let signals = Self::default();
        signal_hook::flag::register(SIGINT, Arc::clone(&signals.interrupted))?;
        signal_hook::flag::register(SIGTERM, Arc::clone(&signals.terminated))?;
        Ok(signals)
    }

    /// The signal that has come, if one has. The first time, `announce` may say so to somebody who waits.
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
