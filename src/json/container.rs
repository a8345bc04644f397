//! One array or object during an edit, as a list of members with the white space around them.
//! Members are separated by a comma with white space; the white space inside the brackets belongs to the container. A new member gets a separator like its neighbour's; a removed member takes one away.
//! Invariant: a member that does not change is one span of the text.

use std::borrow::Cow;
use std::collections::HashMap;

use super::name::unescape;
use super::text::Text;
use super::value::{Value, array_index};
use super::value_kind::ValueKind;

const MANY_SLOTS: usize = 64;

pub(super) struct Container<'t> {
    pub(super) kind: ValueKind,
    /// The container and slot that hold this container.
    pub(super) holder: Option<(usize, usize)>,
    /// The members or elements found, then those added. None is ever taken out of this list.
    pub(super) slots: Vec<Slot<'t>>,
    /// The indices of the present slots, in their order.
    pub(super) order: Vec<usize>,
    pub(super) ascending: bool,
    /// The white space of an empty container.
    pub(super) inside: &'t str,
    /// The slots by name; empty unless there are many.
    by_name: HashMap<Cow<'t, str>, usize>,
}

pub(super) struct Slot<'t> {
    /// The whole span of the text, while nothing in it has changed.
    pub(super) whole: Option<&'t str>,
    pub(super) lead: Cow<'t, str>,
    /// With quotes; empty in an array.
    pub(super) name: Cow<'t, str>,
    /// With its white space; empty in an array.
    pub(super) colon: Cow<'t, str>,
    pub(super) content: SlotContent<'t>,
    pub(super) trail: Cow<'t, str>,
}

pub(super) enum SlotContent<'t> {
    Found(Value<'t>),
    Opened(usize),
    New(String),
}

impl<'t> Container<'t> {
    /// Opens a value. A scalar has no members.
    pub(super) fn open(
        text: &'t Text<'t>,
        value: Value<'t>,
        holder: Option<(usize, usize)>,
    ) -> Self {
        let slots = slots(text.as_str(), value);
        let by_name = if slots.len() > MANY_SLOTS {
            let names = value.members().map(|member| member.name());
            names.zip(0..).collect()
        } else {
            HashMap::new()
        };
        let span = value.span();
        Self {
            kind: value.kind(),
            holder,
            order: (0..slots.len()).collect(),
            ascending: value.ascends(),
            inside: match value.kind() {
                ValueKind::Object | ValueKind::Array if slots.is_empty() => {
                    &text.as_str()[span.start + 1..span.end - 1]
                }
                _ => "",
            },
            slots,
            by_name,
        }
    }

    pub(super) fn find(&self, token: &str) -> Option<usize> {
        if self.kind == ValueKind::Array {
            return array_index(token).filter(|index| *index < self.slots.len());
        }
        if !self.by_name.is_empty() {
            return self.by_name.get(token).copied();
        }
        self.slots.iter().position(|slot| slot.unescaped() == token)
    }

    pub(super) fn slot_at(&self, position: usize) -> Option<&Slot<'t>> {
        self.order.get(position).map(|slot| &self.slots[*slot])
    }

    pub(super) fn position(&self, slot: usize) -> Option<usize> {
        if self.order.get(slot) == Some(&slot) {
            return Some(slot);
        }
        self.order.iter().position(|other| *other == slot)
    }

    pub(super) fn is_sorted(&self) -> bool {
        self.ascending && self.order.len() > 1
    }

    pub(super) fn ascends(&self) -> bool {
        self.order
            .iter()
            .is_sorted_by_key(|slot| self.slots[*slot].unescaped())
    }

    pub(super) fn sorted_position(&self, slot: usize) -> usize {
        let name = self.slots[slot].unescaped();
        self.order
            .partition_point(|other| self.slots[*other].unescaped() < name)
    }

    pub(super) fn part(
        &mut self,
        position: usize,
        trail: Cow<'t, str>,
        lead: Cow<'t, str>,
    ) -> (Cow<'t, str>, Cow<'t, str>) {
        if position == 0 {
            let next = &mut self.slots[self.order[0]];
            let opening = std::mem::replace(&mut next.lead, lead);
            next.whole = None;
            (opening, trail)
        } else if position == self.order.len() {
            let before = &mut self.slots[self.order[position - 1]];
            let closing = std::mem::replace(&mut before.trail, trail);
            before.whole = None;
            (lead, closing)
        } else {
            (lead, trail)
        }
    }

    pub(super) fn attach(&mut self, position: usize, slot: usize) {
        let sorted = self.is_sorted();
        self.order.insert(position, slot);
        if !sorted && self.order.len() <= 2 {
            self.ascending = self.ascends();
        }
    }

    /// Takes a slot and one separator out; the white space inside the brackets stays.
    pub(super) fn detach(&mut self, position: usize) {
        let slot = self.order.remove(position);
        let Slot { lead, trail, .. } = &self.slots[slot];
        let (lead, trail) = (lead.clone(), trail.clone());
        if self.order.is_empty() {
            self.inside = "";
        } else if position == 0 {
            let next = &mut self.slots[self.order[0]];
            next.lead = lead;
            next.whole = None;
        } else if position == self.order.len() {
            let before = &mut self.slots[self.order[position - 1]];
            before.trail = trail;
            before.whole = None;
        }
        if !self.ascending {
            self.ascending = self.ascends();
        }
    }
}

impl<'t> Slot<'t> {
    pub(super) fn new(name: String, colon: Cow<'t, str>) -> Self {
        Self {
            whole: None,
            lead: Cow::Borrowed(""),
            name: Cow::Owned(name),
            colon,
            content: SlotContent::New(String::new()),
            trail: Cow::Borrowed(""),
        }
    }

    fn unescaped(&self) -> Cow<'_, str> {
        let quoted = self.name.len().saturating_sub(1);
        unescape(self.name.get(1..quoted).unwrap_or_default())
    }
}

/// The members or elements of a value, with the white space around them.
fn slots<'t>(text: &'t str, value: Value<'t>) -> Vec<Slot<'t>> {
    let members = value.members();
    let members = members.map(|member| (Some(member.name_span()), member.value()));
    let elements = value.elements().map(|element| (None, element));
    let mut begin = value.span().start + 1;
    let mut slots = Vec::new();
    for (name, value) in members.chain(elements) {
        let span = value.span();
        let name = name.unwrap_or(span.start..span.start);
        let end = span.end + white_length(&text[span.end..]);
        slots.push(Slot {
            whole: Some(&text[begin..end]),
            lead: Cow::Borrowed(&text[begin..name.start]),
            colon: Cow::Borrowed(&text[name.end..span.start]),
            name: Cow::Borrowed(&text[name]),
            content: SlotContent::Found(value),
            trail: Cow::Borrowed(&text[span.end..end]),
        });
        begin = end + 1;
    }
    slots
}

fn white_length(text: &str) -> usize {
    text.bytes()
        .take_while(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t'))
        .count()
}
