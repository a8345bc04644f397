//! Records and ledgers for tests, here and in other rooms.

use std::collections::BTreeMap;

use super::*;
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::path::TreePath;

pub(crate) fn path(name: &[u8]) -> TreePath {
    TreePath::new(name).unwrap()
}

pub(crate) fn id(text: &str) -> OperationId {
    text.parse().unwrap()
}

pub(crate) fn digest(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

pub(crate) fn backup(name: &str) -> BackupId {
    BackupId::new(name).unwrap()
}

pub(crate) fn began(operation: &str, command: Command) -> Record {
    Record::Began(Box::new(Began {
        format: FORMAT.to_owned(),
        operation: id(operation),
        part: None,
        serial: Some(1),
        before: None,
        tree: Some(TreeId::of([7; 16])),
        command,
        started_at: Timestamp::EPOCH,
        now: Timestamp::EPOCH,
        who: Some(Actor::default()),
        selection: Some(Selected::default()),
        target_version: None,
        target_versions: BTreeMap::new(),
        catalog: CatalogName {
            name: "c".to_owned(),
            digest: digest("c"),
        },
        rules: None,
        undoes: None,
    }))
}

pub(crate) fn replacing(name: &[u8], before: &str, after: &str) -> Record {
    Record::Replacing(Box::new(Replacing {
        path: path(name),
        before: digest(before),
        after: digest(after),
        storage: Opaque::of(&"part"),
    }))
}

pub(crate) fn restoring(undoes: &str, before: &str, after: &str) -> Record {
    Record::Restoring(Box::new(Restoring {
        path: path(b"m"),
        undoes: id(undoes),
        before: digest(before),
        after: digest(after),
        backup: backup("m.backup"),
        storage: Opaque::of(&()),
    }))
}

pub(crate) fn removing(of: &str, bytes: &str) -> Record {
    Record::Removing(Box::new(Removing {
        path: path(b"m"),
        of: id(of),
        backup: backup("m.backup"),
        digest: digest(bytes),
        storage: Opaque::of(&()),
    }))
}

pub(crate) fn result(name: &[u8], outcome: ChangeResult, kept: Option<&str>) -> Record {
    Record::Result(Settled {
        path: path(name),
        outcome,
        backup: kept.map(backup),
        code: None,
        from_version: None,
        to_version: None,
    })
}

pub(crate) fn ended() -> Record {
    Record::Ended(Box::default())
}

pub(crate) fn ledger(operations: &[(&str, Command, &[Record])]) -> Ledger {
    let mut ledger = Ledger::default();
    for (name, command, records) in operations {
        ledger.begin(id(name));
        ledger.fold(&began(name, *command));
        for record in *records {
            ledger.fold(record);
        }
        ledger.fold(&ended());
        ledger.end(Integrity::Whole, 10, false);
    }
    ledger
}
