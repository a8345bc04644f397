//! The document while it is edited: containers that edits reach are opened into lists, the rest stays a span of the text.
//!
//! All that later edits look at is in the lists, so that a list of edits gives what one after the other gives.
//!
//! Invariant: printed without an edit, the document is the text, byte for byte.

use std::borrow::Cow;

use super::container::{Container, Content, Slot};
use super::layout::{Layout, Lines, indentation, line_end};
use super::pointer::Pointer;
use super::text::Text;
use super::value_kind::Kind;

/// A document that is being edited; container 0 is its root.
pub(super) struct Splice<'t> {
    text: &'t Text<'t>,
    containers: Vec<Container<'t>>,
}

/// A place in an opened container.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) container: usize,
    pub(super) slot: usize,
}

impl<'t> Splice<'t> {
    /// Opens the root; `None` where it is a scalar.
    pub(super) fn new(text: &'t Text<'t>) -> Option<Self> {
        let root = Container::open(text, text.root(), None)?;
        let containers = vec![root];
        Some(Self { text, containers })
    }

    pub(super) fn kind(&self, container: usize) -> Kind {
        self.containers[container].kind
    }

    /// What stands at an address in the text as it was found.
    pub(super) fn kind_at(&self, at: &Pointer) -> Kind {
        self.text
            .root()
            .at(at)
            .map_or(Kind::Null, |value| value.kind())
    }

    /// The slot that `token` of a pointer names.
    pub(super) fn find(&self, container: usize, token: &str) -> Option<Place> {
        let slot = self.containers[container].find(token)?;
        Some(Place { container, slot })
    }

    /// Opens the container in a slot; `None` where it holds a scalar.
    pub(super) fn open(&mut self, place: Place) -> Option<usize> {
        let value = match self.slot(place).content {
            Content::Found(value) => value,
            Content::Opened(container) => return Some(container),
            Content::New(_) => return None,
        };
        let opened = Container::open(self.text, value, Some((place.container, place.slot)))?;
        let container = self.containers.len();
        self.containers.push(opened);
        self.change(place).content = Content::Opened(container);
        Some(container)
    }

    /// Whether the container, or the nearest object around it, has two or more names in ascending order.
    pub(super) fn is_sorted(&self, mut container: usize) -> bool {
        while self.kind(container) != Kind::Object {
            match self.containers[container].holder {
                Some((holder, _)) => container = holder,
                None => return false,
            }
        }
        self.containers[container].is_sorted()
    }

    /// Adds a member or element without a value, which the caller sets: in its sorted place if the object is sorted, else at the end. `name` has its quotes; it is empty in an array.
    pub(super) fn add(&mut self, container: usize, name: String) -> Place {
        let colon = match self.kind(container) {
            Kind::Object => self.colon_in(container),
            _ => Cow::Borrowed(""),
        };
        let holder = &mut self.containers[container];
        let slot = holder.slots.len();
        holder.slots.push(Slot::new(name, colon));
        let position = if holder.is_sorted() && holder.kind == Kind::Object {
            holder.sorted_position(slot)
        } else {
            holder.order.len()
        };
        let place = Place { container, slot };
        self.attach(place, position);
        place
    }

    /// Puts new text in the place of a value.
    pub(super) fn set(&mut self, place: Place, value: String) {
        self.change(place).content = Content::New(value);
    }

    /// Takes a member away and gives its value as it is spelled.
    pub(super) fn remove(&mut self, place: Place) -> String {
        let container = &mut self.containers[place.container];
        if let Some(position) = container.position(place.slot) {
            container.detach(position);
        }
        self.spelled(place)
    }

    /// A value as it is spelled now.
    pub(super) fn spelled(&self, place: Place) -> String {
        let mut value = String::new();
        self.print_content(self.slot(place), &mut value);
        value
    }

    /// The only member or element of a container, else how many there are.
    pub(super) fn only(&self, container: usize) -> Result<Place, usize> {
        match self.containers[container].order.as_slice() {
            [slot] => Ok(Place {
                container,
                slot: *slot,
            }),
            several => Err(several.len()),
        }
    }

