//! What is done to a folder before tephra opens it, because tephra takes everything behind the
//! first record that it cannot read for an append that was cut off, and goes on writing there.
//!
//! - What was cut off in a crash, the *torn tail*, is removed: nobody was told of it.
//! - Anything else that cannot be read is corruption, and the journal is not opened.
//! - The last append that is whole is written and synced once more, so that it is durable before
//!   anybody sees it. It may never have been: its process died before the sync, or the sync failed
//!   and the system forgot that it has to write it.
//! - What is behind it is cleared, so that nothing of an append that failed is ever taken for part
//!   of a later one.

mod clear;
mod segments;
mod tail;
mod walk;

use std::fs::File;
use std::os::unix::fs::FileExt;

use crate::OpenError;
use crate::folder::Folder;

pub(crate) use clear::{clear_failed, clear_overrun};
use segments::{Segment, list};
pub(crate) use segments::{bases, find_damage, path_of};
use tail::{Tail, judge};
use walk::{Walked, walk};

/// Checks and mends the last segment. The ones before it were whole when it was begun: tephra reads
/// all of them, and counts.
pub(crate) fn prepare(folder: &Folder) -> Result<(), OpenError> {
    let segments = list(folder.path())?;
    let Some(active) = segments::check(&segments, folder.segment_bytes())? else {
        return Ok(());
    };
    let bytes = active.read()?;
    let walked = walk(&bytes);
    let upto = match judge(&bytes, &walked, active.base) {
        Tail::Clean => walked.committed,
        Tail::Torn { upto } => {
            let (file, bytes) = (active.path.display(), upto - walked.committed);
            tracing::warn!(%file, at = walked.committed, bytes, "removes what a crash cut off");
            upto
        }
        Tail::Corrupt => {
            return Err(OpenError::corrupt(&active.path, walked.stopped, tail::WHAT));
        }
    };
    make_durable(active, &bytes, &walked, upto).map_err(|e| OpenError::io(&active.path, e))
}

/// Writes the last append again, clears what is behind it up to `upto`, and syncs.
fn make_durable(
    active: &Segment,
    bytes: &[u8],
    walked: &Walked,
    upto: usize,
) -> std::io::Result<()> {
    let file = File::options().write(true).open(&active.path)?;
    let last = walked.last_append..walked.committed;
    file.write_all_at(&bytes[last.clone()], last.start as u64)?;
    file.write_all_at(&vec![0; upto - walked.committed], walked.committed as u64)?;
    file.sync_data()
}

/// Behind the last byte that is not zero.
fn end_of(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)
}
