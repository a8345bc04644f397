//! Every stable code, with its class and its hint.
//!
//! Programs and tickets quote codes. `docs/codes.md` explains each of them; a test compares the two.
//!
//! Invariant: a code never changes its meaning and is never reused.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The meaning of a code for a manifest or an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// The manifest may not be migrated as it is.
    Refused,
    /// The system returned an error.
    Failed,
    /// Another program changed the manifest after it was read.
    Conflict,
    /// Verify found a difference from what an operation left, or a contradiction in a document.
    Finding,
    /// Verify could not prove something; nothing shows that it is wrong.
    Note,
    /// The operation continues, but the user should know this.
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
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// The class of the code.
            pub fn class(self) -> Class {
                match self { $(Self::$name => Class::$class,)+ }
            }

            /// The remedy.
            pub fn hint(self) -> &'static str {
                match self { $(Self::$name => $hint,)+ }
            }
        }
    };
}

codes! {
    // The text.
    NotUtf8, "not_utf8", Refused, "convert the file to UTF-8, or restore it";
    ByteOrderMark, "byte_order_mark", Refused, "remove the first three bytes of the file";
    Empty, "empty", Refused, "restore the file, or remove it";
    SyntaxError, "syntax_error", Refused, "fix the text at the position in the message, or restore the file";
    Truncated, "truncated", Refused, "restore the file from a copy: its end is missing";
    TrailingData, "trailing_data", Refused, "remove what follows the document";
    NotANumber, "not_a_number", Refused, "write a number or null there";
    LoneSurrogate, "lone_surrogate", Refused, "write the whole surrogate pair, or another character";
    DuplicateName, "duplicate_name", Refused, "remove one of the two members: readers disagree on which one counts";
    NotAnObject, "not_an_object", Refused, "check that the file is a manifest: a manifest is a JSON object";
    TooDeep, "too_deep", Refused, "reduce the nesting: a manifest may have at most 128 levels of arrays and objects";
    TooLarge, "too_large", Refused, "make the file smaller, or exclude it: a manifest may have at most 16 MiB";
    TooManyMembers, "too_many_members", Refused, "reduce the members: an object may have at most 100,000";
    HistoryTooLong, "history_too_long", Refused, "restore the manifest from a copy: a history may have at most 10,000 records";
    // The manifest.
    VersionNotText, "version_not_text", Refused, "write the version as a string, as in \"1.0.0\"";
    VersionMalformed, "version_malformed", Refused, "write the version as MAJOR.MINOR.PATCH";
    VersionUnknown, "version_unknown", Refused, "use a catalog that has this version";
    NoRoute, "no_route", Refused, "choose another target, or add the missing migration to the catalog";
    NoWayDown, "no_way_down", Refused, "roll back to the original if there is one; a downgrade needs steps that can all be reversed";
    HistoryNotAList, "history_not_a_list", Refused, "restore the history from a copy: it must be an array of records";
    KindUnknown, "kind_unknown", Refused, "add the member that says of which kind the document is, or exclude the document in the catalog";
    RequiredMissing, "required_missing", Refused, "add the member, or restore the file";
    // The migration.
    ImmutableChanged, "immutable_changed", Refused, "fix the migration in the message, or restore the member from the backup: an identity never changes";
    ProtectedChanged, "protected_changed", Refused, "fix the migration in the message, or restore the member from the backup: protected members keep their bytes";
    StepRefused, "step_refused", Refused, "fix the document, or the migration in the message";
    DowngradeLossy, "downgrade_lossy", Refused, "leave the manifest at its version, or change the value in the message first: the lower version cannot hold it";
    EditRefused, "edit_refused", Refused, "fix the migration in the message: its edits do not fit this document";
    // Schemas and rules.
    SchemaFailed, "schema_failed", Refused, "fix the document at the place in the message, or fix the schema; `--rules warn` migrates it anyway";
    RuleFailed, "rule_failed", Refused, "fix the documents in the message, or fix the rule; `--rules warn` migrates them anyway";
    TooCostly, "too_costly", Refused, "make the document smaller, or simplify the schema or the step in the message: what one document may take is limited";
    // The file.
    NotRegular, "not_regular", Refused, "replace it with a regular file, or exclude it: links, pipes and directories are never followed or opened";
    HardLinked, "hard_linked", Refused, "break the link (copy the file and rename the copy over it): replacing one name would leave the other with the old content";
    OtherMount, "other_mount", Refused, "give --cross-file-systems if its directory is meant to be migrated; a file that is mounted itself cannot be replaced: unmount it, or exclude it";
    PathTooLong, "path_too_long", Refused, "shorten the names of the directories above the manifest: the path of its backup would be longer than the system allows";
    NotOwned, "not_owned", Refused, "run as the owner of the manifest, or as root";
    StickyDirectory, "sticky_directory", Refused, "run as the owner of the manifest";
    MetadataNotReproducible, "metadata_not_reproducible", Refused, "run as the owner or as root, or remove the attribute in the message";
    NestedState, "nested_state", Refused, "remove the state directory in the message, after you have found out whose it is, or leave these manifests to its owner";
    BackupPruned, "backup_pruned", Refused, "restore the original from a copy of the tree, or from an export of the backups: the backup was deleted";
    NotReplaced, "not_replaced", Refused, "run `migrate-manifests operations` to see what was done, and choose the operation that replaced the manifest";
    BackupNameTaken, "backup_name_taken", Refused, "move the old backups of this manifest to another directory";
    PlanDrifted, "plan_drifted", Refused, "check what changed, and make a new plan";
    PlanMismatch, "plan_mismatch", Refused, "make a new plan with this program and this catalog";
    // The system.
    PermissionDenied, "permission_denied", Failed, "give this user the permission, or run as the owner";
    NotFound, "not_found", Failed, "check the path: it is relative to the tree";
    IoError, "io_error", Failed, "read the error of the system in the message, and the system's log";
    NoSpace, "no_space", Failed, "make room, or raise the limit, and run again";
    ReadOnly, "read_only", Failed, "mount the file system for writing";
    NotDurable, "not_durable", Failed, "check the storage, then run again: the manifest is whole, old or new";
    LeadsOut, "leads_out", Failed, "fix the program that writes such manifests: a run may name only files below its own directory";
    KeptChanged, "kept_changed", Failed, "restore the file from a copy of the state directory";
    // Another program.
    ChangedMeanwhile, "changed_meanwhile", Conflict, "run again when the other program is done; nothing that it wrote was lost";
    ChangedSince, "changed_since", Conflict, "roll back the later operation first, if there is one; otherwise leave the manifest, or move it away by hand";
    Rescued, "rescued", Conflict, "compare the rescued file with the manifest and keep the right one";
    // Found by validate.
    VersionDiffers, "version_differs", Finding, "write the document at the version asked for, or ask for the version that it has";
    // Found in a catalog by lint and test.
    ShortcutDiffers, "shortcut_differs", Finding, "give the shortcut the steps of the migrations that it replaces, in their order";
    NotIdempotent, "not_idempotent", Finding, "fix the transform: applied twice, it must give the same result as once";
    WayBackDiffers, "way_back_differs", Finding, "fix the migration: an upgrade after its downgrade must give the same document again";
    FixtureDiffers, "fixture_differs", Finding, "fix the migration or the fixture, whichever is wrong";
    FixtureInvalid, "fixture_invalid", Finding, "put a `before.json` and an `after.json` into `fixtures/<kind>/<name>`";
    FixtureViolates, "fixture_violates", Finding, "fix the fixture, the migration, the schema or the rule, whichever is wrong";
    StepContradictsSchema, "step_contradicts_schema", Finding, "fix the value or the schema: no document in which the step sets this value can be migrated to this version";
    FixtureWarned, "fixture_warned", Note, "nothing needs to be done if the warning is intended: such documents are migrated with a warning";
    ResultRefused, "result_refused", Note, "nothing needs to be done if such documents are not to be migrated; otherwise fix the migration, or make the schema of the version before refuse them";
    ManifestsRefused, "manifests_refused", Note, "run `catalog test --on` to see which manifests are refused and why";
    SchemaForgotten, "schema_forgotten", Note, "add a schema for the version; without one its documents are not checked";
    RuleNeverAsked, "rule_never_asked", Note, "make the rule hold from a lower version on, or leave out `\"check\": \"require\"`";
    StepDestroys, "step_destroys", Note, "make sure that nobody needs the values; the backups keep them";
    StepWithoutInverse, "step_without_inverse", Note, "nothing needs to be done if no downgrade below this migration is needed; a rollback to the originals is always possible";
    StepNeverApplies, "step_never_applies", Note, "check whether a step before it removes what it needs, and whether its condition can hold";
    NoFixture, "no_fixture", Note, "put a document before and after the migration into `fixtures/<kind>/<name>`";
    KindUnused, "kind_unused", Note, "nothing needs to be done if such manifests come later; otherwise check the file name and the `where` of the kind";
    // Found by verify.
    HistoryRecordMalformed, "history_record_malformed", Finding, "restore the history from a copy: somebody edited it";
    HistoryChainBroken, "history_chain_broken", Finding, "restore the history or the version from a copy: a record was changed, removed or inserted";
    ChecksumBeforeDiffers, "checksum_before_differs", Finding, "restore the history record from a copy: the backup is as the journal says";
    ChecksumAfterDiffers, "checksum_after_differs", Finding, "compare the manifest with its backup: it, or its history, was changed after the migration";
    BytesDifferFromJournal, "bytes_differ_from_journal", Finding, "find out which program wrote it since; if none should have, restore it";
    BackupMissing, "backup_missing", Finding, "look for a copy of the backup: without it the original cannot be restored";
    BackupChanged, "backup_changed", Finding, "restore the backup from a copy: it is no longer the original";
    BackupMetadataChanged, "backup_metadata_changed", Finding, "set them back to what the message expects, or take the backup as it is: `rollback --allow-changed-metadata` restores it so";
    MetadataChanged, "metadata_changed", Finding, "find out who changed the mode or the owner, and set them back; in a tree that was copied they may be meant";
    ReplayDiffers, "replay_differs", Finding, "compare the manifest with its backup: it is not the result of the migration";
    JournalDamaged, "journal_damaged", Finding, "restore the journal from a copy; what follows the break is not known";
    JournalMissing, "journal_missing", Finding, "restore the journal from a copy of the state directory; what its operation did is not known without it";
    HeadDamaged, "head_damaged", Finding, "restore `head` from a copy made after the last operation, or move it away: the next operation makes a new one from the journals";
    StateExposed, "state_exposed", Finding, "find out who wrote to it; then give it back to the owner of the state directory, writable by nobody else";
    LeftOver, "left_over", Finding, "find out whether anybody needs what is in it, then move it away or remove it";
    JournalUnknown, "journal_unknown", Finding, "use the newer version of the program that wrote it, or restore the journal from a copy";
    SnapshotMissing, "snapshot_missing", Finding, "restore the file named from a copy of the run";
    SnapshotSizeDiffers, "snapshot_size_differs", Finding, "restore the file named from a copy of the run";
    SnapshotHashDiffers, "snapshot_hash_differs", Finding, "restore the file named from a copy of the run";
    SnapshotLeadsOut, "snapshot_leads_out", Finding, "fix the program that writes such manifests: a run may declare only files below its own directory; the file was not opened";
    SnapshotNotRegular, "snapshot_not_regular", Finding, "put the file itself in the place of the link";
    SnapshotMalformed, "snapshot_malformed", Finding, "fix the program that writes such manifests";
    SnapshotDisagrees, "snapshot_disagrees", Finding, "find out which of the two was changed, and restore it";
    InputsHashDiffers, "inputs_hash_differs", Finding, "restore the member from a copy: it, or a snapshot's hash, was changed";
    RunIdDiffers, "run_id_differs", Finding, "restore the member from a copy: it, or the hash of the inputs, was changed";
    DirectoryNameDiffers, "directory_name_differs", Finding, "rename the directory back, or restore the member";
    Superseded, "superseded", Note, "nothing needs to be done: a producer wrote the document anew, and the next migration takes it as any other";
    Gone, "gone", Note, "nothing needs to be done if the run was removed on purpose; otherwise restore its directory from a copy";
    Accepted, "accepted", Note, "nothing needs to be done: `operations` shows which operation took the finding as known, and its journal who and why";
    Unwitnessed, "unwitnessed", Note, "nothing needs to be done: no damage is known; the journal and the original are gone or were never there";
    NotReplayable, "not_replayable", Note, "keep the backup, the journal and the catalog of an operation: a replay needs all three";
    SnapshotsNotDeclared, "snapshots_not_declared", Note, "nothing needs to be done: runs from before snapshots declare none";
    ManifestMissing, "manifest_missing", Finding, "restore it, or its run directory, from a copy; if it was removed on purpose, leave it out with --exclude";
    BackupTooYoung, "backup_too_young", Note, "prune it later, or with a smaller --older-than";
    OnlyCopy, "only_copy", Note, "keep the backup, or export it first; --include-destructive removes it anyway";
    BackupUnrelated, "backup_unrelated", Note, "nothing needs to be done: another tool may have left it, and it is never changed or removed";
    // Warnings.
    NeverMigrated, "never_migrated", Warning, "nothing needs to be done: only texts, versions and snapshots can be proved; after a migration its journal and the backups prove the rest";
    RuleWarned, "rule_warned", Warning, "check the documents in the message; nothing was refused because of it";
    NumberBeyondRange, "number_beyond_range", Warning, "nothing needs to be done if the number is intended: the schema saw the nearest finite double, and the manifest keeps the number as written";
    NameCase, "name_case", Warning, "rename the file if it is meant to be a manifest";
    OpaqueAtTop, "opaque_at_top", Warning, "if this is a job with that name, rename it, or give the directory above as ROOT: its runs were not visited";
    OtherFileSystem, "other_file_system", Warning, "give --cross-file-systems to enter it";
    UnfinishedOperation, "unfinished_operation", Warning, "wait for it, or run migrate-manifests without --dry-run, which finishes or undoes an operation that was interrupted";
    StateIgnored, "state_ignored", Warning, "if it is the state of your tree, make it your own and writable by nobody else; otherwise nothing needs to be done";
    StateForeign, "state_foreign", Warning, "believe what is said about operations and backups as far as you trust that user; to write, run as that user, or as root with --as-owner";
    StateUnreadable, "state_unreadable", Warning, "run as the owner of the state directory to see what operations did, and which are unfinished";
    Recovered, "recovered", Warning, "nothing needs to be done: the recovery is complete";
    ForeignWriterWindow, "foreign_writer_window", Warning, "make sure that nothing else writes to this tree while migrating";
    JournalIncomplete, "journal_incomplete", Warning, "check the storage of the state directory; the manifests are as reported";
    // The operation.
    TreeNotFound, "tree_not_found", Stop, "give the directory that holds the artifacts, or its parent";
    TreeIsLink, "tree_is_link", Stop, "give the directory that the link leads to as ROOT, if that is the tree that you mean: links are followed only where you type them";
    NestedTree, "nested_tree", Stop, "migrate the inner tree by itself, or move its state directory away if it is not a tree";
    StateNotOurs, "state_not_ours", Stop, "run as the user in the message, or as root with --as-owner; `state adopt`, as root, puts a whole state aside; if it is a single file in a state of your own, find out who put it there and move it away";
    StateUntrusted, "state_untrusted", Stop, "make what is named a real directory or file with one name, writable by nobody but its owner, after you have found out who wrote to it";
    StateUnusable, "state_unusable", Stop, "make the state directory in the tree writable for this user";
    TargetUnknown, "target_unknown", Stop, "choose one of the versions of the catalog";
    CatalogInvalid, "catalog_invalid", Stop, "fix the catalog at the place in the message";
    CatalogUntrusted, "catalog_untrusted", Stop, "give --catalog DIR, or --catalog built-in for the built-in one; or make the directory in the message owned by you or root and writable by nobody else";
    SelectionInvalid, "selection_invalid", Stop, "check the selection";
    Usage, "usage", Stop, "see --help";
    Locked, "locked", Stop, "wait for the other operation, or give --wait";
    StorageFailed, "storage_failed", Stop, "check the storage and run again: every manifest is whole, old or new";
    TreeUnreadable, "tree_unreadable", Stop, "give this user the permission to read the tree; if the message is about input or output, check the storage";
    RuleHalted, "rule_halted", Stop, "fix the documents in the message; nothing was written";
    PartialWithTreeRules, "partial_with_tree_rules", Stop, "migrate the whole tree, or make a plan of it with `plan -o FILE`, and then migrate parts with `--plan FILE` and the flags that select";
    TooManyFailures, "too_many_failures", Stop, "check the manifests that are listed, or raise --max-failures";
    Interrupted, "interrupted", Stop, "run again to continue from here";
    OperationUnknown, "operation_unknown", Stop, "run `migrate-manifests operations` to see all operations";
    PlanInvalid, "plan_invalid", Stop, "make a new plan: one that is cut off or was edited is never executed";
    PlanForeign, "plan_foreign", Stop, "give the tree and the catalog that the plan was made with, or make a new plan";
    OutputExists, "output_exists", Stop, "give another name, or move the file away: nothing is ever overwritten";
    NotReversible, "not_reversible", Stop, "migrate again to have the migrated manifests back: only migrations can be rolled back";
    OutputFailed, "output_failed", Stop, "check the file or program that receives the output; every manifest is whole, old or new";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut all = Self::ALL.iter();
        let known = all.find(|code| code.as_str() == text).copied();
        known.ok_or_else(|| D::Error::custom(format!("`{text}` is not a code")))
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

    #[test]
    fn a_text_that_is_no_code_is_refused() {
        assert_eq!(
            serde_json::from_str::<Code>("\"empty\"").unwrap(),
            Code::Empty
        );
        let error = serde_json::from_str::<Code>("\"Empty\"").unwrap_err();
        assert_eq!(error.to_string(), "`Empty` is not a code");
    }
}
