//! A runtime is ended by what it runs itself: by a decision, a read, its journal. What is told is true
//! all the same, and nobody waits for ever.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context as TaskContext, Waker};
use std::time::Duration;

use bailiwick::journal::{Answer, Journal, Query, Read};
use bailiwick::{
    Aggregate, AskError, Cause, Context, Decide, Decision, Event, ManualClock, MemoryJournal,
    Runtime, Timestamp, Unguarded, View, id,
};
use bailiwick_tests::journals::altered::Altered;
use serde::{Deserialize, Serialize};

use super::{within_reason, yields};

id!(FuseId: "fuse");

#[derive(Event, Debug, Serialize, Deserialize)]
struct Burnt {
    #[tag]
    fuse: FuseId,
}

struct Fuse;

impl View for Fuse {
    type Key = FuseId;
    type Event = Burnt;

    fn new(_: &FuseId) -> Self {
        Fuse
    }

    fn apply(&mut self, _: &Burnt, _: Timestamp) {}
}

impl Aggregate for Fuse {
    const NAME: &'static str = "Fuse";
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum How {
    /// Asks for the end, without waiting for it.
    ShutsDown,
    /// Drops the last clone of the runtime.
    DropsTheLast,
}

/// Ends the runtime while it is decided.
struct Burn(How, Mutex<Option<Runtime>>);

impl Burn {
    fn end(&self) {
        let Some(runtime) = self.1.lock().unwrap().take() else { return };
        end(self.0, runtime);
    }
}

fn end(how: How, runtime: Runtime) {
    if how == How::ShutsDown {
        let shutdown = pin!(runtime.shutdown(Duration::from_secs(10)));
        let polled = shutdown.poll(&mut TaskContext::from_waker(Waker::noop()));
        assert!(polled.is_pending(), "this is work, too");
    }
}

impl Decide<Burn> for Fuse {
    type Reply = ();
    type Rejection = Infallible;

    fn decide(&self, burn: &Burn, ctx: &mut Context<Burnt>) -> Result<(), Infallible> {
        burn.end();
        ctx.emit(Burnt { fuse: "a".into() });
        Ok(())
    }
}

impl Decision for Burn {
    type Views = Unguarded<Fuse>;
    type Event = Burnt;
    type Reply = ();
    type Rejection = Infallible;

    fn keys(&self) -> FuseId {
        "a".into()
    }

    fn decide(&self, _: &Fuse, ctx: &mut Context<Burnt>) -> Result<(), Infallible> {
        self.end();
        ctx.emit(Burnt { fuse: "a".into() });
        Ok(())
    }
}

async fn start(journal: Arc<dyn Journal>) -> (Runtime, ManualClock) {
    let clock = ManualClock::at(1_000);
    let builder = Runtime::builder_shared(journal).aggregate::<Fuse>().decision::<Burn>();
    let runtime = builder.clock(clock.clone()).start().await.expect("it starts");
    (runtime, clock)
}

/// The journal, the runtime that is to end, and what else is there until it has.
async fn begin(how: How) -> (Arc<dyn Journal>, Runtime, impl Sized) {
    let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::new());
    let (runtime, clock) = start(journal.clone()).await;
    let kept = (how == How::ShutsDown).then(|| runtime.clone());
    (journal, runtime, (clock, kept))
}

async fn burnt(journal: &Arc<dyn Journal>) -> usize {
    journal.read(Read::new(Query::all())).await.expect("it can be read").events.len()
}

/// It was accepted, so it is finished; or it was given back, and there is nothing.
async fn assert_true(
    how: How,
    answer: Result<(), AskError<Burn, Infallible>>,
    journal: &Arc<dyn Journal>,
) {
    yields(32).await;
    let burnt = burnt(journal).await;
    match (how, answer) {
        (How::ShutsDown, Ok(())) => assert_eq!(burnt, 1),
        (How::DropsTheLast, Ok(())) => assert_eq!(burnt, 1),
        (How::DropsTheLast, Err(AskError::NotRun(not_run))) => {
            assert!(matches!(not_run.cause, Cause::ShutDown), "{not_run:?}");
            assert_eq!(burnt, 0);
        }
        (How::DropsTheLast, Err(AskError::Unknown { .. })) => {}
        (how, answer) => panic!("{how:?}: {:?}", answer.map_err(|error| error.to_string())),
    }
    assert_eq!(Arc::strong_count(journal), 1, "it has let go: {how:?}");
}

