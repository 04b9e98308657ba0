//! Stories of decisions.

use bailiwick_core::{
    Aggregate, By, Context, Decide, Decision, Event, Last, Timestamp, Unguarded, View, by,
    given_events, id, require,
};
use serde::{Deserialize, Serialize};

use crate::failure::failure;

id!(
    /// A tank of water.
    pub TankId: "tank"
);

/// Water went from one tank to another.
#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Poured {
    #[tag]
    from: TankId,
    #[tag]
    to: TankId,
    litres: u64,
}

/// Somebody looked after all tanks.
#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Inspected {
    #[serde(skip)]
    remark: String,
}

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
enum TankEvent {
    Filled { litres: u64 },
    Emptied,
    Poured(Poured),
}
use TankEvent::*;

#[derive(Debug)]
struct Tank {
    id: TankId,
    litres: u64,
    changed_at: Option<Timestamp>,
}

impl View for Tank {
    type Key = TankId;
    type Event = TankEvent;

    fn new(id: &TankId) -> Self {
        Tank { id: id.clone(), litres: 0, changed_at: None }
    }

    fn apply(&mut self, event: &TankEvent, at: Timestamp) {
        self.changed_at = Some(at);
        self.litres = match event {
            Filled { litres } => self.litres + litres,
            Emptied => 0,
            Poured(poured) if poured.to == self.id => self.litres + poured.litres,
            Poured(poured) => self.litres - poured.litres,
        };
    }
}

impl Aggregate for Tank {
    const NAME: &'static str = "tank";
}

struct Drain;

impl Decide<Drain> for Tank {
    type Reply = u64;
    type Rejection = Refused;

    fn decide(&self, _: &Drain, ctx: &mut Context<TankEvent>) -> Result<u64, Refused> {
        require(self.litres > 0, Refused::Empty)?;
        ctx.emit(Emptied);
        Ok(self.litres)
    }
}

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
enum Refused {
    #[error("the tank is empty")]
    Empty,
    #[error("the tanks were inspected at {0}")]
    Inspected(Timestamp),
}

#[derive(Event, Clone, Debug, PartialEq)]
enum PumpEvent {
    Poured(Poured),
    Inspected(Inspected),
    Tank(TankEvent),
}

/// Pours, unless somebody inspects; emits also what it is told to.
struct Pour {
    from: TankId,
    to: TankId,
    litres: u64,
    also: Vec<PumpEvent>,
}

impl Decision for Pour {
    type Views = (Tank, Unguarded<Tank>, Last<Inspected>);
    type Event = PumpEvent;
    type Reply = u64;
    type Rejection = Refused;

    fn keys(&self) -> (TankId, TankId, ()) {
        (self.from.clone(), self.to.clone(), ())
    }

    fn decide(
        &self,
        (from, to, inspected): (&Tank, &Tank, &Last<Inspected>),
        ctx: &mut Context<PumpEvent>,
    ) -> Result<u64, Refused> {
        // Emitted first, to see that a rejection forgets it.
        let (source, target) = (from.id.clone(), to.id.clone());
        ctx.emit(Poured { from: source, to: target, litres: self.litres });
        self.also.iter().for_each(|event| ctx.emit(event.clone()));
        require(from.litres >= self.litres, Refused::Empty)?;
        match inspected.at().filter(|at| *at == ctx.now()) {
            Some(at) => Err(Refused::Inspected(at)),
            None => Ok(to.litres + self.litres),
        }
    }
}

fn pour(litres: u64) -> Pour {
    Pour { from: "a".into(), to: "b".into(), litres, also: vec![] }
}

fn pouring(also: impl Into<PumpEvent>) -> Pour {
    Pour { also: vec![also.into()], ..pour(1) }
}

fn poured(litres: u64) -> Poured {
    Poured { from: "a".into(), to: "b".into(), litres }
}

fn filled(tank: &'static str, litres: u64) -> By<Tank> {
    by(tank, Filled { litres })
}

fn inspected() -> Inspected {
    Inspected { remark: String::new() }
}

