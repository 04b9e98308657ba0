//! Every accepted command has exactly one outcome, counted whether or not anybody listens.

use std::fmt;
use std::ops::Add;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use crate::util::shard::{SHARDS, shard};

/// `name`, with what is counted: the public counts, and what counts them.
macro_rules! counts {
    ($($(#[$what:meta])* $name:ident,)+) => {
        /// How many commands there were, by outcome. At any quiet moment
        /// `accepted == replied + rejected + panicked + expired + returned + already_run + unknown`.
        ///
        /// An outcome is what became of the command, whether or not anybody waited for it. How many callers
        /// did not hear of it, because they were told that their time was up or had gone away, is counted
        /// beside that: [`timed_out`](Counts::timed_out) and [`abandoned`](Counts::abandoned) are no terms of
        /// the sum. While a disk is slow they are what rises first.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        #[non_exhaustive]
        pub struct Counts { $($(#[$what])* pub $name: u64,)+ }

        /// The live counters of one shard.
        #[derive(Debug, Default)]
        pub(crate) struct Counters { $(pub(crate) $name: Counter,)+ }

        impl Counters {
            fn read(&self) -> Counts {
                Counts { $($name: self.$name.0.load(SeqCst),)+ }
            }
        }

        impl Counts {
            /// All of them by name, always in the same order: for whoever hands them on, to a system of
            /// metrics for example. Each is the name of the field, and only ever grows.
            ///
            /// ```
            /// # use bailiwick::Counts;
            /// let counts = Counts::default();
            /// let lines = counts.iter().map(|(name, number)| format!("commands_{name}_total {number}\n"));
            /// assert!(lines.collect::<String>().contains("commands_replied_total 0\n"));
            /// ```
            pub fn iter(&self) -> impl ExactSizeIterator<Item = (&'static str, u64)> + use<> {
                [$((stringify!($name), self.$name)),+].into_iter()
            }
        }

        impl Add for Counts {
            type Output = Counts;
            fn add(self, other: Counts) -> Counts {
                Counts { $($name: self.$name + other.$name),+ }
            }
        }
    };
}

counts! {
    /// Not admitted: full mailbox, shutdown, an invalid ID, no room in time. Not accepted.
    not_admitted,
    /// Entered a mailbox.
    accepted,
    /// Judged, durable and answered with a reply.
    replied,
    /// Judged and refused by a rule.
    rejected,
    /// `decide`, `apply` or `deadline` panicked.
    panicked,
    /// Timed out or cancelled before its turn: certainly not judged.
    expired,
    /// Given back to its caller, certainly without an effect.
    returned,
    /// Run when it was asked before with the same idempotency key, and not again; the answer cannot be
    /// read.
    already_run,
    /// The journal failed, or a limit passed, while it was being appended.
    unknown,
    /// Callers that were told [`Unknown::TimedOut`](crate::Unknown::TimedOut), because their time was up
    /// while their command was being run or written. Each counts by its outcome as well, often as
    /// replied.
    timed_out,
    /// Callers that went away (dropped the future of the call) while their command was being run or
    /// written, and heard nothing. Each counts by its outcome as well.
    abandoned,
    /// Appends that met another writer's event. Their commands were decided again.
    conflicts,
    /// Deadlines that fell due and were decided.
    deadlines,
    /// Deadlines that panicked, or were still due after their turn; they are tried again later.
    stuck_deadlines,
    /// Refusals of commands or decisions that are [recorded](crate::Decide::RECORDED) which were told to
    /// their callers, but not recorded: too many were on their way, or the journal did not take them.
    unrecorded,
}

impl Counts {
    /// How many accepted commands have no outcome yet.
    pub fn open(&self) -> u64 {
        let settled = self.replied
            + self.rejected
            + self.panicked
            + self.expired
            + self.returned
            + self.already_run
            + self.unknown;
        self.accepted.saturating_sub(settled)
    }
}

/// `accepted 3, replied 2, rejected 1`: those that are not zero.
impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let some = self.iter().filter(|(_, number)| *number > 0);
        let some: Vec<_> = some.map(|(name, number)| format!("{name} {number}")).collect();
        if some.is_empty() { f.write_str("nothing yet") } else { f.write_str(&some.join(", ")) }
    }
}

/// Counted and read in the one order of `SeqCst`: see [`settled`](crate::context::RuntimeContext::settled).
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn one(&self) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// Counters in shards, each on cache lines of its own: callers count what was accepted, actors what
/// came of it, and neither waits for the other's processor.
#[derive(Debug, Default)]
pub(crate) struct ShardedCounters([Shard; SHARDS]);

#[derive(Debug, Default)]
#[repr(align(128))]
struct Shard(Counters);

impl ShardedCounters {
    /// The counters of this thread.
    pub(crate) fn here(&self) -> &Counters {
        &self.0[shard()].0
    }

    pub(crate) fn read(&self) -> Counts {
        // In two looks: what is counted as settled in the first was accepted before the second.
        let settled = self.sum();
        Counts { accepted: self.sum().accepted, ..settled }
    }

    fn sum(&self) -> Counts {
        self.0.iter().map(|shard| shard.0.read()).fold(Counts::default(), Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_told_by_name_as_they_are_written() {
        let counts = Counts { accepted: 3, replied: 2, stuck_deadlines: 1, ..Counts::default() };
        let written = format!("{counts:?}");
        let told: Vec<_> =
            counts.iter().map(|(name, number)| format!("{name}: {number}")).collect();
        assert_eq!(written, format!("Counts {{ {} }}", told.join(", ")));
        assert_eq!(counts.to_string(), "accepted 3, replied 2, stuck_deadlines 1");
        assert_eq!(Counts::default().to_string(), "nothing yet");
    }
}
