//! Which of a few copies of something a thread uses, so that threads on different cores seldom share a
//! cache line.

use std::thread::current;

/// How many copies there are.
pub(crate) const SHARDS: usize = 8;

thread_local! {
    static SHARD: usize = {
        // Threads are numbered as they begin, so those of one executor have a copy each.
        let digits: String = format!("{:?}", current().id()).matches(char::is_numeric).collect();
        digits.parse::<usize>().unwrap_or(0) % SHARDS
    };
}

/// The copy of this thread: below [`SHARDS`]. Any is right.
pub(crate) fn shard() -> usize {
    SHARD.try_with(|shard| *shard).unwrap_or(0)
}
