use std::cell::Cell as Count;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Waker};
use std::time::Duration;

use bailiwick_core::{Aggregate, Context, Decide, Event, Timestamp, View, id};
use serde::{Deserialize, Serialize};
use tokio::task::coop::unconstrained;

use super::GONE_SHARE;
use crate::cell::Cell;
use crate::cell::lifecycle::Phase;
use crate::util::race::yield_now;
use crate::{
    Admission, AggregateRef, AskError, Cause, ManualClock, MemoryJournal, ReadError, Runtime, Seen,
};

thread_local! {
    /// How often somebody was looked at, in the test that has this thread.
    pub(super) static LOOKS: Count<usize> = const { Count::new(0) };
}

id!(SlowId: "slow");

#[derive(Event, Debug, Serialize, Deserialize)]
struct Moved {}

struct Slow(usize);

impl View for Slow {
    type Key = SlowId;
    type Event = Moved;

    fn new(_: &SlowId) -> Self {
        Slow(0)
    }

    fn apply(&mut self, _: &Moved, _: Timestamp) {
        self.0 += 1;
    }
}

impl Aggregate for Slow {
    const NAME: &'static str = "Slow";
}

struct Move;

impl Decide<Move> for Slow {
    type Reply = ();
    type Rejection = Infallible;

    fn decide(&self, _: &Move, ctx: &mut Context<Moved>) -> Result<(), Infallible> {
        ctx.emit(Moved {});
        Ok(())
    }
}

/// An aggregate that does not get its turn, and a clock in the test's hand.
struct Scene {
    runtime: Runtime,
    slow: AggregateRef<Slow>,
    clock: ManualClock,
    cell: Arc<Cell<Slow>>,
}

/// How many commands its mailbox takes.
const MAILBOX: usize = 100;

type Call<T> = Pin<Box<dyn Future<Output = T>>>;
type Asked = Call<Result<(), AskError<Move, Infallible>>>;
type Looked = Call<Result<Seen<usize>, ReadError>>;

impl Scene {
    async fn new() -> Scene {
        let clock = ManualClock::at(1_000);
        let builder = Runtime::builder(MemoryJournal::new()).aggregate::<Slow>();
        let builder =
            builder.clock(clock.clone()).config(|config| config.mailbox_commands(MAILBOX));
        let runtime = builder.start().await.unwrap();
        let slow = runtime.aggregates::<Slow>().get("a");
        settle().await;
        let cell = slow.target().kind.cell(slow.id()).unwrap();
        // Somebody runs it, and takes his time.
        cell.core.lock().phase = Phase::Running;
        Scene { runtime, slow, clock, cell }
    }

    /// It gets its turns from now on.
    fn goes_on(&self) {
        let number = self.cell.core.lock().attachments;
        self.cell.detached(number, true);
    }

    /// Asks now, and waits for so many milliseconds.
    fn ask(&self, millis: u64) -> Asked {
        let timeout = Duration::from_millis(millis);
        begun(Box::pin(unconstrained(self.slow.clone().timeout(timeout).ask(Move))))
    }

    fn read(&self, millis: u64) -> Looked {
        let timeout = Duration::from_millis(millis);
        begun(Box::pin(unconstrained(self.slow.clone().timeout(timeout).read(|slow, _| slow.0))))
    }

    async fn millisecond(&self) {
        self.clock.advance(Duration::from_millis(1));
        settle().await;
    }
}

async fn settle() {
    for _ in 0..20 {
        yield_now().await;
    }
}

fn begun<T>(mut call: Call<T>) -> Call<T> {
    assert!(poll(&mut call).is_none(), "it is answered at once");
    call
}

fn poll<T>(call: &mut Call<T>) -> Option<T> {
    match call.as_mut().poll(&mut TaskContext::from_waker(Waker::noop())) {
        std::task::Poll::Ready(answer) => Some(answer),
        std::task::Poll::Pending => None,
    }
}

fn timed_out(asked: &mut Asked) -> bool {
    match poll(asked) {
        None => false,
        Some(Err(error)) => match error.not_run() {
            Some(Cause::TimedOut) => true,
            _ => panic!("{error:?}"),
        },
        Some(Ok(())) => panic!("it was run"),
    }
}

fn read_timed_out(looked: &mut Looked) -> bool {
    match poll(looked) {
        None => false,
        Some(Err(ReadError::TimedOut)) => true,
        Some(answer) => panic!("{answer:?}"),
    }
}

