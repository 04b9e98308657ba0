//! What application code holds to run decisions, and the caller's side of one.

use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bailiwick_core::views::{Boundary, OnceKey};
use bailiwick_core::{Bounded, Decision, Text};

use super::case::{Answer, Asked};
use super::floor::Floor;
use super::keyed::{Keyed, OnceDecisions};
use crate::ask::Admission;
use crate::cell::NotAdmitted;
use crate::counts::Counts;
use crate::envelope::Committed;
use crate::error::{AskError, Cause, NotRun, panic_message};
use crate::options::Options;

/// Runs decisions in a runtime: options first, then the verb. Cheap to clone; share it freely.
///
/// From [`Runtime::decisions`](crate::Runtime::decisions). It does not keep the runtime alive.
#[derive(Clone)]
pub struct Decisions {
    floor: Arc<Floor>,
    options: Options,
}

impl Decisions {
    pub(crate) fn new(floor: Arc<Floor>) -> Self {
        let options = Options::new(&floor.shared().config);
        Decisions { floor, options }
    }

    /// How long to wait for the answer: for room, the turn and the journal together.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = timeout;
        self
    }

    /// What to do when too many decisions wait
    /// ([`waiting_decisions`](crate::Config::waiting_decisions)). [`Admission::Wait`] unless told
    /// otherwise.
    #[must_use]
    pub fn admission(mut self, admission: Admission) -> Self {
        self.options.admission = admission;
        self
    }

    /// The conversation this call belongs to; stored beside the events.
    #[must_use]
    pub fn correlation(mut self, correlation: impl Into<Text>) -> Self {
        self.options.correlation(correlation);
        self
    }

    /// On whose behalf this call is made; stored beside the events.
    #[must_use]
    pub fn principal(mut self, principal: impl Into<Text>) -> Self {
        self.options.principal(principal);
        self
    }

    /// Decides on what the journal holds, and waits until what was decided is in it.
    ///
    /// Decisions of this runtime that guard the same queue in the order of arrival, and those that
    /// are queued together are appended together. If another writer is faster, it is decided again
    /// on what is new, [`attempts`](crate::Config::attempts) times at most.
    ///
    /// # Errors
    /// - [`AskError::Rejected`]: a rule said no.
    /// - [`AskError::NotRun`]: certainly no effect; the decision comes back.
    /// - [`AskError::Unknown`]: it may have had its effect.
    ///
    /// # Panics
    /// At the call, if `D` was not [added](crate::Builder::decision) when the runtime was built.
    ///
    /// # Cancel safety
    /// Dropping the future gives the decision up: before its turn it is certainly not decided; from
    /// its turn on it certainly is, and only the answer is lost.
    #[track_caller]
    pub fn decide<D: Decision>(
        &self,
        decision: D,
    ) -> impl Future<Output = Result<D::Reply, AskError<D, D::Rejection>>> + Send + use<D> {
        let decided = self.decide_committed(decision);
        async move { decided.await.map(|committed| committed.reply) }
    }

    /// As [`decide`](Self::decide), with the position of its last event; if it emitted none, of the
    /// last event that was in the journal when it was decided.
    ///
    /// # Errors
    /// As [`decide`](Self::decide).
    ///
    /// # Panics
    /// As [`decide`](Self::decide).
    ///
    /// # Cancel safety
    /// As [`decide`](Self::decide).
    #[track_caller]
    pub fn decide_committed<D: Decision>(
        &self,
        decision: D,
    ) -> impl Future<Output = Result<Committed<D::Reply>, AskError<D, D::Rejection>>> + Send + use<D>
    {
        self.clone().asking(decision, None)
    }

    /// Makes it safe to ask again: a decision with this key is decided once. See [`OnceDecisions`].
    pub fn once(&self, key: impl Into<Text>) -> OnceDecisions {
        OnceDecisions::new(self.clone(), key.into())
    }

    /// How many decisions there were, by outcome.
    pub fn counts(&self) -> Counts {
        self.floor.counts()
    }

    #[track_caller]
    pub(super) fn asking<D: Decision>(
        self,
        decision: D,
        keyed: Option<Keyed<D::Reply>>,
    ) -> impl Future<Output = Answer<D>> + Send + use<D> {
        self.floor.assert_knows::<D>();
        let mut waiting = Waiting { asked: None };
        let mut asking = Some((self, decision, keyed));
        poll_fn(move |cx| {
            let Some((decisions, decision, keyed)) = asking.take() else {
                return waiting.poll(cx);
            };
            match decisions.enter(decision, keyed, cx) {
                // Whoever answers wakes this caller, even if it has done so already.
                Ok(asked) => {
                    waiting.asked = Some(asked);
                    Poll::Pending
                }
                Err(not_run) => Poll::Ready(Err(AskError::NotRun(not_run))),
            }
        })
    }

    pub(super) fn options(&self) -> &Options {
        &self.options
    }

    pub(super) fn floor(&self) -> &Floor {
        &self.floor
    }

    fn enter<D: Decision>(
        self,
        decision: D,
        keyed: Option<Keyed<D::Reply>>,
        cx: &Context<'_>,
    ) -> Result<Arc<Asked<D>>, NotRun<D>> {
        if let Err(cause) = self.options.check(&self.floor.shared().config) {
            self.floor.turned_away();
            return Err(NotRun { command: decision, cause });
        }
        let bounded = match bound(decision, keyed.as_ref().map(Keyed::tag)) {
            Ok(bounded) => bounded,
            Err(not_run) => {
                self.floor.turned_away();
                return Err(not_run);
            }
        };
        let Decisions { floor, options: Options { timeout, admission, call } } = self;
        let until = floor.shared().seams.clock.elapsed().saturating_add(timeout);
        let waker = cx.waker().clone();
        let asked = Arc::new(Asked::new(floor.clone(), (bounded, keyed), until, call, waker));
        let stands = |ticket| asked.stands_at(ticket);
        let cause = match floor.admit(asked.clone(), until, admission, stands) {
            Ok(()) => return Ok(asked),
            Err(NotAdmitted::Full) => Cause::MailboxFull { capacity: floor.capacity() },
            Err(NotAdmitted::Overloaded | NotAdmitted::ShutDown | NotAdmitted::Stored) => {
                Cause::ShutDown
            }
        };
        floor.turned_away();
        Err(NotRun { command: asked.take_decision(), cause })
    }
}

