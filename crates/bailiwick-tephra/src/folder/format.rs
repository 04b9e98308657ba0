//! The file that says which version of the format the folder has. It is written before the first
//! event, so a folder without it has none.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use crate::{OpenError, Options};

pub(super) const FILE: &str = "bailiwick.format";
pub(super) const NEW_FILE: &str = "bailiwick.format.new";

/// The format that is written, and the latest one that can be read.
const VERSION: u64 = 1;

/// The size of the segments, or nothing if the folder has no format yet.
pub(super) fn read(folder: &Path) -> Result<Option<usize>, OpenError> {
    let path = folder.join(FILE);
    let contents = match fs::read(&path) {
        Ok(contents) => contents,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(OpenError::io(path, error)),
    };
    let contents = String::from_utf8_lossy(&contents);
    let corrupt = |what: &str| OpenError::corrupt(&path, 0, what);
    match number(&contents, "format") {
        Some(VERSION) => {}
        Some(found) if found > VERSION => {
            return Err(OpenError::NewerFormat { path, found, known: VERSION });
        }
        _ => return Err(corrupt("it does not say which format it is")),
    }
    let bytes = number(&contents, "segment-bytes").and_then(|bytes| usize::try_from(bytes).ok());
    let sane =
        |bytes: &usize| (Options::MIN_SEGMENT_BYTES..=Options::MAX_SEGMENT_BYTES).contains(bytes);
    match bytes.filter(sane) {
        Some(bytes) => Ok(Some(bytes)),
        None => Err(corrupt("it does not say how large the segments are")),
    }
}

fn number(contents: &str, key: &str) -> Option<u64> {
    let mut values = contents.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix(' '));
    values.next()?.parse().ok()
}

pub(super) fn write(folder: &Path, segment_bytes: usize) -> Result<(), OpenError> {
    let contents = format!(
        "A journal of Bailiwick: the events are in the files *.log.\n\
         format {VERSION}\n\
         segment-bytes {segment_bytes}\n"
    );
    let path = folder.join(FILE);
    super::replace(&path, &folder.join(NEW_FILE), &contents)
        .map_err(|error| OpenError::io(&path, error))?;
    super::sync_folder(folder)
}
