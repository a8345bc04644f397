//! Laws of the steps, over random documents in random layouts; `PROPTEST_CASES=10000` makes a campaign of them.
//!
//! Taken twice is taken once. What no edit names keeps its bytes. The way back from what changed leads to the same document, byte for byte where the layout allows. The way back from any document loses nothing: taken up again, what it changed is as it was.
//!
//! Invariant: every generated step was loaded as migration files are, so none of these laws rests on the tests' own idea of a step.

mod samples;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;

use super::placed::PlacedStep;
use super::trial::read;
use crate::json::{Edit, Pointer, Text, Value, apply, canonical};
use crate::transform::{Change, Transform};

use samples::{Sample, sample};
pub(crate) use samples::{documents, steps};

/// The result of a transform.
struct Done {
    text: String,
    changes: Vec<Change>,
}

fn take(transform: &dyn Transform, document: &str) -> Option<Done> {
    let text = scan(document);
    let changes = transform.changes(text.root()).ok()?;
    let edits: Vec<_> = changes.iter().filter_map(Change::edit).cloned().collect();
    let text = apply(&text, &edits).unwrap();
    if edits.is_empty() {
        assert_eq!(text, document);
    }
    Some(Done { text, changes })
}

fn scan(document: &str) -> Text<'_> {
    Text::scan(document.as_bytes()).unwrap()
}

fn loaded(step: &str) -> Option<Vec<PlacedStep>> {
    read(step).ok()
}

impl Done {
    fn edits(&self) -> impl Iterator<Item = &Edit> {
        self.changes.iter().filter_map(Change::edit)
    }

    /// The places that the edits write.
    fn written(&self) -> Vec<Pointer> {
        let places = self.edits().flat_map(|edit| match edit {
            Edit::Rename { at, to } => vec![at.clone(), at.sibling(to)],
            Edit::Move { from, to } => vec![from.clone(), to.clone()],
            Edit::Insert { at, .. }
            | Edit::Replace { at, .. }
            | Edit::Append { at, .. }
            | Edit::Remove { at }
            | Edit::Wrap { at, .. }
            | Edit::Unwrap { at }
            | Edit::Copy { to: at, .. } => vec![at.clone()],
        });
        places.collect()
    }

    /// Returns true if it kept no value, and removed no value that was there twice.
    fn only_changed(&self) -> bool {
        self.edits().next().is_some()
            && self.changes.iter().all(|change| {
                !matches!(change, Change::Kept(_) | Change::Edit(Edit::Remove { .. }))
            })
    }
}

/// Every address in a document.
fn addresses(value: Value<'_>, at: &Pointer, all: &mut Vec<Pointer>) {
    all.push(at.clone());
    for member in value.members() {
        addresses(member.value(), &at.child(member.name()), all);
    }
    for (index, element) in value.elements().enumerate() {
        addresses(element, &at.child(index.to_string()), all);
    }
}

fn twice_is_once_and_the_rest_keeps_its_bytes(transform: &dyn Transform, document: &str) {
    let Some(once) = take(transform, document) else {
        return;
    };
    let twice = take(transform, &once.text).expect("what was taken once is taken twice");
    assert_eq!(twice.text, once.text);
    assert_eq!(twice.edits().next(), None);
    let (before, after, written) = (scan(document), scan(&once.text), once.written());
    let mut all = Vec::new();
    addresses(before.root(), &Pointer::root(), &mut all);
    for at in all
        .iter()
        .filter(|at| !written.iter().any(|one| one.overlaps(at)))
    {
        let raw = |text: &Text<'_>| text.root().at(at).map(|value| value.raw().to_owned());
        assert_eq!(raw(&before), raw(&after), "{at}");
    }
    for guarded in ["/id", "/v", "/h", "/p/q"] {
        let guarded = guarded.parse().unwrap();
        if before.root().at(&guarded).is_some() {
            assert!(
                !written.iter().any(|one| one.overlaps(&guarded)),
                "{guarded}"
            );
        }
    }
}

fn the_way_back_undoes_what_changed(transform: &dyn Transform, sample: &Sample) {
    let document = &sample.document;
    let (Ok(back), Some(up)) = (transform.inverse(), take(transform, document)) else {
        return;
    };
    if !up.only_changed() {
        return;
    }
    let down = take(&*back, &up.text).expect("what was taken up is taken down");
    assert!(
        canonical::same(scan(&down.text).root(), scan(document).root()),
        "{}",
        down.text
    );
    if sample.is_tidy && keeps_places(&up, document) {
        assert_eq!(down.text, *document, "by way of {}", up.text);
    }
}

