//! Tests of the records of an operation: its beginning, its settings and its end.
//!
//! Invariant: the records are the same over every storage, except for the opaque parts.

use std::collections::BTreeMap;

use super::fixture::{Fixture, at, on_each_storage, request, selecting, to_latest};
use crate::code::Code;
use crate::digest::Digest;
use crate::journal::{
    Actor, Began, ChangeResult, Command, Ended, OperationId, Record, RulesTaken, Selected,
};
use crate::operation::frame::Request;
use crate::operation::migrate::Migrate;
use crate::operation::rollback::Undo;
use crate::report::Enforcement;
use crate::selection::Selection;

fn ends(fixture: &Fixture, id: &str) -> (Began, Ended) {
    let records = fixture.records(id);
    match (records.first(), records.last()) {
        (Some(Record::Began(began)), Some(Record::Ended(ended))) => {
            ((**began).clone(), (**ended).clone())
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_first_record_says_who_began_it_and_with_what() {
    on_each_storage(|fixture| {
        fixture.run("job/run", "1.0.0");
        let request = Request {
            who: Actor {
                user_id: 1000,
                user: Some("ada".to_owned()),
                arguments: vec!["--job".to_owned(), "job".to_owned()],
                ..Actor::default()
            },
            selection: Selection {
                within: Some(at("job")),
                jobs: vec!["job".parse().unwrap()],
                exclude: vec!["old".parse().unwrap()],
                ..Selection::default()
            },
            ..request()
        };
        let options = Migrate {
            rules: Enforcement::Warn,
            ..to_latest()
        };
        let reported = fixture.migrate_as(&request, &options);
        let (began, ended) = ends(fixture, reported.id());
        assert_eq!(began.operation.as_str(), "20260228T103000Z-1");
        assert_eq!((began.serial, began.before), (Some(1), None));
        assert_eq!(began.command, Command::Migrate);
        assert_eq!(
            (began.started_at, began.now),
            (request.started, request.now)
        );
        assert_eq!(began.who, Some(request.who));
        assert_eq!(
            began.selection,
            Some(Selected {
                within: Some(at("job")),
                jobs: vec!["**/job".to_owned()],
                exclude: vec!["**/old".to_owned()],
                ..Selected::default()
            })
        );
        assert_eq!(began.target_version, Some("1.2.0".parse().unwrap()));
        assert_eq!(began.catalog.name, "run-manifest");
        assert_eq!(began.catalog.digest, fixture.catalog.digest());
        assert_eq!((began.rules, began.undoes), (Some(RulesTaken::Warn), None));
        assert_eq!(ended.counts, BTreeMap::from([(ChangeResult::Migrated, 1)]));
        assert_eq!(
            (ended.codes, ended.recovered, ended.stopped),
            (BTreeMap::new(), false, None)
        );
        let kept = format!("catalogs/{}.json", fixture.catalog.digest());
        assert_eq!(
            fixture.tree.state()[&kept],
            fixture.catalog.bundle().as_bytes()
        );
    });
}

#[test]
fn each_manifest_is_announced_with_its_digests_and_has_a_result() {
    on_each_storage(|fixture| {
        fixture.run("job/run", "1.0.0");
        let before = fixture.text("job/run");
        let reported = fixture.migrate();
        let records = fixture.records(reported.id());
        let [_, Record::Replacing(one), Record::Result(result), _] = &records[..] else {
            panic!("{records:?}");
        };
        let path = at("job/run/manifest.json");
        assert_eq!(one.path, path);
        assert_eq!(one.before, Digest::of(before.as_bytes()));
        assert_eq!(one.after, Digest::of(fixture.text("job/run").as_bytes()));
        assert_eq!(
            (&result.path, result.outcome, result.code),
            (&path, ChangeResult::Migrated, None)
        );
        assert_eq!(
            result.backup.as_ref().unwrap().as_str(),
            "manifest.json.backup"
        );
        assert_eq!(result.from_version, Some("1.0.0".parse().unwrap()));
        assert_eq!(result.to_version, Some("1.2.0".parse().unwrap()));
    });
}

#[test]
fn a_rollback_says_what_it_undoes_and_follows_the_operation_before() {
    on_each_storage(|fixture| {
        fixture.run("job/one", "1.0.0");
        fixture.run("job/two", "1.0.0");
        let first = fixture.migrate();
        let named = selecting(super::fixture::named(&["job/two"]));
        let second = fixture.roll_back_as(&named, Undo::Last);
        let (began, ended) = ends(fixture, second.id());
        assert_eq!(began.command, Command::Rollback);
        assert_eq!(began.undoes.unwrap().as_str(), first.id());
        assert_eq!(began.target_version, Some("1.2.0".parse().unwrap()));
        assert_eq!(began.serial, Some(2));
        assert_eq!(began.before.unwrap().operation.as_str(), first.id());
        assert_eq!(began.selection.unwrap().named, Some(1));
        assert_eq!(ended.counts, BTreeMap::from([(ChangeResult::Restored, 1)]));
        let records = fixture.records(second.id());
        let Record::Restoring(one) = &records[1] else {
            panic!("{records:?}")
        };
        assert_eq!(
            (one.undoes.as_str(), one.backup.as_str()),
            (first.id(), "manifest.json.backup")
        );
    });
}

#[test]
fn the_journals_form_one_chain_whatever_the_clock_says() {
    on_each_storage(|fixture| {
        fixture.run("job/run", "1.0.0");
        let chain_of = |fixture: &Fixture, id: &str| {
            let journal = &fixture.tree.state()[&format!("operations/{id}.jsonl")];
            let text = String::from_utf8(journal.clone()).unwrap();
            let line = text.lines().last().unwrap().to_owned();
            line.rsplit('"').nth(1).unwrap().to_owned()
        };
        let first = fixture.migrate();
        let earlier = Request {
            started: "2020-01-01T00:00:00Z".parse().unwrap(),
            ..request()
        };
        let second = fixture.roll_back_as(&earlier, Undo::Last);
        assert_eq!(second.id(), "20200101T000000Z-2");
        let (began, _) = ends(fixture, second.id());
        let before = began.before.unwrap();
        assert_eq!(before.operation.as_str(), first.id());
        assert_eq!(before.chain.to_string(), chain_of(fixture, first.id()));
        let ids: Vec<_> = fixture
            .storage()
            .logs()
            .unwrap()
            .into_iter()
            .map(|log| log.id)
            .collect();
        assert_eq!(
            ids.iter().map(OperationId::as_str).collect::<Vec<_>>(),
            [first.id(), second.id()]
        );
        let third = fixture.migrate_as(&earlier, &to_latest());
        assert_eq!(third.id(), "20200101T000000Z-3");
        assert_eq!(ends(fixture, third.id()).0.serial, Some(3));
    });
}

#[test]
fn codes_of_what_went_wrong_while_writing_are_counted_in_the_last_record() {
    use super::fixture::Tree;
    use super::interposed::{Interposed, Script};
    use crate::path::TreePath;
    use crate::storage::Answer;

    struct Writer(Tree);
    impl Script for Writer {
        fn change(&self, path: &TreePath) -> Option<Answer> {
            self.0.put(&path.to_text(), b"{}");
            None
        }
    }
    on_each_storage(|fixture| {
        fixture.run("job/run", "1.0.0");
        let storage = Interposed::new(fixture.storage(), Writer(fixture.tree.clone()));
        let request = request();
        let reported = fixture.operate_over(&storage, &request, |frame, sink| {
            crate::operation::migrate::migrate(frame, &to_latest(), sink)
        });
        let (_, ended) = ends(fixture, reported.id());
        assert_eq!(ended.counts, BTreeMap::from([(ChangeResult::Conflict, 1)]));
        assert_eq!(ended.codes, BTreeMap::from([(Code::ChangedMeanwhile, 1)]));
        assert_eq!(ended.stopped, None);
    });
}
