//! An alarm in a folder rings by itself, also if it was set before a restart.

use std::convert::Infallible;
use std::error::Error;
use std::path::Path;
use std::time::Duration;

use bailiwick::{Aggregate, Context, Event, FileJournal, Runtime, Timestamp, View, commands, id};
use serde::{Deserialize, Serialize};

id!(AlarmId: "alarm");

#[derive(Event, Debug, Serialize, Deserialize)]
enum AlarmEvent {
    Set { at: Timestamp },
    Rang,
}

struct Alarm(Option<Timestamp>);

impl View for Alarm {
    type Key = AlarmId;
    type Event = AlarmEvent;
    fn new(_: &AlarmId) -> Self {
        Alarm(None)
    }
    fn apply(&mut self, event: &AlarmEvent, _: Timestamp) {
        self.0 = if let AlarmEvent::Set { at } = event { Some(*at) } else { None };
    }
}

impl Aggregate for Alarm {
    const NAME: &'static str = "Alarm";
    fn deadline(&self) -> Option<Timestamp> {
        self.0
    }
    fn on_deadline(&self, ctx: &mut Context<AlarmEvent>) {
        ctx.emit(AlarmEvent::Rang);
    }
}

struct Set(Duration);

#[commands]
impl Alarm {
    fn set(&self, set: &Set, ctx: &mut Context<AlarmEvent>) -> Result<(), Infallible> {
        ctx.emit(AlarmEvent::Set { at: ctx.now() + set.0 });
        Ok(())
    }
}

async fn start(folder: &Path) -> Result<Runtime, Box<dyn Error>> {
    let journal = FileJournal::open(folder)?;
    Ok(Runtime::builder(journal).aggregate::<Alarm>().start().await?)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?; // Yours is one that stays.
    let runtime = start(folder.path()).await?;
    let soon = Duration::from_millis(500);
    let set = runtime.aggregates::<Alarm>().get("tea").ask_with_receipt(Set(soon)).await?;
    runtime.shutdown(Duration::from_secs(5)).await;
    // Nobody asks it anything now: the start knows what is pending.
    let runtime = start(folder.path()).await?;
    let mut watch = runtime.aggregates::<Alarm>().get("tea").watch(set.position).await?;
    let next = watch.next().await.ok_or("it was shut down")??; // Its durable events, in order, none left out.
    println!("set at position {}; at {}: {:?}", set.position, next.at(), next.event);
    runtime.shutdown(Duration::from_secs(5)).await;
    Ok(())
}
