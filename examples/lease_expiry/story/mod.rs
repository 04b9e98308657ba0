//! The story: a streaming side that falls silent, told in real time as it happens.
//!
//! Every line that has a number is an event that was durable when it was told, seen through a watch
//! of the account; nobody polls. Each step is checked against what was told before: if it goes
//! another way, or anything happens that no step expected, the story stops there.

mod cast;
mod chapters;
mod ledger;
mod narrator;
mod stage;
mod steps;
mod summary;

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use bailiwick::{Clock, Position, Runtime, SystemClock};
use bailiwick_examples::streaming::AccountSessions;

use crate::audit::audit;
use crate::failure::Failure;
use crate::journal;
use narrator::Narrator;
use stage::Stage;

/// Tells the story.
///
/// # Errors
/// If it does not go as told.
pub async fn tell(out: impl Write) -> Result<(), Failure> {
    let journal = journal::open();
    let runtime = Runtime::builder_shared(Arc::clone(&journal))
        .aggregate::<AccountSessions>()
        .start()
        .await?;
    let account = runtime.aggregates::<AccountSessions>().get(cast::ACCOUNT);
    let changes = account.watch(Position::START).map_err(Failure::other)?;
    let narrator = Narrator::new(out, SystemClock::new().now());
    let mut stage = Stage::new(account, changes, narrator);
    chapters::all(&mut stage).await?;
    runtime.shutdown(Duration::from_secs(5)).await;
    let findings = audit(&*journal, SystemClock::new().now()).await?;
    summary::print(&mut stage.narrator.out, &stage.told, &findings)
}

#[cfg(test)]
mod tests;
