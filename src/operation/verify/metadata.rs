//! Differences in mode, owner, modification time, attributes and number of names from what journals say.
//!
//! Invariant: a difference that all files of an operation share, as in a tree that was copied, is one finding.

use std::collections::{BTreeMap, BTreeSet};

use crate::code::Code;
use crate::journal::{BackupId, Deed, Ledger, OperationId};
use crate::path::TreePath;
use crate::report::Diagnosis;
use crate::storage::{Property, PropertyDifference};

/// The most differences of one kind that are kept while all files that were compared share them.
const MOST_HELD: usize = 256;

/// A file that was compared with a journal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum File {
    Backup(BackupId),
    Manifest,
}

impl File {
    /// The properties that the journal knows of such a file. The modification time and the attributes of a migrated manifest are nobody's promise.
    pub(super) fn properties(&self) -> &'static [Property] {
        match self {
            Self::Backup(_) => &Property::ALL,
            Self::Manifest => &[Property::Mode, Property::Owner, Property::Names],
        }
    }

    fn is_backup(&self) -> bool {
        matches!(self, Self::Backup(_))
    }

    fn finding(&self, code: Code, words: &[String]) -> Diagnosis {
        let words = words.join("; ");
        let message = match self {
            Self::Backup(name) => format!("the backup `{name}`: {words}"),
            Self::Manifest => words,
        };
        Diagnosis::new(code, message)
    }
}

fn code(is_backup: bool, property: Property) -> Code {
    match (property, is_backup) {
        (Property::Names, _) => Code::HardLinked,
        (_, true) => Code::BackupMetadataChanged,
        (_, false) => Code::MetadataChanged,
    }
}

/// The comparison of one file with the journal of an operation.
#[derive(Debug)]
pub(super) struct Compared {
    pub(super) operation: OperationId,
    pub(super) file: File,
    pub(super) differences: Vec<PropertyDifference>,
}

impl Compared {
    pub(super) fn has_second_name(&self) -> bool {
        self.differences.iter().any(|one| one.of == Property::Names)
    }

    fn differs_in(&self, property: Property) -> bool {
        self.differences.iter().any(|one| one.of == property)
    }
}

/// All backups or all manifests of an operation, and one property of them.
type PropertyGroup = (OperationId, bool, Property);

struct MetadataDifference {
    path: TreePath,
    file: File,
    words: String,
}

/// The differences that all files of a group share so far.
#[derive(Default)]
struct Shared {
    count: u64,
    /// The first ones.
    held: Vec<MetadataDifference>,
}

/// All differences of a verification.
pub(super) struct Differences {
    shared: BTreeMap<PropertyGroup, Shared>,
    /// The groups with a file that does not differ.
    mixed: BTreeSet<PropertyGroup>,
    /// The operations of which each file is reported by itself.
    single: BTreeSet<OperationId>,
}

impl Differences {
    /// With `each_by_itself` no difference is held until the end.
    pub(super) fn new(ledger: &Ledger, each_by_itself: bool) -> Self {
        let mut replaced: BTreeMap<&OperationId, u64> = BTreeMap::new();
        for entry in ledger.deeds() {
            if let Deed::Replaced { .. } = entry.deed {
                *replaced.entry(&entry.operation.id).or_default() += 1;
            }
        }
        let single = replaced
            .into_iter()
            .filter(|(_, count)| each_by_itself || *count == 1);
        Self {
            shared: BTreeMap::new(),
            mixed: BTreeSet::new(),
            single: single.map(|(id, _)| id.clone()).collect(),
        }
    }

    /// Records which differences not all files share; returns those that were held until now.
    pub(super) fn note(&mut self, compared: &Compared) -> Vec<Diagnosis> {
        let mut released = Vec::new();
        for property in compared.file.properties() {
            if compared.differs_in(*property) {
                continue;
            }
            let is_backup = compared.file.is_backup();
            let group = (compared.operation.clone(), is_backup, *property);
            released.extend(
                self.shared
                    .remove(&group)
                    .map(|shared| (group.clone(), shared)),
            );
            self.mixed.insert(group);
        }
        findings(released)
    }

