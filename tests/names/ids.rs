//! The texts of IDs: what was an ID once stays one.

use std::fmt;
use std::str::FromStr;

use bailiwick::{Aggregate, Event, Id, MemoryJournal, Runtime, StartError, Timestamp, View};
use serde::{Deserialize, Serialize};

use crate::fixture::{Nothing, School, append, assert_says, decided_by, refusal, stored};

/// A number with a "G" before it; before this release any letter was welcome.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct GateId(u32);

#[derive(Debug, thiserror::Error)]
#[error("a gate is a G and a number")]
struct NoGate;

impl Id for GateId {
    const KEY: &'static str = "gate";
}

impl fmt::Display for GateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "G{}", self.0)
    }
}

impl FromStr for GateId {
    type Err = NoGate;
    fn from_str(text: &str) -> Result<Self, NoGate> {
        assert_ne!(text, "G13", "unlucky");
        let number = text.strip_prefix('G').and_then(|number| number.parse().ok());
        number.map(GateId).ok_or(NoGate)
    }
}

#[derive(Event, Serialize, Deserialize)]
enum GateEvent {
    Opened,
}

struct Gate;

impl View for Gate {
    type Key = GateId;
    type Event = GateEvent;
    fn new(_: &GateId) -> Self {
        Gate
    }
    fn apply(&mut self, _: &GateEvent, _: Timestamp) {}
}

impl Aggregate for Gate {
    const NAME: &'static str = "Gate";
}

async fn gates(tags: &[&str]) -> MemoryJournal {
    let journal = MemoryJournal::new();
    let opened = |tag: &&str| stored("Opened", &[tag], &Nothing {});
    append(&journal, tags.iter().map(opened)).await;
    journal
}

#[tokio::test]
async fn a_text_that_is_no_id_any_more_is_refused() {
    for (text, problem) in [
        ("A7", "cannot be parsed: a gate is a G and a number"),
        ("G13", "it panics: "),
        ("G007", "its text becomes \"G7\", under which its events are not found"),
    ] {
        let bad = format!("gate:{text}");
        let journal = gates(&["gate:G1", "gate:G2", &bad, "gate:G1"]).await;
        // Of an aggregate, and of a view that is read by whoever it is.
        let aggregate = || Runtime::builder(journal.clone()).aggregate::<Gate>();
        let view = || Runtime::builder(journal.clone()).reads::<Gate>();
        for builder in [aggregate(), view()] {
            let error = refusal(builder).await;
            let StartError::UnreadableId { event, tag, .. } = &error else { panic!("{error}") };
            assert_eq!((event.position.get(), tag.as_str()), (3, bad.as_str()));
            assert_says(&error, &[problem, "GateId", &format!("`.ignores_ids([\"{bad}\"])`")]);
        }
        School::start(aggregate().ignores_ids([bad.clone()])).await;
    }
}

#[tokio::test]
async fn so_is_that_of_an_aggregate_that_only_answered() {
    let journal = MemoryJournal::new();
    let answered = stored(bailiwick::journal::ANSWERED, &["gate:A7"], &Nothing {});
    append(&journal, [decided_by("Gate", answered)]).await;
    let error = refusal(Runtime::builder(journal).aggregate::<Gate>()).await;
    assert!(matches!(error, StartError::UnreadableId { .. }), "{error}");
}