/// Callers of one aggregate whose time is up one after the other: in the mailbox, in the admission queue, and
/// such who read.
#[tokio::test]
async fn n_time_outs_cost_n_looks_and_not_n_squared() {
    const CALLERS: u64 = 200;
    let scene = Scene::new().await;
    // Who came last is due first.
    let mut asked: Vec<_> = (1..=CALLERS).rev().map(|millis| scene.ask(millis)).collect();
    let mut looked: Vec<_> = (1..=CALLERS).rev().map(|millis| scene.read(millis)).collect();
    for _ in 0..CALLERS {
        scene.millisecond().await;
        assert!(timed_out(&mut asked.pop().unwrap()), "who is due is told");
        assert!(read_timed_out(&mut looked.pop().unwrap()), "who is due is told");
        assert!(asked.last_mut().is_none_or(|next| !timed_out(next)), "nobody is told early");
        assert!(looked.last_mut().is_none_or(|next| !read_timed_out(next)), "told early");
    }
    let (looks, callers) = (LOOKS.get(), 2 * usize::try_from(CALLERS).unwrap());
    // Where they wait is looked through once a 16th of it is gone, reads perhaps twice.
    assert!(looks <= 2 * GONE_SHARE * callers, "{looks} looks for {callers} callers");
    assert_eq!(scene.runtime.counts().expired + scene.runtime.counts().not_admitted, CALLERS);
    scene.goes_on();
    settle().await;
    assert_eq!(scene.slow.read(|slow, _| slow.0).await.unwrap().value, 0, "none of them was run");
}

/// Who comes while others wait for long is told in time, and does not have them looked at.
#[tokio::test]
async fn who_waits_for_less_than_those_who_came_before_is_told_in_time() {
    const CALLERS: usize = 200;
    let scene = Scene::new().await;
    let patient: Vec<_> = (0..CALLERS).map(|_| (scene.ask(90_000), scene.read(90_000))).collect();
    for millis in (1..=CALLERS).map(|nth| nth as u64 % 3 + 1) {
        let (mut asked, mut looked) = (scene.ask(millis), scene.read(millis));
        for _ in 1..millis {
            scene.millisecond().await;
            assert!(!timed_out(&mut asked) && !read_timed_out(&mut looked), "it is told early");
        }
        scene.millisecond().await;
        assert!(timed_out(&mut asked) && read_timed_out(&mut looked), "it is told late");
    }
    let (looks, callers) = (LOOKS.get(), 4 * CALLERS);
    assert!(looks <= 20 * callers, "{looks} looks for {callers} callers");
    scene.goes_on();
    settle().await;
    assert_eq!(
        scene.slow.read(|slow, _| slow.0).await.unwrap().value,
        CALLERS,
        "they have their turn"
    );
    drop(patient);
}

/// Callers who wait for ever, or are answered, are not kept in mind.
#[tokio::test]
async fn who_was_answered_is_forgotten() {
    let scene = Scene::new().await;
    for _ in 0..50 {
        let asked: Vec<_> = (0..MAILBOX - 1).map(|_| scene.ask(90_000)).collect();
        let mut hurried = scene.ask(1);
        scene.millisecond().await;
        assert!(timed_out(&mut hurried));
        drop(asked);
    }
    let live = &scene.slow.target().kind.registry.get(scene.slow.id()).unwrap();
    let listed = live.core.lock().inbox.as_ref().unwrap().callers.as_ref().unwrap().listed.len();
    assert!(listed <= 4 * MAILBOX, "{listed} are listed, and nobody waits");
}

/// Those who were told count for nothing any more, or nearly so.
#[tokio::test]
async fn who_was_told_makes_room_for_others() {
    let scene = Scene::new().await;
    let mut asked: Vec<_> = (1..=MAILBOX as u64).map(|millis| scene.ask(10 * millis)).collect();
    let refused = |scene: &Scene| {
        let slow = scene.slow.clone().admission(Admission::Refuse);
        let mut ask: Asked = Box::pin(slow.ask(Move));
        poll(&mut ask).map(|answer| answer.unwrap_err()).is_some_and(|error| {
            assert!(matches!(error.not_run(), Some(Cause::MailboxFull { .. })), "{error:?}");
            true
        })
    };
    assert!(refused(&scene));
    for asked in asked.iter_mut().take(MAILBOX / GONE_SHARE + 1) {
        for _ in 0..10 {
            scene.millisecond().await;
        }
        assert!(timed_out(asked));
    }
    assert!(!refused(&scene), "they are in the way");
}
