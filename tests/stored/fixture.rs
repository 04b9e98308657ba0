//! Fixture: an aggregate that notes every event it is told, and emits whatever a command says.

use std::convert::Infallible;
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use bailiwick::journal::Journal;
use bailiwick::{
    Aggregate, Cause, Context, Decide, Event, MemoryJournal, Position, Runtime, Timestamp, View, id,
};

id!(pub LogId: "log");

/// What `E` looked like to `apply`, one line for each event.
pub struct Log<E> {
    pub lines: Vec<String>,
    of: std::marker::PhantomData<fn() -> E>,
}

/// Emits these events.
pub struct Emit<E>(pub Vec<E>);

impl<E: Event + Debug> View for Log<E> {
    type Key = LogId;
    type Event = E;

    fn new(_: &LogId) -> Self {
        Log { lines: Vec::new(), of: std::marker::PhantomData }
    }

    fn apply(&mut self, event: &E, _: Timestamp) {
        self.lines.push(format!("{event:?}"));
    }
}

impl<E: Event + Debug> Aggregate for Log<E> {
    const NAME: &'static str = "Log";
}

impl<E: Event + Debug + Clone + Sync> Decide<Emit<E>> for Log<E> {
    type Reply = usize;
    type Rejection = Infallible;

    fn decide(&self, Emit(events): &Emit<E>, ctx: &mut Context<E>) -> Result<usize, Infallible> {
        events.iter().for_each(|event| ctx.emit(event.clone()));
        Ok(self.lines.len())
    }
}

pub async fn start<E: Event + Debug>(journal: &Arc<MemoryJournal>) -> Runtime {
    let builder = Runtime::builder_shared(journal.clone()).aggregate::<Log<E>>();
    builder.start().await.expect("it starts")
}

pub async fn head(journal: &MemoryJournal) -> Position {
    journal.head().await.expect("it can be read").position
}

/// As [`emit`], and a story says the same.
pub async fn emit_and_tell<E>(events: impl IntoIterator<Item = E>) -> Result<Vec<String>, Cause>
where
    E: Event + Debug + Clone + PartialEq + Sync,
{
    let events: Vec<E> = events.into_iter().collect();
    let told = emit(events.clone()).await;
    let story = catch_unwind(AssertUnwindSafe(|| {
        let mut lines = Vec::new();
        let story = bailiwick::given::<Log<E>>("a").when(Emit(events));
        drop(story.state(|log, _| lines.clone_from(&log.lines)));
        lines
    }));
    match (&told, story) {
        (Ok(lines), Ok(in_story)) => {
            assert_eq!(*lines, in_story, "in the runtime and in the story");
        }
        (Err(cause), Err(panic)) => {
            let message = panic.downcast::<String>().expect("a message");
            assert!(message.contains(&cause.to_string()), "{cause} and {message}");
        }
        (Ok(_), Err(_)) => panic!("the runtime accepts what the story refuses"),
        (Err(cause), Ok(_)) => panic!("the story accepts what the runtime refuses: {cause}"),
    }
    told
}

/// What became of a command that emits these events: what its aggregate has folded, or why it was
/// refused. Whatever it was, a rebuild sees what the live aggregate saw.
pub async fn emit<E>(events: impl IntoIterator<Item = E>) -> Result<Vec<String>, Cause>
where
    E: Event + Debug + Clone + Sync,
{
    let journal = Arc::new(MemoryJournal::new());
    let runtime = start::<E>(&journal).await;
    let log = runtime.aggregates::<Log<E>>().get("a");
    let told = log.ask(Emit(events.into_iter().collect())).await;
    let live = log.read(|log, _| log.lines.clone()).await.expect("it can be read").value;
    if let Err(error) = &told {
        assert_eq!(head(&journal).await, Position::START, "appended, though refused: {error}");
        assert_eq!(log.ask(Emit(Vec::new())).await.expect("it goes on"), 0);
        let counts = runtime.counts();
        assert_eq!((counts.returned, counts.open()), (1, 0));
    }
    runtime.shutdown(Duration::from_secs(1)).await;

    let runtime = start::<E>(&journal).await;
    let log = runtime.aggregates::<Log<E>>().get("a");
    let rebuilt = log.read(|log, _| log.lines.clone()).await;
    let rebuilt = rebuilt.unwrap_or_else(|error| panic!("acknowledged, and then: {error}")).value;
    assert_eq!(live, rebuilt, "live and rebuilt");
    match told {
        Ok(_) => Ok(rebuilt),
        Err(error) => Err(error.not_run().expect("it is certain that it was not run").clone()),
    }
}
