//! Due deadlines: what the [task](crate::deadlines) that hands them out does with their aggregates.
//!
//! It is a caller like others: it runs their turns, and polls for the answers of the journal, for so many at a
//! time as may be under way.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Poll, Waker};

use bailiwick_core::{Aggregate, Timestamp};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use super::admit::NotAdmitted;
use super::attend::Attending;
use crate::context::RuntimeContext;
use crate::context::permits::{Look, Permit};
use crate::deadlines::HasDeadlines;
use crate::error::panic_message;
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

    fn advance(&self, now: Timestamp) {
        self.deadlines.advance(now);
    }

    fn is_due(&self, now: Timestamp) -> bool {
        self.deadlines.is_due(now)
    }

    fn awaits(&self) -> Option<Timestamp> {
        self.deadlines.awaits()
    }

    fn fire(self: Arc<Self>, now: Timestamp) {
        fire(&self, now);
    }
}

/// Hands out what is due, within the bound: some to a task each, so that a few that take their time
/// hold up few others.
fn fire<A: Aggregate>(kind: &Arc<AggregateType<A>>, now: Timestamp) {
    let places = &kind.deadlines.places;
    let mut ids = kind.deadlines.take_due(now, places.available_permits()).into_iter();
    while !ids.as_slice().is_empty() {
        let some: Vec<_> = ids.by_ref().take(DUE_PER_TASK).collect();
        let count = u32::try_from(some.len()).unwrap_or(u32::MAX);
        let Ok(taken) = places.clone().try_acquire_many_owned(count) else { return };
        kind.shared.spawn(Box::pin(decide(kind.clone(), some, taken)));
    }
}

/// Decides them, one after the other, and polls for the answers of the journal. From when as many
/// aggregates wait for that as may, each has a task of its own, which queues for a permit: whoever queues
/// polls nothing meanwhile.
async fn decide<A: Aggregate>(
    kind: Arc<AggregateType<A>>,
    ids: Vec<A::Key>,
    mut places: OwnedSemaphorePermit,
) {
    let mut waiting = Vec::new();
    for id in ids {
        if kind.shared.permits.look() == Look::Free {
            waiting.extend(wake(&kind, &id, None).await);
        } else if let Some(place) = places.split(1) {
            kind.shared.spawn(Box::pin(decide_permitted(kind.clone(), id, place)));
        }
    }
    attend(&kind, waiting, places).await;
}

/// One that is not settled meanwhile falls due again, and queues once more: see the backstop of
/// [`deadlines`](crate::deadlines).
async fn decide_permitted<A: Aggregate>(
    kind: Arc<AggregateType<A>>,
    id: A::Key,
    place: OwnedSemaphorePermit,
) {
    // Else the runtime is closed.
    let Some(permit) = kind.shared.permits.acquire().await else { return };
    let waiting = wake(&kind, &id, Some(permit)).await;
    attend(&kind, Vec::from_iter(waiting), place).await;
}

/// Polls for the answers, and gives a place back for each; whom the journal does not answer in time is left
/// to an actor.
async fn attend<A: Aggregate>(
    kind: &AggregateType<A>,
    mut waiting: Vec<Attending<A>>,
    mut places: OwnedSemaphorePermit,
) {
    if waiting.is_empty() {
        return;
    }
    let RuntimeContext { environment, config, .. } = &*kind.shared;
    let answered = poll_fn(|cx| {
        waiting.retain_mut(|attending| attending.poll(cx.waker()));
        drop(places.split(places.num_permits() - waiting.len()));
        if waiting.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    });
    either(answered, environment.clock.sleep(config.due_timeout)).await;
}

/// A panic, which can only come from the code of an ID, is nobody else's: its entry has moved on.
async fn wake<A: Aggregate>(
    kind: &Arc<AggregateType<A>>,
    id: &A::Key,
    mut permit: Option<Permit>,
) -> Option<Attending<A>> {
    let woken = poll_fn(|cx| {
        let call = || call(kind, id, permit.take(), cx.waker());
        Poll::Ready(catch_unwind(AssertUnwindSafe(call)))
    });
    woken.await.unwrap_or_else(|panic| {
        let message = panic_message(&*panic);
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
