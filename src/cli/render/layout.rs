//! Fitting text into columns.

use std::cmp::Ordering;

pub(crate) use migrate_manifests::report::{counted, grouped};

/// Breaks `text` at spaces so that lines fit into `columns`. The first line begins in column `indent`, and the others are indented by it. Without `columns` the text stays one line.
pub(crate) fn wrap(text: &str, columns: Option<usize>, indent: usize) -> String {
    let Some(room) = columns.map(|columns| columns.saturating_sub(indent).max(20)) else {
        return text.to_owned();
    };
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join(&format!("\n{:indent$}", ""))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// A table with two spaces between columns, each as wide as its widest cell; the last column is not padded.
pub(crate) fn table(rows: &[Vec<String>], aligns: &[Align]) -> String {
    let width = |column: usize| {
        let texts = rows.iter().filter_map(|row| row.get(column));
        texts.map(|text| text.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..aligns.len()).map(width).collect();
    let mut lines = String::new();
    for row in rows {
        let cells = row.iter().zip(aligns.iter().zip(&widths));
        let cells: Vec<_> = cells
            .map(|(text, (align, width))| match align {
                Align::Left => format!("{text:<width$}"),
                Align::Right => format!("{text:>width$}"),
            })
            .collect();
        lines.push_str(cells.join("  ").trim_end());
        lines.push('\n');
    }
    lines
}

pub(crate) fn age(then_seconds: i64, now_seconds: i64) -> String {
    let seconds = now_seconds.abs_diff(then_seconds);
    let (number, unit) = match seconds {
        0..60 => (seconds, "second"),
        60..3_600 => (seconds / 60, "minute"),
        3_600..172_800 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    let span = counted(number, unit, &format!("{unit}s"));
    match then_seconds.cmp(&now_seconds) {
        Ordering::Less | Ordering::Equal => format!("{span} ago"),
        Ordering::Greater => format!("{span} in the future"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_at_spaces_only() {
        assert_eq!(
            wrap("one two three four five six", Some(24), 2),
            "one two three four\n  five six"
        );
        assert_eq!(
            wrap("a-word-that-is-longer-than-the-line x", Some(20), 0),
            "a-word-that-is-longer-than-the-line\nx"
        );
        assert_eq!(wrap("one two", None, 8), "one two");
    }

    #[test]
    fn a_table_is_as_wide_as_its_texts() {
        let rows = [["a", "10", "x"], ["bcd", "9", ""]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(
            table(&rows, &[Align::Left, Align::Right, Align::Left]),
            "a    10  x\nbcd   9\n"
        );
    }

    #[test]
    fn numbers_are_grouped_by_thousands() {
        let shown = [0, 999, 1_000, 99_980, 1_234_567].map(grouped);
        assert_eq!(shown, ["0", "999", "1,000", "99,980", "1,234,567"]);
    }

    #[test]
    fn ages_have_one_unit() {
        let shown = [0, 59, 60, 7_199, 172_799, 172_800, 8_640_000].map(|ago| age(0, ago));
        assert_eq!(
            shown,
            [
                "0 seconds ago",
                "59 seconds ago",
                "1 minute ago",
                "1 hour ago",
                "47 hours ago",
                "2 days ago",
                "100 days ago"
            ]
        );
        assert_eq!(age(120, 0), "2 minutes in the future");
    }
}
