//! How a memory journal lists the values of a key: its index catches up when somebody asks, so that
//! appends pay nothing for it.

use bailiwick_core::Position;
use bailiwick_core::journal::{ReadValues, ValueIndex, ValuesPage};
use parking_lot::{Mutex, RwLock};

use super::log::Log;
use super::read::EVENTS_PER_LOCK;

pub(super) fn page(log: &RwLock<Log>, index: &Mutex<ValueIndex>, read: &ReadValues) -> ValuesPage {
    let head = log.read().head().position;
    loop {
        // Locked anew for every step: whoever asks at the same time helps.
        let mut index = index.lock();
        if index.upto() >= head {
            return index.page(read);
        }
        log.read().continue_index(&mut index);
    }
}

impl Log {
    /// Adds the next events that the index does not have.
    fn continue_index(&self, index: &mut ValueIndex) {
        let next = index.upto().get() + 1;
        let numbers = (next..=self.head().position.get()).take(EVENTS_PER_LOCK);
        for position in numbers.map(Position::new) {
            index.add(position, self.event(position));
        }
    }
}