    /// Returns what is to be reported of one file at once; the rest is held.
    pub(super) fn take(&mut self, path: &TreePath, compared: Compared) -> Vec<Diagnosis> {
        let Compared {
            operation,
            file,
            differences,
        } = compared;
        let mut by_code: BTreeMap<Code, Vec<String>> = BTreeMap::new();
        for PropertyDifference { of, words } in differences {
            let group = (operation.clone(), file.is_backup(), of);
            if self.single.contains(&operation) || self.mixed.contains(&group) {
                let code = code(file.is_backup(), of);
                by_code.entry(code).or_default().push(words);
                continue;
            }
            let shared = self.shared.entry(group).or_default();
            shared.count += 1;
            if shared.held.len() < MOST_HELD {
                shared.held.push(MetadataDifference {
                    path: path.clone(),
                    file: file.clone(),
                    words,
                });
            }
        }
        let by_code = by_code.into_iter();
        by_code
            .map(|(code, words)| file.finding(code, &words))
            .collect()
    }

    /// The findings about differences that all files of an operation share.
    pub(super) fn finish(&mut self) -> Vec<Diagnosis> {
        let is_shared = |(_, shared): &(PropertyGroup, Shared)| shared.count > 1;
        let held = std::mem::take(&mut self.shared).into_iter();
        let (shared, alone): (Vec<_>, Vec<_>) = held.partition(is_shared);
        let mut of_operations: BTreeMap<OperationId, Vec<(PropertyGroup, Shared)>> =
            BTreeMap::new();
        for one in shared {
            of_operations.entry(one.0.0.clone()).or_default().push(one);
        }
        let shared = of_operations
            .iter()
            .filter_map(|(operation, groups)| shared_finding(operation, groups));
        let mut all = findings(alone);
        all.extend(shared);
        all
    }
}

/// One finding for each file, and one for those that were not kept.
fn findings(groups: Vec<(PropertyGroup, Shared)>) -> Vec<Diagnosis> {
    let mut by_file: BTreeMap<(TreePath, File, Code), Vec<String>> = BTreeMap::new();
    let mut more = Vec::new();
    for ((operation, is_backup, property), shared) in groups {
        let code = code(is_backup, property);
        let left = shared.count - shared.held.len() as u64;
        if left > 0 {
            let (files, what) = (files(is_backup), property.words());
            let message = format!(
                "{left} more {files} of operation `{operation}` have another {what} than its journal says"
            );
            more.push(Diagnosis::new(code, message));
        }
        for MetadataDifference { path, file, words } in shared.held {
            by_file.entry((path, file, code)).or_default().push(words);
        }
    }
    let by_file = by_file.into_iter();
    by_file
        .map(|((path, file, code), words)| file.finding(code, &words).at(path))
        .chain(more)
        .collect()
}

fn files(is_backup: bool) -> &'static str {
    if is_backup { "backups" } else { "manifests" }
}

