//! Permits: how many aggregates of a runtime wait for the journal at a time.
//!
//! 1. Who waits for the journal, to be loaded or for an append, has a permit, and gives it back when
//!    it waits no more. Where the journal answers at once nobody ever takes one, and a look at a
//!    number is all it costs.
//! 2. Who would begin what may have to wait, and finds none free, queues, in order; it holds nothing
//!    of the journal meanwhile. What was begun is not held up: it takes a permit beyond the bound, as
//!    many as there are threads that begin at the same instant.
//! 3. While somebody queues, a permit serves for one append: who had it queues again, behind the
//!    others.
//! 4. Who has a permit waits for the journal and for nothing else, so nobody waits in a circle.
//!
//! The lock here is the last to be taken, and nothing is called under it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::context::Lock;

/// Who queues for a permit.
pub(crate) trait Queueing: Send + Sync {
    /// Takes the permit; gives it back if it does not queue any more.
    fn permitted(self: Arc<Self>, permit: Permit) -> Option<Permit>;
}

pub(crate) struct Permits {
    state: Lock<State>,
    /// A [`Look`], so that by far the most take no lock.
    look: AtomicU8,
    most: usize,
}

struct State {
    taken: usize,
    queue: BTreeMap<Ticket, Arc<dyn Queueing>>,
    last: Ticket,
}

/// A place in the queue.
pub(crate) type Ticket = u64;

/// What there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// A permit.
    Free = 0,
    /// None, and nobody queues for one.
    Taken = 1,
    /// None, and somebody queues.
    Wanted = 2,
}

/// The right to wait for the journal. Dropping it gives it to the next in the queue, which runs code
/// of that one: not under the lock of a cell.
pub(crate) struct Permit {
    permits: Option<Arc<Permits>>,
    /// It was there for an append.
    pub(crate) used: bool,
}

impl Permits {
    pub(crate) fn new(most: usize) -> Arc<Self> {
        let state = State { taken: 0, queue: BTreeMap::new(), last: 0 };
        Arc::new(Permits { state: Lock::new(state), look: AtomicU8::new(0), most })
    }

    pub(crate) fn look(&self) -> Look {
        match self.look.load(Ordering::Relaxed) {
            0 => Look::Free,
            1 => Look::Taken,
            _ => Look::Wanted,
        }
    }

    /// How many have one, and how many queue.
    #[cfg(feature = "metrics")]
    pub(crate) fn count(&self) -> (usize, usize) {
        let state = self.state.lock();
        (state.taken, state.queue.len())
    }

    /// For who waits already.
    pub(crate) fn take(self: &Arc<Self>) -> Permit {
        self.change(|state| state.taken += 1);
        self.permit()
    }

    /// Queues, unless there is a permit now.
    pub(crate) fn queue(
        self: &Arc<Self>,
        who: impl FnOnce() -> Arc<dyn Queueing>,
    ) -> Result<Permit, Ticket> {
        self.change(|state| {
            if state.taken < self.most && state.queue.is_empty() {
                state.taken += 1;
                return Ok(self.permit());
            }
            state.last += 1;
            state.queue.insert(state.last, who());
            Err(state.last)
        })
    }

    /// Does not queue any more. Not under the lock of a cell.
    pub(crate) fn leave(&self, ticket: Ticket) {
        drop(self.change(|state| state.queue.remove(&ticket)));
    }

    /// Nobody will be given one any more.
    pub(crate) fn clear(&self) {
        drop(self.change(|state| std::mem::take(&mut state.queue)));
    }

    fn give_back(self: &Arc<Self>) {
        while let Some(next) = self.next() {
            // Not dropped, or the next in the queue would be served within this one, and so on.
            match next.permitted(self.permit()) {
                Some(mut unused) => unused.permits = None,
                None => return,
            }
        }
    }

    /// One is given back: who is to have it, if anybody.
    fn next(&self) -> Option<Arc<dyn Queueing>> {
        self.change(|state| {
            state.taken -= 1;
            if state.taken >= self.most {
                return None;
            }
            let (_, next) = state.queue.pop_first()?;
            state.taken += 1;
            Some(next)
        })
    }

    fn permit(self: &Arc<Self>) -> Permit {
        Permit { permits: Some(self.clone()), used: false }
    }

    /// Changes what there is, and shows it. What the change takes out is dropped after the lock.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock();
        let result = change(&mut state);
        let look = match (state.taken < self.most, state.queue.is_empty()) {
            (_, false) => Look::Wanted,
            (false, true) => Look::Taken,
            (true, true) => Look::Free,
        };
        self.look.store(look as u8, Ordering::Relaxed);
        result
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(permits) = self.permits.take() {
            permits.give_back();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Guest {
        permit: Lock<Option<Permit>>,
        left: bool,
    }

    impl Queueing for Guest {
        fn permitted(self: Arc<Self>, permit: Permit) -> Option<Permit> {
            if self.left {
                return Some(permit);
            }
            *self.permit.lock() = Some(permit);
            None
        }
    }

    impl Guest {
        fn has_one(&self) -> bool {
            self.permit.lock().is_some()
        }
    }

    fn queue(permits: &Arc<Permits>, guest: &Arc<Guest>) -> Ticket {
        permits.queue(|| guest.clone()).err().expect("there is none")
    }

    #[test]
    fn a_permit_goes_to_the_first_in_the_queue() {
        let permits = Permits::new(2);
        assert_eq!(permits.look(), Look::Free);
        let one = permits.take();
        let other = permits.queue(|| Arc::new(Guest::default())).expect("there is one");
        assert_eq!(permits.look(), Look::Taken);
        let guests: [Arc<Guest>; 4] = Default::default();
        let tickets: Vec<_> = guests.iter().map(|guest| queue(&permits, guest)).collect();
        assert_eq!(permits.look(), Look::Wanted);
        permits.leave(tickets[1]);
        drop(one);
        drop(other);
        let have = guests.each_ref().map(|guest| guest.has_one());
        assert_eq!(have, [true, false, true, false]);
        drop(guests[0].permit.lock().take());
        assert!(guests[3].has_one());
        assert_eq!(permits.look(), Look::Taken);
        drop(guests);
        assert_eq!(permits.look(), Look::Free);
        assert_eq!(permits.state.lock().taken, 0);
    }

    #[test]
    fn who_takes_one_beyond_the_bound_keeps_the_queue_waiting() {
        let permits = Permits::new(1);
        let (one, beyond) = (permits.take(), permits.take());
        let guest = Arc::new(Guest::default());
        queue(&permits, &guest);
        drop(one);
        assert!(!guest.has_one());
        drop(beyond);
        assert!(guest.has_one());
    }

    #[test]
    fn however_many_have_left_the_next_one_is_served() {
        let permits = Permits::new(1);
        let one = permits.take();
        for _ in 0..100_000 {
            queue(&permits, &Arc::new(Guest { left: true, ..Guest::default() }));
        }
        let guest = Arc::new(Guest::default());
        queue(&permits, &guest);
        drop(one);
        assert!(guest.has_one());
        permits.clear();
        drop(guest);
        assert_eq!(permits.look(), Look::Free);
    }
}
