//! The table of trouble: what each kind is made of, and what is to be expected of it.
//!
//! One entry a line where it fits, so rustfmt leaves the tables alone.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::path::PathBuf;

use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};
use sha2::{Digest as _, Sha256};

use super::{BASE, Expect, Make, Place, Trouble, Who};
use crate::support::tree::hex;

/// Every kind of trouble.
pub(crate) fn all() -> impl Iterator<Item = &'static Trouble> {
    let tables = [
        BYTES, SYNTAX, ENDINGS, DUPLICATES, LIMITS, VALUES, FILES, BACKUPS, PLACES,
    ];
    tables.into_iter().flatten()
}

const MIGRATED: Expect = Expect::new("migrated", "");
const CURRENT: Expect = Expect::new("current", "");
const AHEAD: Expect = Expect::new("ahead", "");
const DEFERRED: Expect = Expect::new("deferred", "");
const UNSEEN: Expect = Expect::new("unseen", "");

const fn refused(code: &'static str) -> Expect {
    Expect::new("refused", code)
}

const fn warning(code: &'static str) -> Expect {
    Expect::new("warning", code)
}

const fn counted(outcome: &'static str) -> Expect {
    Expect::new(outcome, "")
}

const DENIED: Expect = Expect::new("failed", "permission_denied");

const fn trouble(name: &'static str, expect: Expect, make: Make) -> Trouble {
    Trouble {
        name,
        make,
        expect,
        who: Who::Everyone,
    }
}

const fn patch(
    name: &'static str,
    expect: Expect,
    from: &'static str,
    to: &'static str,
) -> Trouble {
    trouble(name, expect, Make::Patch(from, to))
}

const fn bytes(name: &'static str, expect: Expect, bytes: &'static [u8]) -> Trouble {
    trouble(name, expect, Make::Bytes(bytes))
}

const fn built(name: &'static str, expect: Expect, build: fn() -> Vec<u8>) -> Trouble {
    trouble(name, expect, Make::Built(build))
}

const fn place(
    name: &'static str,
    expect: Expect,
    make: fn(&Place) -> io::Result<PathBuf>,
) -> Trouble {
    trouble(name, expect, Make::Place(make))
}

const fn only(who: Who, trouble: Trouble) -> Trouble {
    Trouble { who, ..trouble }
}

/// Bytes that are no text.
#[rustfmt::skip]
const BYTES: &[Trouble] = &[
    bytes("not-utf8-latin-1", refused("not_utf8"), b"{\"run_id\": \"x\", \"meta\": {\"n\": \"Gr\xfc\xdfe\"}}\n"),
    bytes("not-utf8-in-a-name", refused("not_utf8"), b"{\"run_id\": \"x\", \"gr\xfc\": 1}\n"),
    bytes("not-utf8-overlong", refused("not_utf8"), b"{\"run_id\": \"x\", \"n\": \"\xc0\x80\"}\n"),
    bytes("not-utf8-encoded-surrogate", refused("not_utf8"), b"{\"run_id\": \"x\", \"n\": \"\xed\xa0\x80\"}\n"),
    bytes("not-utf8-beyond-unicode", refused("not_utf8"), b"{\"run_id\": \"x\", \"n\": \"\xf5\x80\x80\x80\"}\n"),
    bytes("not-utf8-cut-character", refused("not_utf8"), b"{\"run_id\": \"x\", \"n\": \"\xe5\xa4\"}\n"),
    bytes("not-utf8-lone-continuation", refused("not_utf8"), b"{\"run_id\": \"x\", \"n\": \"\x80\"}\n"),
    built("not-utf8-utf16-little", refused("not_utf8"), || utf16(u16::to_le_bytes)),
    built("not-utf8-utf16-big", refused("not_utf8"), || utf16(u16::to_be_bytes)),
    built("byte-order-mark", refused("byte_order_mark"), || [b"\xef\xbb\xbf", BASE.as_bytes()].concat()),
    bytes("byte-order-mark-alone", refused("byte_order_mark"), b"\xef\xbb\xbf"),
    bytes("empty", refused("empty"), b""),
    bytes("white-space-only", refused("empty"), b" \t\r\n\n"),
    built("zeros-after-a-crash", refused("syntax_error"), || {
        vec![0; 4096]
    }),
];

