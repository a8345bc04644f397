//! The messages that a test has met, for comparison with those that are committed in `fixtures/faults`.
//!
//! `UPDATE=1 cargo test --lib crash::suite::faults` writes them anew, and the difference is then to be read.
//!
//! Invariant: a message is committed with its code; only paths, names, numbers and the words of the system are left out of it.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::process::Run;
use crate::code::Code;

/// The distinct messages of many runs.
#[derive(Default)]
pub(super) struct MetMessages(Mutex<BTreeSet<String>>);

impl MetMessages {
    /// Adds all that a run told its user.
    pub(super) fn add(&self, told: &Run) {
        let stop = told.summary.stop.iter();
        let stop = stop.map(|stop| (stop.code, &*stop.message));
        let diagnoses = told.diagnoses().map(|one| (one.code, &*one.message));
        let lines: Vec<_> = stop
            .chain(diagnoses)
            .map(|(code, message)| line(code, message))
            .collect();
        self.0.lock().unwrap().extend(lines);
    }

    /// Asserts that these are the messages in a file of `fixtures/faults`, or writes them there.
    pub(super) fn assert_equal(self, name: &str) {
        let met = self.0.into_inner().unwrap();
        if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
            let lines: Vec<_> = met.iter().map(|line| format!("{line}\n")).collect();
            fs::create_dir_all(file("")).unwrap();
            return fs::write(file(name), lines.concat()).unwrap();
        }
        let committed = committed(name);
        let gone: Vec<_> = committed.difference(&met).collect();
        let new: Vec<_> = met.difference(&committed).collect();
        assert!(
            gone.is_empty() && new.is_empty(),
            "{name} (UPDATE=1 renews it): not told: {gone:#?}, not in the file: {new:#?}"
        );
    }

    /// Asserts that the messages in a file of `fixtures/faults` are among these, which are of more cases.
    pub(super) fn assert_include(self, name: &str) {
        let met = self.0.into_inner().unwrap();
        let committed = committed(name);
        let gone: Vec<_> = committed.difference(&met).collect();
        assert!(gone.is_empty(), "{name}: not told: {gone:#?}");
    }
}

fn file(name: &str) -> PathBuf {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/faults");
    fixtures.join(name)
}

fn committed(name: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(file(name));
    let text = text.unwrap_or_else(|error| panic!("{name}: {error} (UPDATE=1 makes it)"));
    text.lines().map(str::to_owned).collect()
}

/// One line of the list: the code, and what does not depend on the place in the message.
fn line(code: Code, message: &str) -> String {
    let message = without_numbers(&without_names(&without_words_of_system(message)));
    format!("{code}: {message}")
}

/// The message with `[error]` for each error of the system.
fn without_words_of_system(message: &str) -> String {
    let mut message = message.to_owned();
    while let Some((_, rest)) = message.split_once(" (os error ") {
        let number = rest.split_once(')').unwrap().0.parse().unwrap();
        let words = io::Error::from_raw_os_error(number).to_string();
        assert!(message.contains(&words), "{message}");
        message = message.replace(&words, "[error]");
    }
    message
}

/// The message with `...` for each path and each name between backticks. Commands and flags, which have a space or begin with `-`, stay.
fn without_names(message: &str) -> String {
    let pieces = message.split('`').enumerate().map(|(at, piece)| {
        let is_name = at % 2 == 1 && !piece.contains(' ') && !piece.starts_with('-');
        if is_name { "..." } else { piece }
    });
    pieces.collect::<Vec<_>>().join("`")
}

fn without_numbers(message: &str) -> String {
    let mut shown = String::new();
    for character in message.chars() {
        if !character.is_ascii_digit() {
            shown.push(character);
        } else if !shown.ends_with('#') {
            shown.push('#');
        }
    }
    shown
}

#[test]
fn what_depends_on_the_place_is_left_out() {
    let words = io::Error::from_raw_os_error(5);
    let shown = line(
        Code::IoError,
        &format!("cannot open `a/r1` for 17 of `b`: {words}; see `migrate-manifests operations`"),
    );
    let expected =
        "io_error: cannot open `...` for # of `...`: [error]; see `migrate-manifests operations`";
    assert_eq!(shown, expected);
}
