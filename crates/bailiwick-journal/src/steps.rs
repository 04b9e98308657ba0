//! What the threads of a journal do, a step at a time, for simulations.

use std::sync::Arc;

use crate::background;
use crate::journal::Shared;
use crate::writer::{Step, Writer};

/// The hands of a journal without threads.
///
/// ```
/// use std::sync::Arc;
///
/// use bailiwick_core::journal::Journal;
/// use bailiwick_journal::files::Simulated;
/// use bailiwick_journal::{FileJournal, Options};
///
/// # fn main() -> Result<(), bailiwick_journal::OpenError> {
/// let (disk, mut numbers) = (Simulated::new(7), 1..);
/// let entropy = Box::new(move || numbers.next().unwrap_or_default());
/// let (journal, mut steps) =
///     FileJournal::simulated(Arc::new(disk.clone()), &Options::default(), entropy)?;
/// assert!(steps.tidy(), "the next file is made");
/// assert!(!steps.write(), "nobody appends");
/// assert!(journal.health().is_open());
/// drop((journal, steps));
/// disk.restart(); // The power was gone.
/// # Ok(())
/// # }
/// ```
pub struct Steps {
    writer: Writer,
    shared: Arc<Shared>,
}

impl Steps {
    pub(crate) fn new(writer: Writer, shared: Arc<Shared>) -> Steps {
        Steps { writer, shared }
    }

    /// What the writer does next: it forms and writes a batch, syncs it, or opens the journal again. Whether there
    /// was anything to do.
    pub fn write(&mut self) -> bool {
        self.writer.step() == Step::Done
    }

    /// What the writer does while nothing is to be written.
    pub fn rest(&mut self) {
        self.writer.look_after();
    }

    /// What is done in the background: makes the next segment, or writes an index. Whether there was anything to
    /// do.
    pub fn tidy(&self) -> bool {
        background::make_ahead(&self.shared) || background::step(&self.shared)
    }

    /// The next read. Whether there was one.
    pub fn read(&self) -> bool {
        self.shared.reads.pool.step()
    }

    /// The end of a process that ends well: what waits is written, and the end is marked.
    pub fn end(mut self) {
        self.shared.appends.end();
        while self.write() {}
    }
}
