//! A counter in a folder: started, asked, read and shut down; started again, it goes on from there.

use std::error::Error;

use bailiwick::{
    Aggregate, AskError, Context, ErrorReport, Event, FileJournal, Runtime, Timestamp, View,
    commands, id, require,
};
use serde::{Deserialize, Serialize};

id!(CounterId: "counter");

#[derive(Event, Serialize, Deserialize)]
struct Counted {}

struct Counter(u64);

impl View for Counter {
    type Key = CounterId;
    type Event = Counted;
    fn new(_: &CounterId) -> Self {
        Counter(0)
    }
    fn apply(&mut self, _: &Counted, _: Timestamp) {
        self.0 += 1;
    }
}

impl Aggregate for Counter {
    const NAME: &'static str = "Counter";
}

#[derive(Serialize)]
struct Count;

#[derive(Debug, thiserror::Error)]
#[error("three is enough")]
struct Enough;

#[commands]
impl Counter {
    fn count(&self, _: &Count, ctx: &mut Context<Counted>) -> Result<u64, Enough> {
        require(self.0 < 3, Enough)?;
        ctx.emit(Counted {});
        Ok(self.0 + 1)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?; // Yours is one that stays.
    for keys in [["a", "b"], ["c", "d"]] {
        let journal = FileJournal::open(folder.path())?;
        let runtime = Runtime::builder(journal).aggregate::<Counter>().start().await?;
        let counter = runtime.aggregates::<Counter>().get("visits");
        for key in keys {
            // Asked twice with one key, it is run once, after a restart too.
            match counter.once(key).ask(Count).await {
                Ok(value) => println!("{key}: counted to {value}, and that is on the disk"),
                Err(AskError::Rejected(why)) => println!("{key}: a rule said no: {why}"),
                Err(AskError::NotRun(not_run)) => println!("{key}: {}", ErrorReport::of(&not_run)),
                Err(AskError::AlreadyRun(run)) => println!("{key}: do not ask again: {run}"),
                Err(e @ AskError::Unknown { .. }) => println!("{key}: perhaps; ask again: {e}"),
            }
        }
        println!("there are {}", counter.read(|counter, _| counter.0).await?.value);
        runtime.shutdown(std::time::Duration::from_secs(5)).await;
    }
    Ok(())
}
