//! A document during an edit: the containers on the way to an edit are opened into lists, the rest stays a span of the text.
//! A later edit sees the lists as the earlier ones left them.
//! Invariant: a document without edits is printed as the same text, byte for byte.

use std::borrow::Cow;

use super::capacity::buffer_capacity;
use super::container::{Container, Slot, SlotContent};
use super::layout::{Layout, Lines, indentation, line_end};
use super::pointer::Pointer;
use super::text::Text;
use super::value_kind::ValueKind;

/// A document during an edit. Container 0 is its root.
pub(super) struct Splice<'t> {
    text: &'t Text<'t>,
    containers: Vec<Container<'t>>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Position {
    pub(super) container: usize,
    pub(super) slot: usize,
}

impl<'t> Splice<'t> {
    pub(super) fn new(text: &'t Text<'t>) -> Self {
        let containers = vec![Container::open(text, text.root(), None)];
        Self { text, containers }
    }

    pub(super) fn kind(&self, container: usize) -> ValueKind {
        self.containers[container].kind
    }

    /// The kind of the value at an address in the original text; null if there is none.
    pub(super) fn kind_at(&self, at: &Pointer) -> ValueKind {
        self.text
            .root()
            .at(at)
            .map_or(ValueKind::Null, |value| value.kind())
    }

    pub(super) fn find(&self, container: usize, token: &str) -> Option<Position> {
        let slot = self.containers[container].find(token)?;
        Some(Position { container, slot })
    }

    /// Opens the container in a slot, or the root without one; `None` if the slot has a scalar or a new value.
    pub(super) fn open(&mut self, place: Option<Position>) -> Option<usize> {
        let Some(place) = place else { return Some(0) };
        let value = match self.slot(place).content {
            SlotContent::Found(value) => value,
            SlotContent::Opened(container) => return Some(container),
            SlotContent::New(_) => return None,
        };
        if !matches!(value.kind(), ValueKind::Object | ValueKind::Array) {
            return None;
        }
        let opened = Container::open(self.text, value, Some((place.container, place.slot)));
        let container = self.containers.len();
        self.containers.push(opened);
        self.change(place).content = SlotContent::Opened(container);
        Some(container)
    }

    /// Returns true if the container, or the nearest object around it, has two or more names in ascending order.
    pub(super) fn is_sorted(&self, mut container: usize) -> bool {
        while self.kind(container) != ValueKind::Object {
            match self.containers[container].holder {
                Some((holder, _)) => container = holder,
                None => return false,
            }
        }
        self.containers[container].is_sorted()
    }

    /// Adds a member or element, whose value the caller sets then: in its sorted place if the object is sorted, else at the end. `name` has quotes; it is empty in an array.
    pub(super) fn add(&mut self, container: usize, name: String) -> Position {
        let colon = match self.kind(container) {
            ValueKind::Object => self.colon_in(container),
            _ => Cow::Borrowed(""),
        };
        let holder = &mut self.containers[container];
        let slot = holder.slots.len();
        holder.slots.push(Slot::new(name, colon));
        let position = if holder.is_sorted() && holder.kind == ValueKind::Object {
            holder.sorted_position(slot)
        } else {
            holder.order.len()
        };
        let place = Position { container, slot };
        self.attach(place, position);
        place
    }

    pub(super) fn set(&mut self, place: Position, value: String) {
        self.change(place).content = SlotContent::New(value);
    }

    pub(super) fn remove(&mut self, place: Position) -> String {
        let container = &mut self.containers[place.container];
        if let Some(position) = container.position(place.slot) {
            container.detach(position);
        }
        self.spelled(place)
    }

    pub(super) fn spelled(&self, place: Position) -> String {
        let mut value = String::new();
        self.print_content(self.slot(place), &mut value);
        value
    }

    /// The only member or element of a container, or else their number.
    pub(super) fn only(&self, container: usize) -> Result<Position, usize> {
        match self.containers[container].order.as_slice() {
            [slot] => Ok(Position {
                container,
                slot: *slot,
            }),
            several => Err(several.len()),
        }
    }

    pub(super) fn rename(&mut self, place: Position, name: String) {
        let sorted = self.containers[place.container].is_sorted();
        self.change(place).name = Cow::Owned(name);
        let container = &mut self.containers[place.container];
        let Some(position) = container.position(place.slot) else {
            return;
        };
        if !sorted {
            container.ascending = container.ascends();
            return;
        }
        container.order.remove(position);
        let target = container.sorted_position(place.slot);
        container.order.insert(position, place.slot);
        if target != position {
            container.detach(position);
            self.attach(place, target);
        }
    }

    pub(super) fn indentation(&self, mut place: Position) -> &str {
        loop {
            if let Some(found) = indentation(&self.slot(place).lead) {
                return found;
            }
            match self.containers[place.container].holder {
                Some((container, slot)) => place = Position { container, slot },
                None => return "",
            }
        }
    }

