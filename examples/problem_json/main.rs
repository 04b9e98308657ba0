//! A server's answers: every error of a call as problem+json, mapped in `problem.rs`.
//!
//! There is no server here, so that nothing is needed but what every server has: a status, a body and
//! a header. `cargo run --example problem_json` asks a runtime that has been shut down, among others.

mod problem;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::time::Duration;

use bailiwick::{
    Aggregate, AggregateRef, Context, Decide, ErrorReport, Event, MemoryJournal, Runtime,
    Timestamp, View, id, require,
};
use problem::Problem;
use serde::{Deserialize, Serialize};

id!(SeatId: "seat");

#[derive(Event, Serialize, Deserialize)]
struct Taken {
    by: String,
}

struct Seat(Option<String>);

impl View for Seat {
    type Key = SeatId;
    type Event = Taken;
    fn new(_: &SeatId) -> Self {
        Seat(None)
    }
    fn apply(&mut self, event: &Taken, _: Timestamp) {
        self.0 = Some(event.by.clone());
    }
}

impl Aggregate for Seat {
    const NAME: &'static str = "Seat";
}

#[derive(Serialize)]
struct Take(String);

/// A client is shown this.
#[derive(Debug, thiserror::Error)]
#[error("somebody sits there")]
struct SomebodySitsThere;

impl Decide<Take> for Seat {
    type Reply = ();
    type Rejection = SomebodySitsThere;
    fn decide(&self, Take(by): &Take, ctx: &mut Context<Taken>) -> Result<(), SomebodySitsThere> {
        require(self.0.is_none(), SomebodySitsThere)?;
        ctx.emit(Taken { by: by.clone() });
        Ok(())
    }
}

/// What a handler does: the error goes to the log with all its reasons, and the problem to the client.
async fn take(seat: &AggregateRef<Seat>, by: &str, key: &str) -> Result<(), Problem> {
    seat.once(key.to_owned()).ask(Take(by.to_owned())).await.map_err(|error| {
        eprintln!("log: {}", ErrorReport::of(&error));
        Problem::from(&error)
    })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let runtime = Runtime::builder(MemoryJournal::new()).aggregate::<Seat>().start().await?;
    let seat = runtime.aggregates::<Seat>().get("7");
    take(&seat, "Ann", "a1").await.expect("it is free");
    let taken = take(&seat, "Ben", "b1").await.expect_err("Ann sits there");
    let reused = take(&seat, "Ben", "a1").await.expect_err("Ann's key");
    let no_key = take(&seat, "Ben", "").await.expect_err("no key");
    runtime.shutdown(Duration::from_secs(5)).await;
    let late = take(&seat, "Ben", "b2").await.expect_err("too late");
    let unread = Problem::from(&seat.read(|_, _| ()).await.expect_err("too late"));
    for problem in [taken, reused, no_key, late, unread] {
        let retry_after = problem.retry_after.map(|secs| format!("Retry-After: {secs}"));
        println!("HTTP {} {}", problem.status, retry_after.unwrap_or_default());
        println!("{}\n", serde_json::to_string_pretty(&problem)?);
    }
    Ok(())
}
