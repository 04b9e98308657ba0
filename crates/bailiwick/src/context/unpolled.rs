//! Cells to whose answers a caller attends, and may not poll: an actor takes over from it then.
//!
//! A cell is listed once at most, from when it has an answer until it was looked at.

use std::sync::Arc;
use std::time::Duration;

use bailiwick_core::BoxFuture;
use tokio::sync::Notify;

use crate::context::{Lock, RuntimeContext, Stage};
use crate::util::race::either;

/// For how long a caller may leave an answer unpolled; it is looked at after twice as long at most.
pub(crate) const UNPOLLED: Duration = Duration::from_millis(1);

/// A cell that a caller attends to, whatever its aggregate.
pub(crate) trait Attended: Send + Sync {
    /// Attaches an actor if the `number`th who runs it has not seen the answer.
    fn take_over(self: Arc<Self>, number: u32);
}

#[derive(Default)]
pub(crate) struct Unpolled {
    cells: Lock<Vec<(Arc<dyn Attended>, u32)>>,
    first: Notify,
}

impl Unpolled {
    /// There is an answer for the `number`th who runs the cell. Not under its lock.
    pub(crate) fn watch(&self, cell: Arc<dyn Attended>, number: u32) {
        let mut cells = self.cells.lock();
        cells.push((cell, number));
        let first = cells.len() == 1;
        drop(cells);
        if first {
            self.first.notify_one();
        }
    }

    fn take(&self) -> Vec<(Arc<dyn Attended>, u32)> {
        std::mem::take(&mut self.cells.lock())
    }
}

/// Looks after them until the runtime is closed.
pub(crate) fn run(shared: Arc<RuntimeContext>) -> BoxFuture<()> {
    Box::pin(async move { look_after(&shared).await })
}

async fn look_after(shared: &RuntimeContext) {
    let unpolled = &shared.unpolled;
    loop {
        // Before the stage is looked at, so that its change is not missed.
        let closing = shared.closing.notified();
        if shared.stage() == Stage::Closed {
            return drop(unpolled.take());
        }
        let cells = unpolled.take();
        if cells.is_empty() {
            either(unpolled.first.notified(), closing).await;
            continue;
        }
        either(shared.environment.clock.sleep(UNPOLLED), closing).await;
        cells.into_iter().for_each(|(cell, number)| cell.take_over(number));
    }
}
