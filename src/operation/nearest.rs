//! Suggests known names for an unknown one.
//!
//! Invariant: the nearest come first, and equals in the given order.

const MOST: usize = 3;

/// Sorts by the number of letters to insert, delete or replace; a name that begins with `wanted` counts as equal.
pub(super) fn nearest<'n>(wanted: &str, names: &[&'n str]) -> Vec<&'n str> {
    let mut by_distance: Vec<(usize, &str)> = names
        .iter()
        .map(|name| {
            let begins = !wanted.is_empty() && name.starts_with(wanted);
            (if begins { 0 } else { distance(wanted, name) }, *name)
        })
        .collect();
    by_distance.sort_by_key(|(distance, _)| *distance);
    let nearest = by_distance.into_iter().take(MOST);
    nearest.map(|(_, name)| name).collect()
}

fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in other.bytes().enumerate() {
            let changed = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_come_first_and_a_beginning_is_as_good_as_the_same() {
        let names = [
            "20261121T051136Z-1",
            "20261120T235959Z-1",
            "other",
            "20261121T051136Z-2",
        ];
        assert_eq!(
            nearest("20261121T051136Z-3", &names),
            [
                "20261121T051136Z-1",
                "20261121T051136Z-2",
                "20261120T235959Z-1"
            ]
        );
        assert_eq!(nearest("20261120", &names)[0], "20261120T235959Z-1");
        assert_eq!(distance("kitten", "sitting"), 3);
        assert!(nearest("x", &[]).is_empty());
    }
}
