//! What becomes of a call: it is counted, hooks run before it, and its fuse decides how much of it happens.
//!
//! Owns no rule of any call.
//!
//! Invariant: where a fuse blows, nobody hears what the call itself said.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rustix::io::Errno;

use super::disk::{Handle, Power, Simulated, State};
use super::fuses::{Call, Stop, Verdict};
use super::image::Id;
use super::rules::Extent;

impl Simulated {
    /// Counts a call, runs hooks, and carries it out as far as the fuses let it.
    pub(super) fn run<T, E: From<io::Error>>(
        &self,
        handles: &[&Handle],
        call: Call,
        name: &[u8],
        act: impl FnOnce(&mut State, Extent) -> Result<T, E>,
    ) -> Result<T, E> {
        let dead = || Err(io::Error::from(Errno::IO).into());
        let own = |handle: &&Handle| Arc::ptr_eq(&handle.disk.0, &self.0);
        let mut state = self.state();
        if state.power != Power::On || !handles.iter().all(own) {
            return dead();
        }
        let (numbered, hooks) = state.fuses.count(call, name);
        if !hooks.is_empty() {
            drop(state);
            for hook in hooks {
                hook(self);
            }
            state = self.state();
            if state.power != Power::On {
                return dead();
            }
        }
        let verdict = state.fuses.verdict(numbered);
        let halves = matches!(call, Call::Write | Call::CopyMetadata);
        // Where a fuse blows, nobody hears what the call itself said.
        match verdict {
            Verdict::Go => return act(&mut state, Extent::Whole),
            Verdict::Stop(Stop::After) | Verdict::Fail(_, Stop::After) => {
                drop(act(&mut state, Extent::Whole));
            }
            Verdict::Stop(Stop::Halfway) | Verdict::Fail(_, Stop::Halfway) if halves => {
                drop(act(&mut state, Extent::Half));
            }
            Verdict::Stop(_) | Verdict::Fail(..) => {}
        }
        if let Verdict::Fail(errno, _) = verdict {
            state.spoil(call, handles, errno);
            return Err(io::Error::from_raw_os_error(errno).into());
        }
        state.power = Power::Stopped;
        dead()
    }
}

impl State {
    fn spoil(&mut self, call: Call, handles: &[&Handle], errno: i32) {
        for handle in handles {
            if call == Call::SyncFs {
                let device = self.store.now.get(handle.id).device;
                self.store.spoil_device(device, errno);
            }
            if call == Call::SyncFile {
                self.store.spoil_file(handle.id, errno);
            }
            // The caller gets the error itself; other handles have it still to report.
            let (failures, on_device) = self.failures(handle.id);
            match call {
                Call::SyncFs => handle.device_failures.store(on_device, Ordering::Relaxed),
                Call::SyncFile => handle.failures.store(failures, Ordering::Relaxed),
                _ => {}
            }
        }
    }

    pub(super) fn failures(&self, id: Id) -> (u64, u64) {
        (
            self.store.now.get(id).failures,
            self.store.device(id).failures,
        )
    }
}
