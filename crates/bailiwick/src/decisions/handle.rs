//! What application code holds to run decisions, and the caller's side of one.

use std::fmt;
use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::time::Duration;

use bailiwick_core::views::{Boundary, OnceKey};
use bailiwick_core::{Bounded, Decision, Text};

use super::keyed::KeyedCall;
use super::request::{Answer, Asked};
use super::scheduler::Scheduler;
use crate::cell::NotAdmitted;
use crate::context::counts::Counts;
use crate::error::{AskError, Cause, NotRun, caught};
use crate::options::{Admission, Keyed, Options, Unkeyed};
use crate::request::Receipt;
use crate::telemetry::timings::Mark;
use crate::util::on_drop::OnDrop;

/// Runs decisions in a runtime: options first, then the verb. Cheap to clone; share it freely.
///
/// From [`Runtime::decisions`](crate::Runtime::decisions). It does not keep the runtime alive.
///
/// Options borrow it and give another one, in any order, [`once`](Self::once) among them: that gives a
/// `Decisions<Keyed>`, which has the same options and decides with the key.
///
/// For an example see [`Runtime::decide`](crate::Runtime::decide).
#[derive(Clone)]
pub struct Decisions<K = Unkeyed> {
    pub(super) scheduler: Arc<Scheduler>,
    pub(super) options: Options,
    pub(super) key: K,
}

impl<K: Clone> Decisions<K> {
    /// How long to wait for the answer: for room, the turn and the journal together.
    #[must_use]
    pub fn timeout(&self, timeout: Duration) -> Self {
        self.with(|options| options.timeout = timeout)
    }

    /// What to do when too many decisions wait
    /// ([`waiting_decisions`](crate::Config::waiting_decisions)). [`Admission::Wait`] unless told
    /// otherwise.
    #[must_use]
    pub fn admission(&self, admission: Admission) -> Self {
        self.with(|options| options.admission = admission)
    }

    /// The conversation this call belongs to; stored beside the events, and passed on with what policies send
    /// because of them. A [`TraceParent`](bailiwick_core::TraceParent) is one.
    #[must_use]
    pub fn correlation(&self, correlation: impl Into<Text>) -> Self {
        self.with(|options| options.call().correlation = Some(correlation.into()))
    }

    /// On whose behalf this call is made; stored beside the events.
    #[must_use]
    pub fn principal(&self, principal: impl Into<Text>) -> Self {
        self.with(|options| options.call().principal = Some(principal.into()))
    }

    /// Makes it safe to ask again: a decision with this key is decided once. Instead of a key that was
    /// given before.
    ///
    /// A decision with a key is remembered with its reply, in an event of Bailiwick's own that is
    /// appended with those it emitted. While it is remembered, the same decision with the same key is
    /// not decided again: it gets the same reply and the same position, also from another runtime on
    /// the same journal, and after a restart. One that is still being decided is waited for. The
    /// receipt says so: [`Receipt::repeated`].
    ///
    /// - **All decisions on a journal share their keys**; those of aggregates' commands are apart, for
    ///   each aggregate. A key has 1 to 200 bytes and is one that can be a tag.
    /// - **The same decision** is one of the same name and an equal value, as with
    ///   [`AggregateRef::once`](crate::AggregateRef::once). The name is the full one of its type, or
    ///   what [`Decision::COMMAND`] pins. Another one with the same key is refused:
    ///   [`Cause::KeyReused`].
    /// - **A rejection is not remembered**, nor a decision that failed: asked again, it is decided again.
    /// - **For how long**: [`answers_for`](crate::Config::answers_for), and never less, however many
    ///   there are: it is looked up in the journal, at the cost of one read.
    /// - **Everybody is told the reply as it was read back** from what is remembered, the first caller
    ///   too. One that cannot be read back is refused before anything happened:
    ///   [`Cause::Unstorable`]. One that cannot be read any more, later, is told as
    ///   [`AskError::AlreadyRun`].
    ///
    /// [`AskError::NotRun`] is said of the call, not of the key, as with
    /// [`AggregateRef::once`](crate::AggregateRef::once).
    #[must_use]
    pub fn once(&self, key: impl Into<Text>) -> Decisions<Keyed> {
        let (scheduler, options) = (self.scheduler.clone(), self.options.clone());
        Decisions { scheduler, options, key: Keyed(key.into()) }
    }

