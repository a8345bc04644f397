//! The progress bar, and the only place that knows its crate.
//!
//! It is drawn on standard error, only where that is a terminal, and is gone before the summary is printed.

use std::fmt::Write;
use std::io;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressState, ProgressStyle};

use migrate_manifests::report::{Event, Sink};

/// How far the operation is: count, rate, and the time left.
#[derive(Clone)]
pub(crate) struct Progress(Option<ProgressBar>);

impl Progress {
    /// No bar.
    pub(crate) fn hidden() -> Self {
        Self(None)
    }

    /// A bar on standard error, which is a terminal.
    pub(crate) fn on_terminal() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr())
            .with_finish(ProgressFinish::AndClear)
            .with_style(looking())
            .with_message("looking for manifests");
        Self(Some(bar))
    }

    /// One more manifest has been looked at.
    pub(crate) fn advance(&self) {
        if let Some(bar) = &self.0 {
            bar.inc(1);
        }
    }

    /// Does something while the bar is out of the way.
    pub(crate) fn aside<T>(&self, act: impl FnOnce() -> T) -> T {
        match &self.0 {
            Some(bar) if !bar.is_finished() => bar.suspend(act),
            _ => act(),
        }
    }
}

impl Sink for Progress {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        let Some(bar) = &self.0 else { return Ok(()) };
        match event {
            Event::Started(_) => bar.enable_steady_tick(Duration::from_millis(200)),
            Event::Listed { manifests } => {
                bar.set_length(*manifests);
                bar.set_style(counting());
            }
            Event::Finished(_) => bar.finish_and_clear(),
            _ => {}
        }
        Ok(())
    }
}

fn looking() -> ProgressStyle {
    ProgressStyle::default_spinner().tick_chars("-\\|/ ")
}

fn counting() -> ProgressStyle {
    let template = "{human_pos} of {human_len} [{wide_bar}] {rate}, {eta} left";
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("#> ")
        .with_key("rate", |state: &ProgressState, out: &mut dyn Write| {
            write!(out, "{:.0}/s", state.per_sec()).unwrap_or_default();
        })
}
