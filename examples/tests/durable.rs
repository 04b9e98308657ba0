//! `docs/journal.md` shows how a runtime is started on a folder: here it is, stopped and started again.

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use bailiwick::{FileJournal, Runtime};
use bailiwick_examples::streaming::{AccountSessions, Acquire};

async fn start(folder: &Path) -> Result<Runtime, Box<dyn Error>> {
    let journal = FileJournal::open(folder)?; // Waits for a process that still has the folder.
    let builder = Runtime::builder(journal).aggregate::<AccountSessions>();
    Ok(builder.reopen_journal().start().await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_there_after_a_restart() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let runtime = start(folder.path()).await?;
    let acquire = Acquire { session: "tv".into(), lease_ms: 24 * 60 * 60 * 1_000 };
    let granted = runtime.aggregates::<AccountSessions>().get("acc-1").ask(acquire).await?;
    runtime.shutdown(Duration::from_secs(5)).await;

    let runtime = start(folder.path()).await?;
    let account = runtime.aggregates::<AccountSessions>().get("acc-1");
    let held = account.read(|account, now| account.lease(&"tv".into(), now)).await?.value;
    assert_eq!(held, Some(granted.expires_at));
    Ok(())
}
