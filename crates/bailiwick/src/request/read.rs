//! A read on its way: run between turns, held at the gate like a reply, run again if what it saw
//! did not last.

use std::sync::Arc;
use std::time::Duration;

use bailiwick_core::{Position, Timestamp};
use parking_lot::Mutex;

use crate::error::{ReadError, caught};
use crate::request::reply::Reply;
use crate::util::seen::Seen;

/// A read of an aggregate `A`, whatever it looks for.
pub(crate) trait ReadRequest<A>: Send + Sync {
    /// How long its caller waits, by the clock's `elapsed`.
    fn until(&self) -> Duration;
    /// Looks, and keeps what it saw until it is released or run again.
    fn look(&self, state: &A, now: Timestamp);
    /// The gate is open: tells the caller, and the position of the last event of what it saw.
    fn release(&self, position: Position);
    fn fail(&self, error: ReadError);
    /// Its caller's time is up: it will be [failed](Self::fail) at once, and looks at nothing more.
    fn expire(&self);
    /// Whether it has expired, or its caller has an answer.
    fn is_over(&self) -> bool;
}

pub(crate) struct PendingRead<F, T> {
    until: Duration,
    body: Mutex<Body<F, T>>,
    pub(crate) reply: Reply<Result<Seen<T>, ReadError>>,
}

/// The runtime's side.
struct Body<F, T> {
    look: Option<F>,
    seen: Option<Result<T, ReadError>>,
    /// It has expired, or has its answer.
    over: bool,
}

impl<F, T> PendingRead<F, T> {
    /// `until`: how long its caller waits, by the clock's `elapsed`.
    pub(crate) fn new(look: F, until: Duration) -> Arc<Self> {
        let body = Mutex::new(Body { look: Some(look), seen: None, over: false });
        Arc::new(PendingRead { until, body, reply: Reply::new() })
    }
}

impl<A, F, T> ReadRequest<A> for PendingRead<F, T>
where
    F: FnMut(&A, Timestamp) -> T + Send,
    T: Send,
{
    fn until(&self) -> Duration {
        self.until
    }

    fn look(&self, state: &A, now: Timestamp) {
        // Out of the lock while the caller's code runs: the caller may poll meanwhile.
        let mut body = self.body.lock();
        if body.over {
            return;
        }
        let Some(mut look) = body.look.take() else { return };
        drop(body);
        let seen = caught(|| look(state, now)).map_err(|message| ReadError::Panicked { message });
        let mut body = self.body.lock();
        body.look = Some(look);
        let before = body.seen.replace(seen);
        // The lock first: what is dropped is the caller's.
        drop(body);
        drop(before);
    }

    fn release(&self, position: Position) {
        let mut body = self.body.lock();
        if std::mem::replace(&mut body.over, true) {
            return;
        }
        let seen = body.seen.take();
        drop(body);
        if let Some(seen) = seen {
            self.reply.tell(seen.map(|value| Seen { value, position }));
        }
    }

    fn fail(&self, error: ReadError) {
        self.expire();
        self.reply.time_out(Err(error));
    }

    fn expire(&self) {
        self.body.lock().over = true;
    }

    fn is_over(&self) -> bool {
        self.body.lock().over
    }
}

/// A read in the runtime's hands: dropped without an answer, it says that the runtime went away.
pub(crate) struct Reader<A> {
    request: Option<Arc<dyn ReadRequest<A>>>,
    /// How many events of its batch it saw.
    pub(crate) events_upto: u32,
    /// It was listed among the callers who wait; see [`crate::request::timeouts`].
    pub(crate) listed: bool,
}

impl<A> Reader<A> {
    pub(crate) fn new(request: Arc<dyn ReadRequest<A>>) -> Self {
        Reader { request: Some(request), events_upto: 0, listed: false }
    }

    pub(crate) fn request(&self) -> &Arc<dyn ReadRequest<A>> {
        self.request.as_ref().expect("present until it has an answer")
    }

    /// Whether nobody waits for the answer any more, or whoever does is just being told.
    pub(crate) fn is_gone(&self) -> bool {
        self.abandoned() || self.request().is_over()
    }

    /// Whether nobody waits for the answer any more.
    pub(crate) fn abandoned(&self) -> bool {
        Arc::strong_count(self.request()) == 1
    }

    /// Lets go of one that [is gone](Self::is_gone): what is left is to be dropped.
    pub(crate) fn let_go(mut self) -> Option<Arc<dyn ReadRequest<A>>> {
        self.request.take()
    }

    /// Looks at a state that includes so many events of the batch that is forming.
    pub(crate) fn look(&mut self, state: &A, now: Timestamp, events_upto: u32) {
        self.events_upto = events_upto;
        self.request().look(state, now);
    }

    /// `position`: of the last event of what it saw.
    pub(crate) fn release(mut self, position: Position) {
        if let Some(request) = self.request.take() {
            request.release(position);
        }
    }

    pub(crate) fn fail(mut self, error: ReadError) {
        if let Some(request) = self.request.take() {
            request.fail(error);
        }
    }
}

impl<A> Drop for Reader<A> {
    fn drop(&mut self) {
        if let Some(request) = self.request.take() {
            request.fail(ReadError::ShutDown);
        }
    }
}
