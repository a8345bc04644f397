//! Applies one edit: finds its addresses and changes the place.
//! Invariant: an edit that does not fit the document is refused and changes nothing.

use super::edit::{Edit, EditError};
use super::fragment::Fragment;
use super::layout::reindent;
use super::name::quote;
use super::pointer::Pointer;
use super::splice::{Position, Splice};
use super::value_kind::ValueKind;

/// Applies `edit`, which overlaps no edit before it.
pub(super) fn make(splice: &mut Splice<'_>, edit: &Edit) -> Result<(), EditError> {
    match edit {
        Edit::Insert { at, value } => insert(splice, at, value),
        Edit::Replace { at, value } => replace(splice, at, value),
        Edit::Append { at, value } => append(splice, at, value),
        Edit::Remove { at } => {
            let place = member(splice, at)?;
            splice.remove(place);
            Ok(())
        }
        Edit::Rename { at, to } => rename(splice, at, to),
        Edit::Move { from, to } => move_value(splice, from, to),
        Edit::Copy { from, to } => copy_value(splice, from, to),
        Edit::Wrap { at, name } => wrap(splice, at, name),
        Edit::Unwrap { at } => unwrap(splice, at),
    }
}

fn insert(splice: &mut Splice<'_>, at: &Pointer, value: &Fragment) -> Result<(), EditError> {
    let (container, name) = vacancy(splice, at)?;
    let sorted = splice.is_sorted(container);
    let place = splice.add(container, quote(name));
    lay_out(splice, place, value, sorted);
    Ok(())
}

fn replace(splice: &mut Splice<'_>, at: &Pointer, value: &Fragment) -> Result<(), EditError> {
    let place = locate(splice, at.tokens())?.ok_or(EditError::Root)?;
    let sorted = splice.is_sorted(place.container);
    lay_out(splice, place, value, sorted);
    Ok(())
}

fn append(splice: &mut Splice<'_>, at: &Pointer, value: &Fragment) -> Result<(), EditError> {
    let place = locate(splice, at.tokens())?;
    let container = splice.open(place);
    let found = container.map(|container| splice.kind(container));
    match container {
        Some(container) if found == Some(ValueKind::Array) => {
            let sorted = splice.is_sorted(container);
            let place = splice.add(container, String::new());
            lay_out(splice, place, value, sorted);
            Ok(())
        }
        _ => Err(EditError::NotAnArray {
            at: at.clone(),
            found: splice.kind_at(at),
        }),
    }
}

fn rename(splice: &mut Splice<'_>, at: &Pointer, to: &str) -> Result<(), EditError> {
    let place = member(splice, at)?;
    let Some((parent, name)) = at.split_last() else {
        return Err(EditError::Root);
    };
    if name == to {
        return Ok(());
    }
    if splice.find(place.container, to).is_some() {
        return Err(EditError::Exists {
            at: parent.child(to),
        });
    }
    splice.rename(place, quote(to));
    Ok(())
}

fn move_value(splice: &mut Splice<'_>, from: &Pointer, to: &Pointer) -> Result<(), EditError> {
    let source = member(splice, from)?;
    if from == to {
        return Ok(());
    }
    let vacancy = vacancy(splice, to)?;
    let old = splice.indentation(source).to_owned();
    let value = splice.remove(source);
    add_as_spelled(splice, vacancy, &value, &old);
    Ok(())
}

fn copy_value(splice: &mut Splice<'_>, from: &Pointer, to: &Pointer) -> Result<(), EditError> {
    let source = locate(splice, from.tokens())?.ok_or(EditError::Root)?;
    let vacancy = vacancy(splice, to)?;
    let old = splice.indentation(source).to_owned();
    let value = splice.spelled(source);
    add_as_spelled(splice, vacancy, &value, &old);
    Ok(())
}

/// Adds a member with a value from elsewhere, whose lines have the indentation `old`.
fn add_as_spelled(
    splice: &mut Splice<'_>,
    (container, name): (usize, &str),
    value: &str,
    old: &str,
) {
    let place = splice.add(container, quote(name));
    let value = reindent(value, old, splice.indentation(place));
    splice.set(place, value);
}

fn wrap(splice: &mut Splice<'_>, at: &Pointer, name: &str) -> Result<(), EditError> {
    let place = locate(splice, at.tokens())?.ok_or(EditError::Root)?;
    let value = splice.spelled(place);
    let old = splice.indentation(place).to_owned();
    let wrapped = splice.layout(place, false).around(name, &value, &old);
    splice.set(place, wrapped);
    Ok(())
}

fn unwrap(splice: &mut Splice<'_>, at: &Pointer) -> Result<(), EditError> {
    let place = locate(splice, at.tokens())?.ok_or(EditError::Root)?;
    let opened = splice.open(Some(place));
    let Some(container) = opened.filter(|opened| splice.kind(*opened) == ValueKind::Object) else {
        let found = splice.kind_at(at);
        let at = at.clone();
        return Err(EditError::NotAnObject { at, found });
    };
    let inner = splice.only(container).map_err(|members| {
        let at = at.clone();
        EditError::NotWrapped { at, members }
    })?;
    let old = splice.indentation(inner).to_owned();
    let value = reindent(&splice.spelled(inner), &old, splice.indentation(place));
    splice.set(place, value);
    Ok(())
}

fn lay_out(splice: &mut Splice<'_>, place: Position, value: &Fragment, sorted: bool) {
    let value = splice.layout(place, sorted).print(value.as_str());
    splice.set(place, value);
}

fn member(splice: &mut Splice<'_>, at: &Pointer) -> Result<Position, EditError> {
    let (container, name) = object_around(splice, at)?;
    let missing = || EditError::Missing { at: at.clone() };
    splice.find(container, name).ok_or_else(missing)
}

fn vacancy<'p>(splice: &mut Splice<'_>, at: &'p Pointer) -> Result<(usize, &'p str), EditError> {
    let (container, name) = object_around(splice, at)?;
    if splice.find(container, name).is_some() {
        return Err(EditError::Exists { at: at.clone() });
    }
    Ok((container, name))
}

fn object_around<'p>(
    splice: &mut Splice<'_>,
    at: &'p Pointer,
) -> Result<(usize, &'p str), EditError> {
    let (name, parents) = at.tokens().split_last().ok_or(EditError::Root)?;
    let place = locate(splice, parents)?;
    let container = splice.open(place);
    match container {
        Some(container) if splice.kind(container) == ValueKind::Object => Ok((container, name)),
        _ => {
            let at = Pointer::root().join(parents);
            let found = splice.kind_at(&at);
            Err(EditError::NotAnObject { at, found })
        }
    }
}

/// The position at the end of these names; `None` for the root.
fn locate(splice: &mut Splice<'_>, tokens: &[String]) -> Result<Option<Position>, EditError> {
    let mut place = None;
    for (depth, token) in tokens.iter().enumerate() {
        let container = splice.open(place);
        place = container.and_then(|container| splice.find(container, token));
        if place.is_none() {
            let at = Pointer::root().join(&tokens[..=depth]);
            return Err(EditError::Missing { at });
        }
    }
    Ok(place)
}
