//! Stories of policies.

use std::convert::Infallible;
use std::sync::atomic::{AtomicU32, Ordering};

use bailiwick_core::{
    Aggregate, Commands, Context, Decision, Event, GiveUp, Lane, News, Policy, PolicyOutcome,
    Start, Timestamp, View, by, commands, decision, given_events, id, to,
};
use serde::{Deserialize, Serialize};

use crate::failure::failure;

id!(pub BottleNo(u32): "bottle", pub CellarId: "cellar");

/// A bottle was laid down in a cellar.
#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct LaidDown {
    #[tag]
    cellar: CellarId,
    year: f64,
}

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
enum CellarEvent {
    Flooded {},
    Dried {},
}
use CellarEvent::*;

/// Whether it is wet.
struct Cellar(bool);

impl View for Cellar {
    type Key = CellarId;
    type Event = CellarEvent;

    fn new(_: &CellarId) -> Self {
        Cellar(false)
    }

    fn apply(&mut self, event: &CellarEvent, _: Timestamp) {
        self.0 = matches!(event, Flooded {});
    }
}

impl Aggregate for Cellar {
    const NAME: &'static str = "cellar";
}

struct Bottle;

impl View for Bottle {
    type Key = BottleNo;
    type Event = LaidDown;

    fn new(_: &BottleNo) -> Self {
        Bottle
    }

    fn apply(&mut self, _: &LaidDown, _: Timestamp) {}
}

impl Aggregate for Bottle {
    const NAME: &'static str = "bottle";
}

#[derive(Debug, PartialEq)]
struct Save {
    from: CellarId,
}

#[derive(Debug, PartialEq)]
struct Age {
    since: f64,
}

type Ctx = Context<LaidDown>;

#[commands(crate = "bailiwick_core")]
impl Bottle {
    fn save(&self, _: &Save, _: &mut Ctx) -> Result<(), Infallible> {
        Ok(())
    }

    fn age(&self, _: &Age, _: &mut Ctx) -> Result<(), Infallible> {
        Ok(())
    }
}

/// A decision.
#[derive(Debug, PartialEq)]
struct Pump {
    cellar: CellarId,
}

impl Decision for Pump {
    type Views = Cellar;
    type Event = CellarEvent;
    type Reply = ();
    type Rejection = Infallible;

    fn keys(&self) -> CellarId {
        self.cellar.clone()
    }

    fn decide(&self, _: &Cellar, _: &mut Context<CellarEvent>) -> Result<(), Infallible> {
        Ok(())
    }
}

#[derive(Event, Clone, Debug, PartialEq)]
enum Wanted {
    LaidDown(LaidDown),
    #[event(only(Flooded))]
    Cellar(CellarEvent),
}

/// Saves bottles from wet cellars, and lets the others age.
#[derive(Default)]
struct Sommelier {
    /// A mistake, unless it is left alone.
    computed: AtomicU32,
    counts: bool,
}

impl Policy for Sommelier {
    const NAME: &'static str = "sommelier";
    const LANE: Lane = Lane::Emitter;
    const START: Start = Start::Beginning;
    type Event = Wanted;
    type Views = Cellar;

    fn keys(&self, news: &News<Wanted>) -> CellarId {
        match &news.event {
            Wanted::LaidDown(laid) => laid.cellar.clone(),
            Wanted::Cellar(_) => news.id().unwrap(),
        }
    }

    fn react(
        &self,
        news: &News<Wanted>,
        cellar: &Cellar,
        out: &mut Commands,
    ) -> Result<(), GiveUp> {
        let mut since = match &news.event {
            Wanted::LaidDown(laid) => laid.year,
            Wanted::Cellar(_) => {
                assert!(cellar.0, "it has the news in it");
                out.decide(Pump { cellar: news.id().unwrap() });
                return Ok(());
            }
        };
        if self.counts {
            since += f64::from(self.computed.fetch_add(1, Ordering::Relaxed));
        }
        let bottle = news.emitter::<Bottle>().unwrap().unwrap();
        assert!(since != 1913.0, "an unlucky year");
        if since < 1900.0 {
            out.to::<Bottle>(&bottle).send(Age { since });
            return Err(GiveUp::because(format_args!("nobody saves a bottle of {since}")));
        }
        if cellar.0 {
            out.to::<Bottle>(&bottle).send(Save { from: news.id().unwrap() });
        }
        if since != 2000.0 {
            out.to::<Bottle>(&bottle).send(Age { since });
        }
        Ok(())
    }
}

