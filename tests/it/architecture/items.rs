//! The items of a source text, and the paths and names in them.
//!
//! Invariant: a comment, a literal or a test is never taken for production code.

use std::collections::BTreeSet;

/// An item without its attributes.
pub(super) struct Item<'t> {
    pub(super) text: &'t str,
    pub(super) is_test: bool,
    pub(super) path: Option<&'t str>,
}

/// The items of a text without comments and literals.
pub(super) fn items(text: &str) -> Vec<Item<'_>> {
    let (mut items, mut rest) = (Vec::new(), text.trim_start());
    while !rest.is_empty() {
        let (mut is_test, mut path) = (false, None);
        while let Some(attribute) = rest.strip_prefix("#!").or(rest.strip_prefix('#')) {
            let end = closing(attribute.trim_start(), '[', ']');
            let attribute = attribute.trim_start();
            let inside = &attribute[1..end];
            is_test |= inside.starts_with("cfg(") && inside.contains("test");
            if let Some(named) = inside.strip_prefix("path = ") {
                path = Some(named.trim_matches('"'));
            }
            rest = attribute[end + 1..].trim_start();
        }
        let end = item_end(rest);
        let text = &rest[..end];
        items.push(Item {
            text,
            is_test,
            path,
        });
        rest = rest[end..].trim_start();
    }
    items
}

