//! Failures, and their time: fuses by the number of a call.
//!
//! Owns the counting of calls and the verdict on each. Carries nothing out: what a failed or stopped call leaves behind is the disk's business.
//!
//! Invariant: with the same calls in the same order the verdicts are the same.

use std::collections::BTreeMap;

/// A kind of call: the method of `Disk` of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Call {
    Create,
    Write,
    Truncate,
    SetMode,
    CopyMetadata,
    SetTimes,
    Exchange,
    RenameNew,
    RenameOver,
    Link,
    Unlink,
    MakeDir,
    RemoveDir,
    SyncFs,
    SyncFile,
    SyncDir,
    OpenDir,
    List,
    ReadLink,
    /// `stat_below`, `stat_at`, `stat_dir` and `stat`.
    Stat,
    Attributes,
    Open,
    OpenAppend,
    Read,
    TryLock,
    Traits,
}

impl Call {
    /// True if it changes the disk or what is durable of it; only these have a number in the run.
    pub(crate) fn mutates(self) -> bool {
        self <= Self::SyncDir
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Often {
    /// One call fails.
    Once,
    /// That call and all later ones of its kind fail.
    ForEver,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// It has no effect.
    Before,
    /// A write has written half of its bytes, a copy of metadata has set the owner and nothing else; any other call has no effect.
    Halfway,
    /// It has its effect, and nobody hears of it.
    After,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    Mutating(usize),
    Of(Call, usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Go,
    /// To fail with this error, without effect or halfway.
    Fail(i32, Stop),
    Stop(Stop),
}

struct Failure {
    which: Which,
    errno: i32,
    often: Often,
    reaches: Stop,
}

/// A mutating call that was made.
struct Made {
    call: Call,
    name: Vec<u8>,
}

pub(super) struct Fuses<Hook> {
    stop: Option<(usize, Stop)>,
    failures: Vec<Failure>,
    hooks: Vec<(Which, Hook)>,
    of_kind: BTreeMap<Call, usize>,
    made: Vec<Made>,
}

impl<Hook> Default for Fuses<Hook> {
    fn default() -> Self {
        Self {
            stop: None,
            failures: Vec::new(),
            hooks: Vec::new(),
            of_kind: BTreeMap::new(),
            made: Vec::new(),
        }
    }
}

impl<Hook> Fuses<Hook> {
    pub(super) fn stop_at(&mut self, n: usize, stop: Stop) {
        self.stop = Some((n, stop));
    }

    pub(super) fn fail(&mut self, which: Which, errno: i32, often: Often, reaches: Stop) {
        self.failures.push(Failure {
            which,
            errno,
            often,
            reaches,
        });
    }

    pub(super) fn hook(&mut self, which: Which, hook: Hook) {
        self.hooks.push((which, hook));
    }

    pub(super) fn calls(&self) -> usize {
        self.made.len()
    }

    pub(super) fn calls_of(&self, call: Call) -> usize {
        self.of_kind.get(&call).copied().unwrap_or(0)
    }

    pub(super) fn log(&self) -> Vec<String> {
        let line = |(index, made): (usize, &Made)| {
            let name = String::from_utf8_lossy(&made.name);
            format!("{} {:?} {name}", index + 1, made.call)
                .trim_end()
                .to_owned()
        };
        self.made.iter().enumerate().map(line).collect()
    }

    /// Counts a call and takes the hooks that are to run before it.
    pub(super) fn count(&mut self, call: Call, name: &[u8]) -> (Numbered, Vec<Hook>) {
        if call.mutates() {
            let name = name.to_vec();
            self.made.push(Made { call, name });
        }
        let of_kind = self.of_kind.entry(call).or_default();
        *of_kind += 1;
        let numbered = Numbered {
            call,
            in_the_run: self.made.len(),
            of_kind: *of_kind,
        };
        let is_due = |(which, _): &mut (Which, Hook)| numbered.is(*which);
        let due = self.hooks.extract_if(.., is_due).map(|(_, hook)| hook);
        let due = due.collect();
        (numbered, due)
    }

    pub(super) fn verdict(&mut self, numbered: Numbered) -> Verdict {
        if let Some((n, stop)) = self.stop
            && numbered.is(Which::Mutating(n))
        {
            return Verdict::Stop(stop);
        }
        for failure in &mut self.failures {
            let begins = numbered.is(failure.which);
            if begins && failure.often == Often::ForEver {
                failure.which = Which::Of(numbered.call, numbered.of_kind);
            }
            let goes_on = failure.often == Often::ForEver
                && matches!(failure.which, Which::Of(call, from) if call == numbered.call && from <= numbered.of_kind);
            if begins || goes_on {
                return Verdict::Fail(failure.errno, failure.reaches);
            }
        }
        Verdict::Go
    }
}

/// A call with its numbers, both from 1.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbered {
    call: Call,
    in_the_run: usize,
    of_kind: usize,
}

impl Numbered {
    fn is(self, which: Which) -> bool {
        match which {
            Which::Mutating(n) => self.call.mutates() && self.in_the_run == n,
            Which::Of(call, n) => self.call == call && self.of_kind == n,
        }
    }
}
