//! What is in a folder: nothing may be mixed with what is not a journal's.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use super::lock;
use crate::OpenError;

/// Of the journal before this one, which no release has had.
const OTHER_FORMAT: &str = "bailiwick.format";
const SEGMENT: &str = "segment";
/// What is derived from segments.
const DERIVED: [&str; 2] = ["index", "offsets"];
const CHECKPOINT: &str = "checkpoint";
const UNFINISHED: &str = ".unfinished";

/// Fails if the folder is not a journal's, and not to become one.
///
/// It is looked at before it is locked, which makes a file in it. What is not a journal's is no trouble to one that is
/// there already: somebody may keep notes beside it.
pub(super) fn check(folder: &Path) -> Result<(), OpenError> {
    let mut has_segment = false;
    let mut stranger: Option<OsString> = None;
    let io = |error| OpenError::io(folder, error);
    for entry in fs::read_dir(folder).map_err(io)? {
        let name = entry.map_err(io)?.file_name();
        if name == OTHER_FORMAT {
            return Err(OpenError::OtherFormat { found: folder.join(name) });
        }
        match kind_of(&name.to_string_lossy()) {
            Kind::Segment => has_segment = true,
            Kind::Harmless => {}
            // Always the same one is named, in whichever order they are listed.
            Kind::Stranger => stranger = stranger.into_iter().chain([name]).min(),
        }
    }
    match stranger {
        Some(name) if !has_segment => Err(OpenError::NotAJournal { found: folder.join(name) }),
        _ => Ok(()),
    }
}

enum Kind {
    Segment,
    /// A journal's too, or the file system's, or hidden.
    Harmless,
    Stranger,
}

fn kind_of(name: &str) -> Kind {
    // What tools leave of themselves begins with a dot, `._0000000001.segment` for one.
    if name.starts_with('.') || name == "lost+found" || name == lock::FILE {
        return Kind::Harmless;
    }
    let (finished, is_finished) = match name.strip_suffix(UNFINISHED) {
        Some(finished) => (finished, false),
        None => (name, true),
    };
    match finished.rsplit_once('.') {
        Some((_, SEGMENT)) if is_finished => Kind::Segment,
        Some((_, SEGMENT)) => Kind::Harmless,
        Some((_, extension)) if DERIVED.contains(&extension) => Kind::Harmless,
        None if finished == CHECKPOINT => Kind::Harmless,
        _ => Kind::Stranger,
    }
}