/// Where the first item of a text ends: behind its semicolon or its last brace.
pub(super) fn item_end(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, character) in text.char_indices() {
        match character {
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => {
                depth -= 1;
                let is_use = text.trim_start().starts_with("use ") || text.starts_with("pub");
                let ends = character == '}' && depth == 0;
                let goes_on = text[at + 1..].trim_start().starts_with([';', '.']);
                if ends && !(goes_on || is_use && split_use(text).is_some()) {
                    return at + 1;
                }
            }
            ';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Where the bracket closes with which a text begins.
pub(super) fn closing(text: &str, open: char, close: char) -> usize {
    let mut depth = 0_usize;
    for (at, character) in text.char_indices() {
        if character == open {
            depth += 1;
        } else if character == close {
            depth -= 1;
            if depth == 0 {
                return at;
            }
        }
    }
    text.len()
}

/// The word for its kind, and the name, of a type or a trait that an item defines.
pub(super) fn type_name(item: &str) -> Option<(&str, String)> {
    let mut words = item
        .split_whitespace()
        .skip_while(|word| word.starts_with("pub") || word.ends_with(')'));
    let kind = words.next()?;
    if !matches!(kind, "struct" | "enum" | "trait" | "type" | "union") {
        return None;
    }
    let name = words.next()?;
    let end = name.find(|one: char| !(one.is_alphanumeric() || one == '_'));
    Some((kind, name[..end.unwrap_or(name.len())].to_owned()))
}

/// The visibility and the tree of a `use` item.
pub(super) fn split_use(item: &str) -> Option<(&str, &str)> {
    let (visibility, tree) = match item.strip_prefix("use ") {
        Some(tree) => ("", tree),
        None => item.split_once(" use ")?,
    };
    let is_visibility = visibility.is_empty() || visibility.starts_with("pub");
    let is_plain = !visibility.contains([' ', '{', ';']);
    (is_visibility && (is_plain || visibility.starts_with("pub(in")))
        .then(|| (visibility, tree.split(';').next().unwrap_or_default()))
}

/// The paths of a `use` tree, each with the name that it gives.
pub(super) fn flatten(tree: &str) -> Vec<(Vec<String>, String)> {
    let tree = tree.trim();
    let Some(brace) = tree.find('{') else {
        let tree = tree.replace("r#", "");
        let (path, name) = tree.split_once(" as ").unwrap_or((&tree, ""));
        let mut names: Vec<String> = path
            .split("::")
            .map(|name| name.trim().to_owned())
            .collect();
        if names.len() > 1 && names.last().is_some_and(|name| name == "self") {
            names.pop();
        }
        let last = names.last().cloned().unwrap_or_default();
        let name = if name.is_empty() {
            last
        } else {
            name.trim().to_owned()
        };
        return vec![(names, name)];
    };
    let head = tree[..brace].trim_end_matches("::");
    let inner = &tree[brace + 1..tree.rfind('}').unwrap()];
    let parts = split_top(inner).into_iter();
    parts
        .flat_map(|part| flatten(&format!("{head}::{part}")))
        .collect()
}

/// The parts of a list, without splitting what stands in braces.
pub(super) fn split_top(list: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    for (at, character) in list.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(list[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(list[start..].trim());
    parts.retain(|part| !part.is_empty());
    parts
}

/// The paths in an item that begin at `crate`, `super` or the library's name, `use` lines inside of it included.
pub(super) fn paths(text: &str) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    let uses: BTreeSet<usize> = text.match_indices("use ").map(|(at, _)| at).collect();
    for start in ["crate::", "super::", "migrate_manifests::"] {
        for (at, _) in text.match_indices(start) {
            let before = text[..at].chars().next_back();
            if before.is_some_and(|one| one.is_alphanumeric() || matches!(one, '_' | ':' | '$')) {
                continue;
            }
            if uses.contains(&at.wrapping_sub(4)) {
                let tree = text[at..].split(';').next().unwrap_or_default();
                all.extend(flatten(tree).into_iter().map(|(path, _)| path));
                continue;
            }
            let is_part = |one: char| !(one.is_alphanumeric() || matches!(one, '_' | ':'));
            let end = text[at..].find(is_part).map_or(text.len(), |end| at + end);
            let path = text[at..end].trim_end_matches(':');
            all.push(path.split("::").map(str::to_owned).collect());
        }
    }
    all
}

/// The names at which the paths of an item begin.
pub(super) fn beginnings(text: &str) -> BTreeSet<String> {
    let is_name = |one: char| one.is_alphanumeric() || one == '_';
    let ends = text.match_indices("::").map(|(end, _)| &text[..end]);
    let begins = ends.filter_map(|before| {
        let start = before.rfind(|one| !is_name(one)).map_or(0, |at| at + 1);
        let (rest, name) = before.split_at(start);
        (!rest.ends_with("::") && !name.is_empty()).then(|| name.to_owned())
    });
    begins.collect()
}

/// A source text in which comments are gone, and literals are empty; the path of an attribute stays.
pub(super) fn without_literals(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(length) = raw_string(rest) {
            out.push_str("\"\"");
            length
        } else if next == '"' {
            let length = string(rest);
            let is_path = out.trim_end().ends_with("path =");
            out.push_str(if is_path { &rest[..length] } else { "\"\"" });
            length
        } else if let Some(length) = character(rest) {
            out.push_str("' '");
            length
        } else {
            out.push(next);
            next.len_utf8()
        };
        rest = &rest[length..];
    }
    out
}

pub(super) fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of a raw string with which a text begins.
pub(super) fn raw_string(text: &str) -> Option<usize> {
    let rest = text.strip_prefix("br").or(text.strip_prefix('r'))?;
    let hashes = rest.len() - rest.trim_start_matches('#').len();
    rest[hashes..].strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    let start = text.len() - rest.len() + hashes + 1;
    let end = text[start..].find(&close)?;
    Some(start + end + close.len())
}

/// The length of a character literal with which a text begins; a lifetime is none.
pub(super) fn character(text: &str) -> Option<usize> {
    let rest = text.strip_prefix('\'')?;
    if let Some(escaped) = rest.strip_prefix('\\') {
        let end = escaped[1..].find('\'')?;
        return Some(end + 4);
    }
    let first = rest.chars().next()?;
    rest[first.len_utf8()..]
        .starts_with('\'')
        .then_some(first.len_utf8() + 2)
}