/// Texts that are not JSON.
#[rustfmt::skip]
const SYNTAX: &[Trouble] = &[
    patch("comment-line", refused("syntax_error"), "\"status\"", "// note\n  \"status\""),
    patch("comment-block", refused("syntax_error"), "\"status\"", "/* note */ \"status\""),
    patch("comment-hash", refused("syntax_error"), "\"status\"", "# note\n  \"status\""),
    patch("single-quotes", refused("syntax_error"), "\"succeeded\"", "'succeeded'"),
    patch("name-without-quotes", refused("syntax_error"), "\"status\"", "status"),
    patch("name-is-a-number", refused("syntax_error"), "\"status\"", "1"),
    patch("trailing-comma-in-object", refused("syntax_error"), "null\n", "null,\n"),
    patch("trailing-comma-in-array", refused("syntax_error"), "1.50", "[1,]"),
    patch("leading-comma", refused("syntax_error"), "{\"note\"", "{,\"note\""),
    patch("double-comma", refused("syntax_error"), "{},", "{},,"),
    patch("missing-comma", refused("syntax_error"), "{},", "{}"),
    patch("missing-colon", refused("syntax_error"), "\"status\": ", "\"status\" "),
    patch("double-colon", refused("syntax_error"), "\"status\": ", "\"status\":: "),
    patch("missing-value", refused("syntax_error"), "1.50", ""),
    patch("equals-for-colon", refused("syntax_error"), "\"status\": ", "\"status\" = "),
    patch("mismatched-brackets", refused("syntax_error"), "{},", "{],"),
    patch("control-character-newline", refused("syntax_error"), "Grüße", "Grü\nße"),
    patch("control-character-tab", refused("syntax_error"), "Grüße", "Grü\tße"),
    patch("control-character-zero", refused("syntax_error"), "Grüße", "Grü\0ße"),
    patch("control-character-escape", refused("syntax_error"), "Grüße", "\u{1b}[31mred"),
    patch("bad-escape-letter", refused("syntax_error"), "Grüße", "\\x41"),
    patch("bad-escape-quote", refused("syntax_error"), "Grüße", "it\\'s"),
    patch("bad-escape-hex", refused("syntax_error"), "Grüße", "\\u00zz"),
    patch("bad-escape-short", refused("syntax_error"), "Grüße", "\\u41"),
    patch("leading-zero", refused("syntax_error"), "1.50", "01"),
    patch("leading-zero-negative", refused("syntax_error"), "1.50", "-01"),
    patch("leading-plus", refused("syntax_error"), "1.50", "+1"),
    patch("leading-point", refused("syntax_error"), "1.50", ".5"),
    patch("trailing-point", refused("syntax_error"), "1.50", "1."),
    patch("exponent-without-digits", refused("syntax_error"), "1.50", "1e+"),
    patch("minus-alone", refused("syntax_error"), "1.50", "-"),
    patch("hex-number", refused("syntax_error"), "1.50", "0x1F"),
    patch("underscore-in-number", refused("syntax_error"), "1.50", "1_000"),
    patch("python-true", refused("syntax_error"), "1.50", "True"),
    patch("python-none", refused("syntax_error"), "null", "None"),
    patch("undefined", refused("syntax_error"), "null", "undefined"),
    patch("form-feed-as-white-space", refused("syntax_error"), "{},", "{},\x0c"),
    patch("no-break-space-as-white-space", refused("syntax_error"), "{},", "{},\u{a0}"),
    patch("not-a-number", refused("not_a_number"), "1.50", "NaN"),
    patch("infinity", refused("not_a_number"), "1.50", "Infinity"),
    patch("infinity-negative", refused("not_a_number"), "1.50", "-Infinity"),
    patch("lone-surrogate-high", refused("lone_surrogate"), "Grüße", "\\ud83d"),
    patch("lone-surrogate-high-before-text", refused("lone_surrogate"), "Grüße", "\\ud83dabc"),
    patch("lone-surrogate-high-before-escape", refused("lone_surrogate"), "Grüße", "\\ud83d\\u0041"),
    patch("lone-surrogate-low", refused("lone_surrogate"), "Grüße", "\\ude00"),
    patch("lone-surrogate-reversed", refused("lone_surrogate"), "Grüße", "\\ude00\\ud83d"),
    patch("lone-surrogate-twice-high", refused("lone_surrogate"), "Grüße", "\\ud83d\\ud83d"),
    patch("lone-surrogate-in-a-name", refused("lone_surrogate"), "\"note\"", "\"\\udfff\""),
    patch("whole-surrogate-pair", MIGRATED, "Grüße", "\\ud83d\\ude00 \\uD834\\uDD1E"),
    bytes("lines-of-json", refused("trailing_data"), b"{\"run_id\": \"a\"}\n{\"run_id\": \"b\"}\n"),
    patch("trailing-brace", refused("trailing_data"), "null\n}", "null\n}}"),
    patch("trailing-text", refused("trailing_data"), "null\n}\n", "null\n}\nend\n"),
    patch("trailing-zeros", refused("trailing_data"), "null\n}\n", "null\n}\n\0\0\0\0"),
    patch("trailing-merge-marker", refused("trailing_data"), "null\n}\n", "null\n}\n>>>>>>> theirs\n"),
];

