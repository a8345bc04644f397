//! The selection of manifests for an operation.
//!
//! Decides by the path in the tree alone, so the same flags select the same manifests on any machine.
//!
//! Invariant: a larger sample contains a smaller one, and the shards `0/N` to `N-1/N` are a partition.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use globset::{GlobBuilder, GlobMatcher};

use crate::digest::Digest;
use crate::path::TreePath;

/// Selects the manifests that satisfy every part.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Only manifests below this directory of the tree.
    pub within: Option<TreePath>,
    /// Only these manifests; the tree is then not walked.
    pub manifests: Option<Vec<TreePath>>,
    /// Only runs in a job whose name one of these matches; the job is the directory above the run directory. Empty means all.
    pub jobs: Vec<Glob>,
    /// Only this share of all manifests.
    pub sample: Option<Sample>,
    /// Only this part of a partition.
    pub shard: Option<Shard>,
    /// Only the first so many pending manifests in path order, with all others before the last of them.
    pub limit: Option<u64>,
    /// No manifest whose path, or a directory on its path, matches one of these.
    pub exclude: Vec<Glob>,
}

impl Selection {
    /// Leaves only these manifests of those that are selected.
    pub fn only(&mut self, manifests: BTreeSet<TreePath>) {
        self.manifests = Some(match self.manifests.take() {
            None => manifests.into_iter().collect(),
            Some(known) => {
                let both = known.into_iter().filter(|path| manifests.contains(path));
                both.collect()
            }
        });
    }

    /// Returns true if a glob of `exclude` matches the path or a directory on it.
    pub fn excludes(&self, path: &TreePath) -> bool {
        if self.exclude.is_empty() {
            return false;
        }
        let bytes = path.as_bytes();
        let ends = bytes
            .iter()
            .enumerate()
            .filter(|(_, byte)| **byte == b'/')
            .map(|(end, _)| end)
            .chain([bytes.len()]);
        ends.into_iter()
            .any(|end| self.exclude.iter().any(|glob| glob.matches(&bytes[..end])))
    }

    /// Returns true if job, sample and shard select the path; it does not test `exclude` and `within`.
    pub fn selects(&self, path: &TreePath) -> bool {
        let job_matches = || {
            let run = path.parent();
            let job = match run.iter().rposition(|byte| *byte == b'/') {
                Some(slash) => &run[..slash],
                None => &[][..],
            };
            let name = job.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
            self.jobs.iter().any(|glob| glob.matches(name))
        };
        if !self.jobs.is_empty() && !job_matches() {
            return false;
        }
        if self.sample.is_none() && self.shard.is_none() {
            return true;
        }
        let coordinate = Digest::of(path.as_bytes()).leading_u64();
        self.sample.is_none_or(|sample| sample.contains(coordinate))
            && self.shard.is_none_or(|shard| shard.contains(coordinate))
    }

    /// Returns true if the path lies below `within`.
    pub(crate) fn is_within(&self, path: &TreePath) -> bool {
        let inside = |within: &TreePath| {
            let rest = path.as_bytes().strip_prefix(within.as_bytes());
            rest.is_some_and(|rest| rest.starts_with(b"/"))
        };
        self.within.as_ref().is_none_or(inside)
    }

    /// Returns true if the selection can leave out manifests by more than `exclude`.
    pub fn is_partial(&self) -> bool {
        self.within.is_some()
            || self.manifests.is_some()
            || !self.jobs.is_empty()
            || self.sample.is_some()
            || self.shard.is_some()
            || self.limit.is_some()
    }
}

/// A glob over a path in the tree: `*` and `?` stay within one name, `**` does not, `{a,b}` and `[a-z]` choose.
///
/// A glob without `/` matches a name at any depth.
#[derive(Debug, Clone)]
pub struct Glob(GlobMatcher);

