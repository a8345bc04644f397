//! One file of a catalog: strict JSON, and the places of errors in it.
//! Invariant: every error has the line and column of the innermost name or value that it concerns.

use serde::de::DeserializeOwned;

use super::error::{CatalogError, CatalogProblem};
use super::place::Place;
use crate::form::{ObjectProblem, ReadError, reason};
use crate::json::{Text, Value};

pub(super) struct SourceFile<'t> {
    file: &'t str,
    pub(super) text: Text<'t>,
}

impl<'t> SourceFile<'t> {
    pub(super) fn read(file: &'t str, text: &'t str) -> Result<Self, CatalogError> {
        match Text::scan(text.as_bytes()) {
            Ok(text) => Ok(Self { file, text }),
            Err(error) => Err(CatalogError {
                place: Place::Line {
                    file: file.to_owned(),
                    line: error.line,
                    column: error.column,
                },
                problem: CatalogProblem::Text(error.problem),
            }),
        }
    }

    pub(super) fn form<T: DeserializeOwned>(&self) -> Result<T, CatalogError> {
        serde_json::from_str(self.text.as_str()).map_err(|error| self.form_error(&error, 0))
    }

    /// The error of an object of a list. `object` and `name` are the offsets of the object and of its name.
    pub(super) fn read_error(&self, error: ReadError, object: usize, name: usize) -> CatalogError {
        match error {
            ReadError::Json(error) => self.form_error(&error, object),
            ReadError::Problem(problem) => self.error_from(name, problem.into()),
        }
    }

    pub(super) fn form_error(&self, error: &serde_json::Error, start: usize) -> CatalogError {
        let reason = reason(error);
        let reason = ["unknown", "missing", "duplicate"]
            .into_iter()
            .find_map(|word| {
                let rest = reason.strip_prefix(word)?.strip_prefix(" field")?;
                Some(format!("{word} member{rest}"))
            })
            .unwrap_or(reason);
        let part = &self.text.as_str()[start..];
        let lines_before = part
            .split_inclusive('\n')
            .take(error.line().saturating_sub(1));
        let line_start: usize = lines_before.map(str::len).sum();
        let offset = start + line_start + error.column().saturating_sub(1);
        let offset = if reason.starts_with("missing") {
            offset
        } else {
            self.refused_value(offset)
        };
        let problem = ObjectProblem::Malformed { reason }.into();
        self.error_from(self.token_around(offset), problem)
    }

    /// The end of a value that was read and then refused, if reading stopped at the delimiter after it.
    fn refused_value(&self, offset: usize) -> usize {
        let bytes = self.text.as_str().as_bytes();
        if !matches!(bytes.get(offset), Some(b',' | b'}' | b']')) {
            return offset;
        }
        let before = bytes[..offset].iter();
        before
            .rev()
            .position(|byte| !byte.is_ascii_whitespace())
            .map_or(offset, |behind| offset - 1 - behind)
    }

    fn token_around(&self, offset: usize) -> usize {
        let mut value = self.text.root();
        loop {
            let member = value.members().find(|one| one.value().span().end > offset);
            let element = value.elements().find(|one| one.span().end > offset);
            if let Some(member) = member {
                let before = &self.text.as_str()[..member.value().span().start];
                let name = before.rfind(member.raw_name()).unwrap_or(before.len());
                if (name..before.len()).contains(&offset) {
                    return name;
                }
            }
            let inner = member.map(|member| member.value()).or(element);
            match inner.filter(|inner| inner.span().start <= offset) {
                Some(inner) => value = inner,
                None => return value.span().start,
            }
        }
    }

    pub(super) fn of_kind(&self, kind: &str, member: &str) -> Option<Value<'_>> {
        self.text.root().get("kinds")?.get(kind)?.get(member)
    }

    pub(super) fn beside(&self, path: &str) -> String {
        let folder = self.file.rfind('/').map_or("", |end| &self.file[..=end]);
        format!("{folder}{path}")
    }

    /// An error at the value at the end of `names`, or at the nearest one around it.
    pub(super) fn error(&self, names: &[impl AsRef<str>], problem: CatalogProblem) -> CatalogError {
        self.error_at(self.nearest(names), problem)
    }

    pub(super) fn nearest(&self, names: &[impl AsRef<str>]) -> Value<'_> {
        let mut value = self.text.root();
        for name in names {
            match value.inside(name.as_ref()) {
                Some(inner) => value = inner,
                None => break,
            }
        }
        value
    }

    pub(super) fn error_at(&self, value: Value<'_>, problem: CatalogProblem) -> CatalogError {
        self.error_from(value.span().start, problem)
    }

    fn error_from(&self, offset: usize, problem: CatalogProblem) -> CatalogError {
        let place = self.place_of(offset);
        CatalogError { place, problem }
    }

    pub(super) fn place(&self, value: Value<'_>) -> Place {
        self.place_of(value.span().start)
    }

    pub(super) fn place_of(&self, offset: usize) -> Place {
        let before = &self.text.as_str()[..offset];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Place::Line {
            file: self.file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }

    pub(super) fn check_text(&self, text: &str, member: &str) -> Result<(), CatalogError> {
        if text.trim().is_empty() {
            return Err(self.error(&[member], ObjectProblem::empty(member).into()));
        }
        Ok(())
    }
}
