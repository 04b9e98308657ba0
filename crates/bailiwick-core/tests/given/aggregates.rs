//! Stories of an aggregate.

use bailiwick_core::{Aggregate, Context, Decide, Event, Timestamp, View, given};
use serde::{Deserialize, Serialize};

use crate::failure::failure;

bailiwick_core::id!(
    /// A jar.
    pub JarId: "jar"
);

/// A jar of sweets: some spoil at a time, two at most go in.
struct Jar {
    sweets: Vec<(u64, Timestamp)>,
}

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
enum JarEvent {
    Added {
        sweet: u64,
        spoils_at: Timestamp,
    },
    Spoilt {
        sweet: u64,
    },
    Moved {
        #[tag]
        to: JarId,
    },
    Labelled {
        #[serde(skip)]
        label: String,
    },
    /// Never moves a deadline.
    Sniffed,
}
use JarEvent::*;

impl View for Jar {
    type Key = JarId;
    type Event = JarEvent;

    fn new(_: &JarId) -> Self {
        Jar { sweets: Vec::new() }
    }

    fn apply(&mut self, event: &JarEvent, _: Timestamp) {
        match event {
            Added { sweet, spoils_at } => self.sweets.push((*sweet, *spoils_at)),
            Spoilt { sweet } => self.sweets.retain(|(s, _)| s != sweet),
            Moved { .. } | Labelled { .. } | Sniffed => {}
        }
    }
}

/// A sweet that an aggregate with a mistake is silent about, and one that it only sniffs at.
const SILENT: u64 = 98;
const ENDLESS: u64 = 99;

impl Aggregate for Jar {
    const NAME: &'static str = "jar";

    fn deadline(&self) -> Option<Timestamp> {
        self.sweets.iter().map(|(_, at)| *at).min()
    }

    /// One sweet per round, to see the rounds.
    fn on_deadline(&self, ctx: &mut Context<JarEvent>) {
        let due = self.sweets.iter().filter(|(_, at)| *at <= ctx.now());
        match due.min_by_key(|(sweet, at)| (*at, *sweet)) {
            None | Some((SILENT, _)) => {}
            Some((ENDLESS, _)) => ctx.emit(Sniffed),
            Some((sweet, _)) => ctx.emit(Spoilt { sweet: *sweet }),
        }
    }
}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("the jar is full of {0}")]
struct Full(usize);

/// Adds a sweet.
struct Add(u64, u64);

impl Decide<Add> for Jar {
    type Reply = usize;
    type Rejection = Full;

    fn decide(&self, add: &Add, ctx: &mut Context<JarEvent>) -> Result<usize, Full> {
        // Emitted first, to see that a rejection forgets it.
        ctx.emit(added(add.0, add.1));
        match self.sweets.len() {
            full @ 2.. => Err(Full(full)),
            before => Ok(before + 1),
        }
    }
}

/// Emits whatever it is told to.
struct Emit(Vec<JarEvent>);

impl Decide<Emit> for Jar {
    type Reply = ();
    type Rejection = std::convert::Infallible;

    fn decide(
        &self,
        command: &Emit,
        ctx: &mut Context<JarEvent>,
    ) -> Result<(), std::convert::Infallible> {
        command.0.iter().for_each(|event| ctx.emit(event.clone()));
        Ok(())
    }
}

fn added(sweet: u64, spoils_at: u64) -> JarEvent {
    Added { sweet, spoils_at: spoils_at.into() }
}

fn full_jar() -> bailiwick_core::Given<Jar> {
    given::<Jar>("j").events([added(1, 10), added(2, 10)])
}

#[test]
fn a_story_goes_on_with_the_state_that_its_commands_left() {
    given::<Jar>("j")
        .at(1)
        .when(Add(1, 10))
        .emits([added(1, 10)])
        .replies(1)
        .deadline(10)
        .when(Add(2, 20))
        .replies(2)
        .at(2)
        .when(Add(3, 30))
        .rejected(Full(2))
        .state(|jar, now| {
            assert_eq!(jar.sweets.len(), 2, "what a rejection emitted is forgotten");
            assert_eq!(now, 2.into());
        })
        .at(10)
        .when(Add(3, 30))
        .expires_first([Spoilt { sweet: 1 }])
        .accepted()
        .deadline(20);
}

#[test]
fn expiry_stands_though_the_command_is_refused() {
    given::<Jar>("j")
        .events([added(1, 10), added(2, 20), added(3, 20)])
        .at(10)
        .when(Add(4, 30))
        .expires_first([Spoilt { sweet: 1 }])
        .rejected(Full(2))
        .deadline(20);
}

#[test]
fn expiry_takes_as_many_rounds_as_it_needs() {
    let expired = [Spoilt { sweet: 1 }, Spoilt { sweet: 2 }];
    full_jar().at(9).expires([]).at(10).expires(expired.clone());
    full_jar().at(12).when(Emit(vec![])).expires_first(expired).emits_nothing().no_deadline();
}

