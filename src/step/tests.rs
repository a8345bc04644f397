//! The refusals that all steps have in common, and `*` in pointers.
//!
//! Invariant: everything that is refused here is refused before a manifest is read.

use super::STEPS;
use super::trial::{assert_down, assert_up, refusal};

#[test]
fn what_no_step_may_name_is_refused_also_through_stars_and_from_inside() {
    for (step, message) in [
        (
            r#"{"step": "rename", "at": "/a", "to": "id"}"#,
            "`rename /a` may not write `/id`, which is immutable",
        ),
        (
            r#"{"step": "remove", "at": "/*", "allow_destructive": true}"#,
            "`remove /*` may not write `/v`, which is the version",
        ),
        (
            r#"{"step": "for_each", "at": "/p", "steps": [{"step": "wrap", "at": "/q/r", "in": "x"}]}"#,
            "`wrap /p/*/q/r` may not write `/p/q`, which is protected",
        ),
        (
            r#"{"step": "set", "at": "/p/*", "value": 1}"#,
            "`set /p/*` may not write `/p/q`, which is protected",
        ),
        (
            r#"{"step": "move", "from": "/p", "to": "/x"}"#,
            "`move /p` may not write `/p/q`, which is protected",
        ),
        (
            r#"{"step": "copy", "from": "/h/0", "to": "/x"}"#,
            "`copy /x` may not read `/h`, which is the history",
        ),
        (
            r#"{"step": "derive", "at": "/x", "template": "{/v}"}"#,
            "`derive /x` may not read `/v`, which is the version",
        ),
        (
            r#"{"step": "copy", "from": "/p/q", "to": "/p/q/r"}"#,
            "`copy /p/q/r`: `/p/q/r` and `/p/q` overlap: what a step writes must stand apart from all else that it names",
        ),
        (
            r#"{"step": "rename", "at": "/a", "to": "a"}"#,
            "`rename /a`: `/a` and `/a` overlap: what a step writes must stand apart from all else that it names",
        ),
        (
            r#"{"step": "set", "at": "", "value": 1}"#,
            "the pointer names the whole document: expected a member, as in `/status`",
        ),
        (
            r#"{"step": "set", "at": "/l/-", "value": 1}"#,
            "`/l/-` names the end of an array: expected a pointer without `-`",
        ),
        (
            r#"{"step": "copy", "from": "/l/*", "to": "/x"}"#,
            "`copy /x`: `/x` does not lead to one place for each `/l/*`",
        ),
        (
            r#"{"step": "move", "from": "/l/*/a", "to": "/m/*/a"}"#,
            "`move /l/*/a`: `/l/*/a` does not lead to one place for each `/m/*`",
        ),
    ] {
        assert_eq!(refusal(step), message, "{step}");
    }
}

#[test]
fn a_star_stands_for_the_same_element_in_all_pointers_of_a_step() {
    let step = r#"{"step": "derive", "at": "/l/*/k", "template": "{/t}-{/l/*/n}"}"#;
    let before = r#"{"t":"x","l":[{"n":1},{"n":2}]}"#;
    let after = r#"{"t":"x","l":[{"n":1,"k":"x-1"},{"n":2,"k":"x-2"}]}"#;
    assert_up(
        step,
        &[(before, after, &["derived /l/0/k", "derived /l/1/k"])],
    );
    assert_down(
        step,
        &[(after, before, &["removed /l/0/k", "removed /l/1/k"])],
    );
    assert_up(
        r#"{"step": "copy", "from": "/t", "to": "/l/*/k"}"#,
        &[(
            before,
            r#"{"t":"x","l":[{"n":1,"k":"x"},{"n":2,"k":"x"}]}"#,
            &["copied /t to /l/0/k", "copied /t to /l/1/k"],
        )],
    );
    assert_up(
        r#"{"step": "convert", "at": "/l/*", "to": "string"}"#,
        &[(
            r#"{"l":[1, "a" ,true]}"#,
            r#"{"l":["1", "a" ,"true"]}"#,
            &["converted /l/0", "kept /l/1", "converted /l/2"],
        )],
    );
    assert_up(
        r#"{"step": "rename", "at": "/l/*/n", "to": "m"}"#,
        &[(
            before,
            r#"{"t":"x","l":[{"m":1},{"m":2}]}"#,
            &["renamed /l/0/n to /l/0/m", "renamed /l/1/n to /l/1/m"],
        )],
    );
}

#[test]
fn a_protected_member_that_was_filled_is_not_taken_away_again() {
    assert_down(
        r#"{"step": "set_default", "at": "/p/q", "value": 1}"#,
        &[(
            "{}",
            "!the member is protected: once it is there, it stays",
            &[],
        )],
    );
}

#[test]
fn every_step_says_what_it_does_when_it_does_nothing_and_its_inverse() {
    for step in STEPS {
        assert!(step.documentation.contains("Does nothing"), "{}", step.name);
        assert!(step.documentation.contains("Inverse: "), "{}", step.name);
    }
}
