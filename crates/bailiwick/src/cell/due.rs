//! Due deadlines: what the [task](crate::deadlines) that hands them out does with their aggregates.
//!
//! It is a caller like others: it runs their turns, and polls for the answers of the journal, for so many at a
//! time as may be under way.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Poll, Waker};

use bailiwick_core::{Aggregate, Timestamp};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use super::admit::NotAdmitted;
use super::attend::Attending;
use crate::context::permits::{Look, Permit};
use crate::deadlines::HasDeadlines;
use crate::error::caught;
use crate::registry::aggregate_type::AggregateType;
use crate::util::race::either;

/// How many due deadlines a task decides, one after the other, and polls for the journal's answers to.
const DUE_PER_TASK: usize = 16;

impl<A: Aggregate> HasDeadlines for AggregateType<A> {
    fn places(&self) -> &Semaphore {
        &self.deadlines.places
    }

    fn earlier(&self) -> &Notify {
        &self.deadlines.earlier
    }

    fn awaits(&self) -> Option<Timestamp> {
        self.deadlines.awaits()
    }

    /// Some to a task each, so that a few that take their time hold up few others.
    fn fire(self: Arc<Self>, now: Timestamp) {
        let (shared, places) = (&self.shared, &self.deadlines.places);
        let mut ids = self.deadlines.take_due(now, places.available_permits()).into_iter();
        // Each queues for its permit by itself.
        let per_task = if shared.permits.look() == Look::Free { DUE_PER_TASK } else { 1 };
        while !ids.as_slice().is_empty() {
            let some: Vec<_> = ids.by_ref().take(per_task).collect();
            let count = u32::try_from(some.len()).unwrap_or(u32::MAX);
            let Ok(taken) = places.clone().try_acquire_many_owned(count) else { return };
            shared.spawn(Box::pin(decide(self.clone(), some, taken)));
        }
    }
}

/// Decides them, one after the other, and polls for the answers of the journal; whom that does not answer
/// in time is left to an actor.
async fn decide<A: Aggregate>(
    kind: Arc<AggregateType<A>>,
    ids: Vec<A::Key>,
    mut places: OwnedSemaphorePermit,
) {
    let shared = &kind.shared;
    let mut waiting = Vec::new();
    for id in ids {
        let mut permit = None;
        if shared.permits.look() != Look::Free {
            permit = shared.permits.acquire().await;
            if permit.is_none() {
                // The runtime is closed.
                return;
            }
        }
        let attending =
            poll_fn(|cx| Poll::Ready(wake(&kind, &id, permit.take(), cx.waker()))).await;
        waiting.extend(attending);
    }
    let answered = poll_fn(|cx| {
        waiting.retain_mut(|attending: &mut Attending<A>| attending.poll(cx.waker()));
        drop(places.split(places.num_permits() - waiting.len()));
        if waiting.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    });
    either(answered, shared.environment.clock.sleep(shared.config.due_timeout)).await;
}

/// A panic, which can only come from the code of an ID, is nobody else's: its entry has moved on.
fn wake<A: Aggregate>(
    kind: &Arc<AggregateType<A>>,
    id: &A::Key,
    permit: Option<Permit>,
    waker: &Waker,
) -> Option<Attending<A>> {
    caught(|| call(kind, id, permit, waker)).unwrap_or_else(|message| {
        tracing::error!(aggregate = A::NAME, %message, "an aggregate that is due cannot be called");
        None
    })
}

fn call<A: Aggregate>(
    kind: &Arc<AggregateType<A>>,
    id: &A::Key,
    mut permit: Option<Permit>,
    waker: &Waker,
) -> Option<Attending<A>> {
    loop {
        match kind.cell(id).ok()?.admit_deadline(&mut permit, waker) {
            Err(NotAdmitted::Stored) => {}
            admitted => return admitted.ok().flatten(),
        }
    }
}
