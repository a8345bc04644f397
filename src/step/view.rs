//! Views: a document as a step reads it, with the element for each `*` of its pointers.
//! Invariant: within one view all `*` of the same depth stand for the same element.

use crate::json::{Pointer, Value, ValueKind};
use crate::transform::StepError;

/// The token of a pointer that stands for every element of an array and every member of an object.
pub(super) const EVERY: &str = "*";

/// A document, or a part of it, with one element chosen for each `*`.
#[derive(Debug, Clone)]
pub(super) struct View<'t> {
    /// The value to which pointers are relative, then the element of each `*`, the outermost first. Never empty.
    elements: Vec<Element<'t>>,
}

#[derive(Debug, Clone)]
struct Element<'t> {
    /// The number of tokens that lead here, with `*`.
    depth: usize,
    at: Pointer,
    value: Value<'t>,
}

impl<'t> View<'t> {
    pub(super) fn of(document: Value<'t>) -> Self {
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

    pub(super) fn get(&self, pointer: &Pointer) -> Option<Value<'t>> {
        let (element, rest) = self.element(pointer)?;
        element.value.along(rest)
    }

    /// The pointer relative to the document, also of a missing value.
    pub(super) fn place(&self, pointer: &Pointer) -> Pointer {
        match self.element(pointer) {
            Some((element, rest)) => element.at.join(rest),
            None => pointer.clone(),
        }
    }

    pub(super) fn require(&self, pointer: &Pointer) -> Result<Value<'t>, StepError> {
        self.get(pointer).ok_or_else(|| StepError {
            at: self.place(pointer),
            reason: "is missing".to_owned(),
        })
    }

    /// Requires that a pointer leads into an object, so that the member is there or can be added.
    pub(super) fn check_parent(&self, pointer: &Pointer) -> Result<(), StepError> {
        // No pointer of a step addresses the whole document, and none ends in the `*` of a missing element.
        let Some((parent, _)) = pointer.split_last() else {
            return Ok(());
        };
        let reason = match self.get(&parent).map(|value| value.kind()) {
            Some(ValueKind::Object) => return Ok(()),
            Some(other) => format!("is {other}, expected an object"),
            None => "is missing, expected an object".to_owned(),
        };
        let at = self.place(&parent);
        Err(StepError { at, reason })
    }

    fn element<'p>(&self, pointer: &'p Pointer) -> Option<(&Element<'t>, &'p [String])> {
        let depth = scope_length(pointer);
        let mut elements = self.elements.iter();
        let element = elements.find(|element| element.depth == depth)?;
        Some((element, &pointer.tokens()[depth..]))
    }

    /// Calls `visit` with the view of every element of `scope`, which is empty or ends in `*`. A missing value and null have no elements.
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
        let Some(container) = here.value.along(&rest[..before]) else {
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
        match container.kind() {
            ValueKind::Object => container
                .members()
                .try_for_each(|member| enter(member.name().into_owned(), member.value())),
            ValueKind::Array => container
                .elements()
                .enumerate()
                .try_for_each(|(index, element)| enter(index.to_string(), element)),
            ValueKind::Null => Ok(()),
            other => {
                let reason = format!("is {other}, expected an array or object");
                Err(StepError { at, reason })
            }
        }
    }

    pub(super) fn inner(&self) -> Self {
        match self.elements.last() {
            Some(element) => Self::from(element.at.clone(), element.value),
            None => self.clone(),
        }
    }
}

pub(super) fn elements(at: &Pointer) -> Pointer {
    at.child(EVERY)
}

/// The number of tokens up to the last `*` and with it; 0 if there is none.
fn scope_length(pointer: &Pointer) -> usize {
    let last = pointer.tokens().iter().rposition(|name| name == EVERY);
    last.map_or(0, |last| last + 1)
}

pub(super) fn scope(pointer: &Pointer) -> &[String] {
    &pointer.tokens()[..scope_length(pointer)]
}

/// Returns true if one pointer can lead into the value of the other, for some elements in the place of their `*`.
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
