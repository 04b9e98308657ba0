//! The file that says which version of the format the folder has. It is written before the first
//! event, so a folder without it has none.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use bailiwick_core::journal::JournalId;

use crate::{OpenError, Options};

pub(super) const FILE: &str = "bailiwick.format";
pub(super) const NEW_FILE: &str = "bailiwick.format.new";

/// The format that is written, and the latest one that can be read.
const VERSION: u64 = 1;

/// What a folder says of its journal, for as long as it lives.
#[derive(Clone, Copy)]
pub(super) struct Format {
    pub(super) segment_bytes: usize,
    pub(super) id: JournalId,
}

/// What is found: folders that were made before journals had an identity have none yet.
pub(super) struct Found {
    pub(super) segment_bytes: usize,
    pub(super) id: Option<JournalId>,
}

/// The format, or nothing if the folder has none yet.
pub(super) fn read(folder: &Path) -> Result<Option<Found>, OpenError> {
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
    let Some(segment_bytes) = bytes.filter(sane) else {
        return Err(corrupt("it does not say how large the segments are"));
    };
    let id = value(&contents, "journal").map(str::parse).transpose();
    let id = id.map_err(|_| corrupt("it does not say which journal it is"))?;
    Ok(Some(Found { segment_bytes, id }))
}

fn value<'a>(contents: &'a str, key: &str) -> Option<&'a str> {
    let mut values = contents.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix(' '));
    values.next()
}

fn number(contents: &str, key: &str) -> Option<u64> {
    value(contents, key)?.parse().ok()
}

/// The identity of a journal that is made.
pub(super) fn new_id(folder: &Path) -> Result<JournalId, OpenError> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits)
        .map_err(|error| OpenError::io(folder, io::Error::other(error.to_string())))?;
    Ok(JournalId::from_u128(u128::from_ne_bytes(bits)))
}

pub(super) fn write(folder: &Path, format: Format) -> Result<(), OpenError> {
    let Format { segment_bytes, id } = format;
    let contents = format!(
        "A journal of Bailiwick: the events are in the files *.log.\n\
         format {VERSION}\n\
         segment-bytes {segment_bytes}\n\
         journal {id}\n"
    );
    let path = folder.join(FILE);
    super::replace(&path, &folder.join(NEW_FILE), &contents)
        .map_err(|error| OpenError::io(&path, error))?;
    super::sync_folder(folder)
}
