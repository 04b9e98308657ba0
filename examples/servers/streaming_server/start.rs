//! The runtime: what it is made of, and where its journal is.

use std::error::Error;
use std::sync::Arc;

use bailiwick::journal::Journal;
use bailiwick::{MemoryJournal, Runtime, TephraJournal};

use crate::accounts;
use crate::options::Options;

/// Starts the runtime. It goes on where the process before it was.
pub async fn start(options: &Options) -> Result<Runtime, Box<dyn Error>> {
    let journal: Arc<dyn Journal> = match options.memory {
        true => Arc::new(MemoryJournal::new()),
        // Waits for a process that still has the folder.
        false => Arc::new(TephraJournal::open(&options.data)?),
    };
    let builder = accounts::add(Runtime::builder_shared(journal));
    Ok(builder.reopen_journal().start().await?)
}
