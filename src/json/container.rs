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
    pub(super) content: Content<'t>,
    pub(super) trail: Cow<'t, str>,
}

pub(super) enum Content<'t> {
    Found(Value<'t>),
    Opened(usize),
    New(String),
}

impl<'t> Container<'t> {
    pub(super) fn open(
        text: &'t Text<'t>,
        value: Value<'t>,
        holder: Option<(usize, usize)>,
    ) -> Option<Self> {
        let slots = match value.kind() {
            ValueKind::Object => members(text, value),
            ValueKind::Array => elements(text, value),
            _ => return None,
        };
        let span = value.span();
        let by_name = if slots.len() > MANY_SLOTS && value.kind() == ValueKind::Object {
            value
                .members()
                .map(|member| member.name())
                .zip(0..)
                .collect()
        } else {
            HashMap::new()
        };
        Some(Self {
            kind: value.kind(),
            holder,
            order: (0..slots.len()).collect(),
            slots,
            ascending: value.ascends(),
            inside: if value.is_empty() {
                &text.as_str()[span.start + 1..span.end - 1]
            } else {
                ""
            },
            by_name,
        })
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
            content: Content::New(String::new()),
            trail: Cow::Borrowed(""),
        }
    }

    fn unescaped(&self) -> Cow<'_, str> {
        let quoted = self.name.len().saturating_sub(1);
        unescape(self.name.get(1..quoted).unwrap_or_default())
    }
}

fn members<'t>(text: &'t Text<'t>, object: Value<'t>) -> Vec<Slot<'t>> {
    let mut begin = object.span().start + 1;
    let text = text.as_str();
    let mut slots = Vec::new();
    for member in object.members() {
        let (name, value) = (member.name_span(), member.value().span());
        let end = value.end + white_length(&text[value.end..]);
        slots.push(Slot {
            whole: Some(&text[begin..end]),
            lead: Cow::Borrowed(&text[begin..name.start]),
            name: Cow::Borrowed(&text[name.clone()]),
            colon: Cow::Borrowed(&text[name.end..value.start]),
            content: Content::Found(member.value()),
            trail: Cow::Borrowed(&text[value.end..end]),
        });
        begin = end + 1;
    }
    slots
}

fn elements<'t>(text: &'t Text<'t>, array: Value<'t>) -> Vec<Slot<'t>> {
    let mut begin = array.span().start + 1;
    let text = text.as_str();
    let mut slots = Vec::new();
    for element in array.elements() {
        let value = element.span();
        let end = value.end + white_length(&text[value.end..]);
        slots.push(Slot {
            whole: Some(&text[begin..end]),
            lead: Cow::Borrowed(&text[begin..value.start]),
            name: Cow::Borrowed(""),
            colon: Cow::Borrowed(""),
            content: Content::Found(element),
            trail: Cow::Borrowed(&text[value.end..end]),
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
