//! Colours. Only this file knows escape sequences.

use std::borrow::Cow;

use anstyle::{AnsiColor, Style};

use migrate_manifests::report::Status;

use crate::cli::args::Color;
use crate::cli::streams::Stream;

pub(crate) fn paint(color: Color, stream: &Stream) -> Paint {
    Paint(match color {
        Color::Auto => stream.is_terminal(),
        Color::Always => true,
        Color::Never => false,
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
    pub(crate) const OFF: Self = Self(false);

    pub(crate) fn is_on(self) -> bool {
        self.0
    }

    pub(crate) fn text(self, tone: Tone, text: &str) -> Cow<'_, str> {
        if !self.0 || tone == Tone::Plain {
            return Cow::Borrowed(text);
        }
        let style = tone.style();
        Cow::Owned(format!("{style}{text}{style:#}"))
    }
}