/// Texts that end too early.
#[rustfmt::skip]
const ENDINGS: &[Trouble] = &[
    bytes("truncated-after-brace", refused("truncated"), b"{"),
    bytes("truncated-in-a-name", refused("truncated"), b"{\n  \"run_"),
    bytes("truncated-after-a-name", refused("truncated"), b"{\"run_id\""),
    bytes("truncated-after-colon", refused("truncated"), b"{\"run_id\": "),
    bytes("truncated-in-a-string", refused("truncated"), b"{\"run_id\": \"575fc3"),
    bytes("truncated-in-an-escape", refused("truncated"), b"{\"run_id\": \"\\u00"),
    bytes("truncated-after-backslash", refused("truncated"), b"{\"run_id\": \"\\"),
    bytes("truncated-in-a-literal", refused("truncated"), b"{\"error\": nul"),
    bytes("truncated-in-a-number", refused("truncated"), b"{\"run_id\": \"x\", \"n\": 1."),
    bytes("truncated-after-a-value", refused("truncated"), b"{\"run_id\": \"x\""),
    bytes("truncated-after-comma", refused("truncated"), b"{\"run_id\": \"x\","),
    bytes("truncated-in-an-array", refused("truncated"), b"{\"run_id\": \"x\", \"a\": [1, 2"),
    patch("truncated-last-brace", refused("truncated"), "null\n}\n", "null\n"),
];

