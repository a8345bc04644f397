//! Checks the run that a manifest describes: its snapshots, the hash of its inputs, its id, the names of its directories.
//! Invariant: a run without declared snapshots is valid.

use std::borrow::Cow;

use super::snapshots::{self, Declared, FileReader};
use crate::catalog::Snapshots;
use crate::code::Code;
use crate::digest::Digest;
use crate::json::{Pointer, Value, ValueKind};
use crate::path::TreePath;
use crate::report::Diagnosis;

const ID_DIGITS: usize = 32;

pub(crate) fn check_run(
    path: &TreePath,
    document: Value<'_>,
    rules: &Snapshots,
    files: &FileReader<'_>,
) -> Vec<Diagnosis> {
    let findings = check_declared(document, rules, Some(files));
    let mut findings = findings.unwrap_or_else(|| {
        let message = format!("`{}` declares none", rules.declared);
        vec![Diagnosis::new(Code::SnapshotsNotDeclared, message)]
    });
    findings.extend(directories(path, document, rules));
    findings
}

/// Checks that the hash of the inputs and the run id follow from the declared snapshots. It opens no file.
pub(crate) fn check_identity(document: Value<'_>, rules: &Snapshots) -> Vec<Diagnosis> {
    check_declared(document, rules, None).unwrap_or_default()
}

/// Checks the declared snapshots; `None` if the document declares none and has no hash of them.
fn check_declared(
    document: Value<'_>,
    rules: &Snapshots,
    files: Option<&FileReader<'_>>,
) -> Option<Vec<Diagnosis>> {
    let declared = match snapshots::declared(document, &rules.declared) {
        Some(Ok(declared)) => declared,
        Some(Err(finding)) => return Some(vec![finding]),
        None => {
            hash(document, rules)?;
            Vec::new()
        }
    };
    let agrees_with = |one: &Declared<'_>| {
        let at = rules.agree.get(one.name.as_ref())?;
        let member = document
            .at(at)
            .filter(|member| member.kind() == ValueKind::Object);
        member.map(|member| (at, member))
    };
    let mut findings = Vec::new();
    if let Some(files) = files {
        let checked = declared
            .iter()
            .flat_map(|one| one.check(files, agrees_with(one)));
        findings.extend(checked);
    }
    findings.extend(inputs_hash(&declared, document, rules));
    Some(findings)
}

fn hash<'t>(document: Value<'t>, rules: &Snapshots) -> Option<Value<'t>> {
    let value = document.at(rules.hash.as_ref()?)?;
    (value.kind() != ValueKind::Null).then_some(value)
}

fn inputs_hash(
    declared: &[Declared<'_>],
    document: Value<'_>,
    rules: &Snapshots,
) -> Vec<Diagnosis> {
    let Some(at) = &rules.hash else {
        return Vec::new();
    };
    let expected = snapshots::inputs_hash(declared);
    let found = document.at(at).and_then(|value| value.as_str());
    let digest = found
        .as_ref()
        .and_then(|found| found.parse::<Digest>().ok());
    let mut findings = Vec::new();
    if digest != Some(expected) {
        let found = in_words(document, at);
        let message = format!("`{at}` is {found}, expected `{}`", expected.prefixed());
        findings.push(Diagnosis::new(Code::InputsHashDiffers, message));
    }
    findings.extend(digest.and_then(|digest| run_id(document, rules, digest)));
    findings
}

fn run_id(document: Value<'_>, rules: &Snapshots, hash: Digest) -> Option<Diagnosis> {
    let at = rules.run_id.as_ref()?;
    let hex = hash.to_string();
    let expected = &hex[..ID_DIGITS];
    let found = text(document, at);
    let follows = found.as_deref().is_some_and(|found| {
        let rest = found.strip_prefix(expected);
        rest.is_some_and(|rest| rest.is_empty() || is_serial(rest))
    });
    (!follows).then(|| {
        let found = in_words(document, at);
        Diagnosis::new(
            Code::RunIdDiffers,
            format!("`{at}` is {found}, expected `{expected}`, or that with `-2`, `-3` and so on"),
        )
    })
}

/// `-2`, `-3` and so on.
fn is_serial(rest: &str) -> bool {
    let digits = rest.strip_prefix('-').unwrap_or_default();
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number && !digits.starts_with('0') && !matches!(digits, "" | "1")
}

fn directories(path: &TreePath, document: Value<'_>, rules: &Snapshots) -> Vec<Diagnosis> {
    let mut above = path
        .parent()
        .rsplit(|byte| *byte == b'/')
        .filter(|name| !name.is_empty());
    let (run, job) = (above.next(), above.next());
    let legacy = rules.legacy_directory.as_deref().map(str::as_bytes);
    let job = job.filter(|job| Some(*job) != legacy);
    let of = [
        ("the run directory", run, &rules.run_id),
        ("the directory above it", job, &rules.job_id),
    ];
    let differing = of.into_iter().filter_map(|(which, name, at)| {
        let (name, at) = (name?, at.as_ref()?);
        let expected = text(document, at)?;
        (name != expected.as_bytes()).then(|| {
            let name = String::from_utf8_lossy(name);
            let message = format!("{which} is `{name}`, expected `{expected}`, as `{at}` says");
            Diagnosis::new(Code::DirectoryNameDiffers, message)
        })
    });
    differing.collect()
}

fn text<'t>(document: Value<'t>, at: &Pointer) -> Option<Cow<'t, str>> {
    document.at(at).and_then(|value| value.as_str())
}

