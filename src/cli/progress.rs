//! The progress bar. Only this file uses its crate.
//!
//! It is drawn on standard error if that is a terminal, and removed before the summary is printed.

use std::fmt::Write;
use std::io;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressState, ProgressStyle};

use migrate_manifests::report::{Event, Sink};

#[derive(Clone)]
pub(crate) struct Progress(Option<ProgressBar>);

impl Progress {
    pub(crate) fn hidden() -> Self {
        Self(None)
    }

    pub(crate) fn on_terminal() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr())
            .with_finish(ProgressFinish::AndClear)
            .with_style(search_style())
            .with_message("looking for manifests");
        Self(Some(bar))
    }

    pub(crate) fn expect(&self, ahead: u64) {
        if let Some(bar) = &self.0 {
            bar.set_length(bar.position() + ahead);
            bar.set_style(counting());
        }
    }

    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }

    pub(crate) fn advance(&self) {
        if let Some(bar) = &self.0 {
            bar.inc(1);
        }
    }

    pub(crate) fn aside<T>(&self, act: impl FnOnce() -> T) -> T {
        match &self.0 {
            Some(bar) if !bar.is_finished() => bar.suspend(act),
            _ => act(),
        }
    }
}

impl Sink for Progress {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        match (&self.0, event) {
            (Some(bar), Event::Started(_)) => bar.enable_steady_tick(Duration::from_millis(200)),
            (Some(bar), Event::Finished(_)) => bar.finish_and_clear(),
            _ => {}
        }
        Ok(())
    }
}

fn search_style() -> ProgressStyle {
    ProgressStyle::default_spinner().tick_chars("-\\|/ ")
}

fn counting() -> ProgressStyle {
    let template = "{human_pos} of about {human_len} [{wide_bar}] {rate}, {eta} left";
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("#> ")
        .with_key("rate", |state: &ProgressState, out: &mut dyn Write| {
            write!(out, "{:.0}/s", state.per_sec()).unwrap_or_default();
        })
}
