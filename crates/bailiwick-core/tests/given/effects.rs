//! Stories of effects.

use std::time::Duration;

use bailiwick_core::{Aggregate, EffectOutcome};
use bailiwick_core::{
    Attempt, Effect, Event, Failed, GivenEvents, Lane, MockAnswer, MockService, News, Start,
    Timestamp, View, by, given_events, id,
};
use serde::{Deserialize, Serialize};

use crate::failure::failure;

id!(pub GuestId: "guest");

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
enum GuestEvent {
    Arrived { room: u64 },
    Moved { room: u64 },
    Left {},
}
use GuestEvent::*;

/// Where a guest is.
struct Guest(Option<u64>);

impl View for Guest {
    type Key = GuestId;
    type Event = GuestEvent;

    fn new(_: &GuestId) -> Self {
        Guest(None)
    }

    fn apply(&mut self, event: &GuestEvent, _: Timestamp) {
        self.0 = match event {
            Arrived { room } | Moved { room } => Some(*room),
            Left {} => None,
        };
    }
}

impl Aggregate for Guest {
    const NAME: &'static str = "guest";
}

/// The parking space was assigned to a guest, of whom nothing else is known.
#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Parked {
    #[tag]
    guest: GuestId,
}

#[derive(Event, Clone, Debug, PartialEq)]
enum Wanted {
    #[event(only(Arrived))]
    Guest(GuestEvent),
    Parked(Parked),
}

/// Brings the luggage to the room.
struct Porter {
    rings: MockService<(GuestId, Option<u64>)>,
    /// A mistake, unless it is left alone.
    goes_after: bool,
}

impl Effect for Porter {
    const NAME: &'static str = "porter";
    const LANE: Lane = Lane::of::<GuestId>();
    const START: Start = Start::Beginning;
    type Event = Wanted;
    type Views = Guest;

    fn keys(&self, news: &News<Wanted>) -> GuestId {
        news.id().unwrap()
    }

    async fn perform(
        &self,
        news: &News<Wanted>,
        guest: &Guest,
        attempt: &Attempt<'_>,
    ) -> Result<(), Failed> {
        let id: GuestId = news.id().map_err(Failed::give_up)?;
        let now = attempt.latest::<Guest>(&id).await?;
        assert!(guest.0 != Some(13), "there is no such room");
        if matches!(news.event, Wanted::Guest(_)) && now.0.is_none() {
            return Err(Failed::give_up("the guest has left"));
        }
        let room = if self.goes_after { now.0 } else { guest.0 };
        self.rings.call(attempt.key(), (id, room)).await
    }
}

/// A guest arrives, and the porter is rung for.
fn arrives(answers: impl IntoIterator<Item = MockAnswer>) -> (Rings, EffectOutcome) {
    let rings = MockService::answering(answers);
    let outcome = given_events().performs(porter(&rings), by::<Guest>("ann", Arrived { room: 7 }));
    (rings, outcome)
}

type Rings = MockService<(GuestId, Option<u64>)>;

fn porter(rings: &Rings) -> Porter {
    Porter { rings: rings.clone(), goes_after: false }
}

fn again(story: GivenEvents, rings: &Rings) -> EffectOutcome {
    story.performs_again(porter(rings))
}

#[test]
fn an_effect_is_performed_until_it_is_done_with_one_key_and_views_as_of_its_news() {
    let after = Duration::from_secs(9);
    let (rings, outcome) =
        arrives([MockAnswer::Retry, MockAnswer::RetryAfter(after), MockAnswer::Hang]);
    let story = outcome.retries("was told to").event(by::<Guest>("ann", Moved { room: 8 })).at(3);
    let story = again(story, &rings).retries_after(after, "told");
    let story = again(again(story, &rings).times_out(), &rings).done();
    assert_eq!(
        rings.inputs(),
        [
            ("ann".into(), Some(7)),
            ("ann".into(), Some(7)),
            ("ann".into(), Some(7)),
            ("ann".into(), Some(7))
        ]
    );
    assert_eq!(rings.keys(), ["00000000000000000000000000000000/porter/0/1"]);
    // The same call, if it is made once more.
    again(story, &rings).done();
    assert_eq!((rings.calls().len(), rings.done().len()), (5, 1));
}

