//! A read view of a validated text: values, members and elements, by name or pointer.
//! Invariant: a view borrows from the text and copies only strings with escapes.

use std::borrow::Cow;
use std::ops::Range;

use super::pointer::Pointer;
use super::text::{Node, Text};
use super::value_kind::ValueKind;

const WORDS_CHARACTERS: usize = 80;

/// One value of a [`Text`].
#[derive(Debug, Clone, Copy)]
pub struct Value<'t> {
    text: &'t Text<'t>,
    node: usize,
}

/// The members of an object, in the order of the text.
#[derive(Debug, Clone)]
pub struct Members<'t> {
    text: &'t Text<'t>,
    inside: Range<usize>,
}

/// The elements of an array, in the order of the text.
#[derive(Debug, Clone)]
pub struct Elements<'t> {
    text: &'t Text<'t>,
    inside: Range<usize>,
}

impl Text<'_> {
    /// The top-level value, which is an object in every document.
    pub fn root(&self) -> Value<'_> {
        Value::new(self, 0)
    }
}

impl<'t> Iterator for Members<'t> {
    type Item = Member<'t>;

    #[inline]
    fn next(&mut self) -> Option<Member<'t>> {
        let (text, node) = (self.text, self.inside.start);
        if self.inside.is_empty() {
            return None;
        }
        self.inside.start = text.node(node + 1).next();
        Some(Member { text, node })
    }
}

impl<'t> Iterator for Elements<'t> {
    type Item = Value<'t>;

    #[inline]
    fn next(&mut self) -> Option<Value<'t>> {
        let (text, node) = (self.text, self.inside.start);
        if self.inside.is_empty() {
            return None;
        }
        self.inside.start = text.node(node).next();
        Some(Value { text, node })
    }
}

/// One member of an object: a name and a value.
#[derive(Debug, Clone, Copy)]
pub struct Member<'t> {
    text: &'t Text<'t>,
    node: usize,
}

impl<'t> Value<'t> {
    #[inline]
    pub(super) fn new(text: &'t Text<'t>, node: usize) -> Self {
        Self { text, node }
    }

    #[inline]
    fn node(&self) -> &'t Node {
        self.text.node(self.node)
    }

    /// The kind of the value.
    #[inline]
    pub fn kind(&self) -> ValueKind {
        self.node().kind
    }

    /// The value as the text spells it.
    #[inline]
    pub fn raw(&self) -> &'t str {
        &self.text.as_str()[self.span()]
    }

    /// The byte range in the text.
    #[inline]
    pub fn span(&self) -> Range<usize> {
        self.node().start()..self.node().end()
    }

    /// The string, unescaped; `None` if this is no string.
    pub fn as_str(&self) -> Option<Cow<'t, str>> {
        (self.kind() == ValueKind::String).then(|| self.node().unescaped(self.text.as_str()))
    }

    pub(crate) fn in_words(&self) -> String {
        match self.as_str() {
            Some(text) if text.chars().count() <= WORDS_CHARACTERS => format!("`{text}`"),
            _ => self.kind().to_string(),
        }
    }

    #[inline]
    pub(super) fn is_plain(&self) -> bool {
        self.node().plain
    }

    /// The members of an object in the order of the text; none if this is no object.
    pub fn members(&self) -> Members<'t> {
        let (text, inside) = (self.text, self.nodes_inside(ValueKind::Object));
        Members { text, inside }
    }

    pub(super) fn members_in_order(&self) -> Vec<Member<'t>> {
        let mut members: Vec<_> = self.members().collect();
        if members.iter().any(|member| member.node().escaped) {
            members.sort_by_cached_key(Member::name);
        } else {
            members.sort_unstable_by_key(|member| member.node().quoted(member.text.as_str()));
        }
        members
    }

    /// The elements of an array in the order of the text; none if this is no array.
    pub fn elements(&self) -> Elements<'t> {
        let (text, inside) = (self.text, self.nodes_inside(ValueKind::Array));
        Elements { text, inside }
    }

    /// The nodes inside this value; none if it is not of `kind`.
    #[inline]
    fn nodes_inside(&self, kind: ValueKind) -> Range<usize> {
        let first = self.node + 1;
        let is_container = self.kind() == kind;
        first..if is_container {
            self.node().next()
        } else {
            first
        }
    }

    /// The number of members or elements; 0 for a scalar.
    pub fn len(&self) -> usize {
        match self.kind() {
            ValueKind::Object => self.members().count(),
            ValueKind::Array => self.elements().count(),
            _ => 0,
        }
    }

    /// Returns true if there are no members or elements, also for a scalar.
    pub fn is_empty(&self) -> bool {
        self.node().next() == self.node + 1
    }

    #[inline]
    pub(crate) fn ascends(&self) -> bool {
        self.node().ascending
    }

    /// The value of the member `name` of an object.
    pub fn get(&self, name: &str) -> Option<Value<'t>> {
        self.member(name).map(|member| member.value())
    }

    /// The member `name` of an object.
    pub fn member(&self, name: &str) -> Option<Member<'t>> {
        self.members().find(|member| member.name() == name)
    }

    /// The value at `pointer` inside this value (`/2` is the third element of an array).
    pub fn at(&self, pointer: &Pointer) -> Option<Value<'t>> {
        self.along(pointer.tokens())
    }

    pub(crate) fn along(&self, names: &[String]) -> Option<Value<'t>> {
        names.iter().try_fold(*self, |here, name| here.inside(name))
    }

    /// The member with this name, or the element with this index.
    pub(crate) fn inside(&self, name: &str) -> Option<Value<'t>> {
        match self.kind() {
            ValueKind::Object => self.get(name),
            ValueKind::Array => self.elements().nth(array_index(name)?),
            _ => None,
        }
    }
}

