//! The members that a schema names.
//! Invariant: the search ends, also if the schema refers to itself.

use std::collections::BTreeSet;

use crate::json::{Pointer, Value, ValueKind};

/// The keywords whose schemas apply to the same value.
const BESIDE: [&str; 3] = ["if", "then", "else"];
const LISTS_BESIDE: [&str; 3] = ["allOf", "anyOf", "oneOf"];

/// Returns true if the schema `text` names the member `at` in `properties`: its own, or those of schemas that apply to the same value. A reference that cannot be followed may name any member.
pub(crate) fn names(text: Value<'_>, at: &Pointer) -> bool {
    let mut search = Search {
        whole: text,
        seen: BTreeSet::new(),
    };
    search.names(text, at.tokens())
}

struct Search<'t> {
    whole: Value<'t>,
    /// The offset of each schema that was searched, with the number of tokens left.
    seen: BTreeSet<(usize, usize)>,
}

impl<'t> Search<'t> {
    fn names(&mut self, schema: Value<'t>, left: &[String]) -> bool {
        let Some((name, rest)) = left.split_first() else {
            return schema.raw() != "false";
        };
        if !self.seen.insert((schema.span().start, left.len())) {
            return false;
        }
        let own = schema.get("properties").and_then(|list| list.get(name));
        own.is_some_and(|own| self.names(own, rest))
            || self.refers(schema, left)
            || self.beside(schema, left)
    }

    fn beside(&mut self, schema: Value<'t>, left: &[String]) -> bool {
        let lists = LISTS_BESIDE.iter().filter_map(|name| schema.get(name));
        let others = lists.flat_map(|list| list.elements());
        let own = BESIDE.iter().filter_map(|name| schema.get(name));
        let dependent = schema.get("dependentSchemas");
        let dependent = dependent.into_iter().flat_map(|list| list.members());
        let all = own.chain(others).chain(dependent.map(|one| one.value()));
        all.filter(|one| one.kind() == ValueKind::Object)
            .any(|one| self.names(one, left))
    }

    fn refers(&mut self, schema: Value<'t>, left: &[String]) -> bool {
        if schema.get("$dynamicRef").is_some() {
            return true;
        }
        let Some(to) = schema.get("$ref").and_then(|to| to.as_str()) else {
            return false;
        };
        let pointer = to.strip_prefix('#').and_then(|to| to.parse().ok());
        match pointer.and_then(|at: Pointer| self.whole.at(&at)) {
            Some(schema) => self.names(schema, left),
            None => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Text;

    #[test]
    fn a_member_is_named_wherever_it_is_spoken_of() {
        let schema = r##"{
            "properties": {"a": {"properties": {"b": true, "no": false}}, "self": {"$ref": "#"}, "~/": {}},
            "patternProperties": {"^p": {}},
            "allOf": [{"properties": {"all": {}}}, true, {"if": {}, "then": {"properties": {"then": {}}}}],
            "anyOf": [{"oneOf": [{"properties": {"one": {}}}]}],
            "dependentSchemas": {"x": {"else": {"properties": {"else": {}}}}},
            "$ref": "#/$defs/more", "$defs": {"more": {"properties": {"more": {}}, "$ref": "#/$defs/more"}}
        }"##;
        let text = Text::scan(schema.as_bytes()).unwrap();
        for (at, named) in [
            ("/a", true),
            ("/a/b", true),
            ("/a/no", false),
            ("/a/c", false),
            ("/b", false),
            ("/~0~1", true),
            ("/p", false),
            ("/all", true),
            ("/then", true),
            ("/one", true),
            ("/else", true),
            ("/more", true),
            ("/self/self/a/b", true),
            ("/self/self/a/c", false),
        ] {
            assert_eq!(names(text.root(), &at.parse().unwrap()), named, "{at}");
        }
    }

    #[test]
    fn what_cannot_be_followed_may_name_anything() {
        for schema in [r##"{"$ref": "#here"}"##, r##"{"$dynamicRef": "#here"}"##] {
            let text = Text::scan(schema.as_bytes()).unwrap();
            assert!(names(text.root(), &"/a".parse().unwrap()), "{schema}");
        }
    }
}