    /// How many decisions there were, by outcome.
    pub fn counts(&self) -> Counts {
        self.scheduler.counts()
    }

    fn with(&self, change: impl FnOnce(&mut Options)) -> Self {
        let mut changed = self.clone();
        change(&mut changed.options);
        changed
    }
}

impl Decisions {
    pub(crate) fn new(scheduler: Arc<Scheduler>) -> Self {
        let options = Options::new(&scheduler.shared().config);
        Decisions::with_options(scheduler, options)
    }

    /// With these options.
    pub(crate) fn with_options(scheduler: Arc<Scheduler>, options: Options) -> Self {
        Decisions { scheduler, options, key: Unkeyed(()) }
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
        let decided = self.decide_with_receipt(decision);
        async move { decided.await.map(|receipt| receipt.reply) }
    }

    /// As [`decide`](Self::decide), and the reply comes with the position of its last event; if it
    /// emitted none, of the last event that was in the journal when it was decided.
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
    pub fn decide_with_receipt<D: Decision>(
        &self,
        decision: D,
    ) -> impl Future<Output = Result<Receipt<D::Reply>, AskError<D, D::Rejection>>> + Send + use<D>
    {
        self.scheduler.assert_knows::<D>();
        ask(self.scheduler.clone(), self.options.clone(), decision, None)
    }
}

/// Asks one that the runtime knows.
pub(super) async fn ask<D: Decision>(
    scheduler: Arc<Scheduler>,
    options: Options,
    decision: D,
    keyed: Option<KeyedCall<D::Reply>>,
) -> Answer<D> {
    let asked = enter(&scheduler, options, decision, keyed).map_err(|not_run| {
        scheduler.not_admitted();
        AskError::NotRun(not_run)
    })?;
    // A caller that is gone before there is an answer gives the decision up.
    let gives_up = OnDrop::new(|| {
        if asked.give_up() {
            scheduler.withdraw(asked.ticket());
        }
        scheduler.forget(asked.request.until, asked.ticket());
    });
    let answer = poll_fn(|cx| asked.reply.poll(cx)).await;
    gives_up.disarm();
    answer
}

fn enter<D: Decision>(
    scheduler: &Arc<Scheduler>,
    options: Options,
    decision: D,
    keyed: Option<KeyedCall<D::Reply>>,
) -> Result<Arc<Asked<D>>, NotRun<D>> {
    let shared = scheduler.shared();
    if let Err(cause) = options.check(&shared.config) {
        return Err(NotRun { command: decision, cause });
    }
    let bounded = bound(decision, keyed.as_ref().map(|keyed| &keyed.tag))?;
    let Options { timeout, admission, call } = options;
    let now = shared.environment.clock.elapsed();
    let until = now.saturating_add(timeout);
    let times = (Mark::at(now), until);
    let asked = Arc::new(Asked::new(scheduler.clone(), (bounded, keyed), times, call));
    let stands = |ticket| asked.stands_at(ticket);
    let cause = match scheduler.admit(asked.clone(), until, admission, stands) {
        Ok(()) => return Ok(asked),
        Err(NotAdmitted::Full) => Cause::MailboxFull { capacity: scheduler.capacity() },
        Err(NotAdmitted::Overloaded | NotAdmitted::ShutDown | NotAdmitted::Stored) => {
            Cause::ShutDown
        }
    };
    Err(NotRun { command: asked.take_decision(), cause })
}

/// Asks the decision for its keys.
fn bound<D: Decision>(decision: D, once: Option<&OnceKey>) -> Result<Bounded<D>, NotRun<D>> {
    let boundary = caught(|| {
        let boundary = Boundary::of::<D::Views>(&decision.keys())?;
        match once {
            Some(once) => boundary.once(once),
            None => Ok(boundary),
        }
    });
    let cause = match boundary {
        Ok(Ok(boundary)) => return Ok(Bounded::within(decision, boundary)),
        Ok(Err(error)) => Cause::Boundary(error),
        Err(message) => Cause::Panicked { message },
    };
    Err(NotRun { command: decision, cause })
}

impl<K> fmt::Debug for Decisions<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Decisions({} at most)", self.scheduler.capacity())
    }
}
