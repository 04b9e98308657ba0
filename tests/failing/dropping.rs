//! What callers leave behind is dropped without any lock: its `Drop` may ask the same aggregate.

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::sync::mpsc::channel;
use std::task::{Context as TaskContext, Waker};
use std::time::Duration;

use bailiwick::{
    Aggregate, Aggregates, Context, Decide, Event, ManualClock, MemoryJournal, Runtime, Timestamp,
    View, id,
};
use bailiwick_tests::journals::faulty::FaultyJournal;
use bailiwick_tests::stage::settle;
use serde::{Deserialize, Serialize};

id!(BoxId: "box");

#[derive(Event, Debug, Serialize, Deserialize)]
struct PutIn {}

struct Chest;

impl View for Chest {
    type Key = BoxId;
    type Event = PutIn;

    fn new(_: &BoxId) -> Chest {
        Chest
    }

    fn apply(&mut self, _: &PutIn, _: Timestamp) {}
}

impl Aggregate for Chest {
    const NAME: &'static str = "Chest";
}

/// Asks the aggregate something when it is dropped.
struct Nosy(Aggregates<Chest>);

impl Drop for Nosy {
    fn drop(&mut self) {
        let asked = pin!(self.0.get("a").read(|_, _| ()));
        let _ = asked.poll(&mut TaskContext::from_waker(Waker::noop()));
    }
}

#[expect(dead_code, reason = "it is there to be dropped")]
struct Put(Option<Nosy>);

impl Decide<Put> for Chest {
    type Reply = ();
    type Rejection = Infallible;

    fn decide(&self, _: &Put, ctx: &mut Context<PutIn>) -> Result<(), Infallible> {
        ctx.emit(PutIn {});
        Ok(())
    }
}

/// Runs a scene on a thread of its own: with a lock held it would never end.
fn ends(scene: impl AsyncFnOnce(FaultyJournal, Aggregates<Chest>) + Send + 'static) {
    let (over, ended) = channel();
    std::thread::spawn(move || {
        let executor = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        executor.block_on(async {
            let journal = FaultyJournal::new(MemoryJournal::new());
            let builder = Runtime::builder(journal.clone()).aggregate::<Chest>();
            let builder = builder
                .clock(ManualClock::at(1_000))
                .config(|config| config.mailbox_commands(2).batch_commands(1));
            let runtime = builder.start().await.unwrap();
            scene(journal, runtime.aggregates()).await;
            let shutdown = runtime.shutdown(Duration::from_secs(1)).await;
            over.send(shutdown.in_time).unwrap();
        });
    });
    let ended = ended.recv_timeout(Duration::from_secs(60));
    assert_eq!(ended, Ok(true), "it hangs on a lock, or has panicked");
}

/// Of those who wait for room, one gives up, which is too few to clear the queue for.
#[test]
fn a_command_that_was_given_up_at_the_door() {
    ends(async |journal, chests| {
        journal.shut();
        let chest = chests.get("a");
        let mut asked = vec![tokio::spawn(chest.ask(Put(None)))];
        journal.waiting(1).await;
        // One is decided on top of it, two are in the mailbox, and the others at the door.
        for n in 0..8 {
            let nosy = (n == 3).then(|| Nosy(chests.clone()));
            asked.push(tokio::spawn(chest.ask(Put(nosy))));
            settle().await;
        }
        asked.remove(4).abort();
        settle().await;
        journal.open();
        for asked in asked {
            asked.await.unwrap().unwrap();
        }
    });
}

/// Reads that nobody waits for any more make room for others.
#[test]
fn a_read_that_was_given_up() {
    ends(async |journal, chests| {
        journal.hang_reads(1);
        let chest = chests.get("a").timeout(Duration::from_millis(10));
        for _ in 0..6 {
            let nosy = Nosy(chests.clone());
            let read = tokio::spawn(chest.read(move |_, _| {
                let _ = &nosy;
            }));
            settle().await;
            read.abort();
            settle().await;
        }
    });
}