#[test]
fn an_effect_whose_subject_is_gone_gives_up() {
    let (rings, outcome) = arrives([MockAnswer::Retry]);
    let story = outcome.retries("told").event(by::<Guest>("ann", Left {}));
    again(story, &rings).gives_up("has left");
    assert_eq!(rings.calls().len(), 1);
    // What nobody knows is as it was when nothing had happened.
    let (rings, parked) = (MockService::new(), Parked { guest: "bob".into() });
    given_events().performs(porter(&rings), parked).done();
    assert_eq!(rings.inputs().pop(), Some(("bob".into(), None)));
}

#[test]
fn what_came_is_shown_beside_what_was_expected() {
    type Attempt = (MockAnswer, fn(EffectOutcome), &'static str);
    let attempts: [Attempt; 6] = [
        (
            MockAnswer::Retry,
            |came| drop(came.done()),
            "should have been done\n  seeing      Arrived { room: 7 }\n  happened    retries: the mock was told to fail",
        ),
        (
            MockAnswer::Done,
            |came| drop(came.gives_up("x")),
            "expected    gives up: x\n  happened    done",
        ),
        (
            MockAnswer::GiveUp,
            |came| drop(came.gives_up("x")),
            "happened    gives up: the mock was told to fail",
        ),
        (MockAnswer::Retry, |came| drop(came.retries("x")), "expected    retries: x\n"),
        (
            MockAnswer::RetryAfter(Duration::from_secs(2)),
            |came| drop(came.retries("told")),
            "expected    retries: told\n  happened    retries after 2s: ",
        ),
        (MockAnswer::Hang, |came| drop(came.done()), "happened    waits, and nothing wakes it"),
    ];
    for (answer, attempt, expected) in attempts {
        let (message, _) = failure(|| attempt(arrives([answer]).1));
        assert!(message.contains(expected), "{answer:?}: {message}");
    }
}

#[test]
fn what_an_effect_cannot_perform_fails_the_story() {
    let perform = |event: GuestEvent| {
        drop(given_events().performs(porter(&MockService::new()), by::<Guest>("ann", event)));
    };
    let (message, _) = failure(|| perform(Left {}));
    assert!(message.ends_with("because     it wants other news: Arrived, Parked"), "{message}");
    let (message, _) = failure(|| perform(Arrived { room: 13 }));
    assert_eq!(
        message,
        "the story at 1970-01-01T00:00:00.000Z: Porter cannot perform this
  seeing      Arrived { room: 13 }
  because     it panicked: there is no such room"
    );
    let (message, _) = failure(|| {
        let story = given_events().event(by::<Guest>("bob", Arrived { room: 1 }));
        drop(story.performs(porter(&MockService::new()), by::<Guest>("ann", Arrived { room: 2 })));
    });
    assert!(message.contains("no view of Porter reads this event"), "{message}");
    let (message, _) = failure(|| {
        drop(given_events().performs_again(porter(&MockService::new())));
    });
    assert!(message.contains("nothing was performed before"), "{message}");
}

#[test]
fn one_key_with_two_inputs_fails_whatever_becomes_of_the_panic() {
    let (rings, outcome) = arrives([]);
    let goes_after = || Porter { rings: rings.clone(), goes_after: true };
    let story = outcome.done().event(by::<Guest>("ann", Moved { room: 8 }));
    let (message, _) = failure(|| drop(story.performs_again(goes_after())));
    assert!(message.contains("porter/0/1 came with two inputs\n  first  (GuestId(ann), Some(7))\n  then   (GuestId(ann), Some(8))"), "{message}");
    // Somebody has caught it.
    for look in [|rings: &Rings| drop(rings.calls()), |rings: &Rings| drop(rings.keys())] {
        assert!(std::panic::catch_unwind(|| look(&rings)).is_err());
    }
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || drop(rings))).is_err());
}
