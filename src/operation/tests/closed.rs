//! Tests of directories that cannot be listed.
//!
//! Invariant: each is named, and the manifests elsewhere are migrated.

use super::broken::migrate_over;
use super::fixture::{dry, manifest, on_each_storage, request, to_latest};
use super::interposed::Script;
use crate::code::Code;
use crate::path::TreePath;
use crate::report::Diagnosis;
use crate::storage::Failed;

struct Closed(&'static [(&'static str, Failed)]);

impl Script for Closed {
    fn list(&self, path: Option<&TreePath>) -> Option<Failed> {
        let path = path.map_or_else(String::new, ToString::to_string);
        let found = self.0.iter().find(|(closed, _)| *closed == path);
        found.map(|(_, failed)| failed.clone())
    }
}

fn forbidden() -> Failed {
    Failed::Error(Diagnosis::new(
        Code::PermissionDenied,
        "cannot list: Permission denied (os error 13)",
    ))
}

#[test]
fn a_directory_that_cannot_be_listed_is_named_and_the_others_are_migrated() {
    struct Some;
    impl Script for Some {
        fn list(&self, path: Option<&TreePath>) -> Option<Failed> {
            match path?.as_str()? {
                "b" => Option::Some(forbidden()),
                "c" => Option::Some(Failed::Gone),
                "d" => Option::Some(Failed::OtherFileSystem),
                _ => None,
            }
        }
    }
    on_each_storage(|fixture| {
        for run in ["a", "b/1", "c", "d", "e"] {
            fixture.run(run, "1.0.0");
        }
        let expected = |done: &str| {
            vec![
                format!("a {done}"),
                "directory b permission_denied: cannot list: Permission denied (os error 13)"
                    .to_owned(),
                "warning d other_file_system: on another file system, not entered".to_owned(),
                format!("e {done}"),
            ]
        };
        let reported = migrate_over(fixture, Some, &dry(), &to_latest());
        assert_eq!(reported.lines, expected("pending 1.0.0 -> 1.2.0"));
        assert_eq!(reported.code(), 1);
        let reported = migrate_over(fixture, Some, &request(), &to_latest());
        assert_eq!(
            reported.lines[1..],
            expected("migrated 1.0.0 -> 1.2.0 as manifest.json.backup")
        );
        assert_eq!(
            (reported.code(), reported.counts().as_str()),
            (1, "found 2, selected 2, migrated 2, directories_failed 1")
        );
        let reported = migrate_over(fixture, Some, &request(), &to_latest());
        assert_eq!(
            (reported.code(), reported.counts().as_str()),
            (1, "found 2, selected 2, current 2, directories_failed 1")
        );
    });
}

#[test]
fn a_tree_that_cannot_be_listed_stops_everything() {
    const NONE: Closed = Closed(&[("", Failed::Gone)]);
    on_each_storage(|fixture| {
        fixture.run("a", "1.0.0");
        for request in [dry(), request()] {
            let reported = migrate_over(fixture, NONE, &request, &to_latest());
            assert_eq!(
                reported.stop(),
                "tree_unreadable: cannot list the tree `/tree`: No such file or directory (os error 2)"
            );
            assert_eq!((reported.code(), reported.lines.len()), (2, 0));
        }
        assert_eq!(fixture.text("a"), manifest("1.0.0", "a"));
        assert!(!fixture.has_state());
    });
}