/// Returns true if the way back can restore the same bytes: the layout is uniform, and no member changes its place for good.
fn keeps_places(up: &Done, document: &str) -> bool {
    let (before, after) = (scan(document), scan(&up.text));
    let sorted = |text: &Text<'_>, at: &Pointer| {
        let parent = at
            .split_last()
            .map(|(parent, _)| parent)
            .unwrap_or_default();
        text.root().at(&parent).is_some_and(|object| {
            let names: Vec<_> = object.members().map(|member| member.name()).collect();
            names.len() > 1 && names.is_sorted()
        })
    };
    up.changes.iter().all(|change| match change {
        Change::Edit(Edit::Rename { at, .. }) => sorted(&before, at) == sorted(&after, at),
        Change::Edit(Edit::Move { from, to }) => {
            // Within one object, the others must show the order while the value is away.
            let alone = from
                .split_last()
                .map(|(parent, _)| parent)
                .and_then(|parent| {
                    let is_same = to.split_last().is_some_and(|(other, _)| other == parent);
                    before
                        .root()
                        .at(&parent)
                        .filter(|object| is_same && object.len() < 3)
                });
            alone.is_none()
                && [from, to]
                    .iter()
                    .all(|at| sorted(&before, at) && sorted(&after, at))
        }
        Change::EditAs(_, Edit::Replace { at, .. }) => {
            let found = before.root().at(at).map(|value| value.raw());
            !found.is_some_and(|raw| raw.contains('\\'))
        }
        Change::Kept(_) | Change::Edit(_) | Change::EditAs(..) => true,
    })
}

fn the_way_back_loses_nothing(transform: &dyn Transform, document: &str) {
    let Ok(back) = transform.inverse() else {
        return;
    };
    let Some(down) = take(&*back, document) else {
        return;
    };
    if down.edits().next().is_none() {
        return;
    }
    let Some(up) = take(transform, &down.text) else {
        // Something else stands in the way up, and did so before.
        assert!(take(transform, document).is_none());
        return;
    };
    let (before, after) = (scan(document), scan(&up.text));
    for at in down.written() {
        // A value that was at the old and the new place is at the new one again.
        let stood_twice = down.edits().any(|edit| matches!(edit, Edit::Remove { .. }));
        match (before.root().at(&at), after.root().at(&at)) {
            (Some(one), Some(two)) => assert!(canonical::same(one, two), "{at}"),
            (None, None) => {}
            (one, two) => assert!(stood_twice && one.is_none(), "{at}: {one:?} {two:?}"),
        }
    }
}

fn assert_laws(sample: &Sample) {
    let Some(steps) = loaded(&sample.step) else {
        return;
    };
    for transform in &steps {
        twice_is_once_and_the_rest_keeps_its_bytes(transform, &sample.document);
        the_way_back_undoes_what_changed(transform, sample);
        the_way_back_loses_nothing(transform, &sample.document);
        if let Some(up) = take(transform, &sample.document) {
            the_way_back_loses_nothing(transform, &up.text);
        }
    }
}

macro_rules! laws {
    ($($name:ident)*) => {
        proptest! {
            $(
                #[test]
                fn $name(sample in sample(stringify!($name))) {
                    assert_laws(&sample);
                }
            )*
        }

        const TRIED: &[&str] = &[$(stringify!($name)),*];
    };
}

laws! {
    set_default set rename r#move copy coalesce map convert derive hash wrap unwrap for_each when remove
}

/// Counts the samples of a step that change something, that change everything and can be undone, and that are changed by the way back from any document.
fn reached(name: &'static str) -> [usize; 3] {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let strategy = sample(name);
    let mut counts = [0; 3];
    for _ in 0..400 {
        let sample = strategy.new_tree(&mut runner).unwrap().current();
        let Some(steps) = loaded(&sample.step) else {
            continue;
        };
        for transform in &steps {
            let up = take(transform, &sample.document);
            let back = transform.inverse().ok();
            let has_back = back.is_some();
            let higher = up.as_ref().map_or(&sample.document, |up| &up.text);
            let down = back.and_then(|back| take(&*back, higher));
            let changes = |done: &Option<Done>| {
                done.as_ref()
                    .is_some_and(|done| done.edits().next().is_some())
            };
            counts[0] += usize::from(changes(&up));
            counts[1] += usize::from(has_back && up.is_some_and(|up| up.only_changed()));
            counts[2] += usize::from(changes(&down));
        }
    }
    counts
}

#[test]
fn the_laws_are_tried_for_every_step() {
    let tried = TRIED.iter().map(|name| name.trim_start_matches("r#"));
    let mut tried: Vec<_> = tried.collect();
    let mut steps: Vec<_> = super::STEPS.iter().map(|step| step.name).collect();
    tried.sort_unstable();
    steps.sort_unstable();
    assert_eq!(tried, steps);
}

#[test]
fn no_law_holds_only_because_nothing_happens() {
    for step in super::STEPS {
        let counts = reached(step.name);
        let expected = if step.name == "remove" { 1 } else { 3 };
        assert!(
            counts[..expected].iter().all(|count| *count >= 8),
            "{}: {counts:?}",
            step.name
        );
    }
}
