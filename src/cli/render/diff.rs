//! The difference that a migration makes to one manifest, as a unified diff, and the only place that knows the diff crate.

use std::fmt::Write as _;

use similar::{ChangeTag, TextDiff};

use migrate_manifests::path::TreePath;
use migrate_manifests::report::Difference;

use super::paint::{Paint, Tone};
use crate::cli::escape;

const CONTEXT_LINES: usize = 3;

pub(crate) fn unified(path: &TreePath, difference: &Difference, paint: Paint) -> String {
    let texts = TextDiff::from_lines(&difference.before, &difference.after);
    let mut shown = String::new();
    for (mark, side) in [("---", "a/"), ("+++", "b/")] {
        let named = [side.as_bytes(), path.as_bytes()].concat();
        push(
            &mut shown,
            &paint.text(Tone::Heading, &format!("{mark} {}", escape::path(&named))),
        );
    }
    for hunk in texts
        .unified_diff()
        .context_radius(CONTEXT_LINES)
        .iter_hunks()
    {
        push(
            &mut shown,
            &paint.text(Tone::Place, &hunk.header().to_string()),
        );
        for change in hunk.iter_changes() {
            let (sign, tone) = match change.tag() {
                ChangeTag::Delete => ('-', Tone::Removed),
                ChangeTag::Insert => ('+', Tone::Added),
                ChangeTag::Equal => (' ', Tone::Plain),
            };
            let text = change.value();
            let line = escape::line(text.strip_suffix('\n').unwrap_or(text));
            push(&mut shown, &paint.text(tone, &format!("{sign}{line}")));
            if change.missing_newline() {
                push(&mut shown, "\\ No newline at end of file");
            }
        }
    }
    shown
}

fn push(shown: &mut String, line: &str) {
    writeln!(shown, "{line}").unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(path: &[u8], before: &str, after: &str) -> String {
        let difference = Difference {
            before: before.to_owned(),
            after: after.to_owned(),
        };
        unified(&TreePath::new(path).unwrap(), &difference, Paint::OFF)
    }

    #[test]
    fn a_difference_has_three_lines_of_context() {
        let before = "{\n \"a\": 1,\n \"b\": 2,\n \"c\": 3,\n \"d\": 4,\n \"v\": \"1.0.0\"\n}\n";
        let after = before.replace("1.0.0\"", "1.2.0\",\n \"w\": {}");
        assert_eq!(
            shown(b"job/run/manifest.json", before, &after),
            "\
--- a/job/run/manifest.json
+++ b/job/run/manifest.json
@@ -3,5 +3,6 @@
  \"b\": 2,
  \"c\": 3,
  \"d\": 4,
- \"v\": \"1.0.0\"
+ \"v\": \"1.2.0\",
+ \"w\": {}
 }
"
        );
    }

    #[test]
    fn a_missing_final_newline_is_told_and_nothing_unsafe_is_shown() {
        assert_eq!(
            shown(
                b"a\n/m",
                "{\"a\":\"\u{202e}\\n\"}",
                "{\"a\":\"\u{202e}\\n\",\t\"b\":1}"
            ),
            "\
--- \"a/a\\n/m\"
+++ \"b/a\\n/m\"
@@ -1 +1 @@
-{\"a\":\"\\u202e\\n\"}
\\ No newline at end of file
+{\"a\":\"\\u202e\\n\",\t\"b\":1}
\\ No newline at end of file
"
        );
    }

    #[test]
    fn line_ends_of_two_bytes_are_shown() {
        let shown = shown(b"m", "{\r\n}\r\n", "{ \r\n}\r\n");
        assert!(shown.ends_with("-{\\r\n+{ \\r\n }\\r\n"), "{shown}");
    }
}
