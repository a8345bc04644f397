//! Tests of selections.
//!
//! Invariant: a manifest that is not selected keeps every byte.

use super::fixture::{
    Fixture, at, dry, named, on_each_storage, request, selecting, to_latest, with_members,
};
use super::reported::{Reported, short};
use crate::catalog::Catalog;
use crate::operation::frame::Request;
use crate::report::Status;
use crate::selection::Selection;

fn everything() -> Selection {
    Selection::default()
}

fn pending(fixture: &Fixture, selection: Selection) -> Vec<String> {
    let request = Request { selection, ..dry() };
    let reported = fixture.migrate_as(&request, &to_latest());
    assert_eq!(reported.code(), 0, "{:?}", reported.lines);
    reported.only(Status::Pending)
}

fn jobs(globs: &[&str]) -> Selection {
    Selection {
        jobs: globs.iter().map(|glob| glob.parse().unwrap()).collect(),
        ..everything()
    }
}

fn three_jobs(fixture: &Fixture) {
    for job in ["ig-a", "ig-b", "yt-a"] {
        for run in 1..=4 {
            fixture.run(&format!("{job}/{run}"), "1.0.0");
        }
    }
}

#[test]
fn selections_are_combined_by_intersection() {
    on_each_storage(|fixture| {
        three_jobs(fixture);
        assert_eq!(pending(fixture, everything()).len(), 12);
        assert_eq!(pending(fixture, jobs(&["ig-*"])).len(), 8);
        assert_eq!(pending(fixture, jobs(&["ig-a", "yt-*"])).len(), 8);
        let without = Selection {
            exclude: vec!["2".parse().unwrap()],
            ..jobs(&["ig-*"])
        };
        assert_eq!(pending(fixture, without).len(), 6);
        let two = named(&["yt-a/3", "ig-a/1"]);
        assert_eq!(pending(fixture, two.clone()), ["ig-a/1", "yt-a/3"]);
        let both = Selection {
            jobs: jobs(&["yt-*"]).jobs,
            ..two
        };
        assert_eq!(pending(fixture, both), ["yt-a/3"]);
        let within = Selection {
            within: Some(at("ig-b")),
            ..everything()
        };
        assert_eq!(
            pending(fixture, within.clone()),
            ["ig-b/1", "ig-b/2", "ig-b/3", "ig-b/4"]
        );
        let nowhere = Selection {
            within: Some(at("ig-b")),
            ..named(&["ig-a/1"])
        };
        assert_eq!(pending(fixture, nowhere), [""; 0]);
        let one = Selection {
            within: Some(at("ig-b/2")),
            ..everything()
        };
        assert_eq!(pending(fixture, one), ["ig-b/2"]);
    });
}

#[test]
fn shards_are_a_partition_and_a_larger_sample_contains_a_smaller_one() {
    on_each_storage(|fixture| {
        three_jobs(fixture);
        let shard = |text: &str| Selection {
            shard: Some(text.parse().unwrap()),
            ..everything()
        };
        let sample = |text: &str| Selection {
            sample: Some(text.parse().unwrap()),
            ..everything()
        };
        let parts = ["0/3", "1/3", "2/3"].map(|part| pending(fixture, shard(part)));
        let mut all = parts.concat();
        all.sort();
        assert_eq!(all, pending(fixture, everything()));
        assert!(parts.iter().all(|part| !part.is_empty()), "{parts:?}");
        let (small, large) = (
            pending(fixture, sample("30%")),
            pending(fixture, sample("60%")),
        );
        assert!(
            small.iter().all(|one| large.contains(one)),
            "{small:?} {large:?}"
        );
        assert!(small.len() < large.len() && large.len() < 12);
        assert_eq!(pending(fixture, sample("100%")).len(), 12);
    });
}