/// One name twice, and top levels that are no object.
#[rustfmt::skip]
const DUPLICATES: &[Trouble] = &[
    patch("duplicate-at-top", refused("duplicate_name"), "\"status\": \"succeeded\"", "\"status\": \"succeeded\", \"status\": \"failed\""),
    patch("duplicate-run-id", refused("duplicate_name"), "\"error\": null", "\"run_id\": \"other\""),
    patch("duplicate-version", refused("duplicate_name"), "\"error\": null", "\"schema_version\": \"1.2.0\""),
    patch("duplicate-nested", refused("duplicate_name"), "1.50", "1.50, \"note\": 2"),
    patch("duplicate-escaped", refused("duplicate_name"), "\"note\": \"Grüße\"", "\"a\": 1, \"\\u0061\": 2"),
    patch("duplicate-escaped-pair", refused("duplicate_name"), "\"note\": \"Grüße\"", "\"\u{1f600}\": 1, \"\\ud83d\\ude00\": 2"),
    patch("duplicate-escaped-slash", refused("duplicate_name"), "\"note\": \"Grüße\"", "\"a/b\": 1, \"a\\/b\": 2"),
    patch("duplicate-in-array-of-objects", refused("duplicate_name"), "1.50", "[{\"a\": 1}, {\"b\": 1, \"c\": 2, \"b\": 1}]"),
    patch("duplicate-empty-name", refused("duplicate_name"), "\"note\": \"Grüße\"", "\"\": 1, \"\": 2"),
    patch("duplicate-with-equal-values", refused("duplicate_name"), "\"error\": null", "\"error\": null, \"error\": null"),
    patch("duplicate-in-a-running-one", refused("duplicate_name"), "\"succeeded\"", "\"running\", \"error\": 1"),
    built("duplicate-in-a-current-one", refused("duplicate_name"), || current("\"meta\": {\"a\": 1, \"a\": 1}")),
    patch("not-duplicate-composed", MIGRATED, "\"note\": \"Grüße\"", "\"\u{e9}\": 1, \"e\u{301}\": 2"),
    patch("not-duplicate-case", MIGRATED, "\"note\": \"Grüße\"", "\"Note\": 1, \"note\": 2"),
    bytes("top-level-array", refused("not_an_object"), b"[{\"run_id\": \"x\"}]\n"),
    bytes("top-level-string", refused("not_an_object"), b"\"manifest\"\n"),
    bytes("top-level-number", refused("not_an_object"), b"120\n"),
    bytes("top-level-null", refused("not_an_object"), b"null\n"),
    bytes("top-level-true", refused("not_an_object"), b"true"),
];

/// At and over the limits.
#[rustfmt::skip]
const LIMITS: &[Trouble] = &[
    built("depth-128", MIGRATED, || nested(127)),
    built("depth-129", refused("too_deep"), || nested(128)),
    built("depth-100000", refused("too_deep"), || nested(100_000)),
    built("depth-100000-never-closed", refused("too_deep"), || {
        vec![b'['; 100_000]
    }),
    built("size-16-mib-current", CURRENT, || sized(current, 16 << 20)),
    built("size-16-mib-result-too-large", refused("too_large"), || sized(pending, 16 << 20)),
    built("size-over-16-mib", refused("too_large"), || sized(pending, (16 << 20) + 1)),
    built("members-100000", MIGRATED, || pending(&format!("\"meta\": {{{}}}", members(100_000)))),
    built("members-100001", refused("too_many_members"), || pending(&format!("\"meta\": {{{}}}", members(100_001)))),
    built("members-100000-result-too-many", refused("too_many_members"), || pending(&members(99_998))),
    built("history-10000-current", CURRENT, || current(&history(10_000))),
    built("history-10000-result-too-long", refused("history_too_long"), || pending(&history(10_000))),
    built("history-10001", refused("history_too_long"), || current(&history(10_001))),
    built("long-string", MIGRATED, || pending(&format!("\"meta\": \"{}\"", "x".repeat(1 << 20)))),
    built("long-number", MIGRATED, || pending(&format!("\"meta\": {}", "9".repeat(20_000)))),
    patch("number-beyond-double", MIGRATED, "1.50", "1e400"),
    patch("number-negative-zero", MIGRATED, "1.50", "-0"),
];

