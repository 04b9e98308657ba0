//! The segment files: which there are, which is the last, and which is damaged.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tephra::log::header::SEGMENT_HEADER_SIZE;

use super::walk::walk;
use crate::OpenError;

/// A segment file: tephra names it after the position of its first event.
pub(super) struct Segment {
    pub(super) base: u64,
    pub(super) path: PathBuf,
    bytes: u64,
}

impl Segment {
    pub(super) fn read(&self) -> Result<Vec<u8>, OpenError> {
        fs::read(&self.path).map_err(|error| OpenError::io(&self.path, error))
    }

    /// Whether its header was written: that is done, durably, before the first event.
    pub(super) fn is_begun(&self) -> Result<bool, OpenError> {
        let bytes = self.read()?;
        let header = &bytes[..bytes.len().min(SEGMENT_HEADER_SIZE)];
        if header.len() == SEGMENT_HEADER_SIZE && header.iter().any(|byte| *byte != 0) {
            return Ok(true);
        }
        match bytes.iter().position(|byte| *byte != 0) {
            Some(offset) => {
                Err(OpenError::corrupt(&self.path, offset, "there are events, but no header"))
            }
            None => Ok(false),
        }
    }
}

/// All segments, in order.
pub(super) fn list(folder: &Path) -> Result<Vec<Segment>, OpenError> {
    let mut segments = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| OpenError::io(folder, error))? {
        let path = entry.map_err(|error| OpenError::io(folder, error))?.path();
        let Some(base) = base_of(&path) else {
            continue;
        };
        let bytes = fs::metadata(&path).map_err(|error| OpenError::io(&path, error))?.len();
        segments.push(Segment { base, path, bytes });
    }
    segments.sort_unstable_by_key(|segment| segment.base);
    Ok(segments)
}

/// The positions of the first events of all segments.
pub(crate) fn bases(folder: &Path) -> io::Result<BTreeSet<u64>> {
    let mut bases = BTreeSet::new();
    for entry in fs::read_dir(folder)? {
        bases.extend(base_of(&entry?.path()));
    }
    Ok(bases)
}

/// Where the segment is whose first event has this position.
pub(crate) fn path_of(folder: &Path, base: u64) -> PathBuf {
    folder.join(format!("{base:020}.log"))
}

fn base_of(path: &Path) -> Option<u64> {
    let name = path.file_name()?.to_str()?.strip_suffix(".log")?;
    let digits = name.len() == 20 && name.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| name.parse().ok())?
}

/// The last segment that was begun, if there is one.
///
/// tephra deletes files at the end that have no header, because they were never begun; so they must
/// be empty. And it trusts the size it is given: a file that is shorter was cut, which would lose
/// what was at its end.
pub(super) fn check(
    segments: &[Segment],
    segment_bytes: usize,
) -> Result<Option<&Segment>, OpenError> {
    for (at, segment) in segments.iter().enumerate().rev() {
        if at + 1 == segments.len() && !segment.is_begun()? {
            return check(&segments[..at], segment_bytes);
        }
        if cfg!(target_os = "linux") && segment.bytes != segment_bytes as u64 {
            let offset = usize::try_from(segment.bytes).unwrap_or(usize::MAX);
            let what = format!("it ends here, but was made with {segment_bytes} bytes");
            return Err(OpenError::corrupt(&segment.path, offset.min(segment_bytes), what));
        }
    }
    Ok(segments.last())
}

/// Where the damage is that made tephra count fewer events than there should be.
pub(crate) fn find_damage(folder: &Path) -> Result<(), OpenError> {
    let segments = list(folder)?;
    let mut expected = 1;
    for (at, segment) in segments.iter().enumerate() {
        if segment.base != expected {
            let missing = format!("the events {expected} to {} are missing", segment.base - 1);
            return Err(OpenError::corrupt(&segment.path, 0, missing));
        }
        let walked = walk(&segment.read()?);
        let Some(next) = segments.get(at + 1) else {
            break;
        };
        expected = segment.base + walked.events;
        if next.base != expected {
            let what = format!(
                "the events {expected} to {}, which the next file goes on from, cannot be read",
                next.base.saturating_sub(1)
            );
            return Err(OpenError::corrupt(&segment.path, walked.stopped, what));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_told_by_their_names() {
        let base = |name: &str| base_of(Path::new(name));
        assert_eq!(base("data/00000000000000000001.log"), Some(1));
        assert_eq!(base("data/00000000000000000123.log"), Some(123));
        assert_eq!(base_of(&path_of(Path::new("data"), 123)), Some(123));
        assert_eq!(base("data/1.log"), None);
        assert_eq!(base("data/0000000000000000000x.log"), None);
        assert_eq!(base("data/00000000000000000001.idx"), None);
    }
}
