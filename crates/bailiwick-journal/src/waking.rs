//! Waking whoever waits runs what is theirs, on a thread of the journal. If that panics it is their own loss: the
//! thread goes on for all others.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs what wakes somebody. The panic was reported where it began.
pub(crate) fn waking(wake: impl FnOnce()) {
    // Nothing of the journal is shared with it: it is only told.
    drop(catch_unwind(AssertUnwindSafe(wake)));
}
