//! What is recorded is decoded at the start, some of each type and version: a form that cannot be read
//! any more is not first met by somebody who is called.

use bailiwick::{
    Aggregate, BoxError, Cause, Context, Decide, Event, Fields, MemoryJournal, Position, Runtime,
    StartError, Timestamp, View, id,
};
use serde::{Deserialize, Serialize};

use crate::fixture::{Nothing, School, append, assert_says, refusal, stored};

id!(HallId: "hall");

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Colour {
    Crimson,
    Blue,
}

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
enum HallEvent {
    Painted {
        colour: Colour,
    },
    #[event(version = 2, upcast = in_seats)]
    Built {
        seats: u32,
    },
}

fn in_seats(fields: &mut Fields) -> Result<(), BoxError> {
    let dozens: u32 = fields.take("dozens")?;
    assert_ne!(dozens, 13, "unlucky");
    Ok(fields.set("seats", &(12 * dozens))?)
}

struct Hall;

impl View for Hall {
    type Key = HallId;
    type Event = HallEvent;
    fn new(_: &HallId) -> Self {
        Hall
    }
    fn apply(&mut self, _: &HallEvent, _: Timestamp) {}
}

impl Aggregate for Hall {
    const NAME: &'static str = "Hall";
}

impl Decide<()> for Hall {
    type Reply = ();
    type Rejection = std::convert::Infallible;
    fn decide(&self, (): &(), _: &mut Context<HallEvent>) -> Result<(), Self::Rejection> {
        Ok(())
    }
}

fn halls(journal: &MemoryJournal) -> bailiwick::Builder {
    Runtime::builder(journal.clone()).aggregate::<Hall>()
}

#[derive(Serialize)]
struct Painted {
    colour: &'static str,
}

/// Halls painted in these colours, one after the other.
async fn painted(colours: &[&'static str]) -> MemoryJournal {
    let journal = MemoryJournal::new();
    let painted = |colour: &&'static str| stored("Painted", &["hall:h"], &Painted { colour });
    append(&journal, colours.iter().map(painted)).await;
    journal
}

#[tokio::test]
async fn a_variant_within_a_field_that_was_renamed_is_found() {
    let error = refusal(halls(&painted(&["Red", "Blue"]).await)).await;
    let StartError::Unreadable { event, version: 1, .. } = &error else { panic!("{error}") };
    assert_eq!((event.event_type.as_str(), event.position.get()), ("Painted", 1));
    assert_says(&error, &["::Hall", "unknown variant `Red`", "`#[serde(alias)]`", "version = 2"]);
}

/// The first, the second, the fourth, the eighth: so it need not be the first that has it.
#[tokio::test]
async fn it_need_not_be_in_the_first_of_them() {
    let mut colours = vec!["Blue"; 20];
    colours[15] = "Red";
    let error = refusal(halls(&painted(&colours).await)).await;
    assert!(matches!(&error, StartError::Unreadable { event, .. } if event.position.get() == 16));
    colours.swap(15, 16);
    School::start(halls(&painted(&colours).await)).await;
}

#[tokio::test]
async fn an_upcaster_that_fails_or_panics_is_found() {
    for (built, problem) in [
        (Fields::new().with("dozens", &13).unwrap(), "it panics: "),
        (Fields::new(), "from version 1 failed: there is no field \"dozens\""),
    ] {
        let journal = MemoryJournal::new();
        let event = stored("Built", &["hall:h"], &Nothing {});
        let event = bailiwick::journal::EncodedEvent { payload: built.encode().into(), ..event };
        append(&journal, [event]).await;
        let error = refusal(halls(&journal)).await;
        assert!(matches!(error, StartError::Unreadable { version: 1, .. }), "{error}");
        assert_says(&error, &[problem, "\"Built\" at position 1"]);
    }
}

/// One broken event need not keep all the others from their work.
#[tokio::test]
async fn one_that_is_broken_can_be_allowed() {
    let journal = painted(&["Red", "Blue"]).await;
    let error = refusal(halls(&journal)).await;
    assert_says(&error, &["`.allow_unreadable([Position::new(1)])`"]);
    let school = School::start(halls(&journal).allow_unreadable([Position::new(1)])).await;
    let halls = school.runtime.aggregates::<Hall>();
    let error = halls.get("h").ask(()).await.unwrap_err();
    let Some(Cause::Unloadable(unloadable)) = error.not_run() else { panic!("{error:?}") };
    assert_eq!(unloadable.position, Position::new(1));
    halls.get("other").ask(()).await.unwrap();
}

#[tokio::test]
async fn each_who_reads_a_type_is_asked() {
    let journal = painted(&["Crimson"]).await;
    append(&journal, [stored("Built", &["hall:h"], &Nothing {})]).await;
    // Whoever it is: an aggregate, a view, or who only emits it.
    for builder in [halls(&journal), Runtime::builder(journal.clone()).reads::<Hall>()] {
        assert!(matches!(refusal(builder).await, StartError::Unreadable { .. }));
    }
    let builder = Runtime::builder(journal.clone()).emits::<HallEvent>();
    assert!(matches!(refusal(builder).await, StartError::Unreadable { .. }));
}
