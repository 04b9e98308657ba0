//! What a decision emits is read back too, whoever reads it.

use std::convert::Infallible;
use std::sync::Arc;

use bailiwick::journal::{Journal, Query, Read};
use bailiwick::{
    Cause, Context, Decision, Event, MemoryJournal, Position, Runtime, Timestamp, Unguarded,
    Unstorable, View,
};
use serde::{Deserialize, Serialize};

use crate::fixture::{LogId, head};

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Noted {
    #[tag]
    log: LogId,
    #[serde(flatten)]
    more: std::collections::BTreeMap<String, u32>,
}

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Unheard {
    #[tag]
    log: LogId,
    nothing: Option<Option<u8>>,
}

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Emitted {
    Noted(Noted),
    Unheard(Unheard),
}

/// Reads one of the two types only.
struct Notes(u32);

impl View for Notes {
    type Key = LogId;
    type Event = Noted;
    fn new(_: &LogId) -> Self {
        Notes(0)
    }
    fn apply(&mut self, noted: &Noted, _: Timestamp) {
        self.0 += noted.more.values().sum::<u32>();
    }
}

struct Note(Vec<Emitted>);

impl Decision for Note {
    type Views = Unguarded<Notes>;
    type Event = Emitted;
    type Reply = u32;
    type Rejection = Infallible;
    fn keys(&self) -> LogId {
        "a".into()
    }
    fn decide(&self, notes: &Notes, ctx: &mut Context<Emitted>) -> Result<u32, Infallible> {
        self.0.iter().for_each(|event| ctx.emit(event.clone()));
        Ok(notes.0)
    }
}

fn noted(key: &str) -> Emitted {
    Emitted::Noted(Noted { log: "a".into(), more: [(key.to_owned(), 1)].into() })
}

fn unheard(nothing: Option<Option<u8>>) -> Emitted {
    Emitted::Unheard(Unheard { log: "a".into(), nothing })
}

async fn runtime(journal: &MemoryJournal) -> Runtime {
    let builder = Runtime::builder(journal.clone()).decision::<Note>();
    builder.start().await.expect("it starts")
}

#[tokio::test]
async fn a_decision_is_refused_that_emits_what_cannot_be_read_again() {
    let journal = MemoryJournal::new();
    let runtime = runtime(&journal).await;
    // A flattened key that is a field's; then one that no view reads.
    for (event, name) in [(noted("log"), "Noted"), (unheard(Some(None)), "Unheard")] {
        let error = runtime.decide(Note(vec![noted("x"), event])).await.unwrap_err();
        match error.not_run() {
            Some(Cause::Unstorable(why)) => assert!(why.to_string().contains(name), "{why}"),
            _ => panic!("it should have been refused: {error}"),
        }
        assert_eq!(head(&journal).await, Position::START);
    }
    assert_eq!(runtime.decide(Note(vec![noted("x"), unheard(None)])).await.unwrap(), 0);
    assert_eq!(runtime.decide(Note(vec![])).await.unwrap(), 1);
    let page = journal.read(Read::new(Query::all())).await.unwrap();
    assert!(page.events.iter().all(|recorded| recorded.event.decode::<Emitted>().is_ok()));
}

#[tokio::test]
async fn only_the_decision_of_a_turn_is_refused_that_cannot_be_stored() {
    let journal = MemoryJournal::new();
    let runtime = Arc::new(runtime(&journal).await);
    let decided = (0..8).map(|n| {
        let runtime = runtime.clone();
        let events = if n == 3 { vec![unheard(Some(None))] } else { vec![noted("x")] };
        async move { runtime.decide(Note(events)).await }
    });
    let decided: Vec<_> = decided.map(tokio::spawn).collect();
    for (n, task) in decided.into_iter().enumerate() {
        match (n, task.await.unwrap()) {
            (3, Err(error)) => {
                let Some(Cause::Unstorable(why)) = error.not_run() else { panic!("{error}") };
                assert!(matches!(**why, Unstorable::SomeOfNothing { .. }), "{why}");
            }
            (_, decided) => assert!(decided.is_ok(), "{n}"),
        }
    }
    assert_eq!(head(&journal).await, Position::new(7));
}