#[tokio::test]
async fn a_command_ends_the_runtime_that_runs_it() {
    for how in [How::ShutsDown, How::DropsTheLast] {
        // One that is in memory, and one that is not.
        for warm in [true, false] {
            let (journal, runtime, _kept) = begin(how).await;
            let fuse = runtime.aggregates::<Fuse>().get("a");
            if warm {
                fuse.read(|_, _| ()).await.unwrap();
            }
            let answer = within_reason(fuse.ask(Burn(how, Mutex::new(Some(runtime))))).await;
            assert_true(how, answer, &journal).await;
        }
    }
}

#[tokio::test]
async fn a_decision_ends_the_runtime_that_runs_it() {
    for how in [How::ShutsDown, How::DropsTheLast] {
        let (journal, runtime, _kept) = begin(how).await;
        let decisions = runtime.decisions();
        let answer = within_reason(decisions.decide(Burn(how, Mutex::new(Some(runtime))))).await;
        assert_true(how, answer, &journal).await;
    }
}

#[tokio::test]
async fn a_read_ends_the_runtime_that_runs_it() {
    for how in [How::ShutsDown, How::DropsTheLast] {
        for warm in [true, false] {
            let (journal, runtime, _kept) = begin(how).await;
            let fuse = runtime.aggregates::<Fuse>().get("a");
            if warm {
                fuse.read(|_, _| ()).await.unwrap();
            }
            let mut runtime = Some(runtime);
            let read = fuse.read(move |_, _| {
                if let Some(runtime) = runtime.take() {
                    end_of(how, runtime);
                }
            });
            // It is told what it saw, or that the runtime is gone.
            drop(within_reason(read).await);
            yields(32).await;
            let late = within_reason(fuse.read(|_, _| ())).await;
            assert!(late.is_err(), "{how:?}");
            assert_eq!(Arc::strong_count(&journal), 1, "it has let go: {how:?}");
        }
    }
}

/// A read is no work that is waited for, so it may be over at once.
fn end_of(how: How, runtime: Runtime) {
    if how == How::ShutsDown {
        let shutdown = pin!(runtime.shutdown(Duration::from_secs(10)));
        let _ = shutdown.poll(&mut TaskContext::from_waker(Waker::noop()));
    }
}

/// Its append is work, and waits for the end of all work: the limit ends that.
#[tokio::test]
async fn a_journal_that_waits_for_the_end_waits_until_the_limit() {
    const LIMIT: Duration = Duration::from_secs(10);
    let held: Arc<Mutex<Option<Runtime>>> = Arc::default();
    let of_the_journal = held.clone();
    let inner: Arc<dyn Journal> = Arc::new(MemoryJournal::new());
    let journal = Altered::around(inner).append(move |journal, events, condition| {
        let (journal, runtime) = (journal.clone(), of_the_journal.lock().unwrap().take());
        Answer::later(async move {
            if let Some(runtime) = runtime {
                assert!(!runtime.shutdown(LIMIT).await.in_time);
            }
            journal.append(events, condition).await
        })
    });
    let (runtime, clock) = start(Arc::new(journal)).await;
    *held.lock().unwrap() = Some(runtime.clone());
    let quiet = Burn(How::ShutsDown, Mutex::new(None));
    let asked = tokio::spawn(runtime.aggregates::<Fuse>().get("a").ask(quiet));
    yields(32).await;
    assert!(!asked.is_finished());
    clock.advance(LIMIT);
    let answer = within_reason(asked).await.unwrap();
    assert!(matches!(answer, Err(AskError::Unknown { .. })));
    assert!(!within_reason(runtime.shutdown(LIMIT)).await.in_time);
}
