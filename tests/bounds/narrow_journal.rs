//! A journal that takes little at once, and remembers how much it took.

use std::sync::Arc;

use bailiwick::MemoryJournal;
use bailiwick::journal::{Answer, AppendError, AppendLimits};
use bailiwick_tests::journals::altered::Altered;
use parking_lot::Mutex;

pub struct Narrow {
    pub journal: Altered,
    taken: Arc<Mutex<Vec<usize>>>,
}

impl Narrow {
    /// Takes so many bytes at once.
    pub fn new(bytes: usize) -> Narrow {
        let limits = AppendLimits::STANDARD.with_bytes(bytes);
        let taken = Arc::<Mutex<Vec<usize>>>::default();
        let takes = taken.clone();
        let journal = Altered::new(MemoryJournal::new()).limits(limits);
        let journal = journal.append(move |inner, events, condition| {
            match limits.check(&events) {
                Ok(bytes) => takes.lock().push(bytes),
                Err(why) => return Answer::ready(Err(AppendError::OverLimit(why))),
            }
            inner.append(events, condition)
        });
        Narrow { journal, taken }
    }

    /// How many bytes each append had.
    pub fn taken(&self) -> Vec<usize> {
        self.taken.lock().clone()
    }
}