fn in_words(document: Value<'_>, at: &Pointer) -> String {
    let found = document.at(at);
    found.map_or_else(|| "missing".to_owned(), |value| value.in_words())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use crate::json::Text;
    use crate::report::Diagnosis;

    /// Two snapshots, whose files hold `a` and `{"version":2}`.
    const DOCUMENT: &str = r#"{"run_id":"ID","job_id":"j","inputs_hash":"sha256:HASH","doctrine":{"version":2,"resolved_at":"then"},"input_snapshots":{"doctrine":{"path":"inputs/d","bytes":13,"sha256":"sha256:D"},"brief":{"path":"inputs/b","bytes":1,"sha256":"sha256:B"}}}"#;

    fn document() -> String {
        let of = |text: &str| Digest::of(text.as_bytes()).to_string();
        let (brief, doctrine) = (of("a"), of(r#"{"version":2}"#));
        let hash = of(&format!(
            r#"{{"brief":"sha256:{brief}","doctrine":"sha256:{doctrine}"}}"#
        ));
        DOCUMENT
            .replace("ID\"", &format!("{}\"", &hash[..32]))
            .replace("HASH", &hash)
            .replace("sha256:D", &format!("sha256:{doctrine}"))
            .replace("sha256:B", &format!("sha256:{brief}"))
    }

    fn file(name: &str, feed: &mut dyn FnMut(&[u8])) -> Result<(), Diagnosis> {
        let trouble = |code| {
            let message = "no".to_owned();
            Err(Diagnosis::new(code, message))
        };
        match name {
            "inputs/b" => feed(b"a"),
            "inputs/d" => {
                feed(br#"{"version""#);
                feed(b":2}");
            }
            "../b" => return trouble(Code::LeadsOut),
            "link" => return trouble(Code::NotRegular),
            "shut" => return trouble(Code::PermissionDenied),
            _ => return trouble(Code::NotFound),
        }
        Ok(())
    }

    fn check(path: &str, document: &str) -> Vec<String> {
        let catalog = Catalog::built_in().unwrap();
        let rules = catalog.kinds()[0].snapshots.as_ref().unwrap();
        let text = Text::scan(document.as_bytes()).unwrap();
        let path = TreePath::new(path.as_bytes()).unwrap();
        let findings = check_run(&path, text.root(), rules, &file).into_iter();
        findings
            .map(|one| format!("{}: {}", one.code, one.message))
            .collect()
    }

    fn id(document: &str) -> &str {
        &document[11..43]
    }

    #[test]
    fn a_run_that_agrees_with_its_files_and_directories_is_sound() {
        let document = document();
        let id = id(&document);
        for path in [
            &format!("j/{id}/manifest.json"),
            &format!("runs/{id}/manifest.json"),
            &format!("{id}/manifest.json"),
            "manifest.json",
        ] {
            assert_eq!(check(path, &document), [""; 0], "{path}");
        }
        let again = document.replacen(id, &format!("{id}-12"), 1);
        assert_eq!(check("manifest.json", &again), [""; 0]);
    }

    #[test]
    fn what_does_not_agree_is_named() {
        let document = document();
        let id = id(&document);
        let hash = &document[document.find("sha256:").unwrap()..][..71];
        let must = format!("expected `{id}`, or that with `-2`, `-3` and so on");
        for (from, to, found) in [
            ("inputs/b", "../b", "snapshot_leads_out: `../b` leads out of the run directory, so it was not opened".to_owned()),
            ("inputs/b", "link", "snapshot_not_regular: `link`: no".to_owned()),
            ("inputs/b", "gone", "snapshot_missing: `gone` is not there".to_owned()),
            ("inputs/b", "shut", "permission_denied: `shut`: no".to_owned()),
            ("\"bytes\":1,", "\"bytes\":2,", "snapshot_size_differs: `inputs/b` has the size 1, expected 2".to_owned()),
            ("\"bytes\":1,", "", "snapshot_malformed: `/input_snapshots/brief/bytes` is missing, expected a number of bytes".to_owned()),
            ("\"version\":2", "\"version\":3", "snapshot_disagrees: `inputs/d` has another `version` than `/doctrine/version`".to_owned()),
            (hash, "x", format!("inputs_hash_differs: `/inputs_hash` is `x`, expected `{hash}`")),
            (id, &format!("{id}-1"), format!("run_id_differs: `/run_id` is `{id}-1`, {must}")),
            (id, "r", format!("run_id_differs: `/run_id` is `r`, {must}")),
        ] {
            let changed = document.replacen(from, to, 1);
            assert_eq!(check("manifest.json", &changed), [found], "{from} {to}");
        }
        assert_eq!(
            check("k/r/manifest.json", &document),
            [
                format!("directory_name_differs: the run directory is `r`, expected `{id}`, as `/run_id` says"),
                "directory_name_differs: the directory above it is `k`, expected `j`, as `/job_id` says".to_owned(),
            ]
        );
    }

    #[test]
    fn a_run_that_declares_nothing_is_asked_for_nothing() {
        for nothing in [
            "",
            r#","input_snapshots":{},"inputs_hash":null"#,
            r#","input_snapshots":null"#,
        ] {
            let document = format!(r#"{{"run_id":"r"{nothing}}}"#);
            assert_eq!(
                check("runs/r/manifest.json", &document),
                ["snapshots_not_declared: `/input_snapshots` declares none"]
            );
        }
        let list = r#"{"run_id":"r","input_snapshots":[]}"#;
        assert_eq!(
            check("r/manifest.json", list),
            ["snapshot_malformed: `/input_snapshots` is an array, expected an object"]
        );
    }
}
