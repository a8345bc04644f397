//! What goes wrong, and when: fuses by the number of a call.
//!
//! Owns the counting of calls and the verdict on each. Carries nothing out: what a failed or stopped call leaves behind is the disk's business.
//!
//! Invariant: with the same calls in the same order the verdicts are the same.

use std::collections::BTreeMap;

use super::{Power, Simulated};

/// A kind of call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is the method of `Disk` of the same name")]
pub enum Call {
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
    Open,
    OpenAppend,
    Read,
    TryLock,
    Traits,
}

impl Call {
    /// Whether it changes the disk or what is durable of it; only these have a number in the run.
    #[must_use]
    pub fn mutates(self) -> bool {
        self <= Self::SyncDir
    }
}

/// How long a failure lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Often {
    /// One call fails.
    Once,
    /// That call and all later ones of its kind fail.
    ForEver,
}

/// What becomes of the call at which everything stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// It has no effect.
    Before,
    /// A write has written half of its bytes, a copy of metadata has set the owner and nothing else; any other call has no effect.
    Halfway,
    /// It has its effect, and nobody hears of it.
    After,
}

pub(super) type Hook = Box<dyn FnOnce(&Simulated) + Send>;

/// Which call: the n-th that mutates, or the n-th of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    Mutating(usize),
    Of(Call, usize),
}

/// What a call is to do.
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

#[derive(Default)]
pub(super) struct Fuses {
    stop: Option<(usize, Stop)>,
    failures: Vec<Failure>,
    hooks: Vec<(Which, Hook)>,
    of_kind: BTreeMap<Call, usize>,
    made: Vec<Made>,
}

impl Fuses {
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

/// Fuses. Calls that mutate are counted from 1, those of one kind too.
impl Simulated {
    /// Stops everything at the n-th mutating call: it and all later calls give EIO. Then take [`Self::crash`] or [`Self::kill`].
    pub fn stop_at(&self, n: usize, stop: Stop) {
        self.state().fuses.stop_at(n, stop);
    }

    /// Whether [`Self::stop_at`] has stopped everything.
    #[must_use]
    pub fn stopped(&self) -> bool {
        self.state().power == Power::Stopped
    }

    /// Makes the n-th mutating call fail without effect, once, or with all later ones of its kind.
    pub fn fail_at(&self, n: usize, errno: i32, often: Often) {
        let which = Which::Mutating(n);
        self.state().fuses.fail(which, errno, often, Stop::Before);
    }

    /// Makes the n-th call of a kind fail without effect, once, or with all later ones.
    pub fn fail_kind(&self, call: Call, n: usize, errno: i32, often: Often) {
        let which = Which::Of(call, n);
        self.state().fuses.fail(which, errno, often, Stop::Before);
    }

    /// As [`Self::fail_kind`], but a write has written half of its bytes, and a copy of metadata has set the owner: a disk that fills up on the way.
    pub fn fail_halfway(&self, call: Call, n: usize, errno: i32, often: Often) {
        let which = Which::Of(call, n);
        self.state().fuses.fail(which, errno, often, Stop::Halfway);
    }

    /// Runs `hook` just before the n-th mutating call.
    pub fn hook_at(&self, n: usize, hook: impl FnOnce(&Self) + Send + 'static) {
        let which = Which::Mutating(n);
        self.state().fuses.hook(which, Box::new(hook));
    }

    /// Runs `hook` just before the n-th call of a kind.
    pub fn hook_kind(&self, call: Call, n: usize, hook: impl FnOnce(&Self) + Send + 'static) {
        let which = Which::Of(call, n);
        self.state().fuses.hook(which, Box::new(hook));
    }

    /// How many mutating calls there were.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.state().fuses.calls()
    }

    /// The mutating calls, one a line: number, kind, names.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        self.state().fuses.log()
    }
}
