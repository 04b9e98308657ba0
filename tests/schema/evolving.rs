//! The names are the schema of the journal: a program that would lose or misread history does not
//! start, and one that says what its events were before reads all of it.

use std::any::TypeId;

use bailiwick::journal::{
    ANSWERED, EncodedEvent, EventType, Journal, Metadata, Origin, Query, Read, RecordedDeadline,
};
use bailiwick::{
    Aggregate, BoxError, Cause, CodecError, Context, Decide, ErrorReport, Event, EventDescriptor,
    Fields, ManualClock, MemoryJournal, Position, Runtime, StartError, TagCollector, Timestamp,
    View, id,
};
use serde::{Deserialize, Serialize};

id!(pub HallId: "hall");

/// An aggregate named "Hall" that shows what it was told, with one command that emits.
macro_rules! hall {
    ($(#[$set:meta])* { $($(#[$variant:meta])* $event:ident { $($field:ident: $type:ty),* },)* }, $emits:expr) => {
        #[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
        $(#[$set])*
        pub enum HallEvent {
            $($(#[$variant])* $event { $($field: $type),* },)*
        }

        pub struct Hall(pub Vec<HallEvent>);

        impl View for Hall {
            type Key = HallId;
            type Event = HallEvent;
            fn new(_: &HallId) -> Self {
                Hall(Vec::new())
            }
            fn apply(&mut self, event: &HallEvent, _: Timestamp) {
                self.0.push(event.clone());
            }
        }

        impl Aggregate for Hall {
            const NAME: &'static str = "Hall";
        }

        impl Decide<Emit> for Hall {
            type Reply = usize;
            type Rejection = std::convert::Infallible;
            fn decide(
                &self,
                _: &Emit,
                ctx: &mut Context<HallEvent>,
            ) -> Result<usize, Self::Rejection> {
                let events: Vec<HallEvent> = $emits;
                events.into_iter().for_each(|event| ctx.emit(event));
                Ok(self.0.len())
            }
        }
    };
}

pub struct Emit;

/// The first release.
pub mod first {
    use super::*;
    hall!({
        Built { dozens: u32 },
        Painted { colour: String },
        Locked {},
    }, vec![
        HallEvent::Built { dozens: 2 },
        HallEvent::Painted { colour: "red".into() },
        HallEvent::Locked {},
    ]);
}

/// Says all that has changed.
pub mod second {
    use super::*;
    hall!(#[event(retired("Painted"))] {
        #[event(was = "Built", version = 2, upcast = in_seats)]
        Opened { seats: u32 },
        #[event(was = "Locked")]
        Closed {},
    }, vec![HallEvent::Opened { seats: 7 }]);

    fn in_seats(fields: &mut Fields) -> Result<(), BoxError> {
        let dozens: u32 = fields.take("dozens")?;
        if dozens == 13 {
            panic!("unlucky");
        }
        Ok(fields.set("seats", &(12 * dozens))?)
    }
}

/// Says nothing of what has changed.
mod silent {
    use super::*;
    hall!({ Built { dozens: u32 }, Locked {}, }, vec![]);
}

async fn run<A>(journal: &MemoryJournal) -> Runtime
where
    A: Aggregate<Key = HallId> + Decide<Emit>,
{
    let builder = Runtime::builder(journal.clone()).aggregate::<A>();
    builder.clock(ManualClock::at(1_000)).start().await.unwrap()
}

/// What the first release wrote to the hall "h".
async fn history() -> MemoryJournal {
    let journal = MemoryJournal::new();
    let runtime = run::<first::Hall>(&journal).await;
    runtime.aggregates::<first::Hall>().get("h").ask(Emit).await.unwrap();
    journal
}

async fn refusal(builder: bailiwick::Builder) -> StartError {
    builder.start().await.expect_err("it must not start")
}

async fn recorded(journal: &MemoryJournal) -> Vec<EncodedEvent> {
    let page = journal.read(Read::new(Query::all())).await.unwrap();
    page.events.into_iter().map(|recorded| recorded.event).collect()
}

async fn append(journal: &MemoryJournal, event: EncodedEvent) {
    journal.append(vec![event], None).await.unwrap();
}

pub fn event(event_type: &'static str, payload: Vec<u8>) -> EncodedEvent {
    EncodedEvent {
        event_type: EventType::literal(event_type),
        version: 1,
        tags: "hall:h".parse::<bailiwick::Tag>().unwrap().into(),
        payload: payload.into(),
        recorded_at: Timestamp::from_millis(1_000),
        metadata: Metadata::default(),
    }
}

fn decided_by(aggregate: &'static str, event: EncodedEvent) -> EncodedEvent {
    let mut event = event;
    let tag = event.tags.as_slice()[0].clone();
    event.metadata.origin =
        Some(Origin { aggregate: aggregate.into(), tag, deadline: RecordedDeadline::new(None, 1) });
    event
}

#[tokio::test]
async fn what_was_said_to_have_changed_is_read_as_what_it_is_now() {
    let journal = history().await;
    let runtime = run::<second::Hall>(&journal).await;
    let hall = runtime.aggregates::<second::Hall>().get("h");
    let expected = [second::HallEvent::Opened { seats: 24 }, second::HallEvent::Closed {}];
    assert_eq!(hall.read(|hall, _| hall.0.clone()).await.unwrap().value, expected);
    let mut watch = hall.watch(Position::START).await.unwrap();
    for (position, event) in [1, 3].into_iter().zip(expected) {
        let change = watch.next().await.unwrap().unwrap();
        assert_eq!((change.position().get(), change.event), (position, event));
    }
    // What is written now is of the version that is known now.
    hall.ask(Emit).await.unwrap();
    assert_eq!(recorded(&journal).await[3].version, 2);
    assert_eq!(watch.next().await.unwrap().unwrap().position().get(), 4);
}

/// Retired or not, an event has happened: who expects the position of one is right.
#[tokio::test]
async fn a_retired_event_counts_as_the_aggregates_last() {
    let journal = MemoryJournal::new();
    append(&journal, decided_by("Hall", event("Painted", vec![0xc1]))).await;
    let runtime = run::<second::Hall>(&journal).await;
    let hall = runtime.aggregates::<second::Hall>().get("h");
    assert_eq!(hall.expecting(Position::new(1)).ask(Emit).await.unwrap(), 0);
}

/// An old name is guarded as well: what an older program writes meanwhile is a conflict.
#[tokio::test]
async fn what_is_written_under_an_old_name_is_not_overlooked() {
    let journal = history().await;
    let runtime = run::<second::Hall>(&journal).await;
    let hall = runtime.aggregates::<second::Hall>().get("h");
    assert_eq!(hall.ask(Emit).await.unwrap(), 2);
    append(&journal, event("Locked", vec![0x80])).await;
    append(&journal, event("Painted", vec![0x80])).await;
    assert_eq!(hall.ask(Emit).await.unwrap(), 4);
    assert_eq!(runtime.counts().conflicts, 1);
}

#[tokio::test]
async fn a_type_that_the_aggregate_does_not_know_any_more_is_refused() {
    let journal = history().await;
    let builder =
        Runtime::builder(journal).aggregate::<silent::Hall>().clock(ManualClock::at(1_000));
    let refused = refusal(builder).await;
    let StartError::UnknownEventType { event } = &refused else { panic!("{refused}") };
    assert_eq!((event.event_type.as_str(), event.position.get()), ("Painted", 2));
    for part in ["`#[event(was = \"Painted\")]`", "`#[event(retired(\"Painted\"))]`"] {
        assert!(refused.to_string().contains(part), "{refused}");
    }
}

#[tokio::test]
async fn types_of_others_are_not_the_aggregates_business() {
    let journal = MemoryJournal::new();
    append(&journal, event("Subscribed", vec![0x80])).await;
    append(&journal, decided_by("Theatre", event("Burnt", vec![0x80]))).await;
    let builder = Runtime::builder(journal.clone()).aggregate::<first::Hall>();
    let builder = builder.ignores_events(["Subscribed", "Burnt"]).clock(ManualClock::at(1_000));
    let runtime = builder.start().await.unwrap();
    let hall = runtime.aggregates::<first::Hall>().get("h");
    assert_eq!(hall.read(|hall, _| hall.0.clone()).await.unwrap().value, []);
    assert_eq!(hall.ask(Emit).await.unwrap(), 0);
    let mut watch = hall.watch(Position::START).await.unwrap();
    let first = watch.next().await.unwrap().unwrap();
    let built = first::HallEvent::Built { dozens: 2 };
    assert_eq!(
        (first.position().get(), first.event),
        (3, built),
        "what it decided, behind the others"
    );
}

/// So that a start sees whose each event is.
#[tokio::test]
async fn every_event_says_who_decided_it() {
    for event in recorded(&history().await).await {
        let origin = event.metadata.origin.expect("an origin");
        assert_eq!((origin.aggregate.as_str(), origin.tag.as_str()), ("Hall", "hall:h"));
    }
}

#[tokio::test]
async fn a_journal_of_a_later_version_is_refused() {
    let journal = MemoryJournal::new();
    append(&journal, event("Locked", vec![0x80])).await;
    append(&journal, EncodedEvent { version: 2, ..event("Locked", vec![0x80]) }).await;
    let builder =
        Runtime::builder(journal).aggregate::<first::Hall>().clock(ManualClock::at(1_000));
    let refused = refusal(builder).await;
    let StartError::NewerVersion { event, found: 2, known: 1, .. } = &refused else {
        panic!("{refused}")
    };
    assert_eq!((event.event_type.as_str(), event.position.get()), ("Locked", 2));
    assert!(refused.to_string().contains("this program is older"), "{refused}");
}

#[tokio::test]
async fn an_upcaster_that_panics_or_fails_makes_its_aggregate_unloadable_and_no_other() {
    for (payload, problem) in [
        (Fields::new().with("dozens", &13).unwrap(), "makes its decoding panic: unlucky"),
        (Fields::new(), "from version 1 failed: there is no field \"dozens\""),
    ] {
        let journal = MemoryJournal::new();
        append(&journal, event("Built", payload.encode())).await;
        let builder = Runtime::builder(journal).aggregate::<second::Hall>();
        let builder = builder.clock(ManualClock::at(1_000));
        // A start finds it too.
        let builder = builder.allow_unreadable([Position::new(1)]);
        let runtime = builder.start().await.unwrap();
        let halls = runtime.aggregates::<second::Hall>();
        let error = halls.get("h").ask(Emit).await.unwrap_err();
        let Some(Cause::Unloadable(unloadable)) = error.not_run() else { panic!("{error:?}") };
        assert_eq!(unloadable.position, Position::new(1));
        let report = ErrorReport::of(&error).to_string();
        assert!(report.contains(problem), "{report}");
        halls.get("other").ask(Emit).await.unwrap();
    }
}

/// A view that reads what aggregates emit, and something more.
struct Reader;

#[derive(Event)]
enum ReaderEvent {
    Ended(SeasonEnded),
}

#[derive(Event, Serialize, Deserialize)]
#[event(was = "SeasonOver")]
struct SeasonEnded;

impl View for Reader {
    type Key = ();
    type Event = ReaderEvent;
    fn new((): &()) -> Self {
        Reader
    }
    fn apply(&mut self, _: &ReaderEvent, _: Timestamp) {}
}

#[tokio::test]
async fn a_reader_of_what_nobody_emits_is_refused_unless_the_journal_knows_it() {
    let journal = MemoryJournal::new();
    let builder =
        || Runtime::builder(journal.clone()).reads::<Reader>().clock(ManualClock::at(1_000));
    let refused = refusal(builder()).await;
    let StartError::NobodyEmits { reader, event: "SeasonEnded" } = refused else {
        panic!("{refused}")
    };
    assert!(reader.ends_with("::Reader"));
    builder().emits::<SeasonEnded>().start().await.unwrap();
    append(&journal, event("SeasonOver", vec![0x80])).await;
    builder().start().await.unwrap();
}

mod namesake {
    use super::*;
    hall!({ #[event(was = "Painted")] Coloured {}, }, vec![]);
}

#[derive(Event, Serialize, Deserialize)]
struct Painted {}

#[derive(Event)]
#[event(retired("Painted"))]
enum Contradiction {
    Painted(Painted),
}

#[tokio::test]
async fn an_old_name_belongs_to_one_type_too() {
    let journal = MemoryJournal::new();
    let builder = Runtime::builder(journal.clone()).aggregate::<namesake::Hall>();
    let refused = refusal(builder.emits::<Painted>()).await;
    for part in ["\"Painted\"", "::namesake::HallEvent", "::Painted;"] {
        assert!(refused.to_string().contains(part), "{refused}");
    }
    assert!(matches!(refused, StartError::EventTypeClaimedTwice { event: "Painted", .. }));
    // A dead type may live on elsewhere: it moved.
    let builder = Runtime::builder(journal.clone()).aggregate::<second::Hall>();
    builder.emits::<Painted>().start().await.unwrap();
    let refused = refusal(Runtime::builder(journal).emits::<Contradiction>()).await;
    assert!(matches!(refused, StartError::RetiredButAlive { event: "Painted", .. }), "{refused}");
}

/// Written by hand, with a name that is Bailiwick's own.
struct Usurper;

impl Event for Usurper {
    const TYPES: &'static [EventDescriptor] =
        &[EventDescriptor::new(ANSWERED, "Usurper", TypeId::of::<Usurper>())];

    fn descriptor(&self) -> &'static EventDescriptor {
        &Self::TYPES[0]
    }

    fn tags(&self, _: &mut TagCollector<'_>) {}

    fn encode(&self, _: &mut Vec<u8>) -> Result<(), CodecError> {
        Ok(())
    }

    fn decode(_: &str, _: u32, _: &[u8]) -> Result<Option<Self>, CodecError> {
        Ok(Some(Usurper))
    }
}

#[tokio::test]
async fn a_name_of_bailiwicks_own_is_refused() {
    let refused = refusal(Runtime::builder(MemoryJournal::new()).emits::<Usurper>()).await;
    assert!(matches!(refused, StartError::ReservedName { event: ANSWERED, .. }), "{refused}");
}

/// A command with an idempotency key and no event of its own leaves one: nobody folds it, but it
/// is the aggregate's last, and another writer's is not overlooked.
#[tokio::test]
async fn what_remembers_an_answer_is_counted_and_never_folded() {
    let journal = history().await;
    append(&journal, decided_by("Hall", event(ANSWERED, vec![0xc1]))).await;
    append(&journal, decided_by("Namesake", event(ANSWERED, vec![0xc1]))).await;
    let builder = Runtime::builder(journal.clone()).aggregate::<first::Hall>();
    let builder = builder.ignores_aggregates(["Namesake"]).clock(ManualClock::at(1_000));
    let runtime = builder.start().await.unwrap();
    let hall = runtime.aggregates::<first::Hall>().get("h");
    assert_eq!(hall.expecting(Position::new(4)).ask(Emit).await.unwrap(), 3);
    append(&journal, decided_by("Hall", event(ANSWERED, vec![0xc1]))).await;
    assert_eq!(hall.ask(Emit).await.unwrap(), 6);
    assert_eq!(runtime.counts().conflicts, 1);
    let mut watch = hall.watch(Position::new(3)).await.unwrap();
    assert_eq!(watch.next().await.unwrap().unwrap().position().get(), 6);
}