fn laid(year: f64) -> bailiwick_core::By<Bottle> {
    by::<Bottle>(7, LaidDown { cellar: "c".into(), year })
}

fn wet() -> bailiwick_core::GivenEvents {
    given_events().event(by::<Cellar>("c", Flooded {}))
}

fn sommelier() -> Sommelier {
    Sommelier::default()
}

fn save() -> bailiwick_core::Sent {
    to::<Bottle>(7, Save { from: "c".into() })
}

fn age(since: f64) -> bailiwick_core::Sent {
    to::<Bottle>(7, Age { since })
}

#[test]
fn a_policy_sends_by_what_has_happened_up_to_the_news() {
    wet()
        .sees(sommelier(), laid(1990.0))
        .sends([save(), age(1990.0)])
        .at(3)
        .event(by::<Cellar>("c", Dried {}))
        .sees(sommelier(), laid(f64::NAN))
        .sends([age(f64::NAN)])
        .sees(sommelier(), laid(2000.0))
        .sends_nothing()
        .unrelated(by::<Cellar>("other", Flooded {}))
        .sees(sommelier(), by::<Cellar>("c", Flooded {}))
        .sends([decision(Pump { cellar: "c".into() })])
        .when(Pump { cellar: "c".into() })
        .emits_nothing()
        .sees(sommelier(), laid(1800.0))
        .gives_up("a bottle of 1800")
        .aggregate::<Cellar>("c")
        .state(|cellar, now| assert_eq!((cellar.0, now), (true, 3.into())));
}

#[test]
fn other_commands_are_shown_on_both_sides_at_the_line_of_the_assertion() {
    let (message, line) = failure(|| {
        let outcome = wet().sees(sommelier(), laid(1990.0));
        outcome.sends([save(), to::<Bottle>(8, Age { since: 1990.0 })]);
    });
    assert_eq!(
        message,
        "the story at 1970-01-01T00:00:00.000Z: Sommelier sent other commands than was expected
  seeing      LaidDown { cellar: CellarId(c), year: 1990.0 }
  as expected Save { from: CellarId(c) } to bottle 7
  expected    Age { since: 1990.0 } to bottle 8
  sent        Age { since: 1990.0 } to bottle 7"
    );
    assert_eq!(line, line!() - 10);
    for expected in [vec![], vec![save()], vec![age(1990.0), save()], vec![save(), age(1991.0)]] {
        failure(|| drop(wet().sees(sommelier(), laid(1990.0)).sends(expected)));
    }
    let (message, _) = failure(|| drop(wet().sees(sommelier(), laid(1990.0)).sends_nothing()));
    assert!(message.contains("\n  expected    nothing\n  sent        Save"), "{message}");
    let (message, _) = failure(|| {
        drop(wet().sees(sommelier(), by::<Cellar>("c", Flooded {})).sends([save()]));
    });
    assert!(message.ends_with("\n  sent        Pump { cellar: CellarId(c) }"), "{message}");
}

#[test]
fn giving_up_is_told_from_sending() {
    let (message, _) = failure(|| drop(wet().sees(sommelier(), laid(1800.0)).sends([save()])));
    assert_eq!(
        message,
        "the story at 1970-01-01T00:00:00.000Z: Sommelier gave up, and should not have
  seeing      LaidDown { cellar: CellarId(c), year: 1800.0 }
  expected    Save { from: CellarId(c) } to bottle 7
  gave up     nobody saves a bottle of 1800"
    );
    let (message, _) = failure(|| drop(wet().sees(sommelier(), laid(1800.0)).gives_up("1700")));
    assert!(message.contains("gave up for another reason than was expected\n"), "{message}");
    let (message, _) = failure(|| drop(wet().sees(sommelier(), laid(1990.0)).gives_up("1990")));
    assert!(message.contains("Sommelier should have given up\n"), "{message}");
    assert!(message.contains("\n  sent        Age { since: 1990.0 } to bottle 7"), "{message}");
}

