//! The note of what was acknowledged: up to which position, and the latest time of recording.
//!
//! It is derived: without it, opening reads all events for the latest time. It is written now and
//! then, and never ahead of what is durable; so when the journal ends before it, events are lost.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bailiwick_core::journal::Head;
use bailiwick_core::{Position, Timestamp};

const FILE: &str = "bailiwick.latest";
const NEW_FILE: &str = "bailiwick.latest.new";

pub(crate) fn path(folder: &Path) -> PathBuf {
    folder.join(FILE)
}

/// The note, if there is one that can be read. Anything else is as good as none.
pub(crate) fn read(folder: &Path) -> Option<Head> {
    let contents = fs::read_to_string(path(folder)).ok()?;
    let (values, sum) = contents.trim_end().rsplit_once(' ')?;
    if sum.parse() != Ok(check_sum(values)) {
        return None;
    }
    let (position, recorded_at) = values.split_once(' ')?;
    let position = Position::new(position.parse().ok()?);
    let recorded_at = Timestamp::from_millis(recorded_at.parse().ok()?);
    Some(Head { position, recorded_at })
}

/// Replaces the note. Not synced: if it is lost, so is some time at the next opening.
pub(crate) fn write(folder: &Path, head: Head) -> io::Result<()> {
    let values = format!("{} {}", head.position, head.recorded_at.as_millis());
    let new = folder.join(NEW_FILE);
    let mut file = File::create(&new)?;
    writeln!(file, "{values} {}", check_sum(&values))?;
    fs::rename(new, path(folder))
}

/// A file that was lost in a crash can be empty, or half of it: what is read must be what was
/// written. FNV-1a, so that it is the same for ever.
fn check_sum(values: &str) -> u64 {
    values.bytes().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_it_was_written_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path()), None);
        let head = Head { position: Position::new(17), recorded_at: Timestamp::MAX };
        write(folder.path(), head).unwrap();
        assert_eq!(read(folder.path()), Some(head));
        let whole = fs::read(path(folder.path())).unwrap();
        for length in 0..whole.len() - 1 {
            fs::write(path(folder.path()), &whole[..length]).unwrap();
            assert_eq!(read(folder.path()), None, "{length} bytes of it");
        }
    }
}