/// Reads a token of a pointer as an array index: decimal digits without leading zeros.
pub(super) fn array_index(token: &str) -> Option<usize> {
    let digits = token.bytes().all(|byte| byte.is_ascii_digit());
    let leading_zero = token.len() > 1 && token.starts_with('0');
    if digits && !leading_zero {
        token.parse().ok()
    } else {
        None
    }
}

impl<'t> Member<'t> {
    #[inline]
    fn node(&self) -> &'t Node {
        self.text.node(self.node)
    }

    /// The name, unescaped.
    #[inline]
    pub fn name(&self) -> Cow<'t, str> {
        self.node().unescaped(self.text.as_str())
    }

    /// The name as the text spells it, with its quotes.
    #[inline]
    pub(crate) fn raw_name(&self) -> &'t str {
        &self.text.as_str()[self.name_span()]
    }

    #[inline]
    pub(super) fn name_span(&self) -> Range<usize> {
        self.node().start()..self.node().end()
    }

    #[inline]
    pub(super) fn is_plain(&self) -> bool {
        self.node().plain
    }

    /// The value.
    #[inline]
    pub fn value(&self) -> Value<'t> {
        Value::new(self.text, self.node + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(text: &str) -> Text<'_> {
        Text::scan(text.as_bytes()).unwrap()
    }

    #[test]
    fn members_elements_and_pointers_lead_to_values_as_they_are_spelled() {
        let text = scan(r#"{"a": [1.50, {"b/c": 1E2}], "\u0064": "x\u00e9", "e": {}}"#);
        let root = text.root();
        let at = |pointer: &str| root.at(&pointer.parse().unwrap()).map(|value| value.raw());
        assert_eq!(root.len(), 3);
        assert_eq!(at("/a/0"), Some("1.50"));
        assert_eq!(at("/a/1/b~1c"), Some("1E2"));
        assert_eq!(at("/d"), Some("\"x\\u00e9\""));
        assert_eq!(
            root.get("d").and_then(|value| value.as_str()),
            Some(Cow::Owned("x\u{e9}".to_owned()))
        );
        for absent in [
            "/a/2",
            "/a/01",
            "/a/-",
            "/a/+1",
            "/a/",
            "/a/0/0",
            "/x",
            "/a/99999999999999999999",
        ] {
            assert_eq!(at(absent), None, "{absent}");
        }
        assert!(root.get("e").unwrap().is_empty());
        let names: Vec<_> = root.members().map(|member| member.raw_name()).collect();
        assert_eq!(names, ["\"a\"", "\"\\u0064\"", "\"e\""]);
    }

    #[test]
    fn names_ascend_by_code_points_without_escapes() {
        for (text, ascends) in [
            (r#"{"a": 1, "\u0062": 2, "c": 3}"#, true),
            (r#"{"b": 1, "\u0061": 2}"#, false),
            (r#"{"\uffff": 1, "\ud800\udc00": 2}"#, true),
            (r#"{"a": 1}"#, true),
            ("{}", true),
            (r#"{"a": 1, "aa": 2, "B": 3}"#, false),
        ] {
            assert_eq!(scan(text).root().ascends(), ascends, "{text}");
        }
    }
}
