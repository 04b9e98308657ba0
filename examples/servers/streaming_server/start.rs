//! The runtime: what it is made of, and where its journal is.

use std::error::Error;
use std::sync::Arc;

use bailiwick::journal::Journal;
use bailiwick::{MemoryJournal, Runtime, TephraJournal};

use crate::options::Options;
use crate::streams::HttpStreams;
use crate::{accounts, bidders, http, listings, orders, parcels, registration, slots, streams};

/// Starts the runtime. It goes on where the process before it was.
pub async fn start(options: &Options, rows: &slots::Database) -> Result<Runtime, Box<dyn Error>> {
    let journal: Arc<dyn Journal> = match options.memory {
        true => Arc::new(MemoryJournal::new()),
        // Waits for a process that still has the folder.
        false => Arc::new(TephraJournal::open(options.data.join("journal"))?),
    };
    let service = options.streaming_service.as_deref();
    let service = service.map(|url| HttpStreams::new(url, http::CALL_TIMEOUT)).transpose()?;
    let builder = accounts::add(Runtime::builder_shared(journal));
    let builder = streams::add(builder, service.as_ref());
    let builder = slots::add(builder, rows);
    let builder = bidders::add(listings::add(builder));
    let builder = parcels::add(orders::add(builder));
    let builder = registration::add(builder);
    Ok(builder.metrics().reopen_journal().start().await?)
}
