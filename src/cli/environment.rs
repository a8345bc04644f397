//! The process environment: arguments, streams, clock, variables, width of the terminal.
//!
//! All other code gets these as values, so that tests can set them.

use std::ffi::OsString;

use migrate_manifests::clock::Timestamp;
use migrate_manifests::journal::Actor;
use migrate_manifests::storage::user_and_host;

use super::streams::Streams;

/// One invocation: the words, the program's name first, and their surroundings.
pub(crate) struct Cli<'c> {
    pub(crate) typed: &'c [OsString],
    pub(crate) env: &'c Environment,
    pub(crate) streams: Streams,
}

#[derive(Debug, Clone)]
pub(crate) struct Environment {
    pub(crate) started: Timestamp,
    pub(crate) source_date_epoch: Option<OsString>,
    pub(crate) no_color: Option<OsString>,
    pub(crate) term: Option<OsString>,
    /// The width of the terminal, else `COLUMNS`; `None` if standard output is neither.
    pub(crate) columns: Option<usize>,
    pub(crate) user: Option<String>,
}

impl Environment {
    /// An environment without variables, at a fixed time.
    #[cfg(test)]
    pub(crate) fn empty() -> Self {
        Self {
            started: "2026-03-01T00:00:00Z".parse().expect("a time"),
            source_date_epoch: None,
            no_color: None,
            term: None,
            columns: None,
            user: None,
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the only place that reads variables"
    )]
    pub(crate) fn of_process() -> Self {
        let typed_columns = || std::env::var("COLUMNS").ok()?.parse().ok();
        let terminal_columns = terminal_size::terminal_size_of(std::io::stdout())
            .map(|(terminal_size::Width(columns), _)| usize::from(columns));
        Self {
            started: Timestamp::now(),
            source_date_epoch: std::env::var_os("SOURCE_DATE_EPOCH"),
            no_color: std::env::var_os("NO_COLOR"),
            term: std::env::var_os("TERM"),
            columns: terminal_columns
                .or_else(typed_columns)
                .filter(|columns| *columns > 0),
            user: std::env::var("LOGNAME")
                .or_else(|_| std::env::var("USER"))
                .ok(),
        }
    }

    pub(crate) fn actor(&self, typed: &[OsString]) -> Actor {
        let (user_id, host) = user_and_host();
        Actor {
            user_id,
            user: self.user.clone(),
            host: Some(host),
            process: std::process::id(),
            program: env!("CARGO_PKG_VERSION").to_owned(),
            arguments: typed
                .iter()
                .skip(1)
                .map(|word| without_password(&word.to_string_lossy()))
                .collect(),
        }
    }
}

/// A word in which every address `scheme://user:password@host` has lost its password.
fn without_password(word: &str) -> String {
    let mut parts = word.split("://");
    let mut safe = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        safe.push_str("://");
        let authority = part.split(['/', '?', '#']).next().unwrap_or_default();
        match authority.rsplit_once('@') {
            Some((login, _)) if login.contains(':') => {
                let user = login.split(':').next().unwrap_or_default();
                safe.push_str(user);
                safe.push_str(&part[login.len()..]);
            }
            _ => safe.push_str(part),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_an_address_is_left_out() {
        for (word, safe) in [
            ("artifacts", "artifacts"),
            ("--plan=https://host/plan", "--plan=https://host/plan"),
            (
                "https://me:se@cret@host:1/a?b=c:d@e",
                "https://me@host:1/a?b=c:d@e",
            ),
            ("a://u:p@h,b://v:q@i", "a://u@h,b://v@i"),
            ("https://me@host", "https://me@host"),
        ] {
            assert_eq!(without_password(word), safe);
        }
    }
}
