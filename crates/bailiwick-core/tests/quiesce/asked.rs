//! What came of what was asked.

use bailiwick_core::{Verdict, by, quiesce};

use crate::failure::failure;
use crate::kitchen::*;

#[test]
fn decisions_and_commands_are_told_alike() {
    let (verdict, story) = kitchen(overflow)
        .event(by::<Pot>(3, Filled { litres: 9 }))
        .decide(Drain(3.into()))
        .replies(9)
        .emits([Drained { pot: 3.into() }])
        .get::<Pot>(1)
        .ask(Fill(2_000))
        .rejected(Refused::TooMuch(2_000))
        .ask(Fill(0))
        .emits_nothing()
        .ask(Fill(13))
        .result();
    assert_eq!(verdict, Verdict::Panicked("unlucky".into()));
    let (verdict, story) = story.get::<Pot>(1).ask(Fill(99)).result();
    assert_eq!(verdict, Verdict::Panicked("it bursts".into()));
    story.get::<Pot>(1).ask(Fill(5)).accepted().state(|pot, _| assert_eq!(pot.litres, 5));
}

#[test]
fn a_rejection_that_the_story_does_not_mention_fails_what_is_said_next() {
    let (message, line) = failure(|| {
        let story = kitchen(overflow).get::<Pot>(1).ask(Fill(2_000));
        drop(story.at(1));
    });
    assert_eq!(
        message,
        "the set at 1970-01-01T00:00:00.000Z: Fill was rejected, and the story goes on without a word of it
  happened    TooMuch(2000)
  because     2000 litres are too much"
    );
    assert_eq!(line, line!() - 8);
    let (message, _) = failure(|| {
        let story =
            quiesce().aggregate::<Pot>().get::<Pot>(1).ask(Fill(700)).decide(Drain(1.into()));
        drop(story.state(|_, _| {}));
    });
    assert!(message.contains("Drain was rejected, and the story goes on"), "{message}");
}

#[test]
#[should_panic(expected = "unlucky")]
fn a_panic_that_nobody_asks_for_goes_on() {
    drop(quiesce().aggregate::<Pot>().get::<Pot>(1).ask(Fill(13)));
}

#[test]
fn another_history_is_shown_on_both_sides() {
    let (message, line) = failure(|| {
        let story = kitchen(overflow).get::<Pot>(1).ask(Fill(12)).get::<Pot>(2);
        drop(story.history([Filled { litres: 3 }]));
    });
    assert_eq!(
        message,
        "the set at 1970-01-01T00:00:00.000Z: other things have happened to pot 2
  expected    Filled { litres: 3 }
  happened    Filled { litres: 2 }"
    );
    assert_eq!(line, line!() - 8);
}