#[test]
fn a_story_goes_on_with_what_its_decisions_left() {
    given_events()
        .events([filled("a", 5), filled("b", 1)])
        .at(3)
        .when(pour(2))
        .emits([poured(2).into()])
        .replies(3)
        .views(|(from, to, inspected), now| {
            assert_eq!((from.litres, to.litres, now), (3, 3, 3.into()));
            assert_eq!(from.changed_at, Some(3.into()), "what was emitted has its time");
            assert_eq!(inspected.event(), None);
        })
        .when(pour(4))
        .rejected(Refused::Empty)
        .views(|(from, to, _), _| {
            assert_eq!((from.litres, to.litres), (3, 3), "what a rejection emitted is forgotten");
        })
        .event(filled("a", 1))
        .when(pour(4))
        .accepted()
        .at(9)
        .event(inspected())
        .when(pour(0))
        .rejected(Refused::Inspected(9.into()))
        .at(10)
        .when(pour(0))
        .replies(7);
}

#[test]
fn events_are_given_at_the_time_of_the_story() {
    given_events().event(filled("a", 1)).at(5).event(filled("a", 2)).at(8).when(pour(0)).views(
        |(from, to, _), now| {
            // Poured at 8 by the decision.
            assert_eq!((from.litres, to.changed_at, now), (3, Some(8.into()), 8.into()));
        },
    );
    given_events()
        .at(5)
        .event(filled("a", 2))
        .at(8)
        .when(pour(3))
        .rejected(Refused::Empty)
        .views(|(from, ..), _| assert_eq!(from.changed_at, Some(5.into())));
}

#[test]
fn many_events_are_read_in_many_pages() {
    given_events()
        .events((0..100).map(|_| filled("a", 1)))
        .events((0..50).map(|_| poured(1)))
        .when(pour(50))
        .replies(100)
        .when(pour(1))
        .rejected(Refused::Empty);
}

#[test]
fn the_story_of_an_aggregate_goes_on_from_what_was_decided() {
    let story = || given_events().events([filled("a", 5)]).at(4).when(pour(2));
    story()
        .accepted()
        .aggregate::<Tank>("a")
        .when(Drain)
        .replies(3)
        .when(Drain)
        .rejected(Refused::Empty);
    // Though the event names another tank as well, it is that of this one too.
    story()
        .accepted()
        .aggregate::<Tank>("b")
        .state(|tank, now| {
            assert_eq!((tank.litres, tank.changed_at, now), (2, Some(4.into()), 4.into()));
        })
        .at(5)
        .when(Drain)
        .replies(2);
    given_events()
        .unrelated(inspected())
        .aggregate::<Tank>("c")
        .when(Drain)
        .rejected(Refused::Empty);
}

#[test]
fn an_event_given_in_vain_fails_the_story() {
    let (message, line) = failure(|| {
        let story = given_events().event(filled("a", 5)).at(3).event(filled("c", 1));
        drop(story.when(pour(1)));
    });
    assert_eq!(
        message,
        "the story at 1970-01-01T00:00:00.003Z: no view of Pour reads this event: a tag or a type is not the one that \
         was meant, or it is to be given as `.unrelated`
  given       Filled { litres: 1 }
  tagged      tank:c
  view        Tank tank:a of Filled, Emptied, Poured
  view        Tank tank:b of Filled, Emptied, Poured
  view        Last of Inspected"
    );
    assert_eq!(line, line!() - 12);
    // Without the aggregate's tag nobody finds it.
    let (message, _) = failure(|| {
        drop(given_events().event(Filled { litres: 5 }).when(pour(1)));
    });
    assert!(message.contains("\n  tagged      nothing\n"), "{message}");
    // What was given for one decision need not be read by the next.
    let other = Pour { from: "c".into(), ..pour(0) };
    given_events().event(filled("a", 5)).when(pour(1)).accepted().when(other).accepted();
}

#[test]
fn an_event_that_is_called_unrelated_is() {
    given_events().event(filled("a", 5)).unrelated(filled("c", 1)).when(pour(1)).replies(1);
    let (message, line) = failure(|| {
        let story = given_events().unrelated(filled("b", 5));
        drop(story.when(pour(0)));
    });
    assert!(
        message.starts_with("the story at 1970-01-01T00:00:00.000Z: Tank tank:b of Pour reads this unrelated event\n"),
        "{message}"
    );
    assert_eq!(line, line!() - 6);
}

