//! Colours. Only this file knows escape sequences.

use std::borrow::Cow;

use anstyle::{AnsiColor, Style};

use migrate_manifests::report::Status;

use crate::cli::streams::Stream;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coloring {
    OnTerminals,
    Always,
    Never,
}

pub(crate) fn paint(coloring: Coloring, stream: &Stream) -> Paint {
    Paint::new(match coloring {
        Coloring::OnTerminals => stream.is_terminal(),
        Coloring::Always => true,
        Coloring::Never => false,
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Paint(bool);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    Heading,
    Place,
    Added,
    Removed,
    Pending,
    Trouble,
    Warning,
    Hint,
}

impl Tone {
    pub(crate) fn of(status: Status) -> Self {
        match status {
            Status::Pending | Status::NotAttempted => Self::Pending,
            Status::Migrated | Status::Restored => Self::Added,
            _ if status.is_trouble() => Self::Trouble,
            _ => Self::Plain,
        }
    }

    fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Heading => Style::new().bold(),
            Self::Place | Self::Hint => AnsiColor::Cyan.on_default(),
            Self::Added => AnsiColor::Green.on_default(),
            Self::Removed => AnsiColor::Red.on_default(),
            Self::Pending => AnsiColor::Yellow.on_default(),
            Self::Trouble => AnsiColor::Red.on_default().bold(),
            Self::Warning => AnsiColor::Yellow.on_default().bold(),
        }
    }
}

impl Paint {
    pub(crate) fn new(on: bool) -> Self {
        Self(on)
    }

    pub(crate) fn is_on(self) -> bool {
        self.0
    }

    #[cfg(test)]
    pub(crate) fn off() -> Self {
        Self(false)
    }

    pub(crate) fn text(self, tone: Tone, text: &str) -> Cow<'_, str> {
        if !self.0 || tone == Tone::Plain {
            return Cow::Borrowed(text);
        }
        let style = tone.style();
        Cow::Owned(format!("{style}{text}{style:#}"))
    }
}
