//! Every stable code, with its class and its hint.
//!
//! Programs and tickets quote codes. `docs/codes.md` explains each of them; a test compares the two.
//!
//! Invariant: a code never changes its meaning and is never reused.

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
    ($($name:ident, $text:literal, $class:ident, $hint:literal;)+) => {
        /// A stable code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = concat!("`", $text, "`. The remedy: ", $hint, ".")] $name,)+
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
    NotUtf8, "not_utf8", Refused, "convert the file to UTF-8";
    ByteOrderMark, "byte_order_mark", Refused, "remove the first three bytes of the file";
    Empty, "empty", Refused, "restore the file, or remove it";
    SyntaxError, "syntax_error", Refused, "mend the text at the place named, or restore the file";
    Truncated, "truncated", Refused, "restore the file: its end is missing";
    TrailingData, "trailing_data", Refused, "remove what follows the document";
    NotANumber, "not_a_number", Refused, "write a number or null there";
    LoneSurrogate, "lone_surrogate", Refused, "write the whole surrogate pair, or another character";
    DuplicateName, "duplicate_name", Refused, "keep one of the two members: readers disagree on which counts";
    NotAnObject, "not_an_object", Refused, "a manifest is an object; is this file one?";
    TooDeep, "too_deep", Refused, "at most 128 arrays and objects may stand one inside the other";
    TooLarge, "too_large", Refused, "a manifest has at most 16 MiB";
    TooManyMembers, "too_many_members", Refused, "one object has at most 100,000 members";
    HistoryTooLong, "history_too_long", Refused, "a history has at most 10,000 records";
    // The manifest.
    VersionNotText, "version_not_text", Refused, "write the version as a string, as in \"1.0.0\"";
    VersionMalformed, "version_malformed", Refused, "write the version as MAJOR.MINOR.PATCH";
    VersionUnknown, "version_unknown", Refused, "use the catalog that knows this version";
    NoRoute, "no_route", Refused, "choose another target, or add the missing migration to the catalog";
    NoWayDown, "no_way_down", Refused, "roll back to the original, if there is one; a downgrade needs an inverse of every step";
    HistoryNotAList, "history_not_a_list", Refused, "restore the history: it is an array of records";
    KindUnknown, "kind_unknown", Refused, "give the document the member that tells its kind, or exclude it in the catalog";
    RequiredMissing, "required_missing", Refused, "add the member, or restore the file";
    // The migration.
    ImmutableChanged, "immutable_changed", Refused, "identity never changes: mend the migration named, or restore the member from the backup";
    ProtectedChanged, "protected_changed", Refused, "mend the migration named, or restore the member from the backup: protected members keep their bytes";
    StepRefused, "step_refused", Refused, "mend the document or the migration named";
    DowngradeLossy, "downgrade_lossy", Refused, "the value named has no place in the lower version: keep the manifest where it is, or change the value first";
    EditRefused, "edit_refused", Refused, "mend the migration named: its edits do not fit this document";
    // Schemas and rules.
    SchemaFailed, "schema_failed", Refused, "mend the document at the place named, or the schema; --rules warn migrates it all the same";
    RuleFailed, "rule_failed", Refused, "mend the documents named, or the rule; --rules warn migrates them all the same";
    // The file.
    NotRegular, "not_regular", Refused, "a manifest is a regular file; links, pipes and directories are never followed or opened";
    HardLinked, "hard_linked", Refused, "break the link (copy the file and rename the copy over it): replacing one name would leave the other behind";
    NotOwned, "not_owned", Refused, "run as the owner of the manifest, or as root";
    StickyDirectory, "sticky_directory", Refused, "run as the owner of the manifest";
    MetadataNotReproducible, "metadata_not_reproducible", Refused, "run as the owner or as root, or remove the attribute named";
    BackupPruned, "backup_pruned", Refused, "a pruned backup cannot come back; restore the original from a copy of the tree";
    NotReplaced, "not_replaced", Refused, "see `migrate-manifests operations` for what was done, and choose the operation that replaced it";
    BackupNameTaken, "backup_name_taken", Refused, "move the old backups of this manifest away";
    PlanDrifted, "plan_drifted", Refused, "look at what changed, and make a new plan";
    PlanMismatch, "plan_mismatch", Refused, "make a new plan with this program and this catalog";
    // The system.
    PermissionDenied, "permission_denied", Failed, "give this user the permission, or run as the owner";
    NotFound, "not_found", Failed, "check the path: it is relative to the tree";
    IoError, "io_error", Failed, "look at the system's error and its log";
    NoSpace, "no_space", Failed, "make room and run again";
    ReadOnly, "read_only", Failed, "mount the file system for writing";
    NotDurable, "not_durable", Failed, "check the storage, then run again: the manifest is whole, old or new";
    LeadsOut, "leads_out", Failed, "a run names files below its own directory only; mend the manifest's writer";
    KeptChanged, "kept_changed", Failed, "restore the file from a copy of the state directory";
    // Somebody else.
    ChangedMeanwhile, "changed_meanwhile", Conflict, "run again when its writer is done; nothing of theirs was lost";
    ChangedSince, "changed_since", Conflict, "roll back the later operation first, if there is one; else keep what is there, or move it away by hand";
    Rescued, "rescued", Conflict, "compare the rescued file with the manifest and keep the right one";
    // Found by validate.
    VersionDiffers, "version_differs", Finding, "write the document at the version asked for, or ask for the one that it has";
    // Found in a catalog by lint and test.
    ShortcutDiffers, "shortcut_differs", Finding, "give the shortcut the steps of the migrations that it stands for, in their order";
    NotIdempotent, "not_idempotent", Finding, "mend the transform: taken twice it must do what it does once";
    WayBackDiffers, "way_back_differs", Finding, "mend the migration: what its steps undo must be what they did";
    FixtureDiffers, "fixture_differs", Finding, "mend the migration or the fixture, whichever is wrong";
    FixtureInvalid, "fixture_invalid", Finding, "a fixture is a `before.json` and an `after.json` in `fixtures/<kind>/<name>`";
    FixtureViolates, "fixture_violates", Finding, "mend the fixture, the migration, or the schema or rule, whichever is wrong";
    StepContradictsSchema, "step_contradicts_schema", Finding, "mend the value or the schema: no document to which the step gives it can be migrated to this version";
    FixtureWarned, "fixture_warned", Note, "nothing is wrong if that is meant: such documents are migrated with a warning";
    ResultRefused, "result_refused", Note, "nothing is wrong if such documents are not to be migrated; else mend the migration, or say in the schema of the version before that there are none";
    ManifestsRefused, "manifests_refused", Note, "`catalog test --on` names them, and why";
    SchemaForgotten, "schema_forgotten", Note, "give the version a schema, too, or documents at it are held against none";
    RuleNeverAsked, "rule_never_asked", Note, "let it hold from a lower version on, or leave out `\"check\": \"require\"`";
    StepDestroys, "step_destroys", Note, "make sure that nobody needs the values; the backups keep them";
    StepWithoutInverse, "step_without_inverse", Note, "a downgrade will not go below this migration; a rollback to the originals always can";
    StepNeverApplies, "step_never_applies", Note, "look whether a step before it takes away what it needs, or its condition can hold";
    NoFixture, "no_fixture", Note, "put a document before and after it into `fixtures/<kind>/<name>`";
    KindUnused, "kind_unused", Note, "nothing is wrong if there are to be such manifests later";
    // Found by verify.
    HistoryRecordMalformed, "history_record_malformed", Finding, "restore the history from a copy: somebody edited it";
    HistoryChainBroken, "history_chain_broken", Finding, "restore the history or the version from a copy: a record was changed, taken out or put in";
    ChecksumBeforeDiffers, "checksum_before_differs", Finding, "restore the history record from a copy: the backup is as the journal says";
    ChecksumAfterDiffers, "checksum_after_differs", Finding, "compare the manifest with its backup: it, or its history, was changed after the migration";
    BytesDifferFromJournal, "bytes_differ_from_journal", Finding, "find out who wrote it since; if nobody should have, restore it";
    BackupMissing, "backup_missing", Finding, "look for a copy of the backup: without it the original cannot come back";
    BackupChanged, "backup_changed", Finding, "restore the backup from a copy: it is not the original any more";
    ReplayDiffers, "replay_differs", Finding, "compare the manifest with its backup: it is not what the migration made of it";
    JournalDamaged, "journal_damaged", Finding, "restore the journal from a copy; what lies behind the break is not known";
    JournalUnknown, "journal_unknown", Finding, "use the newer version of the program that wrote it, or restore the journal from a copy";
    SnapshotMissing, "snapshot_missing", Finding, "restore the file named from a copy of the run";
    SnapshotSizeDiffers, "snapshot_size_differs", Finding, "restore the file named from a copy of the run";
    SnapshotHashDiffers, "snapshot_hash_differs", Finding, "restore the file named from a copy of the run";
    SnapshotLeadsOut, "snapshot_leads_out", Finding, "a run declares files below its own directory only; the file was not opened";
    SnapshotNotRegular, "snapshot_not_regular", Finding, "put the file itself in the place of the link or whatever is there";
    SnapshotMalformed, "snapshot_malformed", Finding, "mend the program that writes such manifests";
    SnapshotDisagrees, "snapshot_disagrees", Finding, "find out which of the two was changed, and restore it";
    InputsHashDiffers, "inputs_hash_differs", Finding, "restore the member from a copy: it, or a snapshot's hash, was changed";
    RunIdDiffers, "run_id_differs", Finding, "restore the member from a copy: it, or the hash of the inputs, was changed";
    DirectoryNameDiffers, "directory_name_differs", Finding, "give the directory its name again, or restore the member";
    Unwitnessed, "unwitnessed", Note, "nothing is known to be wrong; the journal and the original are gone or were never there";
    NotReplayable, "not_replayable", Note, "a replay needs the backup, the journal and the catalog that was used";
    SnapshotsNotDeclared, "snapshots_not_declared", Note, "runs from before snapshots declare none";
    ManifestMissing, "manifest_missing", Finding, "restore it, or its run directory, from a copy; one that was removed on purpose can be left out with --exclude";
    BackupTooYoung, "backup_too_young", Note, "prune it later, or with a smaller --older-than";
    OnlyCopy, "only_copy", Note, "keep it, or export it first; --include-destructive removes it all the same";
    BackupUnrelated, "backup_unrelated", Note, "another tool may have left it; it is never changed or removed";
    // Warnings.
    NeverMigrated, "never_migrated", Warning, "so only texts, versions and snapshots can be proved; after a migration its journal and the backups prove the rest";
    RuleWarned, "rule_warned", Warning, "look at the documents named; nothing was refused because of it";
    NumberBeyondRange, "number_beyond_range", Warning, "for the schema it was the nearest finite double; the manifest keeps it as it is written";
    NameCase, "name_case", Warning, "rename it if it is meant to be a manifest";
    OpaqueAtTop, "opaque_at_top", Warning, "if this is a job of that name, its runs are not seen; rename it, or point at the directory above";
    OtherFileSystem, "other_file_system", Warning, "give --cross-file-systems to enter it";
    UnfinishedOperation, "unfinished_operation", Warning, "run migrate-manifests without --dry-run: it finishes or undoes what was begun";
    StateUnreadable, "state_unreadable", Warning, "run as the owner of the state directory to see unfinished operations";
    Recovered, "recovered", Warning, "nothing needs to be done";
    ForeignWriterWindow, "foreign_writer_window", Warning, "keep writers away while migrating on this file system";
    JournalIncomplete, "journal_incomplete", Warning, "the manifests are as reported; check the storage of the state directory";
    // The operation.
    TreeNotFound, "tree_not_found", Stop, "give the directory that holds the artifacts, or its parent";
    NestedTree, "nested_tree", Stop, "migrate the inner tree by itself, or move its state directory away if it is no tree";
    StateUntrusted, "state_untrusted", Stop, "it must be a directory of its own, owned by the caller; root may use the tree owner's";
    StateUnusable, "state_unusable", Stop, "writing needs a state directory in the tree that this user can write to";
    TargetUnknown, "target_unknown", Stop, "choose one of the versions that the catalog knows";
    CatalogInvalid, "catalog_invalid", Stop, "mend the catalog at the place named";
    CatalogUntrusted, "catalog_untrusted", Stop, "give --catalog, or make the directory owned by you or root and writable by nobody else";
    SelectionInvalid, "selection_invalid", Stop, "check the selection";
    Usage, "usage", Stop, "see --help";
    Locked, "locked", Stop, "wait for it, or give --wait";
    StorageFailed, "storage_failed", Stop, "check the storage and run again: every manifest is whole, old or new";
    TreeUnreadable, "tree_unreadable", Stop, "give this user the permission to read the tree";
    RuleHalted, "rule_halted", Stop, "mend the documents named; nothing was written";
    PartialWithTreeRules, "partial_with_tree_rules", Stop, "migrate the whole tree, or make a plan of it and execute that, in parts if you like: --plan takes the flags that select";
    TooManyFailures, "too_many_failures", Stop, "look at the manifests named, or raise --max-failures";
    Interrupted, "interrupted", Stop, "run again: it goes on where this stopped";
    OperationUnknown, "operation_unknown", Stop, "see `migrate-manifests operations` for those there are";
    PlanInvalid, "plan_invalid", Stop, "make a new plan: one that was cut off or edited is never executed";
    PlanForeign, "plan_foreign", Stop, "give the tree and the catalog that the plan was made with, or make a new plan";
    OutputExists, "output_exists", Stop, "give another name, or move the file away: nothing is ever overwritten";
    NotReversible, "not_reversible", Stop, "only migrations can be rolled back; to have migrated manifests back, migrate again";
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
