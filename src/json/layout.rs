//! The layout of a document: indentation, line ends and separators, also for a new value in it.
//! Invariant: a layout changes only white space between tokens; tokens keep their spelling.

use std::borrow::Cow;

use super::name::quote;
use super::text::Text;
use super::value::Value;
use super::value_kind::ValueKind;

#[derive(Debug)]
pub(super) struct Layout<'l> {
    pub(super) colon: Cow<'l, str>,
    pub(super) separator: Cow<'l, str>,
    /// `None` if arrays and objects stand on one line.
    pub(super) lines: Option<Lines<'l>>,
    pub(super) sorted: bool,
}

#[derive(Debug)]
pub(super) struct Lines<'l> {
    /// `\n` or `\r\n`.
    pub(super) end: &'static str,
    /// The indentation of the line in which the value begins.
    pub(super) indentation: &'l str,
    pub(super) unit: &'l str,
}

impl Lines<'_> {
    pub(super) fn lead(&self, depth: usize) -> String {
        format!(
            "{}{}{}",
            self.end,
            self.indentation,
            self.unit.repeat(depth)
        )
    }
}

pub(super) fn indentation(white: &str) -> Option<&str> {
    white.rsplit_once('\n').map(|(_, indentation)| indentation)
}

pub(super) fn line_end(white: &str) -> &'static str {
    if white.contains("\r\n") { "\r\n" } else { "\n" }
}

impl Layout<'_> {
    /// Lays out `fragment`, a JSON value without white space.
    ///
    /// A fragment that exceeds a limit stays as it is, because the document with it will be refused anyway.
    pub(super) fn print(&self, fragment: &str) -> String {
        let scalar = !fragment.starts_with(['{', '[']);
        match Text::scan_any(fragment.as_bytes()) {
            Ok(text) if !scalar => {
                let mut out = String::with_capacity(2 * fragment.len());
                self.value(text.root(), 0, &mut out);
                out
            }
            _ => fragment.to_owned(),
        }
    }

    /// An object with one member; its value keeps its spelling, but the indentation `old` of its lines is replaced.
    pub(super) fn around(&self, name: &str, value: &str, old: &str) -> String {
        let mut out = String::with_capacity(value.len() + name.len() + 32);
        out.push('{');
        self.separate(0, 0, &mut out);
        out.push_str(&quote(name));
        out.push_str(&self.colon);
        match &self.lines {
            Some(lines) => {
                let deeper = format!("{}{}", lines.indentation, lines.unit);
                out.push_str(&reindent(value, old, &deeper));
            }
            None => out.push_str(value),
        }
        self.close(0, &mut out);
        out.push('}');
        out
    }

    fn value(&self, value: Value<'_>, depth: usize, out: &mut String) {
        match value.kind() {
            ValueKind::Object if !value.is_empty() => self.object(value, depth, out),
            ValueKind::Array if !value.is_empty() => self.array(value, depth, out),
            _ => out.push_str(value.raw()),
        }
    }

    fn object(&self, object: Value<'_>, depth: usize, out: &mut String) {
        let members = if self.sorted && !object.ascends() {
            object.members_in_order()
        } else {
            object.members().collect()
        };
        out.push('{');
        for (count, member) in members.into_iter().enumerate() {
            self.separate(count, depth, out);
            out.push_str(member.raw_name());
            out.push_str(&self.colon);
            self.value(member.value(), depth + 1, out);
        }
        self.close(depth, out);
        out.push('}');
    }

    fn array(&self, array: Value<'_>, depth: usize, out: &mut String) {
        out.push('[');
        for (count, element) in array.elements().enumerate() {
            self.separate(count, depth, out);
            self.value(element, depth + 1, out);
        }
        self.close(depth, out);
        out.push(']');
    }

    fn separate(&self, count: usize, depth: usize, out: &mut String) {
        if count > 0 {
            out.push(',');
        }
        match &self.lines {
            Some(lines) => out.push_str(&lines.lead(depth + 1)),
            None if count > 0 => out.push_str(&self.separator),
            None => {}
        }
    }

    fn close(&self, depth: usize, out: &mut String) {
        if let Some(lines) = &self.lines {
            out.push_str(&lines.lead(depth));
        }
    }
}

/// Replaces the indentation `old` of all lines after the first by `new`. Strings in JSON have no line ends, so every line end is white space.
pub(super) fn reindent(raw: &str, old: &str, new: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    for (count, line) in raw.split('\n').enumerate() {
        if count > 0 {
            out.push('\n');
        }
        let blank = line.is_empty() || line == "\r";
        match line.strip_prefix(old) {
            Some(rest) if count > 0 && !blank => {
                out.push_str(new);
                out.push_str(rest);
            }
            _ => out.push_str(line),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(lines: Option<Lines<'static>>) -> Layout<'static> {
        Layout {
            colon: ": ".into(),
            separator: " ".into(),
            lines,
            sorted: false,
        }
    }

    #[test]
    fn a_value_is_broken_over_lines_or_stays_on_one() {
        let fragment = r#"{"b":[1,{}],"a":[[]]}"#;
        let lines = Lines {
            end: "\r\n",
            indentation: "  ",
            unit: "\t",
        };
        assert_eq!(
            layout(Some(lines)).print(fragment),
            "{\r\n  \t\"b\": [\r\n  \t\t1,\r\n  \t\t{}\r\n  \t],\r\n  \t\"a\": [\r\n  \t\t[]\r\n  \t]\r\n  }"
        );
        assert_eq!(layout(None).print(fragment), r#"{"b": [1, {}], "a": [[]]}"#);
        let sorted = Layout {
            sorted: true,
            ..layout(None)
        };
        assert_eq!(sorted.print(fragment), r#"{"a": [[]], "b": [1, {}]}"#);
    }

    #[test]
    fn lines_that_do_not_begin_with_the_old_indentation_stay() {
        assert_eq!(
            reindent("{\n    1\n\n\t2\r\n  }", "  ", ""),
            "{\n  1\n\n\t2\r\n}"
        );
        assert_eq!(reindent("[\n1\n\r\n]", "", "  "), "[\n  1\n\r\n  ]");
    }
}
