//! Every stable code, with its class and its hint.
//!
//! Codes are what programs and tickets quote: a code never changes its meaning and is never reused. `docs/codes.md` explains each; a test keeps the two in step.

use std::fmt;

/// The meaning of a code for a manifest or an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// The manifest may not be migrated as it is.
    Refused,
    /// The system returned an error.
    Failed,
    /// Another program changed the manifest after it was read.
    Conflict,
    /// Verify found something that is not as an operation left it, or not as it says of itself.
    Finding,
    /// Verify could not prove something; nothing shows that it is wrong.
    Note,
    /// The operation goes on, but somebody should know this.
    Warning,
    /// The operation could not start, or had to stop.
    Stop,
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident, $text:literal, $class:ident, $hint:literal;)+) => {
        /// A stable code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Code {
            /// Every code, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The code as reports print it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// The class of the code.
            #[must_use]
            pub fn class(self) -> Class {
                match self { $(Self::$name => Class::$class,)+ }
            }

            /// The remedy.
            #[must_use]
            pub fn hint(self) -> &'static str {
                match self { $(Self::$name => $hint,)+ }
            }
        }
    };
}

codes! {
    // The text.
    /// The bytes are not UTF-8.
    NotUtf8, "not_utf8", Refused, "convert the file to UTF-8";
    /// The file begins with a byte order mark.
    ByteOrderMark, "byte_order_mark", Refused, "remove the first three bytes of the file";
    /// The file has no content.
    Empty, "empty", Refused, "restore the file, or remove it";
    /// The text is not JSON.
    SyntaxError, "syntax_error", Refused, "mend the text at the place named, or restore the file";
    /// The text ends too early.
    Truncated, "truncated", Refused, "restore the file: its end is missing";
    /// Something follows the document.
    TrailingData, "trailing_data", Refused, "remove what follows the document";
    /// `NaN` or `Infinity`, which JSON does not have.
    NotANumber, "not_a_number", Refused, "write a number or null there";
    /// An escape names half of a surrogate pair.
    LoneSurrogate, "lone_surrogate", Refused, "write the whole surrogate pair, or another character";
    /// One object has two members of the same name.
    DuplicateName, "duplicate_name", Refused, "keep one of the two members: readers disagree on which counts";
    /// The top level is not an object.
    NotAnObject, "not_an_object", Refused, "a manifest is an object; is this file one?";
    /// Arrays and objects are nested too deep.
    TooDeep, "too_deep", Refused, "at most 128 arrays and objects may stand one inside the other";
    /// The file, or what it would become, is too large.
    TooLarge, "too_large", Refused, "a manifest has at most 16 MiB";
    /// One object has too many members.
    TooManyMembers, "too_many_members", Refused, "one object has at most 100,000 members";
    /// The history has too many records.
    HistoryTooLong, "history_too_long", Refused, "a history has at most 10,000 records";
    // The manifest.
    /// The version is not a string.
    VersionNotText, "version_not_text", Refused, "write the version as a string, as in \"1.0.0\"";
    /// The version is not `MAJOR.MINOR.PATCH`.
    VersionMalformed, "version_malformed", Refused, "write the version as MAJOR.MINOR.PATCH";
    /// The catalog does not know the version.
    VersionUnknown, "version_unknown", Refused, "use the catalog that knows this version";
    /// No migrations lead from the version to the target.
    NoRoute, "no_route", Refused, "choose another target, or add the missing migration to the catalog";
    /// A migration between the version and the target cannot be undone.
    NoWayDown, "no_way_down", Refused, "roll back to the original, if there is one; a downgrade needs an inverse of every step";
    /// The history is not an array.
    HistoryNotAList, "history_not_a_list", Refused, "restore the history: it is an array of records";
    /// The document is of none of the kinds that its file name can have.
    KindUnknown, "kind_unknown", Refused, "give the document the member that tells its kind, or exclude it in the catalog";
    /// A member that must be there is not.
    RequiredMissing, "required_missing", Refused, "add the member, or restore the file";
    // The migration.
    /// A migration would change a member that never changes.
    ImmutableChanged, "immutable_changed", Refused, "identity never changes: mend the migration named, or restore the member from the backup";
    /// A migration would change a member that is protected.
    ProtectedChanged, "protected_changed", Refused, "mend the migration named, or restore the member from the backup: protected members keep their bytes";
    /// A step cannot be applied to this document.
    StepRefused, "step_refused", Refused, "mend the document or the migration named";
    /// A step cannot be undone without losing what is there.
    DowngradeLossy, "downgrade_lossy", Refused, "the value named has no place in the lower version: keep the manifest where it is, or change the value first";
    /// The edits of a transform do not fit the document.
    EditRefused, "edit_refused", Refused, "mend the migration named: its edits do not fit this document";
    // Schemas and rules.
    /// The document violates the schema of its version.
    SchemaFailed, "schema_failed", Refused, "mend the document at the place named, or the schema; --rules warn migrates it all the same";
    /// A rule of the catalog does not hold.
    RuleFailed, "rule_failed", Refused, "mend the documents named, or the rule; --rules warn migrates them all the same";
    // The file.
    /// The file with the manifest's name is not a regular file.
    NotRegular, "not_regular", Refused, "a manifest is a regular file; links, pipes and directories are never followed or opened";
    /// The manifest has more than one name.
    HardLinked, "hard_linked", Refused, "break the link (copy the file and rename the copy over it): replacing one name would leave the other behind";
    /// The manifest belongs to somebody else.
    NotOwned, "not_owned", Refused, "run as the owner of the manifest, or as root";
    /// The manifest of somebody else stands in a sticky directory.
    StickyDirectory, "sticky_directory", Refused, "run as the owner of the manifest";
    /// Owner, mode, ACL or extended attributes cannot be reproduced.
    MetadataNotReproducible, "metadata_not_reproducible", Refused, "run as the owner or as root, or remove the attribute named";
    /// The backup that a rollback would put back was pruned.
    BackupPruned, "backup_pruned", Refused, "a pruned backup cannot come back; restore the original from a copy of the tree";
    /// There is nothing to undo: the operation did not replace this manifest.
    NotReplaced, "not_replaced", Refused, "see `migrate-manifests operations` for what was done, and choose the operation that replaced it";
    /// Every name that a backup could have is taken.
    BackupNameTaken, "backup_name_taken", Refused, "move the old backups of this manifest away";
    /// The bytes are not those that the plan was made of.
    PlanDrifted, "plan_drifted", Refused, "look at what changed, and make a new plan";
    /// The migration would not give what the plan predicts.
    PlanMismatch, "plan_mismatch", Refused, "make a new plan with this program and this catalog";
    // The system.
    /// The system forbids it.
    PermissionDenied, "permission_denied", Failed, "give this user the permission, or run as the owner";
    /// Nothing is there.
    NotFound, "not_found", Failed, "check the path: it is relative to the tree";
    /// The system returned an error.
    IoError, "io_error", Failed, "look at the system's error and its log";
    /// The storage has no room.
    NoSpace, "no_space", Failed, "make room and run again";
    /// The file system is mounted read-only.
    ReadOnly, "read_only", Failed, "mount the file system for writing";
    /// The manifest was replaced, but the storage did not confirm it.
    NotDurable, "not_durable", Failed, "check the storage, then run again: the manifest is whole, old or new";
    /// The name of a file leads out of the run directory.
    LeadsOut, "leads_out", Failed, "a run names files below its own directory only; mend the manifest's writer";
    /// A file that was kept is not as it was kept.
    KeptChanged, "kept_changed", Failed, "restore the file from a copy of the state directory";
    // Somebody else.
    /// Somebody changed the manifest after it was read.
    ChangedMeanwhile, "changed_meanwhile", Conflict, "run again when its writer is done; nothing of theirs was lost";
    /// The manifest is not what the operation to be undone wrote.
    ChangedSince, "changed_since", Conflict, "roll back the later operation first, if there is one; else keep what is there, or move it away by hand";
    /// Somebody's version was displaced and is kept under another name.
    Rescued, "rescued", Conflict, "compare the rescued file with the manifest and keep the right one";
    // Found by validate.
    /// The document does not have the version that it should.
    VersionDiffers, "version_differs", Finding, "write the document at the version asked for, or ask for the one that it has";
    // Found in a catalog by lint and test.
    /// A shortcut does not give what its composition gives.
    ShortcutDiffers, "shortcut_differs", Finding, "give the shortcut the steps of the migrations that it stands for, in their order";
    /// A step changes a document again that it has changed.
    NotIdempotent, "not_idempotent", Finding, "mend the transform: taken twice it must do what it does once";
    /// The way down and up again does not lead to the same document.
    WayBackDiffers, "way_back_differs", Finding, "mend the migration: what its steps undo must be what they did";
    /// A fixture does not come out as it should.
    FixtureDiffers, "fixture_differs", Finding, "mend the migration or the fixture, whichever is wrong";
    /// A fixture cannot be used.
    FixtureInvalid, "fixture_invalid", Finding, "a fixture is a `before.json` and an `after.json` in `fixtures/<kind>/<name>`";
    /// A fixture violates a schema or a rule.
    FixtureViolates, "fixture_violates", Finding, "mend the fixture, the migration, or the schema or rule, whichever is wrong";
    /// A step sets a value that the schema of the version refuses.
    StepContradictsSchema, "step_contradicts_schema", Finding, "mend the value or the schema: no document to which the step gives it can be migrated to this version";
    /// Something only warns of a fixture.
    FixtureWarned, "fixture_warned", Note, "nothing is wrong if that is meant: such documents are migrated with a warning";
    /// A migration makes of a valid document one that is refused.
    ResultRefused, "result_refused", Note, "nothing is wrong if such documents are not to be migrated; else mend the migration, or say in the schema of the version before that there are none";
    /// Manifests of the tree would be refused, so that less is known of them.
    ManifestsRefused, "manifests_refused", Note, "`catalog test --on` names them, and why";
    /// A version has no schema, and the one before it has.
    SchemaForgotten, "schema_forgotten", Note, "give the version a schema, too, or documents at it are held against none";
    /// A rule that is required is about no document that is migrated.
    RuleNeverAsked, "rule_never_asked", Note, "let it hold from a lower version on, or leave out `\"check\": \"require\"`";
    /// A step destroys values.
    StepDestroys, "step_destroys", Note, "make sure that nobody needs the values; the backups keep them";
    /// A step has no inverse.
    StepWithoutInverse, "step_without_inverse", Note, "a downgrade will not go below this migration; a rollback to the originals always can";
    /// A step changed none of the documents that it was tried on.
    StepNeverApplies, "step_never_applies", Note, "look whether a step before it takes away what it needs, or its condition can hold";
    /// No fixture shows what a migration does.
    NoFixture, "no_fixture", Note, "put a document before and after it into `fixtures/<kind>/<name>`";
    /// No manifest is of a kind.
    KindUnused, "kind_unused", Note, "nothing is wrong if there are to be such manifests later";
    // Found by verify.
    /// A history record does not have its form.
    HistoryRecordMalformed, "history_record_malformed", Finding, "restore the history from a copy: somebody edited it";
    /// The history's versions do not lead to the manifest's.
    HistoryChainBroken, "history_chain_broken", Finding, "restore the history or the version from a copy: a record was changed, taken out or put in";
    /// A record does not have the checksum of the original that it speaks of.
    ChecksumBeforeDiffers, "checksum_before_differs", Finding, "restore the history record from a copy: the backup is as the journal says";
    /// A document does not have the checksum that its history record gives it.
    ChecksumAfterDiffers, "checksum_after_differs", Finding, "compare the manifest with its backup: it, or its history, was changed after the migration";
    /// The manifest does not have the bytes that the last operation left.
    BytesDifferFromJournal, "bytes_differ_from_journal", Finding, "find out who wrote it since; if nobody should have, restore it";
    /// A backup that a journal speaks of is not there.
    BackupMissing, "backup_missing", Finding, "look for a copy of the backup: without it the original cannot come back";
    /// A backup does not have the bytes that were the original's.
    BackupChanged, "backup_changed", Finding, "restore the backup from a copy: it is not the original any more";
    /// The migration, computed again, gives other bytes.
    ReplayDiffers, "replay_differs", Finding, "compare the manifest with its backup: it is not what the migration made of it";
    /// A journal was edited, or is damaged.
    JournalDamaged, "journal_damaged", Finding, "restore the journal from a copy; what lies behind the break is not known";
    /// A journal was written by a newer version of the program, or its beginning was edited.
    JournalUnknown, "journal_unknown", Finding, "use the newer version of the program that wrote it, or restore the journal from a copy";
    /// A snapshot that the manifest declares is not there.
    SnapshotMissing, "snapshot_missing", Finding, "restore the file named from a copy of the run";
    /// A snapshot does not have the size declared.
    SnapshotSizeDiffers, "snapshot_size_differs", Finding, "restore the file named from a copy of the run";
    /// A snapshot does not have the SHA-256 declared.
    SnapshotHashDiffers, "snapshot_hash_differs", Finding, "restore the file named from a copy of the run";
    /// The path of a snapshot leads out of the run directory.
    SnapshotLeadsOut, "snapshot_leads_out", Finding, "a run declares files below its own directory only; the file was not opened";
    /// A snapshot is no regular file.
    SnapshotNotRegular, "snapshot_not_regular", Finding, "put the file itself in the place of the link or whatever is there";
    /// A snapshot is not declared in the form that it should have.
    SnapshotMalformed, "snapshot_malformed", Finding, "mend the program that writes such manifests";
    /// The content of a snapshot and a member of the manifest do not agree.
    SnapshotDisagrees, "snapshot_disagrees", Finding, "find out which of the two was changed, and restore it";
    /// The hash of the inputs is not that of the snapshots declared.
    InputsHashDiffers, "inputs_hash_differs", Finding, "restore the member from a copy: it, or a snapshot's hash, was changed";
    /// The run's id does not follow from the hash of its inputs.
    RunIdDiffers, "run_id_differs", Finding, "restore the member from a copy: it, or the hash of the inputs, was changed";
    /// A directory is not named after its run or job.
    DirectoryNameDiffers, "directory_name_differs", Finding, "give the directory its name again, or restore the member";
    /// No journal and no backup speaks of the history's beginning.
    Unwitnessed, "unwitnessed", Note, "nothing is known to be wrong; the journal and the original are gone or were never there";
    /// A migration cannot be computed again.
    NotReplayable, "not_replayable", Note, "a replay needs the backup, the journal and the catalog that was used";
    /// The manifest declares no snapshots.
    SnapshotsNotDeclared, "snapshots_not_declared", Note, "runs from before snapshots declare none";
    /// A manifest that an operation left is not there any more.
    ManifestMissing, "manifest_missing", Finding, "restore it, or its run directory, from a copy; one that was removed on purpose can be left out with --exclude";
    /// The backup is younger than those that are to be pruned.
    BackupTooYoung, "backup_too_young", Note, "prune it later, or with a smaller --older-than";
    /// The backup has the only copy of a value.
    OnlyCopy, "only_copy", Note, "keep it, or export it first; --include-destructive removes it all the same";
    /// A file with a backup's name is not the original of any migration.
    BackupUnrelated, "backup_unrelated", Note, "another tool may have left it; it is never changed or removed";
    // Warnings.
    /// Nothing was ever migrated here.
    NeverMigrated, "never_migrated", Warning, "so only texts, versions and snapshots can be proved; after a migration its journal and the backups prove the rest";
    /// A rule does not hold, and only warns.
    RuleWarned, "rule_warned", Warning, "look at the documents named; nothing was refused because of it";
    /// A number is beyond the range of doubles.
    NumberBeyondRange, "number_beyond_range", Warning, "for the schema it was the nearest finite double; the manifest keeps it as it is written";
    /// A name that differs from a manifest's in case only.
    NameCase, "name_case", Warning, "rename it if it is meant to be a manifest";
    /// A directory with an opaque name directly below the tree.
    OpaqueAtTop, "opaque_at_top", Warning, "if this is a job of that name, its runs are not seen; rename it, or point at the directory above";
    /// A directory on another file system was not entered.
    OtherFileSystem, "other_file_system", Warning, "give --cross-file-systems to enter it";
    /// An operation was not finished.
    UnfinishedOperation, "unfinished_operation", Warning, "run migrate-manifests without --dry-run: it finishes or undoes what was begun";
    /// The state directory could not be read.
    StateUnreadable, "state_unreadable", Warning, "run as the owner of the state directory to see unfinished operations";
    /// An unfinished operation was finished or undone.
    Recovered, "recovered", Warning, "nothing needs to be done";
    /// Foreign writers can be missed in a short moment on this file system.
    ForeignWriterWindow, "foreign_writer_window", Warning, "keep writers away while migrating on this file system";
    /// A journal line could not be written after the fact.
    JournalIncomplete, "journal_incomplete", Warning, "the manifests are as reported; check the storage of the state directory";
    // The operation.
    /// The tree does not exist or is no directory.
    TreeNotFound, "tree_not_found", Stop, "give the directory that holds the artifacts, or its parent";
    /// One tree lies inside the other.
    NestedTree, "nested_tree", Stop, "migrate the inner tree by itself, or move its state directory away if it is no tree";
    /// The state directory cannot be trusted.
    StateUntrusted, "state_untrusted", Stop, "it must be a directory of its own, owned by the caller; root may use the tree owner's";
    /// The state directory cannot be made or used.
    StateUnusable, "state_unusable", Stop, "writing needs a state directory in the tree that this user can write to";
    /// The target version does not exist.
    TargetUnknown, "target_unknown", Stop, "choose one of the versions that the catalog knows";
    /// The catalog cannot be used.
    CatalogInvalid, "catalog_invalid", Stop, "mend the catalog at the place named";
    /// The catalog in the state directory cannot be trusted or looked for.
    CatalogUntrusted, "catalog_untrusted", Stop, "give --catalog, or make the directory owned by you or root and writable by nobody else";
    /// The selected path is not there or is no manifest.
    SelectionInvalid, "selection_invalid", Stop, "check the selection";
    /// Arguments do not fit together.
    Usage, "usage", Stop, "see --help";
    /// Another operation is at work.
    Locked, "locked", Stop, "wait for it, or give --wait";
    /// The storage failed, so the operation stopped.
    StorageFailed, "storage_failed", Stop, "check the storage and run again: every manifest is whole, old or new";
    /// The tree could not be read at all.
    TreeUnreadable, "tree_unreadable", Stop, "give this user the permission to read the tree";
    /// A rule that halts does not hold.
    RuleHalted, "rule_halted", Stop, "mend the documents named; nothing was written";
    /// Rules look at the whole tree, and only a part of it was selected.
    PartialWithTreeRules, "partial_with_tree_rules", Stop, "migrate the whole tree, or make a plan of it and execute that, in parts if you like: --plan takes the flags that select";
    /// Too many manifests were refused, failed or in conflict.
    TooManyFailures, "too_many_failures", Stop, "look at the manifests named, or raise --max-failures";
    /// A signal ended the operation.
    Interrupted, "interrupted", Stop, "run again: it goes on where this stopped";
    /// No operation has this id.
    OperationUnknown, "operation_unknown", Stop, "see `migrate-manifests operations` for those there are";
    /// The file is no plan, or not as it was written.
    PlanInvalid, "plan_invalid", Stop, "make a new plan: one that was cut off or edited is never executed";
    /// The plan was made of another tree, or with another catalog.
    PlanForeign, "plan_foreign", Stop, "give the tree and the catalog that the plan was made with, or make a new plan";
    /// The file that was to be written is there.
    OutputExists, "output_exists", Stop, "give another name, or move the file away: nothing is ever overwritten";
    /// The changes of the operation cannot be undone.
    NotReversible, "not_reversible", Stop, "only migrations can be rolled back; to have migrated manifests back, migrate again";
    /// The output could not be written.
    OutputFailed, "output_failed", Stop, "check where the output goes; every manifest is whole, old or new";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_two_codes_share_a_text() {
        let texts: HashSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(texts.len(), Code::ALL.len());
    }
}
