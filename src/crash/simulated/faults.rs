//! Failures of the disk: the call at which it stops, the calls that fail, and foreign writers.
//!
//! Invariant: calls that mutate are counted from 1, and so are those of one kind.

use super::disk::{Power, Sabotage, Simulated};
use super::fuses::{Call, Often, Stop, Which};

impl Simulated {
    /// Stops everything at the n-th mutating call: it and all later calls give EIO. Then take [`Self::crash`] or [`Self::kill`].
    pub(crate) fn stop_at(&self, n: usize, stop: Stop) {
        self.state().fuses.stop_at(n, stop);
    }

    /// True if [`Self::stop_at`] has stopped everything.
    pub(crate) fn stopped(&self) -> bool {
        self.state().power == Power::Stopped
    }

    /// Makes the n-th mutating call fail without effect, once, or with all later ones of its kind.
    pub(crate) fn fail_at(&self, n: usize, errno: i32, often: Often) {
        let which = Which::Mutating(n);
        self.state().fuses.fail(which, errno, often, Stop::Before);
    }

    /// Makes the n-th mutating call have its effect and give an error all the same, as where an answer gets lost on a network.
    pub(crate) fn fail_after(&self, n: usize, errno: i32) {
        let which = Which::Mutating(n);
        let fuses = &mut self.state().fuses;
        fuses.fail(which, errno, Often::Once, Stop::After);
    }

    /// Makes the n-th call of a kind fail without effect, once, or with all later ones.
    pub(crate) fn fail_kind(&self, call: Call, n: usize, errno: i32, often: Often) {
        let which = Which::Of(call, n);
        self.state().fuses.fail(which, errno, often, Stop::Before);
    }

    pub(crate) fn fail_halfway(&self, call: Call, n: usize, errno: i32, often: Often) {
        let which = Which::Of(call, n);
        self.state().fuses.fail(which, errno, often, Stop::Halfway);
    }

    /// Makes a call do something else than the protocol relies on, for this process and all later ones.
    pub(crate) fn sabotage(&self, sabotage: Sabotage) {
        self.state().sabotage = Some(sabotage);
    }

    /// Runs `hook` just before the n-th mutating call.
    pub(crate) fn hook_at(&self, n: usize, hook: impl FnOnce(&Self) + Send + 'static) {
        let which = Which::Mutating(n);
        self.state().fuses.hook(which, Box::new(hook));
    }

    /// Runs `hook` just before the n-th call of a kind.
    pub(crate) fn hook_kind(
        &self,
        call: Call,
        n: usize,
        hook: impl FnOnce(&Self) + Send + 'static,
    ) {
        let which = Which::Of(call, n);
        self.state().fuses.hook(which, Box::new(hook));
    }

    pub(crate) fn calls(&self) -> usize {
        self.state().fuses.calls()
    }

    pub(crate) fn calls_of(&self, call: Call) -> usize {
        self.state().fuses.calls_of(call)
    }

    /// The mutating calls, one a line: number, kind, names.
    pub(crate) fn log(&self) -> Vec<String> {
        self.state().fuses.log()
    }
}