    pub(super) fn layout(&self, place: Position, sorted: bool) -> Layout<'_> {
        let slot = self.slot(place);
        let colon = if slot.colon.is_empty() {
            self.colon_in(place.container)
        } else {
            slot.colon.clone()
        };
        let lines = indentation(&slot.lead).map(|found| Lines {
            end: line_end(&slot.lead),
            indentation: found,
            unit: self.unit(),
        });
        Layout {
            colon,
            separator: self.inline_separator(place.container),
            lines,
            sorted,
        }
    }

    pub(super) fn print(&self) -> String {
        let text = self.text.as_str();
        let root = self.text.root().span();
        let mut out = String::with_capacity(buffer_capacity(text.len() + text.len() / 4 + 256));
        out.push_str(&text[..root.start]);
        self.print_container(0, &mut out);
        out.push_str(&text[root.end..]);
        out
    }

    fn print_container(&self, container: usize, out: &mut String) {
        let container = &self.containers[container];
        let object = container.kind == ValueKind::Object;
        out.push(if object { '{' } else { '[' });
        for (count, slot) in container.order.iter().enumerate() {
            if count > 0 {
                out.push(',');
            }
            let slot = &container.slots[*slot];
            if let Some(whole) = slot.whole {
                out.push_str(whole);
                continue;
            }
            out.push_str(&slot.lead);
            out.push_str(&slot.name);
            out.push_str(&slot.colon);
            self.print_content(slot, out);
            out.push_str(&slot.trail);
        }
        if container.order.is_empty() {
            out.push_str(container.inside);
        }
        out.push(if object { '}' } else { ']' });
    }

    fn print_content(&self, slot: &Slot<'t>, out: &mut String) {
        match &slot.content {
            SlotContent::Found(value) => out.push_str(value.raw()),
            SlotContent::Opened(opened) => self.print_container(*opened, out),
            SlotContent::New(value) => out.push_str(value),
        }
    }

    fn slot(&self, place: Position) -> &Slot<'t> {
        &self.containers[place.container].slots[place.slot]
    }

    fn change(&mut self, place: Position) -> &mut Slot<'t> {
        let slot = &mut self.containers[place.container].slots[place.slot];
        slot.whole = None;
        slot
    }

    fn attach(&mut self, place: Position, position: usize) {
        let separator = self.separator_near(place.container, position);
        let (lead, trail) = match separator {
            Some((trail, lead)) => self.containers[place.container].part(position, trail, lead),
            None => self.edges(place.container),
        };
        let slot = self.change(place);
        slot.lead = lead;
        slot.trail = trail;
        self.containers[place.container].attach(position, place.slot);
    }

    fn separator_near(
        &self,
        container: usize,
        position: usize,
    ) -> Option<(Cow<'t, str>, Cow<'t, str>)> {
        let here = &self.containers[container];
        let first = here.slot_at(0)?;
        let after = position.clamp(1, here.order.len().max(2) - 1);
        if let (Some(before), Some(after)) = (here.slot_at(after - 1), here.slot_at(after)) {
            return Some((before.trail.clone(), after.lead.clone()));
        }
        let lead = if indentation(&first.lead).is_some() {
            first.lead.clone()
        } else {
            self.inline_separator(container)
        };
        Some((Cow::Borrowed(""), lead))
    }

    fn edges(&self, container: usize) -> (Cow<'t, str>, Cow<'t, str>) {
        let here = &self.containers[container];
        let outside = here
            .holder
            .map(|(container, slot)| self.slot(Position { container, slot }).lead.as_ref());
        let broken = [here.inside, outside.unwrap_or_default()]
            .into_iter()
            .find_map(|white| Some((indentation(white)?, line_end(white))));
        let Some((base, end)) = broken else {
            return (Cow::Borrowed(""), Cow::Borrowed(""));
        };
        let lines = Lines {
            end,
            indentation: base,
            unit: self.unit(),
        };
        (Cow::Owned(lines.lead(1)), Cow::Owned(lines.lead(0)))
    }

    fn unit(&self) -> &str {
        let first = self.containers[0].slot_at(0);
        let found = first.and_then(|slot| indentation(&slot.lead));
        found.unwrap_or("  ")
    }

    /// The colon with white space of the last member of the container, or else of the root.
    fn colon_in(&self, container: usize) -> Cow<'t, str> {
        for container in [container, 0] {
            let last = self.containers[container].order.last();
            let slot = last.map(|slot| &self.containers[container].slots[*slot]);
            if let Some(slot) = slot.filter(|slot| !slot.colon.is_empty()) {
                return slot.colon.clone();
            }
        }
        Cow::Borrowed(": ")
    }

    /// The white space after a comma on one line: as in the container, or in the root, or as after a colon.
    fn inline_separator(&self, container: usize) -> Cow<'t, str> {
        for container in [container, 0] {
            if let Some(second) = self.containers[container].slot_at(1)
                && indentation(&second.lead).is_none()
            {
                return second.lead.clone();
            }
        }
        let colon = self.colon_in(container);
        Cow::Borrowed(if colon.ends_with(':') { "" } else { " " })
    }
}