/// Asks the decision for its keys.
fn bound<D: Decision>(decision: D, once: Option<&OnceKey>) -> Result<Bounded<D>, NotRun<D>> {
    let boundary = catch_unwind(AssertUnwindSafe(|| {
        let boundary = Boundary::of::<D::Views>(&decision.keys())?;
        match once {
            Some(once) => boundary.once(once),
            None => Ok(boundary),
        }
    }));
    let cause = match boundary {
        Ok(Ok(boundary)) => return Ok(Bounded::within(decision, boundary)),
        Ok(Err(error)) => Cause::Boundary(error),
        Err(panic) => Cause::Panicked { message: panic_message(&*panic) },
    };
    Err(NotRun { command: decision, cause })
}

/// A caller waiting for its answer. Dropped before there is one, it gives the decision up.
struct Waiting<D: Decision> {
    asked: Option<Arc<Asked<D>>>,
}

impl<D: Decision> Waiting<D> {
    fn poll(&mut self, cx: &Context<'_>) -> Poll<Answer<D>> {
        let Some(asked) = &self.asked else { return Poll::Pending };
        let answer = asked.poll_answer(cx);
        if answer.is_ready() {
            self.asked = None;
        }
        answer
    }
}

impl<D: Decision> Drop for Waiting<D> {
    fn drop(&mut self) {
        if let Some(asked) = &self.asked {
            let floor = asked.floor();
            if asked.give_up() {
                floor.withdraw(asked.ticket());
            }
            floor.forget(asked.until(), asked.ticket());
        }
    }
}

impl fmt::Debug for Decisions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Decisions({} at most)", self.floor.capacity())
    }
}
