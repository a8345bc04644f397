//! What the measurements come to, beside what was to be reached.

use crate::measure::Times;

/// A bound on a figure.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Aim {
    AtLeast(f64),
    AtMost(f64),
}

impl Aim {
    fn verdict(self, figure: f64) -> String {
        let (reached, word, bound) = match self {
            Self::AtLeast(bound) => (figure >= bound, "at least", bound),
            Self::AtMost(bound) => (figure <= bound, "at most", bound),
        };
        let verdict = if reached { "reached" } else { "MISSED" };
        format!("aim: {word} {bound}: {verdict}")
    }
}

/// Says what was measured.
pub(crate) fn heading(text: &str) {
    println!("\n{text}");
}

/// One contestant.
pub(crate) fn times(name: &str, times: &Times) {
    let (shortest, longest) = times.range();
    let median = times.median();
    println!("  {name:<44} {median:>9.1} ms   ({shortest:.1} to {longest:.1})");
}

/// A figure without unit, or with one in its name.
pub(crate) fn figure(name: &str, figure: f64, aim: Option<Aim>) {
    let verdict = aim.map_or_else(String::new, |aim| aim.verdict(figure));
    println!("  {name:<44} {figure:>9.2}      {verdict}");
}
