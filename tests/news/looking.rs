//! A deadline counts from the first event on: looking writes nothing.

use bailiwick::journal::Journal;
use bailiwick::{
    Aggregate, Context, Decide, Event, ManualClock, MemoryJournal, Position, Runtime, Timestamp,
    View, given, given_events, id, require,
};
use bailiwick_tests::stage::settle;
use serde::{Deserialize, Serialize};

id!(OfferId: "offer");

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
enum OfferEvent {
    Made {},
    Lapsed,
}

/// An offer that lapses at once, unless it has.
struct Offer {
    expired: bool,
}

impl View for Offer {
    type Key = OfferId;
    type Event = OfferEvent;

    fn new(_: &OfferId) -> Self {
        Offer { expired: false }
    }

    fn apply(&mut self, event: &OfferEvent, _: Timestamp) {
        self.expired = *event == OfferEvent::Lapsed;
    }
}

impl Aggregate for Offer {
    const NAME: &'static str = "offer";

    fn deadline(&self) -> Option<Timestamp> {
        (!self.expired).then_some(Timestamp::EPOCH)
    }

    fn on_deadline(&self, ctx: &mut Context<OfferEvent>) {
        ctx.emit(OfferEvent::Lapsed);
    }
}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("not now")]
struct NotNow;

/// Makes an offer, or thinks better of it.
#[derive(Serialize, Deserialize)]
enum Make {
    Really,
    NotAtAll,
    Silently,
}

impl Decide<Make> for Offer {
    type Reply = ();
    type Rejection = NotNow;

    fn decide(&self, make: &Make, ctx: &mut Context<OfferEvent>) -> Result<(), NotNow> {
        require(!matches!(make, Make::NotAtAll), NotNow)?;
        if matches!(make, Make::Really) {
            ctx.emit(OfferEvent::Made {});
        }
        Ok(())
    }
}

async fn start(journal: &MemoryJournal) -> Runtime {
    let builder = Runtime::builder(journal.clone()).aggregate::<Offer>();
    builder.clock(ManualClock::at(1_000)).entropy(7).start().await.unwrap()
}

async fn length(journal: &MemoryJournal) -> u64 {
    settle().await;
    journal.head().await.unwrap().position.get()
}

#[tokio::test]
async fn what_is_only_looked_at_or_refused_writes_nothing() {
    let journal = MemoryJournal::new();
    let runtime = start(&journal).await;
    let offers = runtime.aggregates::<Offer>();
    assert!(!offers.get("read").read(|offer, _| offer.expired).await.unwrap().value);
    assert!(offers.get("refused").ask(Make::NotAtAll).await.is_err());
    offers.get("silent").ask(Make::Silently).await.unwrap();
    drop(offers.get("watched").watch(Position::START).await.unwrap());
    assert_eq!(length(&journal).await, 0);
    assert_eq!((offers.in_memory(), offers.deadlines_armed()), (vec![], 0));
}

#[tokio::test]
async fn the_first_event_begins_it() {
    let journal = MemoryJournal::new();
    let runtime = start(&journal).await;
    runtime.aggregates::<Offer>().get("made").ask(Make::Really).await.unwrap();
    assert_eq!(length(&journal).await, 2);
}

/// An event of Bailiwick's own is one too: it was asked for, and is there after a restart.
#[tokio::test]
async fn a_command_that_is_remembered_begins_it() {
    let journal = MemoryJournal::new();
    let runtime = start(&journal).await;
    runtime.aggregates::<Offer>().get("made").once("key").ask(Make::Silently).await.unwrap();
    assert_eq!(length(&journal).await, 2);
    drop(runtime);
    start(&journal).await;
    assert_eq!(length(&journal).await, 2);
}

#[test]
fn a_story_without_events_has_no_deadline() {
    given::<Offer>("a").no_deadline().at(10).expires([]).when(Make::NotAtAll).rejected(NotNow);
    given_events().aggregate::<Offer>("a").no_deadline().expires([]);
    let story = given::<Offer>("a").events([OfferEvent::Made {}]).deadline(Timestamp::EPOCH);
    story.when(Make::NotAtAll).expires_first([OfferEvent::Lapsed]).rejected(NotNow);
    given::<Offer>("a")
        .when(Make::Really)
        .emits([OfferEvent::Made {}])
        .deadline(Timestamp::EPOCH)
        .at(1)
        .expires([OfferEvent::Lapsed]);
}