/// Values that a manifest may not have, and those that only look like it.
#[rustfmt::skip]
const VALUES: &[Trouble] = &[
    patch("version-number", refused("version_not_text"), "\"1.0.0\"", "1.0"),
    patch("version-null", refused("version_not_text"), "\"1.0.0\"", "null"),
    patch("version-bool", refused("version_not_text"), "\"1.0.0\"", "true"),
    patch("version-array", refused("version_not_text"), "\"1.0.0\"", "[1, 0, 0]"),
    patch("version-object", refused("version_not_text"), "\"1.0.0\"", "{\"major\": 1}"),
    patch("version-two-parts", refused("version_malformed"), "\"1.0.0\"", "\"1.2\""),
    patch("version-four-parts", refused("version_malformed"), "\"1.0.0\"", "\"1.2.0.0\""),
    patch("version-with-v", refused("version_malformed"), "\"1.0.0\"", "\"v1.0.0\""),
    patch("version-pre-release", refused("version_malformed"), "\"1.0.0\"", "\"1.0.0-rc.1\""),
    patch("version-build", refused("version_malformed"), "\"1.0.0\"", "\"1.0.0+7\""),
    patch("version-leading-zero", refused("version_malformed"), "\"1.0.0\"", "\"01.0.0\""),
    patch("version-empty", refused("version_malformed"), "\"1.0.0\"", "\"\""),
    patch("version-with-space", refused("version_malformed"), "\"1.0.0\"", "\" 1.0.0\""),
    patch("version-other-digits", refused("version_malformed"), "\"1.0.0\"", "\"\u{661}.0.0\""),
    patch("version-over-64-bits", refused("version_malformed"), "\"1.0.0\"", "\"1.99999999999999999999.0\""),
    patch("version-unknown", refused("version_unknown"), "\"1.0.0\"", "\"9.9.9\""),
    patch("version-unknown-patch", refused("version_unknown"), "\"1.0.0\"", "\"1.0.5\""),
    patch("version-unknown-older", refused("version_unknown"), "\"1.0.0\"", "\"0.9.0\""),
    patch("version-ahead-minor", AHEAD, "\"1.0.0\"", "\"1.3.0\""),
    patch("version-ahead-patch", AHEAD, "\"1.0.0\"", "\"1.2.1\""),
    patch("version-escaped", MIGRATED, "\"1.0.0\"", "\"\\u0031.0.0\""),
    patch("version-under-an-escaped-name", AHEAD, "\"schema_version\": \"1.0.0\"", "\"schema\\u005fversion\": \"1.3.0\""),
    patch("version-missing", MIGRATED, "\"schema_version\": \"1.0.0\",\n  ", ""),
    patch("version-only-nested", MIGRATED, "\"schema_version\": \"1.0.0\",\n  ", "\"x\": {\"schema_version\": 7},\n  "),
    patch("history-object", refused("history_not_a_list"), "\"error\": null", "\"migration_history\": {}"),
    patch("history-string", refused("history_not_a_list"), "\"error\": null", "\"migration_history\": \"none\""),
    patch("history-null", refused("history_not_a_list"), "\"error\": null", "\"migration_history\": null"),
    patch("history-number", refused("history_not_a_list"), "\"error\": null", "\"migration_history\": 0"),
    patch("history-empty", MIGRATED, "\"error\": null", "\"migration_history\": []"),
    patch("run-id-missing", refused("required_missing"), "\"run_id\"", "\"run_ID\""),
    patch("run-id-only-nested", refused("required_missing"), "\"run_id\": ", "\"meta2\": {\"run_id\": 1}, \"id\": "),
    bytes("object-without-members", refused("required_missing"), b"{}"),
    patch("status-running", DEFERRED, "\"succeeded\"", "\"running\""),
    patch("status-queued", DEFERRED, "\"succeeded\"", "\"queued\""),
    patch("status-escaped", DEFERRED, "\"status\": \"succeeded\"", "\"st\\u0061tus\": \"\\u0072unning\""),
    patch("status-other-case", MIGRATED, "\"succeeded\"", "\"Running\""),
    patch("status-not-text", MIGRATED, "\"succeeded\"", "[\"running\"]"),
    built("status-running-but-current", CURRENT, || current("\"status\": \"running\"")),
    patch("protected-member-there", MIGRATED, "\"error\": null", "\"inputs_hash\": \"sha256:x\", \"input_snapshots\": null"),
];