/// One finding about all groups of an operation, of the backups first.
fn shared_finding(
    operation: &OperationId,
    groups: &[(PropertyGroup, Shared)],
) -> Option<Diagnosis> {
    let of_files = |wanted: bool| {
        let groups = groups.iter();
        groups.filter(move |((_, is_backup, _), _)| *is_backup == wanted)
    };
    let described = [true, false].into_iter().filter_map(|is_backup| {
        let properties: Vec<&str> = of_files(is_backup)
            .map(|((_, _, property), _)| property.words())
            .collect();
        let (_, shared) = of_files(is_backup).next()?;
        let (count, files) = (shared.count, files(is_backup));
        Some(format!(
            "all {count} {files} have another {}",
            properties.join(" and ")
        ))
    });
    let described: Vec<String> = described.collect();
    let ((_, is_backup, property), shared) = of_files(true).chain(of_files(false)).next()?;
    let code = code(*is_backup, *property);
    let one = shared.held.first()?;
    let example = one.file.finding(code, std::slice::from_ref(&one.words));
    let message = format!(
        "{} than the journal of operation `{operation}` says, as in a tree that was copied: at `{}` {}",
        described.join(", and "),
        one.path,
        example.message
    );
    Some(Diagnosis::new(code, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: &str = "owner 1:1, expected 0:0";

    fn path(number: usize) -> TreePath {
        TreePath::new(format!("job/{number:04}/manifest.json").as_bytes()).unwrap()
    }

    fn compared(file: File, differences: &[(Property, &str)]) -> Compared {
        let differences = differences.iter().map(|(of, words)| PropertyDifference {
            of: *of,
            words: (*words).to_owned(),
        });
        Compared {
            operation: "20260101T000000Z-1".parse().unwrap(),
            file,
            differences: differences.collect(),
        }
    }

    fn backup(differences: &[(Property, &str)]) -> Compared {
        compared(
            File::Backup(BackupId::new("manifest.json.backup").unwrap()),
            differences,
        )
    }

    fn none() -> Differences {
        Differences::new(&Ledger::default(), false)
    }

    /// Notes and takes files one by one; returns the findings that came at once.
    fn take(all: &mut Differences, files: impl IntoIterator<Item = Compared>) -> Vec<Diagnosis> {
        let mut findings = Vec::new();
        for (number, file) in files.into_iter().enumerate() {
            findings.extend(all.note(&file));
            findings.extend(all.take(&path(number), file));
        }
        findings
    }

    #[test]
    fn a_difference_that_all_files_share_is_one_finding_at_the_end() {
        let mut all = none();
        let manifest = || compared(File::Manifest, &[(Property::Owner, OWNER)]);
        let differs = || backup(&[(Property::Owner, OWNER), (Property::Modified, "later")]);
        let held = take(&mut all, [differs(), manifest(), differs(), manifest()]);
        assert_eq!(held, []);
        let findings = all.finish();
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!(findings[0].code, Code::BackupMetadataChanged);
        assert_eq!(
            findings[0].message,
            "all 2 backups have another owner and modification time, and all 2 manifests have another owner than the journal of operation `20260101T000000Z-1` says, as in a tree that was copied: at `job/0000/manifest.json` the backup `manifest.json.backup`: owner 1:1, expected 0:0"
        );
    }

    #[test]
    fn a_difference_that_one_file_does_not_have_is_a_finding_of_each_of_the_others() {
        let mut all = none();
        let differs = || backup(&[(Property::Owner, OWNER), (Property::Mode, "mode 0666")]);
        assert_eq!(take(&mut all, [differs(), differs()]), []);
        let released = take(&mut all, [backup(&[]), differs()]);
        let told: Vec<_> = released
            .iter()
            .map(|one| (one.path.clone(), one.message.as_str()))
            .collect();
        let message = "the backup `manifest.json.backup`: mode 0666; owner 1:1, expected 0:0";
        // What comes at once gets its path from its manifest, and has the order of the comparison.
        let at_once = "the backup `manifest.json.backup`: owner 1:1, expected 0:0; mode 0666";
        assert_eq!(
            told,
            [
                (Some(path(0)), message),
                (Some(path(1)), message),
                (None, at_once)
            ]
        );
        assert_eq!(all.finish(), []);
    }

    #[test]
    fn only_a_bounded_number_is_kept_and_the_rest_is_counted() {
        let mut all = none();
        let differs = || backup(&[(Property::Names, "2 names")]);
        let many = std::iter::repeat_with(differs).take(MOST_HELD + 44);
        assert_eq!(take(&mut all, many), []);
        let released = take(&mut all, [backup(&[])]);
        assert_eq!(released.len(), MOST_HELD + 1);
        assert_eq!(
            released[MOST_HELD].message,
            "44 more backups of operation `20260101T000000Z-1` have another number of names than its journal says"
        );
        assert!(released.iter().all(|one| one.code == Code::HardLinked));
    }

    #[test]
    fn what_only_one_file_could_share_is_told_of_that_file() {
        let mut all = none();
        take(
            &mut all,
            [backup(&[(Property::Mode, "mode 0666, expected 0600")])],
        );
        let findings = all.finish();
        assert_eq!(
            findings,
            [Diagnosis::new(
                Code::BackupMetadataChanged,
                "the backup `manifest.json.backup`: mode 0666, expected 0600"
            )
            .at(path(0))]
        );
    }
}