#[test]
fn what_it_does_and_the_story_does_not_mention_fails_what_is_said_next() {
    type Attempt = (&'static str, fn(PolicyOutcome));
    let attempts: [Attempt; 6] = [
        ("at", |outcome| drop(outcome.at(1))),
        ("event", |outcome| drop(outcome.event(by::<Cellar>("c", Dried {})))),
        ("unrelated", |outcome| drop(outcome.unrelated(by::<Cellar>("d", Dried {})))),
        ("when", |outcome| drop(outcome.when(Pump { cellar: "c".into() }))),
        ("sees", |outcome| drop(outcome.sees(sommelier(), laid(1990.0)))),
        ("aggregate", |outcome| drop(outcome.aggregate::<Cellar>("c"))),
    ];
    for (name, attempt) in attempts {
        for (year, did) in [(1990.0, "sent        Save"), (1800.0, "sent        gave up: nobody")] {
            let (message, _) = failure(|| attempt(wet().sees(sommelier(), laid(year))));
            let what = "Sommelier did this, and the story goes on without a word of it\n";
            assert!(message.contains(what) && message.contains(did), "{name}: {message}");
        }
    }
    // Nothing is nothing to mention.
    wet()
        .sees(sommelier(), laid(2000.0))
        .sends([save()])
        .at(1)
        .event(by::<Cellar>("c", Dried {}))
        .sees(sommelier(), laid(2000.0))
        .at(2)
        .sees(sommelier(), laid(2000.0))
        .sends_nothing();
}

#[test]
fn an_event_given_in_vain_fails_the_story() {
    let (message, line) = failure(|| {
        let story = given_events().event(by::<Cellar>("d", Flooded {}));
        drop(story.sees(sommelier(), laid(1990.0)));
    });
    assert!(message.contains("no view of Sommelier reads this event"), "{message}");
    assert_eq!(line, line!() - 3);
    let (message, _) = failure(|| {
        let story = given_events().unrelated(by::<Cellar>("c", Flooded {}));
        drop(story.sees(sommelier(), laid(1990.0)));
    });
    assert!(
        message.contains("Cellar cellar:c of Sommelier reads this unrelated event"),
        "{message}"
    );
}

#[test]
fn what_a_policy_cannot_deal_with_fails_the_story() {
    let (message, line) = failure(|| {
        drop(given_events().sees(sommelier(), LaidDown { cellar: "c".into(), year: 1990.0 }));
    });
    assert_eq!(
        message,
        "the story at 1970-01-01T00:00:00.000Z: Sommelier cannot deal with this
  seeing      LaidDown { cellar: CellarId(c), year: 1990.0 }
  because     no aggregate emitted it, so it has no lane; let the lane be that of a tag"
    );
    assert_eq!(line, line!() - 8);
    let (message, _) = failure(|| {
        drop(given_events().sees(sommelier(), by::<Cellar>("c", Dried {})));
    });
    assert!(message.ends_with("because     it wants other news: LaidDown, Flooded"), "{message}");
    let (message, _) = failure(|| drop(given_events().sees(sommelier(), laid(1913.0))));
    assert!(message.ends_with("because     it panicked: an unlucky year"), "{message}");
}

#[test]
fn a_policy_that_is_no_function_of_the_news_fails_the_story() {
    let (message, line) = failure(|| {
        let counts = Sommelier { counts: true, ..sommelier() };
        drop(wet().sees(counts, laid(1990.0)));
    });
    assert_eq!(
        message,
        "the story at 1970-01-01T00:00:00.000Z: Sommelier does something else when it is computed again
  seeing      LaidDown { cellar: CellarId(c), year: 1990.0 }
  both times  Save { from: CellarId(c) } to bottle 7
  first       Age { since: 1990.0 } to bottle 7
  then        Age { since: 1991.0 } to bottle 7"
    );
    assert_eq!(line, line!() - 10);
}