#[test]
fn what_is_not_selected_is_found_and_stays() {
    on_each_storage(|fixture| {
        three_jobs(fixture);
        let reported = fixture.migrate_as(&selecting(jobs(&["yt-a"])), &to_latest());
        assert_eq!(reported.counts(), "found 12, selected 4, migrated 4");
        let all = fixture.tree.all();
        assert!(
            all.keys()
                .filter(|path| path.ends_with(".backup"))
                .all(|path| path.starts_with("yt-a/"))
        );
        let reported = fixture.migrate_as(&selecting(named(&["ig-a/1", "yt-a/1"])), &to_latest());
        assert_eq!(
            reported.counts(),
            "found 2, selected 2, migrated 1, current 1"
        );
        let out = Selection {
            exclude: vec!["ig-*".parse().unwrap()],
            ..everything()
        };
        let reported = fixture.migrate_as(&selecting(out), &to_latest());
        assert_eq!(
            reported.counts(),
            "found 12, selected 4, current 4, excluded 8"
        );
    });
}

fn limited(limit: u64) -> Request {
    selecting(Selection {
        limit: Some(limit),
        ..everything()
    })
}

#[test]
fn a_limit_is_a_number_of_pending_manifests_and_moves_on() {
    on_each_storage(|fixture| {
        fixture.pending(5);
        fixture.run("job/0002x", "1.2.0");
        let migrated = |reported: &Reported| reported.only(Status::Migrated);
        let reported = fixture.migrate_as(&limited(2), &to_latest());
        assert_eq!(migrated(&reported), ["job/0000", "job/0001"]);
        assert_eq!(reported.counts(), "found 6, selected 2, migrated 2");
        let reported = fixture.migrate_as(&limited(2), &to_latest());
        assert_eq!(migrated(&reported), ["job/0002", "job/0003"]);
        assert_eq!(
            reported.counts(),
            "found 6, selected 5, migrated 2, current 3"
        );
        let reported = fixture.migrate_as(&limited(2), &to_latest());
        assert_eq!(migrated(&reported), ["job/0004"]);
        let reported = fixture.migrate_as(&limited(2), &to_latest());
        assert_eq!(reported.counts(), "found 6, selected 6, current 6");
        assert_eq!(reported.summary.operation, None);
    });
}

