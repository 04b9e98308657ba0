//! Due deadlines: what the [task](crate::deadlines) that hands them out does with their aggregates.
//!
//! It is a caller like others: it runs their turns, and polls for the answers of the journal, for so many at a
//! time as may be under way.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::{Poll, Waker};

use bailiwick_core::{Aggregate, Timestamp};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use super::admit::NotAdmitted;
use super::attend::Attending;
use crate::context::RuntimeContext;
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
        let places = &self.deadlines.places;
        let mut ids = self.deadlines.take_due(now, places.available_permits()).into_iter();
        while !ids.as_slice().is_empty() {
            let some: Vec<_> = ids.by_ref().take(DUE_PER_TASK).collect();
            let count = u32::try_from(some.len()).unwrap_or(u32::MAX);
            let Ok(taken) = places.clone().try_acquire_many_owned(count) else { return };
            self.shared.spawn(Box::pin(decide(self.clone(), some, taken)));
        }
    }
}

/// Decides them, one after the other, and polls for the answers of the journal, with a place for each. Whom it
/// does not answer in time is left to an actor; who queues for a permit keeps its place until there is one.
async fn decide<A: Aggregate>(
    kind: Arc<AggregateType<A>>,
    ids: Vec<A::Key>,
    mut places: OwnedSemaphorePermit,
) {
    let RuntimeContext { environment, config, .. } = &*kind.shared;
    let mut waiting = Vec::new();
    poll_fn(|cx| {
        waiting.extend(ids.iter().filter_map(|id| wake(&kind, id, cx.waker())));
        Poll::Ready(())
    })
    .await;
    if !waiting.is_empty() {
        let in_time = environment.clock.sleep(config.due_timeout);
        either(attend(&mut waiting, &mut places), in_time).await;
        waiting.retain(Attending::is_queued);
        attend(&mut waiting, &mut places).await;
    }
}

/// Polls until none of them is to be attended to any more, and gives their places back.
fn attend<A: Aggregate>(
    waiting: &mut Vec<Attending<A>>,
    places: &mut OwnedSemaphorePermit,
) -> impl Future<Output = ()> {
    poll_fn(|cx| {
        waiting.retain_mut(|attending| attending.poll(cx.waker()));
        drop(places.split(places.num_permits() - waiting.len()));
        if waiting.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
}

/// A panic, which can only come from the code of an ID, is nobody else's: its entry has moved on.
fn wake<A: Aggregate>(
    kind: &Arc<AggregateType<A>>,
    id: &A::Key,
    waker: &Waker,
) -> Option<Attending<A>> {
    caught(|| call(kind, id, waker)).unwrap_or_else(|message| {
        tracing::error!(aggregate = A::NAME, %message, "an aggregate that is due cannot be called");
        None
    })
}

fn call<A: Aggregate>(
    kind: &Arc<AggregateType<A>>,
    id: &A::Key,
    waker: &Waker,
) -> Option<Attending<A>> {
    loop {
        match kind.cell(id).ok()?.admit_deadline(waker) {
            Err(NotAdmitted::Stored) => {}
            admitted => return admitted.ok().flatten(),
        }
    }
}
