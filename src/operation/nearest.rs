//! The names that somebody may have meant.
//!
//! Pure. Invariant: the nearest come first, and equals in the order in which they were given.

/// How many names are worth reading.
const MOST: usize = 3;

/// The names that are nearest to `wanted`: by how many letters have to be put in, left out or changed; one that begins as it does is as good as the same.
pub(super) fn nearest<'n>(wanted: &str, names: &'n [String]) -> Vec<&'n str> {
    let mut by_distance: Vec<(usize, &str)> = names
        .iter()
        .map(|name| {
            let begins = !wanted.is_empty() && name.starts_with(wanted);
            (
                if begins { 0 } else { distance(wanted, name) },
                name.as_str(),
            )
        })
        .collect();
    by_distance.sort_by_key(|(distance, _)| *distance);
    let nearest = by_distance.into_iter().take(MOST);
    nearest.map(|(_, name)| name).collect()
}

/// How many bytes have to be put in, left out or changed.
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
        ]
        .map(str::to_owned);
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
