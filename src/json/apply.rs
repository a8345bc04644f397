//! Applies a list of edits to a text.
//! Invariant: members that no edit names keep their bytes, and so does the white space between them.

use std::borrow::Cow;

use super::edit::{Edit, EditError};
use super::make::make;
use super::pointer::{Pointer, overlapping};
use super::splice::Splice;
use super::text::Text;

/// Splices `edits` into `text`, in the text's own layout.
///
/// In an object with two or more names in ascending order, a new member goes to its sorted place, and the names inside its value are sorted, too; in any other object it goes to the end. One list can insert, remove and rename several members of one object, and append several elements to one array.
///
/// # Errors
/// An edit does not fit the document, or two edits overlap.
pub fn apply(text: &Text<'_>, edits: &[Edit]) -> Result<String, EditError> {
    refuse_overlaps(edits)?;
    if edits.is_empty() {
        return Ok(text.as_str().to_owned());
    }
    let mut splice = Splice::new(text);
    for edit in edits {
        make(&mut splice, edit)?;
    }
    Ok(splice.print())
}

/// Refuses a copy of a value that another edit touches; `touched` is in ascending order.
fn refuse_changed_sources(
    edits: &[Edit],
    touched: &[(Cow<'_, Pointer>, usize, bool)],
) -> Result<(), EditError> {
    for edit in edits {
        if let Edit::Copy { from, .. } = edit
            && let Some(other) = overlapping(from, |tokens| {
                let next = touched.partition_point(|(at, ..)| at.tokens() < tokens);
                touched.get(next).map(|(at, ..)| &**at)
            })
        {
            return Err(EditError::Overlap {
                one: from.clone(),
                other: other.clone(),
            });
        }
    }
    Ok(())
}

/// Refuses two addresses if one leads into the other, unless both are the end of one array.
fn refuse_overlaps(edits: &[Edit]) -> Result<(), EditError> {
    let mut touched = Vec::with_capacity(edits.len());
    for (order, edit) in edits.iter().enumerate() {
        let appends = matches!(edit, Edit::Append { .. });
        touched.extend(edit.touches().into_iter().map(|at| (at, order, appends)));
    }
    // In this order, an address is followed directly by all addresses inside its value.
    touched.sort_by(|(one, ..), (other, ..)| one.tokens().cmp(other.tokens()));
    refuse_changed_sources(edits, &touched)?;
    for ((one, first, one_appends), (other, second, other_appends)) in
        touched.iter().zip(touched.iter().skip(1))
    {
        let both_append = *one_appends && *other_appends && one == other;
        if one.overlaps(other) && !both_append {
            let (one, other) = if first <= second {
                (one, other)
            } else {
                (other, one)
            };
            return Err(EditError::Overlap {
                one: one.clone().into_owned(),
                other: other.clone().into_owned(),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "apply_tests.rs"]
mod tests;