impl Glob {
    /// Returns true if the glob matches the whole of `path`.
    pub fn matches(&self, path: &[u8]) -> bool {
        use std::os::unix::ffi::OsStrExt as _;
        self.0.is_match(std::ffi::OsStr::from_bytes(path))
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.glob().glob())
    }
}

/// A text is not a glob.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is {problem}")]
pub struct SelectionError {
    /// The text.
    pub found: String,
    /// The problem, with the expected form.
    pub problem: String,
}

impl SelectionError {
    fn new(found: &str, problem: impl Into<String>) -> Self {
        let (found, problem) = (found.to_owned(), problem.into());
        Self { found, problem }
    }
}

impl FromStr for Glob {
    type Err = SelectionError;

    fn from_str(text: &str) -> Result<Self, SelectionError> {
        let trimmed = text.trim_end_matches('/');
        let anywhere = if trimmed.contains('/') {
            trimmed.trim_start_matches('/').to_owned()
        } else {
            format!("**/{trimmed}")
        };
        GlobBuilder::new(&anywhere)
            .literal_separator(true)
            .build()
            .map(|glob| Self(glob.compile_matcher()))
            .map_err(|error| SelectionError::new(text, format!("not a glob: {}", error.kind())))
    }
}

/// A share of all paths, drawn by their hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// The coordinates below this are in the sample; `None` means all.
    below: Option<u64>,
}

impl Sample {
    /// Returns true if the path with this coordinate is in the sample.
    pub fn contains(self, coordinate: u64) -> bool {
        self.below.is_none_or(|below| coordinate < below)
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[expect(clippy::cast_precision_loss, reason = "it is shown, not drawn with")]
        let percent = self
            .below
            .map_or(100.0, |below| below as f64 * 100.0 / 2_f64.powi(64));
        // More digits than anybody types.
        let text = format!("{percent:.6}");
        let text = text.trim_end_matches('0').trim_end_matches('.');
        write!(f, "{text}%")
    }
}

impl FromStr for Sample {
    type Err = SelectionError;

    fn from_str(text: &str) -> Result<Self, SelectionError> {
        let problem = "not a share: expected more than 0 and at most 100 per cent, as in `5%`";
        let wrong = || SelectionError::new(text, problem);
        let number = text.strip_suffix('%').ok_or_else(wrong)?;
        if !number
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
        {
            return Err(wrong());
        }
        let percent: f64 = number.parse().map_err(|_| wrong())?;
        if percent <= 0.0 || percent > 100.0 {
            return Err(wrong());
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "below 100 per cent the product is below 2^64, and the cast saturates"
        )]
        let below = (percent / 100.0 * 18_446_744_073_709_551_616.0) as u64;
        Ok(Self {
            below: (percent < 100.0).then_some(below),
        })
    }
}

/// One part of a partition of all paths, drawn by their hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    index: u64,
    of: u64,
}

impl Shard {
    /// Returns true if the path with this coordinate is in this part.
    pub fn contains(self, coordinate: u64) -> bool {
        coordinate % self.of == self.index
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

impl FromStr for Shard {
    type Err = SelectionError;

    fn from_str(text: &str) -> Result<Self, SelectionError> {
        let parts = || {
            let (index, of) = text.split_once('/')?;
            let (index, of) = (index.parse().ok()?, of.parse().ok()?);
            (index < of).then_some(Self { index, of })
        };
        let problem = "not a shard: expected K/N with K from 0 and below N, as in `0/4`";
        parts().ok_or_else(|| SelectionError::new(text, problem))
    }
}

/// The number of manifests that may be refused, failed or in conflict before the operation stops.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Tolerance {
    /// A number of manifests.
    Number(u64),
    /// A share of the manifests selected so far, in per cent.
    Share(f64),
}

impl Tolerance {
    /// Returns true if `trouble` out of `selected` manifests are too many.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "numbers of manifests are far below 2^52"
    )]
    pub(crate) fn is_exceeded(self, trouble: u64, selected: u64) -> bool {
        match self {
            Self::Number(most) => trouble > most,
            Self::Share(percent) => trouble as f64 * 100.0 > percent * selected as f64,
        }
    }
}

