//! What is refused before anything runs, and misuse that explains itself.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use bailiwick::{
    Aggregate, Cause, Context, Decide, ErrorReport, Event, Id, ManualClock, MemoryJournal,
    ReadError, Runtime, StartError, Timestamp, View, id,
};
use bailiwick_tests::fixtures::counter::{Count, Counter};
use bailiwick_tests::stage::Stage;
use serde::{Deserialize, Serialize};

/// Declares an aggregate with one event type and one command.
macro_rules! aggregate {
    ($name:ident, $label:literal, $event:ident { $variant:ident }) => {
        struct $name;

        #[derive(Event, Serialize, Deserialize)]
        enum $event {
            $variant {
                #[tag]
                thing: ThingId,
            },
        }

        impl View for $name {
            type Key = ThingId;
            type Event = $event;
            fn new(_: &ThingId) -> Self {
                $name
            }
            fn apply(&mut self, _: &$event, _: Timestamp) {}
        }

        impl Aggregate for $name {
            const NAME: &'static str = $label;
        }

        impl Decide<ThingId> for $name {
            type Reply = ();
            type Rejection = std::convert::Infallible;
            fn decide(
                &self,
                thing: &ThingId,
                ctx: &mut Context<$event>,
            ) -> Result<(), Self::Rejection> {
                ctx.emit($event::$variant { thing: thing.clone() });
                Ok(())
            }
        }
    };
}

id!(ThingId: "thing");
aggregate!(Thing, "Thing", ThingEvent { Happened });
aggregate!(Claimer, "Claimer", ClaimerEvent { Happened });
aggregate!(Namesake, "Thing", NamesakeEvent { Other });
aggregate!(Neighbour, "Neighbour", NeighbourEvent { Knocked });

async fn refusal(builder: bailiwick::Builder) -> String {
    ErrorReport::of(&builder.start().await.expect_err("it must not start")).to_string()
}

#[tokio::test]
async fn an_event_type_claimed_twice_is_refused_and_both_claimants_are_named() {
    let builder =
        Runtime::builder(MemoryJournal::new()).aggregate::<Thing>().aggregate::<Claimer>();
    let refusal = refusal(builder).await;
    for part in ["\"Happened\"", "::ThingEvent", "::ClaimerEvent", "rename one"] {
        assert!(refusal.contains(part), "{refusal}");
    }
}

#[tokio::test]
async fn a_name_taken_twice_is_refused() {
    let builder =
        Runtime::builder(MemoryJournal::new()).aggregate::<Thing>().aggregate::<Namesake>();
    let refusal = refusal(builder).await;
    assert!(refusal.contains("::Thing and ") && refusal.contains("::Namesake"), "{refusal}");
}

#[tokio::test]
async fn adding_an_aggregate_twice_changes_nothing() {
    let builder = Runtime::builder(MemoryJournal::new()).aggregate::<Thing>().aggregate::<Thing>();
    let runtime = builder.start().await.unwrap();
    let things = [runtime.aggregates::<Thing>(), runtime.aggregates::<Thing>()];
    for thing in &things {
        thing.get("mine").ask(ThingId::from("mine")).await.unwrap();
    }
    // Of one kind: both handles see both commands, and the runtime counts each once.
    for counts in [things[0].counts(), things[1].counts(), runtime.counts()] {
        assert_eq!((counts.accepted, counts.replied), (2, 2));
    }
}

#[tokio::test]
async fn a_journal_ahead_of_the_clock_is_refused_unless_allowed() {
    let stage = Stage::new().await;
    stage.clock.advance_to(1_000_000);
    stage.counters.get("a").ask(Count::FREELY).await.unwrap();
    let build = || {
        Runtime::builder(stage.journal.clone())
            .aggregate::<Counter>()
            .clock(ManualClock::at(930_000))
    };
    let refused = build().start().await.unwrap_err();
    assert!(
        matches!(refused, StartError::JournalAhead { by } if by == Duration::from_secs(70)),
        "{refused}"
    );
    let runtime = build().allow_journal_ahead().start().await.unwrap();
    let now = runtime.aggregates::<Counter>().get("a").read(|_, now| now).await.unwrap().value;
    assert_eq!(now, Timestamp::from_millis(930_000), "what lies ahead is ignored");
}

