//! The caller's side of a read: into the cell, the wait, the time-out.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bailiwick_core::{Aggregate, Timestamp};

use crate::aggregates::Target;
use crate::aggregates::ask::{others_had_theirs, poll_answer};
use crate::cell::{Attending, NotAdmitted};
use crate::error::ReadError;
use crate::request::read::PendingRead;
use crate::util::seen::Seen;

/// Runs `look` on the aggregate between two turns.
pub(crate) async fn read<A: Aggregate, F, T: Send + 'static>(
    target: Arc<Target<A>>,
    timeout: Duration,
    look: F,
) -> Result<Seen<T>, ReadError>
where
    F: FnMut(&A, Timestamp) -> T + Send + 'static,
{
    let shared = &target.kind.shared;
    let until = shared.environment.clock.elapsed().saturating_add(timeout);
    let mut asking = Some(PendingRead::new(look, until));
    let mut looking = Looking { target: &target, pending: None, attending: None };
    poll_fn(|cx| {
        if asking.is_some() {
            ready!(others_had_theirs(cx));
        }
        if let Some(pending) = asking.take() {
            let put = target.put(|cell| cell.admit_read(pending.clone(), cx.waker()));
            let put = put.map_err(ReadError::InvalidId)?.map_err(|why| match why {
                NotAdmitted::Full | NotAdmitted::Overloaded => {
                    ReadError::Full { capacity: shared.config.waiting_reads }
                }
                NotAdmitted::ShutDown | NotAdmitted::Stored => ReadError::ShutDown,
            });
            looking.attending = put?;
            looking.pending = Some(pending);
        }
        looking.poll(cx)
    })
    .await
}

/// A caller waiting for what it reads. Dropped before there is an answer, it gives the read up.
struct Looking<'a, A: Aggregate, F, T> {
    target: &'a Target<A>,
    pending: Option<Arc<PendingRead<F, T>>>,
    /// While the caller polls for the journal's answer.
    attending: Option<Attending<A>>,
}

impl<A: Aggregate, F, T> Looking<'_, A, F, T> {
    fn poll(&mut self, cx: &Context<'_>) -> Poll<Result<Seen<T>, ReadError>> {
        let Some(pending) = &self.pending else { return Poll::Pending };
        let answer = poll_answer(&pending.reply, &mut self.attending, cx);
        if answer.is_ready() {
            self.pending = None;
        }
        answer
    }
}

impl<A: Aggregate, F, T> Drop for Looking<'_, A, F, T> {
    fn drop(&mut self) {
        // Its own count first: by that it is seen that nobody waits.
        if self.pending.take().is_some()
            && let Some(cell) = self.target.kind.registry.get(&self.target.id)
        {
            cell.forget_read();
        }
    }
}
