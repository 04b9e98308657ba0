//! Cells to whose answers a caller attends, and may not poll: an actor takes over from it then.
//!
//! A cell is listed once at most, from when it has an answer until it was looked at.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use crate::context::{Lock, RuntimeContext};
use crate::journal::port::or_closed;

/// For how long a caller may leave an answer unpolled; it is looked at after twice as long at most.
pub(crate) const UNPOLLED: Duration = Duration::from_millis(1);

/// A cell that a caller attends to, whatever its aggregate.
pub(crate) trait Attended: Send + Sync {
    /// Attaches an actor if the `number`th who runs it has not seen the answer.
    fn take_over(self: Arc<Self>, number: u32);
}

#[derive(Default)]
pub(crate) struct Unpolled {
    list: Lock<List>,
    first: Notify,
}

#[derive(Default)]
struct List {
    cells: Cells,
    closed: bool,
}

type Cells = Vec<(Arc<dyn Attended>, u32)>;

/// Those that are looked at just now. What was not, because something panicked, is put back.
struct Looked<'a> {
    of: &'a Unpolled,
    cells: Cells,
}

impl Unpolled {
    /// There is an answer for the `number`th who runs the cell. Not under its lock.
    pub(crate) fn watch(&self, cell: Arc<dyn Attended>, number: u32) {
        let mut list = self.list.lock();
        if list.closed {
            return;
        }
        list.cells.push((cell, number));
        let first = list.cells.len() == 1;
        drop(list);
        if first {
            self.first.notify_one();
        }
    }

    fn take(&self) -> Looked<'_> {
        Looked { of: self, cells: std::mem::take(&mut self.list.lock().cells) }
    }

    /// Nobody is looked after any more.
    pub(crate) fn close(&self) {
        let mut list = self.list.lock();
        list.closed = true;
        let cells = std::mem::take(&mut list.cells);
        drop(list);
        drop(cells);
    }
}

impl Drop for Looked<'_> {
    fn drop(&mut self) {
        let mut list = self.of.list.lock();
        if !list.closed {
            list.cells.append(&mut self.cells);
        }
    }
}

/// Looks after them until the runtime is closed.
pub(crate) async fn run(shared: Arc<RuntimeContext>) {
    or_closed(&shared, look_after(&shared)).await;
    shared.unpolled.close();
}

async fn look_after(shared: &RuntimeContext) {
    let unpolled = &shared.unpolled;
    loop {
        let mut looked = unpolled.take();
        if looked.cells.is_empty() {
            unpolled.first.notified().await;
            continue;
        }
        shared.environment.clock.sleep(UNPOLLED).await;
        while let Some((cell, number)) = looked.cells.pop() {
            cell.take_over(number);
        }
    }
}
