//! What became of snapshots, counted.

use std::sync::atomic::{AtomicU64, Ordering};

/// `name: "what is counted"`: the public counts, and what counts them.
macro_rules! counts {
    ($($name:ident: $what:literal;)*) => {
        /// What became of [snapshots](crate::Snapshots) since the runtime was started: from
        /// [`Runtime::snapshots`](crate::Runtime::snapshots).
        ///
        /// ```
        /// # use bailiwick::{MemoryJournal, MemorySnapshots, Runtime};
        /// # #[tokio::main(flavor = "current_thread")]
        /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
        /// let builder = Runtime::builder(MemoryJournal::new());
        /// let runtime = builder.snapshots(MemorySnapshots::new()).start().await?;
        /// let counts = runtime.snapshots();
        /// assert_eq!((counts.saved, counts.different), (0, 0));
        /// # Ok(())
        /// # }
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        #[non_exhaustive]
        pub struct SnapshotCounts {
            $(#[doc = $what] pub $name: u64,)*
        }

        /// What counts them.
        #[derive(Default)]
        pub(crate) struct Tallied {
            $(pub(crate) $name: AtomicU64,)*
        }

        impl Tallied {
            pub(crate) fn read(&self) -> SnapshotCounts {
                SnapshotCounts { $($name: self.$name.load(Ordering::Relaxed),)* }
            }
        }
    };
}

counts! {
    saved: "Given to the store, which took them.";
    dropped: "Not made, or not given to the store: [`unsaved_snapshots`](crate::Config::unsaved_snapshots) \
        of them waited already.";
    too_large: "Not given to the store: larger than [`snapshot_bytes`](crate::Config::snapshot_bytes).";
    failed: "Not saved: the state could not be encoded, or the store did not take it.";
    used: "Gone on from: so less of the journal was read.";
    outdated: "Passed over: of another version, of other event types, or with too short a memory of \
        idempotency keys.";
    unusable: "Passed over, and removed: they could not be read, or what followed them could not be folded.";
    refused: "Passed over, and removed: of another history, or beyond the head of the journal.";
    unread: "Looked for in vain, because the store failed or took too long.";
    compared: "Compared with what their events fold to.";
    different: "Of these, those that were something else: a version was not raised, or a state does not come \
        back whole.";
}

/// One more.
pub(crate) fn one(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
