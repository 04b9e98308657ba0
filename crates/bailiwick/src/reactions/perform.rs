//! One news of an effect: a call to the outside world, and what came of it.
//!
//! 1. Before a call it is looked whether its trace is there: a look is cheap, and a call is not.
//! 2. What came of a call, success or giving up, leaves one trace, on the condition that there is none. As
//!    long as it cannot be written, what came of the call is remembered, and only the writing is tried again:
//!    so a journal that is closed for an hour costs no second call. A shutdown tries once more; if the trace
//!    cannot be written then, or the process ends otherwise, it does.
//! 3. A call has a bound of time, holds no journal meanwhile, and counts as accepted work: a shutdown lets it
//!    finish and leave its trace, and begins no other.

use std::any::TypeId;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use bailiwick_core::effect::{AnyEffect, Attempt, Borrowing, Failed, Performing, Present};
use bailiwick_core::journal::RecordedEvent;
use bailiwick_core::policy::{DeliveryEnded, Ending};
use bailiwick_core::views::{Boundary, Folded};
use bailiwick_core::{Position, Text};

use super::deliver::Stop;
use super::running::Running;
use crate::context::{RuntimeContext, Stage};
use crate::error::{guarded, tried};
use crate::telemetry::spans;
use crate::util::on_drop::OnDrop;
use crate::util::race::{Either, race};
use crate::view::read;

/// What a call has come to whose trace is not left.
#[derive(Clone)]
pub(super) struct Called {
    news: RecordedEvent,
    ended: DeliveryEnded,
}

/// A call is under way, until its trace is left; none if the runtime ends. Counted before the stage is read: a
/// shutdown that does not see it here has changed the stage before.
fn begin(shared: &RuntimeContext) -> Option<OnDrop<impl FnOnce()>> {
    shared.calls.0.fetch_add(1, Ordering::SeqCst);
    let under_way = OnDrop::new(|| {
        shared.calls.0.fetch_sub(1, Ordering::SeqCst);
        shared.settled();
    });
    (shared.stage() == Stage::Open).then_some(under_way)
}

impl Running {
    /// Performs an effect for a news, unless that was done.
    pub(super) async fn performs(
        &self,
        effect: &Arc<dyn AnyEffect>,
        news: &RecordedEvent,
        number: u32,
    ) -> Result<(), Stop> {
        let under_way = begin(&self.shared).ok_or(Stop::Ended)?;
        let known = self.untraced.lock().get(&news.position).map(|called| called.ended.clone());
        let ended = match known {
            Some(ended) => ended,
            None if self.has_trace(news).await? => return Ok(()),
            None => {
                let Some(performing) = tried(|| effect.read(news.clone()))? else {
                    // Its type is retired.
                    return Ok(());
                };
                #[cfg(feature = "fault-injection")]
                if self.shared.sabotaged(crate::sabotage::Sabotage::TraceBeforeCall) {
                    let ended = DeliveryEnded { how: Ending::Performed, reason: None };
                    self.traces(news, ended).await?;
                    return self.call(&*performing, news, number).await.map(drop);
                }
                self.call(&*performing, news, number).await?
            }
        };
        self.traces(news, ended).await?;
        drop(under_way);
        Ok(())
    }

    async fn has_trace(&self, news: &RecordedEvent) -> Result<bool, Stop> {
        let journal = self.shared.journal().ok_or(Stop::Ended)?;
        let delivery = self.delivery(news, None);
        #[cfg(feature = "fault-injection")]
        if self.shared.sabotaged(crate::sabotage::Sabotage::RetriedAfterGivingUp) {
            let tag = delivery.tag();
            return Ok(crate::sabotage::trace_but_of_giving_up(&*journal, tag).await?);
        }
        Ok(self.is_repeated(&delivery, &[], &*journal).await?)
    }