/// What has a manifest's name and is none, or is not to be had.
#[rustfmt::skip]
const FILES: &[Trouble] = &[
    place("fifo", refused("not_regular"), |p| p.node(FileType::Fifo, 0)),
    place("socket", refused("not_regular"), |p| p.node(FileType::Socket, 0)),
    only(
        Who::OnlyRoot,
        place("character-device", refused("not_regular"), |p| {
            p.node(FileType::CharacterDevice, makedev(1, 5))
        }),
    ),
    only(
        Who::OnlyRoot,
        place("block-device", refused("not_regular"), |p| {
            p.node(FileType::BlockDevice, makedev(7, 250))
        }),
    ),
    place("directory", refused("not_regular"), |p| {
        fs::create_dir(p.dir().join("manifest.json"))?;
        Ok(p.manifest())
    }),
    place("link-to-a-file", refused("not_regular"), |p| {
        fs::write(p.dir().join("real.json"), BASE)?;
        p.link("real.json")
    }),
    place("link-to-a-manifest", refused("not_regular"), |p| p.link("../../healthy/1.0.0-indent-2/manifest.json")),
    place("link-dangling", refused("not_regular"), |p| p.link("gone.json")),
    place("link-to-itself", refused("not_regular"), |p| p.link("manifest.json")),
    place("link-outside", refused("not_regular"), |p| p.link("../../../outside/manifest.json")),
    place("link-to-a-directory", refused("not_regular"), |p| p.link(".")),
    place("link-to-a-device", refused("not_regular"), |p| p.link("/dev/zero")),
    place("hard-linked", refused("hard_linked"), |p| {
        let manifest = p.healthy(p.run())?;
        fs::hard_link(p.tree.join(&manifest), p.dir().join("manifest.copy.json"))?;
        Ok(manifest)
    }),
    only(
        Who::NotRoot,
        place("unreadable-file", DENIED, |p| {
            let manifest = p.healthy(p.run())?;
            fs::set_permissions(p.tree.join(&manifest), Permissions::from_mode(0o000))?;
            Ok(manifest)
        }),
    ),
    only(
        Who::NotRoot,
        place("read-only-directory", DENIED, |p| {
            let manifest = p.healthy(p.run())?;
            fs::set_permissions(p.dir(), Permissions::from_mode(0o555))?;
            Ok(manifest)
        }),
    ),
    place("read-only-file", MIGRATED, |p| {
        let manifest = p.healthy(p.run())?;
        fs::set_permissions(p.tree.join(&manifest), Permissions::from_mode(0o444))?;
        Ok(manifest)
    }),
    only(
        Who::OnlyRoot,
        place("owned-by-somebody-else", MIGRATED, |p| {
            let manifest = p.healthy(p.run())?;
            chown(p.tree.join(&manifest), Some(65534), Some(65534))?;
            Ok(manifest)
        }),
    ),
    only(
        Who::OnlyRoot,
        place(
            "owned-by-somebody-else-in-sticky-directory",
            refused("sticky_directory"),
            |p| {
                let manifest = p.healthy(p.run())?;
                chown(p.tree.join(&manifest), Some(65534), Some(65534))?;
                fs::set_permissions(p.dir(), Permissions::from_mode(0o1777))?;
                Ok(manifest)
            },
        ),
    ),
];

