//! Limits that the system or the caller's shell sets: the size of files, the umask, the length of paths.
//!
//! Invariant: a limit is an answer of the program, never its end, and what was begun under it is finished without it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use crate::support::sandbox::{Output, Sandbox};

const MANIFEST: &str = "{\"schema_version\":\"1.0.0\",\"run_id\":\"a\"}\n";
const STATE: &str = "artifacts/.migrate-manifests";

/// Runs the program in a shell that has run `setting` before.
fn after(sandbox: &Sandbox, setting: &str, words: &[&str]) -> Output {
    let script = format!("{setting} && exec \"$@\"");
    let invocation = sandbox.invoke(words);
    invocation.under(["sh", "-c", &*script, "sh"]).run()
}

#[test]
fn a_limit_on_the_size_of_files_is_like_a_full_disk() {
    for kilobytes in [1, 4, 8] {
        let sandbox = Sandbox::new();
        let long = "x".repeat(12 * 1024);
        let text = format!("{{\"schema_version\":\"1.0.0\",\"run_id\":\"a\",\"v\":\"{long}\"}}\n");
        sandbox.manifest("job/one", &text);
        // The shell counts in blocks of 512 bytes.
        let limit = format!("ulimit -c 0 && ulimit -f {}", kilobytes * 2);
        let output = after(&sandbox, &limit, &[]);
        output.code(6);
        assert!(output.stderr.contains("File too large"), "{output}");
        let run = "artifacts/job/one/manifest.json";
        assert_eq!(sandbox.read(run), text.as_bytes(), "{output}");
        sandbox.run(["--quiet"]).code(0);
        let backup = format!("{run}.backup");
        assert_eq!(sandbox.read(backup), text.as_bytes(), "{output}");
        let staging = fs::read_dir(sandbox.path(format!("{STATE}/staging"))).unwrap();
        // The guard is there for good.
        assert_eq!(staging.count(), 1, "{output}");
    }
}

#[test]
fn a_umask_that_takes_the_owners_rights_leaves_a_state_that_can_be_used() {
    let sandbox = Sandbox::new();
    sandbox.manifest("job/one", MANIFEST);
    after(&sandbox, "umask 0777", &["--quiet"]).code(0);
    for (name, mode) in [("lock", 0o600), ("head", 0o600), ("operations", 0o700)] {
        let found = fs::metadata(sandbox.path(format!("{STATE}/{name}"))).unwrap();
        assert_eq!(found.permissions().mode() & 0o777, mode, "{name}");
    }
    let journals = fs::read_dir(sandbox.path(format!("{STATE}/operations"))).unwrap();
    for journal in journals {
        let mode = journal.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    sandbox.run(["rollback", "--last"]).code(0);
}

/// The manifest's own path fits exactly, that of its backup does not.
#[test]
fn a_manifest_whose_backup_would_have_too_long_a_path_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.manifest("job/one", MANIFEST);
    let longest = 4_095 - "/manifest.json".len();
    let name = "d".repeat(200);
    let mut path = sandbox.path("artifacts");
    let mut bytes = 0;
    while bytes < longest {
        let before = bytes + usize::from(bytes > 0);
        let mut next = name.len().min(longest - before);
        // One byte would be left for a separator and a name.
        next -= usize::from(longest - before - next == 1);
        path.push(&name[..next]);
        bytes = before + next;
    }
    let made = std::process::Command::new("python3")
        .args(["-c", MAKE, MANIFEST])
        .arg(sandbox.path("artifacts"))
        .arg(path.strip_prefix(sandbox.path("artifacts")).unwrap())
        .status();
    assert!(made.unwrap().success());
    let output = sandbox.run(["--format", "json"]);
    output.code(1);
    let counts = &output.json()["counts"];
    assert_eq!(
        (&counts["refused"], &counts["migrated"]),
        (&json!(1), &json!(1)),
        "{output}"
    );
    let report = output.json();
    let mut manifests = report["manifests"].as_array().unwrap().iter();
    let refused = manifests.find(|one| one["outcome"] == "refused").unwrap();
    assert_eq!(
        (&refused["code"], &refused["message"]),
        (
            &json!("path_too_long"),
            &json!("the path of its backup could have 4121 bytes, the limit is 4095")
        ),
        "{output}"
    );
    sandbox.run(["rollback", "--last"]).code(0);
}

/// Makes directories one by one, because their whole path is too long for one call.
const MAKE: &str = "
import os, sys
text, root, path = sys.argv[1:4]
os.chdir(root)
for name in path.split('/'):
    os.mkdir(name)
    os.chdir(name)
open('manifest.json', 'w').write(text)
";

#[test]
fn a_limit_of_nothing_is_explained() {
    let sandbox = Sandbox::new();
    let output = sandbox.run(["--limit", "0"]);
    output.code(2);
    assert!(
        output.stderr.contains("expected a number, 1 or more"),
        "{output}"
    );
}