#[test]
fn what_was_missed_is_caught_up_however_much_it_is() {
    let spoilt = |sweets: std::ops::Range<u64>| sweets.map(|sweet| Spoilt { sweet });
    let added_at = |at: fn(u64) -> u64| (100..1_000).map(move |sweet| added(sweet, at(sweet)));
    // Each at a time of its own, and all at the same time.
    given::<Jar>("j").events(added_at(|sweet| sweet)).at(2_000).expires(spoilt(100..1_000));
    given::<Jar>("j").events(added_at(|_| 7)).at(2_000).expires(spoilt(100..1_000));
}

#[test]
fn events_are_given_at_the_time_of_the_story_and_nothing_expires_between_them() {
    given::<Jar>("j")
        .at(5)
        .events([added(1, 10)])
        .at(20)
        .events([added(2, 30)])
        .deadline(10)
        .state(|jar, now| assert_eq!((jar.sweets.len(), now), (2, 20.into())));
}

#[test]
fn other_events_are_shown_on_both_sides_at_the_line_of_the_assertion() {
    let emit = || Emit(vec![Sniffed, added(1, 10), Spoilt { sweet: 7 }, Sniffed]);
    let (message, line) = failure(|| {
        let outcome = given::<Jar>("j").at(3).when(emit());
        outcome.emits([Sniffed, added(1, 11), Sniffed]);
    });
    assert_eq!(
        message,
        "jar j at 1970-01-01T00:00:00.003Z: Emit emitted other events than was expected
  as expected Sniffed
  expected    Added { sweet: 1, spoils_at: 1970-01-01T00:00:00.011Z }
  happened    Added { sweet: 1, spoils_at: 1970-01-01T00:00:00.010Z }
  happened    Spoilt { sweet: 7 }
  as expected Sniffed"
    );
    assert_eq!(line, line!() - 11);
}

#[test]
fn nothing_on_one_side_is_called_nothing() {
    let (message, _) = failure(|| {
        full_jar().when(Emit(vec![Sniffed])).emits_nothing();
    });
    assert_eq!(
        message,
        "jar j at 1970-01-01T00:00:00.000Z: Emit emitted other events than was expected
  expected    nothing
  happened    Sniffed"
    );
    let (message, line) = failure(|| {
        full_jar().at(9).expires([Spoilt { sweet: 1 }]);
    });
    assert_eq!(
        message,
        "jar j at 1970-01-01T00:00:00.009Z: what expires is not what was expected
  expected    Spoilt { sweet: 1 }
  happened    nothing"
    );
    assert_eq!(line, line!() - 8);
}

#[test]
fn an_expiry_that_the_story_does_not_mention_fails_every_assertion() {
    let late = || full_jar().at(10).when(Emit(vec![]));
    let expected = "jar j at 1970-01-01T00:00:00.010Z: Emit found something expired before it; say so first, with \
                    `.expires_first`
  happened    Spoilt { sweet: 1 }
  happened    Spoilt { sweet: 2 }";
    let attempts: [Attempt<Late>; 8] = [
        ("emits_nothing", |late| drop(late.emits_nothing())),
        ("accepted", |late| drop(late.accepted())),
        ("replies", |late| drop(late.replies(()))),
        ("state", |late| drop(late.state(|_, _| {}))),
        ("deadline", |late| drop(late.deadline(10))),
        ("no_deadline", |late| drop(late.no_deadline())),
        ("at", |late| drop(late.at(11))),
        ("when", |late| drop(late.when(Emit(vec![])))),
    ];
    for (name, attempt) in attempts {
        let (message, _) = failure(|| attempt(late()));
        assert_eq!(message, expected, "{name}");
    }
    let (message, line) = failure(|| {
        let late = full_jar().events([added(3, 20), added(4, 20)]).at(10);
        late.when(Add(5, 20)).rejected(Full(2));
    });
    assert!(message.contains("expires_first"), "{message}");
    assert_eq!(line, line!() - 3);
}

