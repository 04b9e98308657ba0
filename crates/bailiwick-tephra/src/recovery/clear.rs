//! Removing what failed appends left behind.
//!
//! tephra goes back to where the append began, and leaves its bytes there. What it was given
//! together with that append it still writes: over them, or into the next file if there is no room.
//! Left alone, they could be taken for events of later appends, or for more events than the next
//! file goes on from.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::segments::{Segment, list};
use super::walk::{Walked, walk_upto};
use crate::OpenError;

/// Removes everything beyond `head`, the last event that is durable, and what is beyond the end of a
/// file and in the next one again. Nothing up to `acknowledged` was touched by what failed.
pub(crate) fn clear_failed(folder: &Path, acknowledged: u64, head: u64) -> Result<(), OpenError> {
    let segments = list(folder)?;
    for (at, segment) in segments.iter().enumerate() {
        let upto = segments.get(at + 1).map_or(head, |next| next.base - 1);
        if upto >= acknowledged && segment.is_begun()? {
            clear_beyond(segment, upto.min(head))?;
        }
    }
    Ok(())
}

/// Removes an append that failed, and after which the process died: it stands at the end of a file
/// and the next one goes on from before it. Whether there was one.
pub(crate) fn clear_overrun(folder: &Path) -> Result<bool, OpenError> {
    let segments = list(folder)?;
    for pair in segments.windows(2) {
        let [segment, next] = pair else {
            break;
        };
        let bytes = segment.read()?;
        let whole = walk_upto(&bytes, u64::MAX);
        let upto = walk_upto(&bytes, next.base - segment.base);
        // One at most: what is written after it begins where it began.
        let is_one = whole.last_append == upto.committed && whole.committed > upto.committed;
        if is_one && upto.events == next.base - segment.base {
            clear_beyond(segment, next.base - 1)?;
            return Ok(true);
        }
    }
    Ok(false)
}

fn clear_beyond(segment: &Segment, position: u64) -> Result<(), OpenError> {
    let bytes = segment.read()?;
    let events = (position + 1).saturating_sub(segment.base);
    let Walked { committed, events: found, .. } = walk_upto(&bytes, events);
    if found != events {
        let what = format!("the event {position} is not where it was written");
        return Err(OpenError::corrupt(&segment.path, committed, what));
    }
    let zeros = vec![0; super::end_of(&bytes).saturating_sub(committed)];
    let clear = || {
        let file = File::options().write(true).open(&segment.path)?;
        file.write_all_at(&zeros, committed as u64)?;
        file.sync_data()
    };
    if zeros.is_empty() { Ok(()) } else { clear().map_err(|e| OpenError::io(&segment.path, e)) }
}
