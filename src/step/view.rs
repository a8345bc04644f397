//! Views: what a step sees of a document, with the elements that the `*` of its pointers stand for.
//!
//! Reads only, and knows no step.
//!
//! Invariant: within one view all `*` of the same depth stand for the same element.

use crate::json::{Kind, Pointer, Value};
use crate::transform::StepError;

/// The name in a pointer that stands for every element of an array and every member of an object.
pub(super) const EVERY: &str = "*";

/// A document, or a part of it, seen from one element.
#[derive(Debug, Clone)]
pub struct View<'t> {
    /// What pointers are seen from, then the element of each `*`, outermost first. Never empty.
    elements: Vec<Element<'t>>,
}

#[derive(Debug, Clone)]
struct Element<'t> {
    /// How many names of a pointer lead here, `*` included.
    depth: usize,
    /// Where it stands in the document.
    at: Pointer,
    value: Value<'t>,
}

impl<'t> View<'t> {
    /// The view of a whole document.
    #[must_use]
    pub fn of(document: Value<'t>) -> Self {
        Self::from(Pointer::root(), document)
    }

    fn from(at: Pointer, value: Value<'t>) -> Self {
        let elements = vec![Element {
            depth: 0,
            at,
            value,
        }];
        Self { elements }
    }

    /// What a pointer leads to.
    #[must_use]
    pub fn get(&self, pointer: &Pointer) -> Option<Value<'t>> {
        let (element, rest) = self.element(pointer)?;
        element.value.along(rest)
    }

    /// Where in the document that is, or would be.
    #[must_use]
    pub fn place(&self, pointer: &Pointer) -> Pointer {
        match self.element(pointer) {
            Some((element, rest)) => element.at.join(rest),
            None => pointer.clone(),
        }
    }

    /// What a pointer leads to.
    ///
    /// # Errors
    /// It is missing.
    pub fn require(&self, pointer: &Pointer) -> Result<Value<'t>, StepError> {
        self.get(pointer).ok_or_else(|| StepError {
            at: self.place(pointer),
            reason: "is missing".to_owned(),
        })
    }

    /// Makes sure that a pointer leads to where a member is, or can be.
    ///
    /// # Errors
    /// What holds it, or is to hold it, is missing or is no object.
    pub fn check_parent(&self, pointer: &Pointer) -> Result<(), StepError> {
        // No pointer of a step names the whole document, and none ends in the `*` of a missing element.
        let Some((parent, _)) = pointer.split_last() else {
            return Ok(());
        };
        let reason = match self.get(&parent).map(|value| value.kind()) {
            Some(Kind::Object) => return Ok(()),
            Some(other) => format!("is {other}, expected an object"),
            None => "is missing, expected an object".to_owned(),
        };
        let at = self.place(&parent);
        Err(StepError { at, reason })
    }

    /// The element that the last `*` of a pointer stands for, and the names that lead on from it.
    fn element<'p>(&self, pointer: &'p Pointer) -> Option<(&Element<'t>, &'p [String])> {
        let depth = scope_length(pointer);
        let mut elements = self.elements.iter();
        let element = elements.find(|element| element.depth == depth)?;
        Some((element, &pointer.tokens()[depth..]))
    }

    /// Visits the view of every element that `scope` leads to, which ends in `*` or is empty. What is missing or null has none.
    ///
    /// # Errors
    /// A scalar stands where an array or object should, or a visit failed.
    pub(super) fn each(
        &self,
        scope: &[String],
        visit: &mut dyn FnMut(&View<'t>) -> Result<(), StepError>,
    ) -> Result<(), StepError> {
        if scope.is_empty() {
            return visit(self);
        }
        self.clone().visit(0, scope, visit)
    }

    fn visit(
        &mut self,
        depth: usize,
        scope: &[String],
        visit: &mut dyn FnMut(&View<'t>) -> Result<(), StepError>,
    ) -> Result<(), StepError> {
        let rest = &scope[depth..];
        let here = self.elements.last().cloned();
        let (Some(here), Some(before)) = (here, rest.iter().position(|name| name == EVERY)) else {
            return visit(self);
        };
        let Some(held) = here.value.along(&rest[..before]) else {
            return Ok(());
        };
        let at = here.at.join(&rest[..before]);
        let depth = depth + before + 1;
        let mut enter = |name: String, value| {
            let at = at.child(name);
            self.elements.push(Element { depth, at, value });
            let visited = self.visit(depth, scope, visit);
            self.elements.pop();
            visited
        };
        match held.kind() {
            Kind::Object => held
                .members()
                .try_for_each(|member| enter(member.name().into_owned(), member.value())),
            Kind::Array => held
                .elements()
                .enumerate()
                .try_for_each(|(index, element)| enter(index.to_string(), element)),
            Kind::Null => Ok(()),
            other => {
                let reason = format!("is {other}, expected an array or object");
                Err(StepError { at, reason })
            }
        }
    }

    /// The innermost element as a view of its own: pointers are then seen from it.
    pub(super) fn inner(&self) -> Self {
        match self.elements.last() {
            Some(element) => Self::from(element.at.clone(), element.value),
            None => self.clone(),
        }
    }
}

/// How many names of a pointer lead to its last `*`, that one included; 0 where it has none.
fn scope_length(pointer: &Pointer) -> usize {
    let last = pointer.tokens().iter().rposition(|name| name == EVERY);
    last.map_or(0, |last| last + 1)
}

/// The names of a pointer up to its last `*`, that one included; none where it has none.
pub(super) fn scope(pointer: &Pointer) -> &[String] {
    &pointer.tokens()[..scope_length(pointer)]
}

/// Whether two pointers lead into one another for some elements that their `*` may stand for.
pub(super) fn may_overlap(one: &Pointer, other: &Pointer) -> bool {
    one.tokens()
        .iter()
        .zip(other.tokens())
        .all(|(one, other)| one == other || one == EVERY || other == EVERY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Text;

    fn pointer(text: &str) -> Pointer {
        text.parse().unwrap()
    }

    fn seen(document: &str, scope: &str, pointers: &[&str]) -> Result<Vec<String>, StepError> {
        let text = Text::scan(document.as_bytes()).unwrap();
        let mut all = Vec::new();
        View::of(text.root()).each(pointer(scope).tokens(), &mut |view| {
            all.extend(pointers.iter().map(|at| {
                let at = pointer(at);
                let value = view.get(&at).map_or("-", |value| value.raw());
                format!("{} {value}", view.place(&at))
            }));
            Ok(())
        })?;
        Ok(all)
    }

    #[test]
    fn every_star_of_one_depth_stands_for_the_same_element() {
        let document = r#"{"t":1,"a":[{"x":2,"b":{"p":{"y":3},"q~/":{}}},{"x":4}]}"#;
        assert_eq!(
            seen(document, "/a/*/b/*", &["/t", "/a/*/x", "/a/*/b/*/y"]).unwrap(),
            [
                "/t 1",
                "/a/0/x 2",
                "/a/0/b/p/y 3",
                "/t 1",
                "/a/0/x 2",
                "/a/0/b/q~0~1/y -"
            ]
        );
        assert_eq!(seen(document, "", &["/a/1/x"]).unwrap(), ["/a/1/x 4"]);
    }

    #[test]
    fn what_is_missing_or_null_has_no_elements_and_a_scalar_is_an_error() {
        for document in ["{}", r#"{"a":null}"#, r#"{"a":[]}"#, r#"{"a":{}}"#] {
            assert_eq!(seen(document, "/a/*", &["/a/*"]).unwrap(), [""; 0]);
        }
        assert_eq!(
            seen(r#"{"a":"x"}"#, "/a/*", &[]).unwrap_err().to_string(),
            "`/a` is a string, expected an array or object"
        );
    }
}
