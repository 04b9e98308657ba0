//! The story: a streaming side that falls silent, told in real time as it happens.
//!
//! Every line that has a number is an event that was durable when it was told, seen through a watch
//! of the account; nobody polls. Each step is checked against what was told before: if it goes
//! another way, or anything happens that no step expected, the story stops there.
//!
//! A program that was killed and is started again goes on with the story: where it stopped is known
//! from the journal alone.

mod cast;
mod chapters;
mod ledger;
mod narrator;
mod opening;
mod past;
mod stage;
mod steps;
mod summary;

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use bailiwick::{Clock, Runtime, SystemClock};
use bailiwick_examples::streaming::AccountSessions;

use crate::audit::audit;
use crate::failure::Failure;
use crate::journal::Place;
use narrator::Narrator;
use past::Past;
use stage::Stage;

/// Tells the story, or goes on with the one that the journal holds.
///
/// # Errors
/// If it does not go as told.
pub async fn tell(out: impl Write, place: &Place) -> Result<(), Failure> {
    let journal = place.open()?;
    let past = Past::read(&*journal).await?;
    let runtime = Runtime::builder_shared(Arc::clone(&journal))
        .aggregate::<AccountSessions>()
        .start()
        .await?;
    let account = runtime.aggregates::<AccountSessions>().get(cast::ACCOUNT);
    let changes = account.watch(past.upto).await.map_err(Failure::other)?;
    let mut narrator = Narrator::new(out, SystemClock::new().now());
    opening::print(&mut narrator, place, &past)?;
    let mut stage = Stage::new(account, changes, past.ledger, narrator);
    chapters::all(&mut stage, past.scene).await?;
    runtime.shutdown(Duration::from_secs(5)).await;
    let findings = audit(&*journal, SystemClock::new().now()).await?;
    summary::print(&mut stage.narrator.out, &stage.told, past.expired, &findings)
}

#[cfg(test)]
mod tests;