#[test]
fn a_rejection_that_the_story_does_not_mention_fails_what_is_said_next() {
    type Attempt = (&'static str, fn(bailiwick_core::DecisionOutcome<Pour>));
    let attempts: [Attempt; 6] = [
        ("views", |refused| drop(refused.views(|_, _| {}))),
        ("at", |refused| drop(refused.at(1))),
        ("event", |refused| drop(refused.event(filled("a", 1)))),
        ("unrelated", |refused| drop(refused.unrelated(filled("c", 1)))),
        ("when", |refused| drop(refused.when(pour(1)))),
        ("aggregate", |refused| drop(refused.aggregate::<Tank>("a"))),
    ];
    for (name, attempt) in attempts {
        let (message, _) = failure(|| attempt(given_events().when(pour(1))));
        assert_eq!(
            message,
            "the story at 1970-01-01T00:00:00.000Z: Pour was rejected, and the story goes on without a word of it
  happened    Empty
  because     the tank is empty",
            "{name}"
        );
    }
}

#[test]
fn the_wrong_verdict_shows_what_happened() {
    let full = || given_events().event(filled("a", 5));
    let (message, line) = failure(|| {
        drop(full().when(pour(1)).emits([poured(2).into()]));
    });
    assert_eq!(
        message,
        "the story at 1970-01-01T00:00:00.000Z: Pour emitted other events than was expected
  expected    Poured(Poured { from: TankId(a), to: TankId(b), litres: 2 })
  happened    Poured(Poured { from: TankId(a), to: TankId(b), litres: 1 })"
    );
    assert_eq!(line, line!() - 8);
    let (message, _) = failure(|| drop(full().when(pour(1)).replies(7)));
    assert!(message.ends_with("expected    7\n  happened    1"), "{message}");
    let (message, _) = failure(|| drop(full().when(pour(1)).rejected(Refused::Empty)));
    assert!(message.contains("Pour was accepted but should have been rejected"), "{message}");
    let (message, _) = failure(|| drop(full().when(pour(9)).emits_nothing()));
    assert!(message.contains("Pour should have been accepted"), "{message}");
}

#[test]
fn time_does_not_go_back() {
    let (message, line) = failure(|| {
        drop(given_events().at(9).at(8));
    });
    assert_eq!(
        message,
        "the story at 1970-01-01T00:00:00.009Z: time cannot go back to 1970-01-01T00:00:00.008Z"
    );
    assert_eq!(line, line!() - 6);
}

#[test]
fn an_event_that_does_not_survive_its_encoding_fails_the_story() {
    let remark = || Inspected { remark: "rust".into() };
    let (message, line) = failure(|| {
        drop(given_events().event(remark()));
    });
    assert!(
        message.starts_with(
            "the story at 1970-01-01T00:00:00.000Z: this event cannot be given\n  happened    Inspe"
        ) && message.contains("Inspected cannot be stored, because it would"),
        "{message}"
    );
    assert_eq!(line, line!() - 8);
    let (message, line) = failure(|| {
        drop(given_events().event(filled("a", 5)).when(pouring(remark())));
    });
    assert!(
        message.starts_with(
            "the story at 1970-01-01T00:00:00.000Z: what Pour emitted cannot be recorded\n"
        ) && message.contains("Inspected cannot be stored, because it would"),
        "{message}"
    );
    assert_eq!(line, line!() - 8);
}

#[test]
fn an_event_that_speaks_for_another_aggregate_fails_the_story() {
    let (message, line) = failure(|| {
        drop(given_events().event(by::<Tank>("c", poured(1))));
    });
    assert!(
        message.contains("this event cannot be given")
            && message.contains("the event's field says tank:a but the aggregate"),
        "{message}"
    );
    assert_eq!(line, line!() - 7);
}

#[test]
fn an_emitted_event_that_nobody_would_find_fails_the_story() {
    // The tank's own event does not name the tank: only the tank can emit it.
    let (message, _) = failure(|| {
        drop(given_events().event(filled("a", 5)).when(pouring(Emptied)));
    });
    assert!(message.contains("Emptied carries no tag, and no view of the decision"), "{message}");
    // Nothing names what is inspected either, but the decision reads inspections by their type.
    given_events().event(filled("a", 5)).when(pouring(inspected())).accepted();
}
