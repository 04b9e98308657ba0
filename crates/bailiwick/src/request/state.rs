//! Where a request is between its caller and its turn: one step at a time, by compare-and-set, so that
//! whoever ends it does so once.

use std::sync::atomic::{AtomicU8, Ordering};

use crate::context::RuntimeContext;
use crate::context::counts::Counters;

/// What is true of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum RequestState {
    /// Waits for its turn.
    Waiting,
    /// Will be judged.
    Claimed,
    /// Its caller went away first, or was told that its time is up.
    GivenUp,
    /// Waits for room.
    WaitsForRoom,
    /// It was given to the journal. Of decisions only.
    Submitted,
    /// It has its outcome. Of decisions only.
    Ended,
}

pub(crate) struct AtomicState(AtomicU8);

impl AtomicState {
    pub(crate) fn new(stage: RequestState) -> Self {
        AtomicState(AtomicU8::new(stage as u8))
    }

    /// Takes this step, if it is there. Whether it did.
    pub(crate) fn change(&self, from: RequestState, to: RequestState) -> bool {
        let (from, to) = (from as u8, to as u8);
        self.0.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    pub(crate) fn is(&self, stage: RequestState) -> bool {
        self.0.load(Ordering::Acquire) == stage as u8
    }

    /// There is no room yet. Only before anybody else knows of it.
    pub(crate) fn waits_for_room(&self) {
        self.0.store(RequestState::WaitsForRoom as u8, Ordering::Release);
    }

    /// The caller gives it up, unless it was claimed. Whether it did; that is counted.
    pub(crate) fn give_up(&self, counters: &Counters, shared: &RuntimeContext) -> bool {
        loop {
            if self.change(RequestState::Waiting, RequestState::GivenUp) {
                counters.expired.one();
                shared.settled();
                return true;
            }
            if self.change(RequestState::WaitsForRoom, RequestState::GivenUp) {
                return true;
            }
            // It got room just now.
            if !self.is(RequestState::Waiting) {
                counters.abandoned.one();
                return false;
            }
        }
    }

    /// The caller's time is up: it `ends` so, unless it was claimed. Whether it did; that is counted.
    pub(crate) fn expire(&self, ends: RequestState, counters: &Counters) -> bool {
        if self.change(RequestState::WaitsForRoom, ends) {
            counters.not_admitted.one();
        } else if self.change(RequestState::Waiting, ends) {
            counters.expired.one();
        } else {
            return false;
        }
        true
    }
}
