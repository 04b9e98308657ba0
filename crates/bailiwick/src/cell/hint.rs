//! What is seen of a cell without its lock: whether it is worth asking for a turn. Only ever a hint; what
//! is true stands under the lock.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

/// How often a caller looks whether another one is done with its single command, at most: about as long
/// as such a command takes. To wait in the mailbox costs several times as much.
const LOOKS: usize = 32;

/// There is nothing to do.
const IDLE: u8 = 0;
/// A caller decides a single command.
const SINGLE: u8 = 1;
/// Anything else.
const BUSY: u8 = 2;

pub(super) struct Hint(AtomicU8);

impl Hint {
    pub(super) fn idle() -> Self {
        Hint(AtomicU8::new(IDLE))
    }

    pub(super) fn is_single(&self) {
        self.0.store(SINGLE, Relaxed);
    }

    pub(super) fn is_idle(&self, idle: bool) {
        self.0.store(if idle { IDLE } else { BUSY }, Relaxed);
    }

    /// Whether there is nothing to do, or will not be in a moment.
    pub(super) fn is_free_soon(&self) -> bool {
        for _ in 0..LOOKS {
            match self.0.load(Relaxed) {
                SINGLE => spin_loop(),
                hint => return hint == IDLE,
            }
        }
        false
    }
}
