//! What an actor does for the cell that it is attached to: it drives it until that lets it go.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use bailiwick_core::{Aggregate, BoxFuture};

use super::drive::Driver;
use super::encode::Tools;
use super::{Cell, Drive};

pub(super) struct Attachment<A: Aggregate> {
    cell: Arc<Cell<A>>,
    /// A number: one higher for each who runs the cell.
    number: u32,
    tools: Tools<A>,
    /// Its executor has begun to run it.
    ran: bool,
}

impl<A: Aggregate> Attachment<A> {
    pub(super) fn new(cell: Arc<Cell<A>>, number: u32, tools: Tools<A>) -> Self {
        Attachment { cell, number, tools, ran: false }
    }

    pub(super) fn begin(mut self) -> BoxFuture<()> {
        self.ran = true;
        Box::pin(poll_fn(move |cx| self.poll(cx)))
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self.cell.drive(self.number, &mut self.tools, Driver::Actor, cx) {
            Drive::Park => Poll::Pending,
            Drive::Yield => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Drive::Leave | Drive::Queued => Poll::Ready(()),
        }
    }
}

/// The actor is gone, in whatever way.
impl<A: Aggregate> Drop for Attachment<A> {
    fn drop(&mut self) {
        self.cell.detached(self.number, self.ran);
    }
}