impl FromStr for Tolerance {
    type Err = SelectionError;

    fn from_str(text: &str) -> Result<Self, SelectionError> {
        let problem = "neither a number nor a share: expected as in `10` or `5%`";
        let wrong = || SelectionError::new(text, problem);
        let Some(percent) = text.strip_suffix('%') else {
            return text.parse().map(Self::Number).map_err(|_| wrong());
        };
        let share: f64 = percent.parse().map_err(|_| wrong())?;
        (0.0..=100.0)
            .contains(&share)
            .then_some(Self::Share(share))
            .ok_or_else(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> TreePath {
        TreePath::new(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_larger_sample_contains_a_smaller_one() {
        let coordinates: Vec<u64> = (0..1000_u32)
            .map(|n| Digest::of(&n.to_be_bytes()).leading_u64())
            .collect();
        let sizes: Vec<usize> = ["1%", "5%", "50.5%", "100%"]
            .windows(2)
            .map(|pair| {
                let (small, large): (Sample, Sample) =
                    (pair[0].parse().unwrap(), pair[1].parse().unwrap());
                assert!(
                    coordinates
                        .iter()
                        .all(|at| !small.contains(*at) || large.contains(*at))
                );
                coordinates.iter().filter(|at| large.contains(**at)).count()
            })
            .collect();
        assert!((30..80).contains(&sizes[0]) && (430..580).contains(&sizes[1]));
        assert_eq!(sizes[2], 1000);
    }

    #[test]
    fn shards_are_a_partition() {
        for n in 0..100_u64 {
            let at = Digest::of(&n.to_be_bytes()).leading_u64();
            let shards = ["0/3", "1/3", "2/3"];
            let holding = shards
                .iter()
                .filter(|text| text.parse::<Shard>().unwrap().contains(at));
            assert_eq!(holding.count(), 1);
        }
    }

    #[test]
    fn shares_and_shards_out_of_range_are_refused() {
        for text in ["0%", "101%", "5", "-1%", "e%", "NaN%", "%"] {
            assert!(text.parse::<Sample>().is_err(), "{text}");
        }
        for text in ["3/3", "1", "-1/2", "a/b", "0/0"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
        assert_eq!(
            "x".parse::<Tolerance>().unwrap_err().to_string(),
            "`x` is neither a number nor a share: expected as in `10` or `5%`"
        );
    }

    #[test]
    fn a_glob_without_slash_excludes_a_name_at_any_depth() {
        let selection = Selection {
            exclude: vec!["web*".parse().unwrap(), "a/*/x".parse().unwrap()],
            ..Selection::default()
        };
        assert!(selection.excludes(&path("job/webapp/deep/manifest.json")));
        assert!(selection.excludes(&path("a/b/x/manifest.json")));
        assert!(!selection.excludes(&path("b/a/b/x/manifest.json")));
        assert!(!selection.excludes(&path("job/run/manifest.json")));
    }

    #[test]
    fn the_job_is_the_directory_above_the_run_directory() {
        let selection = Selection {
            jobs: vec!["ig-*".parse().unwrap()],
            ..Selection::default()
        };
        assert!(selection.selects(&path("ig-1/run/manifest.json")));
        assert!(selection.selects(&path("x/ig-1/run/manifest.json")));
        assert!(!selection.selects(&path("other/ig-1/manifest.json")));
        assert!(!selection.selects(&path("manifest.json")));
    }

    #[test]
    fn a_tolerance_is_exceeded_by_more_only() {
        assert!(!Tolerance::Number(2).is_exceeded(2, 10));
        assert!(Tolerance::Number(2).is_exceeded(3, 10));
        assert!(!Tolerance::Share(10.0).is_exceeded(1, 10));
        assert!(Tolerance::Share(10.0).is_exceeded(2, 10));
    }
}