/// What stands where the backup should go.
#[rustfmt::skip]
const BACKUPS: &[Trouble] = &[
    place("backup-name-other-bytes", MIGRATED, |p| p.with_backup(|path| fs::write(path, "older\n"))),
    place("backup-name-same-bytes", MIGRATED, |p| p.with_backup(|path| fs::write(path, BASE))),
    place("backup-name-link-dangling", MIGRATED, |p| p.with_backup(|path| symlink("gone", path))),
    place("backup-name-link-to-manifest", MIGRATED, |p| p.with_backup(|path| symlink("manifest.json", path))),
    place("backup-name-link-outside", MIGRATED, |p| p.with_backup(|path| symlink("../../../outside/backup", path))),
    place("backup-name-directory", MIGRATED, |p| p.with_backup(|path| fs::create_dir(path))),
    place("backup-name-fifo", MIGRATED, |p| p.with_backup(|path| Ok(mknodat(CWD, path, FileType::Fifo, Mode::RUSR, 0)?))),
    place("backup-names-nine-taken", MIGRATED, |p| take_backup_names(p, 9)),
    place("backup-names-all-taken", refused("backup_name_taken"), |p| take_backup_names(p, 10)),
];

/// Names and places.
#[rustfmt::skip]
const PLACES: &[Trouble] = &[
    place("name-not-utf8", MIGRATED, |p| p.named(b"caf\xe9-\xff\xfe")),
    place("name-newline", MIGRATED, |p| p.named(b"two\nlines")),
    place("name-carriage-return", MIGRATED, |p| p.named(b"over\rwrite")),
    place("name-tab", MIGRATED, |p| p.named(b"a\tb")),
    place("name-escape-sequence", MIGRATED, |p| p.named(b"\x1b[31mred\x1b[0m")),
    place("name-bell-and-delete", MIGRATED, |p| p.named(b"\x07\x7f\x01")),
    place("name-c1-control", MIGRATED, |p| p.named("\u{9b}31m".as_bytes())),
    place("name-bidi", MIGRATED, |p| p.named("abc\u{202e}gpj.\u{2066}".as_bytes())),
    place("name-line-separator", MIGRATED, |p| p.named("a\u{2028}b".as_bytes())),
    place("name-zero-width", MIGRATED, |p| p.named("a\u{200b}b\u{feff}".as_bytes())),
    place("name-quotes", MIGRATED, |p| p.named(b"\"double\" 'single' `back`")),
    place("name-backslash", MIGRATED, |p| p.named(b"back\\slash\\n")),
    place("name-leading-dash", MIGRATED, |p| p.named(b"--dry-run")),
    place("name-glob", MIGRATED, |p| p.named(b"*?[a-z]{x,y}")),
    place("name-spaces", MIGRATED, |p| p.named(b"  ")),
    place("name-255-bytes", MIGRATED, |p| p.named(&[b'n'; 255])),
    place("name-not-ascii", MIGRATED, |p| p.named("夜の端 é e\u{301} \u{1f3a7}".as_bytes())),
    place("job-not-utf8", MIGRATED, |p| p.named(b"job-\xff/run")),
    place("deep-path", MIGRATED, |p| p.named(&b"d/".repeat(60))),
    place("nested-run-outer", MIGRATED, |p| p.healthy(p.run())),
    place("nested-run-inner", MIGRATED, |p| p.healthy(Place::job().join("nested-run-outer/inner"))),
    place("inputs-hold-a-manifest", UNSEEN, |p| p.write(p.run().join("inputs"), "not JSON")),
    place("outputs-hold-a-manifest", UNSEEN, |p| p.write(p.run().join("outputs/deep"), "not JSON")),
    place("dot-directory", UNSEEN, |p| p.write(p.run().join(".cache"), "not JSON")),
    place("other-names", UNSEEN, |p| {
        for name in [
            "manifest.json~",
            "manifest.json.tmp",
            "xmanifest.json",
            "manifest.jsonl",
            "manifest.yaml",
        ] {
            fs::write(p.dir().join(name), "not JSON")?;
        }
        Ok(p.run().join("manifest.json~"))
    }),
    place("name-in-other-case", warning("name_case"), |p| {
        fs::write(p.dir().join("Manifest.JSON"), BASE)?;
        Ok(p.run().join("Manifest.JSON"))
    }),
    place("inputs-at-the-top", warning("opaque_at_top"), |p| {
        p.write("inputs/a-run", "not JSON")?;
        Ok(PathBuf::from("inputs"))
    }),
    only(
        Who::NotRoot,
        place("unlistable-directory", counted("directories_failed"), |p| {
            let manifest = p.healthy(p.run())?;
            fs::set_permissions(p.dir(), Permissions::from_mode(0o000))?;
            Ok(p.seen_by_root(manifest, p.run()))
        }),
    ),
    only(
        Who::NotRoot,
        place("unlistable-job", counted("directories_failed"), |p| {
            let job = p.run().join("job");
            let manifest = p.healthy(job.join("run"))?;
            fs::set_permissions(p.tree.join(&job), Permissions::from_mode(0o311))?;
            Ok(p.seen_by_root(manifest, job))
        }),
    ),
    place("alias", counted("aliases"), |p| p.alias("../healthy/1.1.0-indent-2")),
    place("alias-of-a-refused-run", counted("aliases"), |p| p.alias("../trouble/empty")),
    place("dangling", counted("dangling"), |p| p.alias("../healthy/gone")),
    place("outside", counted("outside"), |p| p.alias("../../outside")),
    place("outside-absolute", counted("outside"), |p| p.alias("/proc")),
    // Nothing outside is looked at, so nobody knows that this one is missing.
    place("outside-and-missing", counted("outside"), |p| p.alias("/nonexistent/run")),
];