#[test]
fn without_an_executor_it_does_not_start() {
    let start = Runtime::builder(MemoryJournal::new()).start();
    let mut start = std::pin::pin!(start);
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(started) = start.as_mut().poll(&mut cx) else { panic!("pending") };
    assert!(matches!(started, Err(StartError::NoExecutor)));
}

#[tokio::test]
#[should_panic(expected = "add `.aggregate::<schema::start::Thing>()` where it is built")]
async fn asking_for_a_type_that_was_not_added_panics() {
    let stage = Stage::new().await;
    stage.runtime.aggregates::<Thing>();
}

#[tokio::test]
async fn a_field_that_contradicts_the_aggregates_own_tag_fails_the_command() {
    let runtime =
        Runtime::builder(MemoryJournal::new()).aggregate::<Thing>().start().await.unwrap();
    let thing = runtime.aggregates::<Thing>().get("mine");
    let error = thing.ask(ThingId::from("yours")).await.unwrap_err();
    assert!(matches!(error.not_run(), Some(Cause::Tags(_))), "{error:?}");
    for part in ["thing:yours", "thing:mine", "leave the `#[tag]` off"] {
        assert!(error.to_string().contains(part), "{error}");
    }
    thing.ask(ThingId::from("mine")).await.unwrap();
}

/// An ID written by hand, whose text may be anything.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct LooseId(String);

impl Id for LooseId {
    const KEY: &'static str = "loose";
}

impl fmt::Display for LooseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for LooseId {
    type Err = std::convert::Infallible;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(LooseId(text.to_owned()))
    }
}

struct Loose;

#[derive(Event)]
struct LooseEvent {}

impl Serialize for LooseEvent {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde::ser::SerializeStruct::end(serializer.serialize_struct("LooseEvent", 0)?)
    }
}

impl<'de> Deserialize<'de> for LooseEvent {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde::de::IgnoredAny::deserialize(deserializer).map(|_| LooseEvent {})
    }
}

impl View for Loose {
    type Key = LooseId;
    type Event = LooseEvent;
    fn new(_: &LooseId) -> Self {
        Loose
    }
    fn apply(&mut self, _: &LooseEvent, _: Timestamp) {}
}

impl Aggregate for Loose {
    const NAME: &'static str = "Loose";
}

impl Decide<()> for Loose {
    type Reply = ();
    type Rejection = std::convert::Infallible;
    fn decide(&self, (): &(), _: &mut Context<LooseEvent>) -> Result<(), Self::Rejection> {
        Ok(())
    }
}

#[tokio::test]
async fn an_id_whose_text_cannot_be_a_tag_is_refused_when_it_is_used() {
    let runtime =
        Runtime::builder(MemoryJournal::new()).aggregate::<Loose>().start().await.unwrap();
    let loose = runtime.aggregates::<Loose>().get(LooseId("two\nlines".into()));
    let error = loose.ask(()).await.unwrap_err();
    assert!(matches!(error.not_run(), Some(Cause::InvalidId(_))), "{error:?}");
    let report = ErrorReport::of(&error).to_string();
    assert!(report.contains("control character '\\n' at byte 3"), "{report}");
    assert!(matches!(loose.read(|_, _| ()).await, Err(ReadError::InvalidId(_))));
    assert!(loose.watch(bailiwick::Position::START).await.is_err());
}

/// What each reads and guards is its tag *and* its types.
#[tokio::test]
async fn two_aggregates_of_one_id_do_not_disturb_each_other() {
    let builder =
        Runtime::builder(MemoryJournal::new()).aggregate::<Thing>().aggregate::<Neighbour>();
    let runtime = builder.start().await.unwrap();
    let id = ThingId::from("mine");
    for n in 1..=4 {
        let thing = runtime.aggregates::<Thing>().get(&id).ask_with_receipt(id.clone());
        assert_eq!(thing.await.unwrap().position.get(), 2 * n - 1);
        let neighbour = runtime.aggregates::<Neighbour>().get(&id).ask_with_receipt(id.clone());
        assert_eq!(neighbour.await.unwrap().position.get(), 2 * n);
    }
    assert_eq!(runtime.counts().conflicts, 0);
}
