//! The outside world: a file that outlives every process, with a line for each call.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use bailiwick::journal::Journal;
use serde::{Deserialize, Serialize};

use crate::fixtures::messages::effect::{Call, Outside};
use crate::invariant::Checked;
use crate::invariant::Invariant::Readable;

/// A call, and where the journal ended when it was made.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Called {
    pub(super) call: Call,
    pub(super) head: u64,
}

pub(super) struct CallsFile {
    file: File,
    journal: Arc<dyn Journal>,
}

impl CallsFile {
    pub(super) fn open(path: &Path, journal: Arc<dyn Journal>) -> std::io::Result<CallsFile> {
        let file = OpenOptions::new().append(true).create(true).open(path)?;
        Ok(CallsFile { file, journal })
    }
}

impl Outside for CallsFile {
    async fn call(&self, call: Call) -> bool {
        let head = self.journal.head().await.expect("it is open").position.get();
        let line = serde_json::to_string(&Called { call, head }).expect("it can be written") + "\n";
        // By one write, so that a process that is killed has called or not.
        let written = (&self.file).write(line.as_bytes()).expect("the disk is not full");
        assert_eq!(written, line.len(), "a part of a line");
        true
    }
}

/// All calls.
///
/// # Errors
/// If they cannot be read.
pub(super) fn calls(path: &Path) -> Checked<Vec<Called>> {
    // Whoever was killed early has called nobody.
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let calls = text.lines().map(serde_json::from_str).collect::<Result<_, _>>();
    calls.map_err(|error| Readable.broken(format!("the calls cannot be read: {error}")))
}
