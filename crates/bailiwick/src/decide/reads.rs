//! The reads of turns, put together: while some are under way, those that come meanwhile are one.
//!
//! A read goes to a thread of the journal and back. Decisions that have nothing in common would go
//! that way one by one, which takes longer than what is read there.
//!
//! 1. Who reads sees all that was in the journal when it asked: a read that is under way is never
//!    joined.
//! 2. Only what begins near each other is put together, so nobody waits for a long history of others
//!    to be read again. Who needs another page asks again.

use std::collections::VecDeque;
use std::sync::Arc;

use bailiwick_core::{Page, Query, QueryItem, Read, ReadError};
use tokio::sync::oneshot;

use super::port;
use crate::shared::{Lock, Shared};

/// How many reads are under way at a time; more are put together.
const AT_ONCE: usize = 2;
/// How many reads are put together at most.
const TOGETHER: usize = 64;
/// How far apart they begin at most, in events.
const NEAR_EVENTS: u64 = 1_000;

type Answer = Result<Arc<Page>, ReadError>;

#[derive(Default)]
pub(super) struct Reads(Lock<Queue>);

#[derive(Default)]
struct Queue {
    under_way: usize,
    waiting: VecDeque<Asked>,
}

struct Asked {
    read: Read,
    answer: oneshot::Sender<Answer>,
}

enum Begun {
    Alone(Place, Read),
    Waits(oneshot::Receiver<Answer>),
}

/// One of those under way. When it is over, those that wait are.
struct Place {
    reads: Arc<Reads>,
    shared: Arc<Shared>,
}

impl Reads {
    /// A page of this read, perhaps with events of others. None: the runtime is closed.
    pub(super) async fn read(self: &Arc<Self>, shared: &Arc<Shared>, read: Read) -> Option<Answer> {
        match self.begin(shared, read) {
            Begun::Alone(place, read) => {
                let page = port::read(shared, read).await;
                drop(place);
                page.map(|page| page.map(Arc::new))
            }
            Begun::Waits(told) => port::or_closed(shared, told).await.and_then(Result::ok),
        }
    }

    fn begin(self: &Arc<Self>, shared: &Arc<Shared>, read: Read) -> Begun {
        let mut queue = self.0.lock();
        if queue.under_way >= AT_ONCE {
            let (answer, told) = oneshot::channel();
            queue.waiting.push_back(Asked { read, answer });
            return Begun::Waits(told);
        }
        queue.under_way += 1;
        Begun::Alone(Place { reads: self.clone(), shared: shared.clone() }, read)
    }
}

impl Queue {
    /// The first that waits, and those behind it that begin near it.
    fn next(&mut self) -> Vec<Asked> {
        let Some(first) = self.waiting.pop_front() else { return Vec::new() };
        let near =
            |asked: &Asked| asked.read.after.get().abs_diff(first.read.after.get()) <= NEAR_EVENTS;
        let (mut together, mut left) = (Vec::new(), VecDeque::new());
        for asked in self.waiting.drain(..) {
            match together.len() + 1 < TOGETHER && near(&asked) {
                true => together.push(asked),
                false => left.push_back(asked),
            }
        }
        self.waiting = left;
        together.insert(0, first);
        together
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut queue = self.reads.0.lock();
        let together = queue.next();
        if together.is_empty() {
            queue.under_way -= 1;
            return;
        }
        drop(queue);
        let place = Place { reads: self.reads.clone(), shared: self.shared.clone() };
        self.shared.spawn(place.read_together(together));
    }
}

impl Place {
    async fn read_together(self, together: Vec<Asked>) {
        let read = union(together.iter().map(|asked| &asked.read));
        // Nobody is told if the runtime is closed: who waits knows.
        let Some(page) = port::read(&self.shared, read).await else { return };
        let page = page.map(Arc::new);
        for asked in together {
            let _ = asked.answer.send(page.clone());
        }
    }
}

/// Whatever one of them reads, from where the first begins.
fn union<'a>(mut reads: impl Iterator<Item = &'a Read>) -> Read {
    let mut all = reads.next().expect("there is one").clone();
    let mut items: Option<Vec<QueryItem>> = all.query.items().map(<[_]>::to_vec);
    for read in reads {
        all.after = all.after.min(read.after);
        all.limit = all.limit.max(read.limit);
        match (&mut items, read.query.items()) {
            (Some(items), Some(more)) => items.extend_from_slice(more),
            _ => items = None,
        }
    }
    all.query = items.map_or_else(Query::all, |items| Query::any_of(items).expect("items"));
    all
}