fn utf16(encode: fn(u16) -> [u8; 2]) -> Vec<u8> {
    let units = std::iter::once(0xfeff).chain(BASE.encode_utf16());
    units.flat_map(encode).collect()
}

/// A manifest at 1.0.0 that has these members, too.
fn pending(members: &str) -> Vec<u8> {
    format!("{{\"schema_version\": \"1.0.0\", \"run_id\": \"x\", {members}}}").into_bytes()
}

/// A manifest at 1.2.0 that has these members, too.
fn current(members: &str) -> Vec<u8> {
    format!("{{\"schema_version\": \"1.2.0\", \"run_id\": \"x\", {members}}}").into_bytes()
}

/// Arrays one inside the other, in the manifest's object.
fn nested(arrays: usize) -> Vec<u8> {
    let (open, close) = ("[".repeat(arrays), "]".repeat(arrays));
    pending(&format!("\"meta\": {open}{close}"))
}

/// A manifest of exactly this many bytes.
fn sized(make: fn(&str) -> Vec<u8>, bytes: usize) -> Vec<u8> {
    let around = make("\"meta\": \"\"").len();
    make(&format!("\"meta\": \"{}\"", "x".repeat(bytes - around)))
}

fn members(count: usize) -> String {
    let members: Vec<String> = (0..count).map(|n| format!("\"m{n}\":{n}")).collect();
    members.join(",")
}

fn history(records: usize) -> String {
    let record = "{\"from_version\": \"1.0.0\", \"to_version\": \"1.0.0\"}";
    format!(
        "\"migration_history\": [{}]",
        vec![record; records].join(",")
    )
}

/// A healthy run of which the first `count` of the ten backup names are taken.
fn take_backup_names(place: &Place, count: usize) -> io::Result<PathBuf> {
    let manifest = place.healthy(place.run())?;
    let digest = &hex(&Sha256::digest(BASE))[..16];
    let names = std::iter::once("manifest.json.backup".to_owned())
        .chain(std::iter::once(format!("manifest.json.backup.{digest}")))
        .chain((2..=9).map(|n| format!("manifest.json.backup.{digest}-{n}")));
    for name in names.take(count) {
        fs::write(place.dir().join(name), "taken\n")?;
    }
    Ok(manifest)
}
