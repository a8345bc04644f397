//! Colour, and the only place that knows what it looks like.

use std::borrow::Cow;

use anstyle::{AnsiColor, Style};

use migrate_manifests::report::Status;

/// Puts colour on text, or leaves it as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Paint(bool);

/// What a text is, as far as its colour says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Nothing special.
    Plain,
    /// The head of something.
    Heading,
    /// A place in a file.
    Place,
    /// Something new, or done.
    Added,
    /// Something that is gone.
    Removed,
    /// Something to be done.
    Pending,
    /// Something wrong.
    Trouble,
    /// Something that somebody should know.
    Warning,
    /// Advice.
    Hint,
}

impl Tone {
    /// The tone of a status.
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
    /// Colour where `on`.
    pub(crate) fn new(on: bool) -> Self {
        Self(on)
    }

    /// Whether there is colour.
    pub(crate) fn is_on(self) -> bool {
        self.0
    }

    /// No colour.
    #[cfg(test)]
    pub(crate) fn off() -> Self {
        Self(false)
    }

    /// `text` in its tone.
    pub(crate) fn text(self, tone: Tone, text: &str) -> Cow<'_, str> {
        if !self.0 || tone == Tone::Plain {
            return Cow::Borrowed(text);
        }
        let style = tone.style();
        Cow::Owned(format!("{style}{text}{style:#}"))
    }
}