    /// Gives a member another name, and its sorted place where the object is sorted.
    pub(super) fn rename(&mut self, place: Place, name: String) {
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

    /// What stands at the beginning of the line in which a slot stands.
    pub(super) fn indentation(&self, mut place: Place) -> &str {
        loop {
            if let Some(found) = indentation(&self.slot(place).lead) {
                return found;
            }
            match self.containers[place.container].holder {
                Some((container, slot)) => place = Place { container, slot },
                None => return "",
            }
        }
    }

    /// How a new value in a slot is laid out.
    pub(super) fn layout(&self, place: Place, sorted: bool) -> Layout<'_> {
        let slot = self.slot(place);
        let colon = if slot.colon.is_empty() {
            self.colon_in(place.container)
        } else {
            slot.colon.clone()
        };
        let lines = indentation(&slot.lead).map(|found| Lines {
            end: line_end(&slot.lead),
            indentation: Cow::Borrowed(found),
            unit: self.unit(),
        });
        Layout {
            colon,
            separator: self.inline_separator(place.container),
            lines,
            sorted,
        }
    }

    /// The document as it is now.
    pub(super) fn print(&self) -> String {
        let text = self.text.as_str();
        let root = self.text.root().span();
        let mut out = String::with_capacity(text.len() + text.len() / 4 + 256);
        out.push_str(&text[..root.start]);
        self.print_container(0, &mut out);
        out.push_str(&text[root.end..]);
        out
    }

    fn print_container(&self, container: usize, out: &mut String) {
        let container = &self.containers[container];
        let object = container.kind == Kind::Object;
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
            Content::Found(value) => out.push_str(value.raw()),
            Content::Opened(opened) => self.print_container(*opened, out),
            Content::New(value) => out.push_str(value),
        }
    }

    fn slot(&self, place: Place) -> &Slot<'t> {
        &self.containers[place.container].slots[place.slot]
    }

    /// A slot that is about to change.
    fn change(&mut self, place: Place) -> &mut Slot<'t> {
        let slot = &mut self.containers[place.container].slots[place.slot];
        slot.whole = None;
        slot
    }

    /// Puts a slot in its place, with a separator like the nearest one.
    fn attach(&mut self, place: Place, position: usize) {
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

    /// The white space before and behind the comma nearest to a position; `None` in an empty container.
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

    /// The white space before and behind the first member of a container that was empty.
    fn edges(&self, container: usize) -> (Cow<'t, str>, Cow<'t, str>) {
        let here = &self.containers[container];
        let outside = here
            .holder
            .map(|(container, slot)| self.slot(Place { container, slot }).lead.as_ref());
        let broken = [here.inside, outside.unwrap_or_default()]
            .into_iter()
            .find_map(|white| Some((indentation(white)?, line_end(white))));
        let Some((base, end)) = broken else {
            return (Cow::Borrowed(""), Cow::Borrowed(""));
        };
        let lines = Lines {
            end,
            indentation: Cow::Borrowed(base),
            unit: self.unit(),
        };
        (Cow::Owned(lines.lead(1)), Cow::Owned(lines.lead(0)))
    }

    /// What one level of nesting adds to the indentation.
    fn unit(&self) -> Cow<'t, str> {
        let first = self.containers[0].slot_at(0).map(|slot| &slot.lead);
        match first {
            Some(Cow::Borrowed(lead)) => indentation(lead).map(Cow::Borrowed),
            Some(Cow::Owned(lead)) => indentation(lead).map(|found| Cow::Owned(found.to_owned())),
            None => None,
        }
        .unwrap_or(Cow::Borrowed("  "))
    }

    /// The colon with its white space, as in the members of the container, else of the root.
    fn colon_in(&self, container: usize) -> Cow<'t, str> {
        let colons = [container, 0].map(|container| {
            let last = self.containers[container].order.len().checked_sub(1)?;
            let slot = self.containers[container].slot_at(last)?;
            (!slot.colon.is_empty()).then(|| slot.colon.clone())
        });
        colons
            .into_iter()
            .flatten()
            .next()
            .unwrap_or(Cow::Borrowed(": "))
    }

    /// What follows a comma on one line, as in the container, else in the root, else as colons have it.
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