/// What is said of an outcome, by name.
type Attempt<Outcome> = (&'static str, fn(Outcome));

type Late = bailiwick_core::Outcome<Jar, (), std::convert::Infallible>;

#[test]
fn a_rejection_that_the_story_does_not_mention_fails_what_is_said_next() {
    let attempts: [Attempt<Refused>; 5] = [
        ("state", |refused| drop(refused.state(|_, _| {}))),
        ("deadline", |refused| drop(refused.deadline(10))),
        ("no_deadline", |refused| drop(refused.no_deadline())),
        ("at", |refused| drop(refused.at(11))),
        ("when", |refused| drop(refused.when(Emit(vec![])))),
    ];
    for (name, attempt) in attempts {
        let (message, _) = failure(|| attempt(full_jar().when(Add(3, 10))));
        assert_eq!(
            message,
            "jar j at 1970-01-01T00:00:00.000Z: Add was rejected, and the story goes on without a word of it
  happened    Full(2)
  because     the jar is full of 2",
            "{name}"
        );
    }
    let (_, line) = failure(|| {
        drop(full_jar().when(Add(3, 10)).at(5));
    });
    assert_eq!(line, line!() - 2);
}

type Refused = bailiwick_core::Outcome<Jar, usize, Full>;

#[test]
fn the_wrong_verdict_shows_what_happened() {
    let (message, _) = failure(|| drop(full_jar().when(Add(3, 10)).emits([added(3, 10)])));
    assert_eq!(
        message,
        "jar j at 1970-01-01T00:00:00.000Z: Add should have been accepted
  happened    Full(2)
  because     the jar is full of 2"
    );
    let (message, _) = failure(|| drop(full_jar().when(Add(3, 10)).rejected(Full(3))));
    assert_eq!(
        message,
        "jar j at 1970-01-01T00:00:00.000Z: Add was rejected for another reason than was expected
  expected    Full(3)
  happened    Full(2)"
    );
    let (message, line) = failure(|| {
        drop(given::<Jar>("j").when(Add(3, 10)).rejected(Full(2)));
    });
    assert_eq!(
        message,
        "jar j at 1970-01-01T00:00:00.000Z: Add was accepted but should have been rejected
  expected    Full(2)
  happened    Added { sweet: 3, spoils_at: 1970-01-01T00:00:00.010Z }"
    );
    assert_eq!(line, line!() - 8);
}

#[test]
fn the_wrong_reply_and_the_wrong_deadline_show_both_sides() {
    let (message, line) = failure(|| {
        drop(given::<Jar>("j").when(Add(3, 10)).replies(2));
    });
    assert_eq!(
        message,
        "jar j at 1970-01-01T00:00:00.000Z: Add replied something else than was expected
  expected    2
  happened    1"
    );
    assert_eq!(line, line!() - 8);
    let (message, line) = failure(|| {
        drop(given::<Jar>("j").when(Add(3, 10)).no_deadline());
    });
    assert_eq!(
        message,
        "jar j at 1970-01-01T00:00:00.000Z: the deadline is not the expected one
  expected    none
  happened    1970-01-01T00:00:00.010Z"
    );
    assert_eq!(line, line!() - 8);
}

#[test]
fn time_does_not_go_back() {
    let (message, line) = failure(|| {
        drop(full_jar().at(9).at(8));
    });
    assert_eq!(
        message,
        "jar j at 1970-01-01T00:00:00.009Z: time cannot go back to 1970-01-01T00:00:00.008Z"
    );
    assert_eq!(line, line!() - 6);
}

#[test]
fn an_event_that_speaks_for_another_aggregate_fails_the_story() {
    let moved = || Moved { to: "k".into() };
    let (message, line) = failure(|| {
        drop(full_jar().events([Moved { to: "j".into() }, moved()]));
    });
    assert!(
        message.starts_with(
            "jar j at 1970-01-01T00:00:00.000Z: this event cannot be given\n  happened    Moved"
        ) && message.contains("the event's field says jar:k but the aggregate"),
        "{message}"
    );
    assert_eq!(line, line!() - 8);
    let (message, line) = failure(|| {
        drop(full_jar().when(Emit(vec![Sniffed, moved()])));
    });
    assert!(
        message.starts_with(
            "jar j at 1970-01-01T00:00:00.000Z: what Emit emitted cannot be recorded\n"
        ) && message.contains("the event's field says jar:k but the aggregate"),
        "{message}"
    );
    assert_eq!(line, line!() - 8);
}

#[test]
fn an_event_that_does_not_survive_its_encoding_fails_the_story() {
    let label = "best before".to_owned();
    let (message, line) = failure(|| {
        drop(full_jar().when(Emit(vec![Labelled { label }])));
    });
    assert_eq!(
        message,
        "jar j at 1970-01-01T00:00:00.000Z: what Emit emitted cannot be recorded
  happened    Labelled { label: \"best before\" }
  because     Labelled cannot be stored, because it would be read as another value, in what is not \
         stored. Look at the attributes of serde: a variant that is `untagged` and reads what another \
         one wrote, a field that is skipped. It was written as {} and comes back as Labelled { label: \
         \"\" }"
    );
    assert_eq!(line, line!() - 11);
}

#[test]
fn a_deadline_that_stays_due_fails_the_story() {
    let (message, line) = failure(|| {
        drop(full_jar().events([added(SILENT, 5)]).at(6).expires([]));
    });
    assert_eq!(
        message,
        "jar j at 1970-01-01T00:00:00.006Z: what is due cannot be expired
  because     the deadline at 1970-01-01T00:00:00.005Z is due at 1970-01-01T00:00:00.006Z but `on_deadline` emits nothing; it must emit \
         what moves the deadline"
    );
    assert_eq!(line, line!() - 8);
    let (message, line) = failure(|| {
        drop(full_jar().events([added(ENDLESS, 5)]).at(6).when(Add(3, 9)));
    });
    assert!(
        message.starts_with("jar j at 1970-01-01T00:00:00.006Z: what is due cannot be expired\n  happened    Sniffed")
            && message.contains("has not moved on in 1024 rounds of `on_deadline`"),
        "{message}"
    );
    assert_eq!(line, line!() - 7);
}
