//! The journal keeps the rules of every journal, with one file and with many.
//!
//! Where there is a file system in memory, it is there: these rules are not about what survives, and
//! a disk that others keep busy may take minutes for the thousands of syncs.

use std::sync::Arc;

use bailiwick_core::journal::Journal;
use bailiwick_core::journal::conformance::{Reopen, Subject};
use bailiwick_journal::{FileJournal, Options};
use tempfile::TempDir;

struct InFolder {
    journal: Option<Arc<FileJournal>>,
    options: Options,
    folder: TempDir,
}

impl InFolder {
    fn new(options: Options) -> InFolder {
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        let folder = folder.expect("a folder");
        let journal = Some(Arc::new(options.clone().open(folder.path()).expect("a journal")));
        InFolder { journal, options, folder }
    }
}

impl Subject for InFolder {
    fn journal(&self) -> Arc<dyn Journal> {
        self.journal.clone().expect("it is open")
    }
}

impl Reopen for InFolder {
    fn reopen(&mut self) {
        self.journal = None;
        let journal = self.options.clone().open(self.folder.path()).expect("the same journal");
        self.journal = Some(Arc::new(journal));
    }
}

mod one_file {
    use super::*;

    bailiwick_core::conformance_tests!(durable: || InFolder::new(FileJournal::options()));
}

mod many_files {
    use super::*;

    bailiwick_core::conformance_tests!(durable: || {
        InFolder::new(FileJournal::options().segment_bytes(128 << 10))
    });
}
