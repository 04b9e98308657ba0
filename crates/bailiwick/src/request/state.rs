//! A request, whatever is asked, and where it is between its caller and its turn: one step at a time, by
//! compare-and-set, so that whoever ends it does so once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use crate::context::RuntimeContext;
use crate::context::counts::Counters;
use crate::delivery::Delivering;
use crate::request::Call;
use crate::telemetry::spans::Seen;
use crate::telemetry::timings::Mark;

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

pub(crate) struct Request {
    /// When its caller began to wait.
    pub(crate) asked: Mark,
    /// How long its caller waits, by the clock's `elapsed`.
    pub(crate) until: Duration,
    pub(crate) call: Option<Arc<Call>>,
    pub(crate) span: Seen,
    stage: AtomicU8,
}

impl Request {
    pub(crate) fn new(
        (asked, until): (Mark, Duration),
        call: Option<Arc<Call>>,
        span: impl FnOnce(Option<&Call>) -> Seen,
    ) -> Self {
        let span = span(call.as_deref());
        Request { asked, until, call, span, stage: AtomicU8::new(RequestState::Waiting as u8) }
    }

    /// It is a delivery of a policy.
    pub(crate) fn delivering(&self) -> Option<&Delivering> {
        self.call.as_ref()?.delivering.as_deref()
    }

    /// Takes this step, if it is there. Whether it did.
    pub(crate) fn change(&self, from: RequestState, to: RequestState) -> bool {
        let (from, to) = (from as u8, to as u8);
        self.stage.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    pub(crate) fn is(&self, stage: RequestState) -> bool {
        self.stage.load(Ordering::Acquire) == stage as u8
    }

    /// There is no room yet. Only before anybody else knows of it.
    pub(crate) fn waits_for_room(&self) {
        self.stage.store(RequestState::WaitsForRoom as u8, Ordering::Release);
    }

    /// There is room now. Fails if the caller has given it up.
    pub(crate) fn gets_room(&self) -> bool {
        self.change(RequestState::WaitsForRoom, RequestState::Waiting)
    }

    /// Takes the right to judge it. Fails if the caller has given it up.
    pub(crate) fn claim(&self) -> bool {
        self.change(RequestState::Waiting, RequestState::Claimed)
    }

    pub(crate) fn was_given_up(&self) -> bool {
        self.is(RequestState::GivenUp)
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