#[test]
fn a_manifest_that_is_refused_on_its_way_uses_up_the_limit_and_a_dry_run_says_so() {
    on_each_storage(|fixture| {
        fixture.catalog = with_members(
            r#""rules":[{"rule":"count_equals","items":"/list","expected":1,"name":"one"}]"#,
        );
        fixture.manifest("a", r#"{"list":[]}"#);
        fixture.manifest("b", r#"{"v":"7.0.0"}"#);
        fixture.manifest("c", r#"{"list":[1]}"#);
        fixture.manifest("d", r#"{"list":[1]}"#);
        let refused = [
            "a refused 1.0.0 rule_failed: rule `one` does not hold: `/list` has so many elements: 0, expected 1",
            "b refused 7.0.0 version_unknown: `/v` is `7.0.0`, which the catalog does not know: its latest version is `1.1.0`",
        ];
        let request = Request {
            dry_run: true,
            ..limited(2)
        };
        let reported = fixture.migrate_as(&request, &to_latest());
        assert_eq!(
            reported.lines,
            [refused[0], refused[1], "c pending 1.0.0 -> 1.1.0"]
        );
        let reported = fixture.migrate_as(&limited(1), &to_latest());
        assert_eq!(reported.lines, [refused[0]]);
        assert!(!fixture.has_state());
        let reported = fixture.migrate_as(&limited(2), &to_latest());
        assert_eq!(
            reported.lines[1..],
            [
                refused[0],
                refused[1],
                "c migrated 1.0.0 -> 1.1.0 as manifest.json.backup"
            ]
        );
        assert_eq!(
            reported.counts(),
            "found 4, selected 3, migrated 1, refused 2"
        );
    });
}

#[test]
fn what_is_named_gets_an_answer_whatever_is_there() {
    on_each_storage(|fixture| {
        fixture.run("job/run", "1.0.0");
        fixture.run("job/inputs/data", "1.0.0");
        fixture.run(".hidden/run", "1.0.0");
        let mut selection = named(&[
            "job/run",
            "job/gone",
            "job/inputs/data",
            ".hidden/run",
            "job/run",
        ]);
        let paths = selection.manifests.as_mut().unwrap();
        paths.push(at("job/run/other.json"));
        paths.push(at("manifest.json/x/manifest.json"));
        let reported = fixture.migrate_as(&selecting(selection), &to_latest());
        assert_eq!(
            reported.lines[1..],
            [
                ".hidden/run failed not_found: no manifest: `.hidden` is never entered",
                "job/gone failed not_found: cannot open: No such file or directory (os error 2)",
                "job/inputs/data failed not_found: no manifest: what lies below `inputs` is data",
                "job/run migrated 1.0.0 -> 1.2.0 as manifest.json.backup",
                "job/run/other.json failed not_found: no manifest: a manifest is named `manifest.json`",
                "manifest.json/x failed not_found: cannot open: No such file or directory (os error 2)",
            ]
        );
        assert_eq!(
            reported.counts(),
            "found 6, selected 6, migrated 1, failed 5"
        );
        assert_eq!(reported.code(), 1);
    });
}

#[test]
fn what_is_named_and_excluded_is_counted_and_has_no_outcome() {
    on_each_storage(|fixture| {
        three_jobs(fixture);
        let selection = Selection {
            exclude: vec!["yt-a".parse().unwrap()],
            ..named(&["ig-a/1", "yt-a/1"])
        };
        let reported = fixture.migrate_as(&selecting(selection), &to_latest());
        assert_eq!(
            reported.counts(),
            "found 2, selected 1, migrated 1, excluded 1"
        );
    });
}

#[test]
fn directories_of_opaque_names_and_those_with_a_dot_are_not_entered() {
    on_each_storage(|fixture| {
        for run in [
            "job/run",
            "job/run/inputs",
            "job/run/x/outputs/y",
            ".git/run",
            "job/.tmp",
            "outputs/run",
        ] {
            fixture.run(run, "1.0.0");
        }
        fixture.run("job/inputs-2", "1.0.0");
        let reported = fixture.migrate();
        assert_eq!(
            reported.lines,
            [
                "began 20260228T103000Z-1",
                "job/inputs-2 migrated 1.0.0 -> 1.2.0 as manifest.json.backup",
                "job/run migrated 1.0.0 -> 1.2.0 as manifest.json.backup",
                "warning outputs opaque_at_top: a directory of an opaque name directly below the tree, not entered",
            ]
        );
        assert_eq!(reported.counts(), "found 2, selected 2, migrated 2");
        assert_eq!(reported.code(), 0);
    });
}

#[test]
fn a_name_in_other_case_and_a_file_that_was_left_over_are_warned_of() {
    on_each_storage(|fixture| {
        fixture.run("job/b", "1.2.0");
        fixture.tree.put("job/a/Manifest.JSON", b"{}");
        let left = ".migrate-manifests.20260101T000000Z-1.0123456789abcdef-0123456789abcdef-0123456789abcdef";
        fixture.tree.put(&format!("job/c/{left}"), b"");
        fixture.tree.put("job/c/.migrate-manifests.notes", b"");
        let reported = fixture.migrate();
        assert_eq!(
            reported.lines,
            [
                "warning job/a/Manifest.JSON name_case: not a manifest: its name differs from a manifest's in case",
                "job/b current 1.2.0",
                &format!(
                    "warning job/c/{left} unfinished_operation: this file is named like one that an unfinished operation left beside a manifest"
                ),
            ]
        );
        assert_eq!(reported.counts(), "found 1, selected 1, current 1");
    });
}

#[test]
fn of_many_warnings_of_one_code_some_are_told_and_the_rest_is_counted() {
    on_each_storage(|fixture| {
        for number in 0..25 {
            fixture
                .tree
                .put(&format!("job/{number}/MANIFEST.json"), b"{}");
        }
        let reported = fixture.migrate();
        assert_eq!(reported.lines.len(), 21);
        assert_eq!(
            reported.lines[20],
            "warning name_case: 25 such warnings, of which 20 are shown"
        );
    });
}

#[test]
fn a_directory_in_which_nothing_is_looked_at_cannot_be_selected() {
    on_each_storage(|fixture| {
        fixture.run("job/inputs/x", "1.0.0");
        for (within, name) in [("job/inputs/x", "inputs"), ("job/.tmp", ".tmp")] {
            let selection = Selection {
                within: Some(at(within)),
                ..everything()
            };
            let reported = fixture.migrate_as(&selecting(selection), &to_latest());
            assert_eq!(
                reported.stop(),
                format!(
                    "selection_invalid: `{within}` lies in `{name}`, which is never entered: what is there is data"
                )
            );
            assert_eq!((reported.lines.len(), reported.code()), (0, 2));
        }
        assert!(!fixture.has_state());
    });
}

#[test]
fn one_tree_inside_the_other_stops_it_before_anything_is_written() {
    on_each_storage(|fixture| {
        fixture.run("a/run", "1.0.0");
        fixture.run("b/run", "1.0.0");
        fixture.tree.put("b/.migrate-manifests/lock", b"");
        let before = fixture.tree.all();
        let stop =
            "nested_tree: one tree lies inside the other: `b` has a state directory of its own";
        for selection in [everything(), named(&["b/run"])] {
            for request in [selecting(selection.clone()), Request { selection, ..dry() }] {
                let reported = fixture.migrate_as(&request, &to_latest());
                assert_eq!((reported.stop().as_str(), reported.code()), (stop, 2));
            }
        }
        assert_eq!(fixture.tree.all(), before);
        assert!(!fixture.has_state());
        // A manifest outside the inner tree can be named.
        let reported = fixture.migrate_as(&selecting(named(&["a/run"])), &to_latest());
        assert_eq!(reported.counts(), "found 1, selected 1, migrated 1");
        let reported = fixture.migrate();
        assert_eq!((reported.stop().as_str(), reported.code()), (stop, 2));
    });
}

#[test]
fn what_the_catalog_excludes_is_counted_and_does_not_exist() {
    on_each_storage(|fixture| {
        let mut files = Catalog::built_in_files();
        let text = files["catalog.json"].replace("\"exclude\": []", "\"exclude\": [\"web\"]");
        files.insert("catalog.json".to_owned(), text);
        fixture.catalog = Catalog::from_files(crate::catalog::Source::BuiltIn, &files).unwrap();
        fixture.run("job/run", "1.0.0");
        fixture.run("job/web", "1.0.0");
        let reported = fixture.migrate();
        assert_eq!(
            reported.counts(),
            "found 2, selected 1, migrated 1, excluded 1"
        );
        assert!(
            !fixture
                .tree
                .all()
                .contains_key("job/web/manifest.json.backup")
        );
    });
}

#[test]
fn manifests_directly_in_the_tree_and_deep_in_it_are_found() {
    on_each_storage(|fixture| {
        fixture.tree.put(
            "manifest.json",
            super::fixture::manifest("1.0.0", "top").as_bytes(),
        );
        fixture.run("a/b/c/d/e", "1.0.0");
        let reported = fixture.migrate_as(&request(), &to_latest());
        let paths: Vec<_> = reported
            .outcomes
            .iter()
            .map(|one| short(&one.path.to_text()))
            .collect();
        assert_eq!(paths, ["a/b/c/d/e", "manifest.json"]);
    });
}