    /// Calls. What it ended with.
    async fn call(
        &self,
        performing: &dyn Performing,
        news: &RecordedEvent,
        number: u32,
    ) -> Result<DeliveryEnded, Stop> {
        let shared = &self.shared;
        let views = {
            let journal = self.shared.journal().ok_or(Stop::Ended)?;
            self.views_as_of(news.position, performing.boundary(), &*journal).await?
        };
        if shared.stage() != Stage::Open {
            return Err(Stop::Ended);
        }
        let delivery = self.delivery(news, None);
        #[cfg(feature = "fault-injection")]
        let delivery = crate::sabotage::key_of(shared, delivery, number);
        let now = Now(shared);
        let attempt =
            Attempt::new((shared.journal_id, &delivery), news, (shared.now(), number), &now);
        spans::attempted(&attempt);
        let outcome = {
            let timeout = shared.config.effect_timeout;
            let call = guarded(|| performing.perform(&views, &attempt))?;
            let call = race(Guarded(Some(call)), shared.environment.clock.sleep(timeout)).await;
            let Either::Left(outcome) = call else {
                return Err(format!("the call took longer than {timeout:?}").into());
            };
            outcome?
        };
        self.kept.keep(views);
        match outcome {
            Ok(()) => Ok(DeliveryEnded { how: Ending::Performed, reason: None }),
            Err(Failed::Retry { reason, after, .. }) => {
                Err(Stop::Failed { reason: reason.to_string(), nth: None, for_good: false, after })
            }
            Err(gives_up) => {
                let (reason, at) = (gives_up.reason().to_owned(), news.position);
                tracing::warn!(effect = self.name(), %at, %reason, "an effect gave up");
                Ok(DeliveryEnded { how: Ending::GaveUp, reason: Some(reason) })
            }
        }
    }

    /// Leaves the trace of a call, or remembers what came of it.
    async fn traces(&self, news: &RecordedEvent, ended: DeliveryEnded) -> Result<(), Stop> {
        let called = Called { news: news.clone(), ended: ended.clone() };
        self.untraced.lock().insert(news.position, called);
        let journal = self.shared.journal().ok_or(Stop::Ended)?;
        #[cfg(feature = "fault-injection")]
        let gave_up = ended.how == Ending::GaveUp;
        let left = self.leave_trace(news, self.delivery(news, None), ended, &*journal).await;
        left.map_err(|reason| format!("it was called, and that cannot be recorded: {reason}"))?;
        self.untraced.lock().remove(&news.position);
        #[cfg(feature = "fault-injection")]
        if gave_up && self.shared.sabotaged(crate::sabotage::Sabotage::RetriedAfterGivingUp) {
            return Err("it gave up".to_owned().into());
        }
        Ok(())
    }

    /// The runtime ends in order: what calls have come to is recorded, as far as that can be done now.
    pub(crate) async fn records_last_traces(&self) {
        let untraced: Vec<_> = self.untraced.lock().values().cloned().collect();
        for Called { news, ended } in untraced {
            let at = news.position;
            let Some(journal) = self.shared.journal() else { return };
            let delivery = self.delivery(&news, None);
            if let Err(reason) = self.leave_trace(&news, delivery, ended, &*journal).await {
                tracing::warn!(
                    effect = self.name(), %at, %reason,
                    "it was called, and that cannot be recorded: it will be called again"
                );
            }
            self.untraced.lock().remove(&at);
        }
    }

    /// What came of a call is of no interest any more: an operator has skipped it.
    pub(super) fn forgets_call(&self, at: Position) {
        self.untraced.lock().remove(&at);
    }

    /// The same for all of a lane beyond `after`, up to `upto`: that was dropped.
    pub(super) fn forgets_calls(&self, lane: &Text, after: Position, upto: Position) {
        let is_dropped = |at: Position| after < at && at <= upto;
        let is_its = |called: &Called| self.lane_of(&called.news) == *lane;
        self.untraced.lock().retain(|at, called| !(is_dropped(*at) && is_its(called)));
    }
}

/// Code of the domain. Fails with the message of a panic. One that panics when it is dropped, as by its time-out,
/// takes no worker down.
struct Guarded<'a, T>(Option<Borrowing<'a, T>>);

impl<T> Future for Guarded<'_, T> {
    type Output = Result<T, String>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(call) = &mut self.0 else { return Poll::Pending };
        match guarded(|| call.as_mut().poll(cx)) {
            Ok(poll) => poll.map(Ok),
            Err(panicked) => Poll::Ready(Err(panicked)),
        }
    }
}

impl<T> Drop for Guarded<'_, T> {
    fn drop(&mut self) {
        let call = self.0.take();
        if let Err(panicked) = guarded(|| drop(call)) {
            tracing::warn!(%panicked, "a call of an effect panicked when it was dropped");
        }
    }
}

/// How things are now.
struct Now<'a>(&'a Arc<RuntimeContext>);

impl Present for Now<'_> {
    fn fold(
        &self,
        (view, name): (TypeId, &'static str),
        boundary: Boundary,
    ) -> Borrowing<'_, Result<Folded, Failed>> {
        self.0.assert_reads_view(view, name);
        Box::pin(async move { read::fold(self.0, &boundary).await.map_err(Failed::retry) })
    }
}
