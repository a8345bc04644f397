//! Files of `fixtures/` that hold what the program says.
//!
//! Invariant: nothing is written unless the variable `UPDATE` is 1.

use std::fs;
use std::path::Path;

/// Asserts that a text is the one in this file of `fixtures/`, or writes it there.
pub(crate) fn assert_committed(name: &str, text: &str) {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let file = fixtures.join(name);
    if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
        return;
    }
    let expected = fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{}: {error} (UPDATE=1 makes it)", file.display()));
    for (at, (expected, found)) in expected.lines().zip(text.lines()).enumerate() {
        assert_eq!(
            found,
            expected,
            "{name}, line {} (UPDATE=1 renews it)",
            at + 1
        );
    }
    assert_eq!(text.len(), expected.len(), "{name} has another length");
}
