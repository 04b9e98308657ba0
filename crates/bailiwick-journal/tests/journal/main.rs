//! What a journal in a folder promises to whoever uses it, whatever its disk and its callers do.

mod appending;
mod bounds;
#[cfg(unix)]
mod disks;
mod durable;
mod ending;
mod failing;
mod flipped;
mod hooked;
mod panicking;
mod recovery;
#[cfg(unix)]
mod removed;
mod restarts;
mod room;
mod simulated;
mod support;
mod waiting;
