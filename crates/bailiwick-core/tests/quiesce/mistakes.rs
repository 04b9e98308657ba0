//! What fails a story.

use bailiwick_core::{Position, quiesce};

use crate::failure::failure;
use crate::kitchen::*;

/// The message of a story in which a pot is heated and this rule sees it; it points at the line of the step.
fn heated(reaction: Reaction) -> String {
    let (message, line) = failure(|| {
        drop(kitchen(reaction).get::<Pot>(1).ask(Heat { until: 5 }));
    });
    assert_eq!(line, line!() - 2);
    message
}

#[test]
fn policies_that_answer_each_other_for_ever_are_stopped() {
    let story = |hops| {
        let story = kitchen(|_, news, _, out| {
            out.to::<Pot>(&next(news)).send(Fill(1));
            Ok(())
        });
        let (message, _) = failure(|| drop(story.hops(hops).get::<Pot>(1).ask(Fill(5))));
        message
    };
    assert_eq!(
        story(9),
        "the set at 1970-01-01T00:00:00.000Z: more than 9 deliveries led one to another
  began with  #1 Filled { litres: 5 } by pot 1
  ..          3 more
  led to      #5 Filled { litres: 1 } by pot 5
  led to      #6 Filled { litres: 1 } by pot 6
  led to      #7 Filled { litres: 1 } by pot 7
  led to      #8 Filled { litres: 1 } by pot 8
  led to      #9 Filled { litres: 1 } by pot 9
  led to      #10 Filled { litres: 1 } by pot 10
  Rule        Fill(1) to pot 11"
    );
    // As many as may be are no mistake.
    kitchen(overflow).hops(3).get::<Pot>(1).ask(Fill(35)).accepted();
    let (message, _) = failure(|| drop(kitchen(overflow).hops(2).get::<Pot>(1).ask(Fill(35))));
    assert!(message.contains("more than 2 deliveries"), "{message}");
}

#[test]
fn more_and_more_of_them_are_stopped() {
    let message = heated(|_, news, _, out| {
        out.to::<Pot>(&1.into()).send(Fill(1));
        out.to::<Pot>(&next(news)).send(Fill(1));
        Ok(())
    });
    assert!(message.contains("there are more than 10000 deliveries in one step\n"), "{message}");
}

#[test]
fn what_is_sent_goes_to_somebody() {
    let sends: Reaction = |_, news, _, out| {
        out.to::<Pot>(&next(news)).send(Fill(1));
        Ok(())
    };
    let (message, _) = failure(|| {
        let story = quiesce().policy(rule(sends));
        drop(story.event(Drained { pot: 1.into() }));
    });
    assert!(
        message.starts_with(
            "the set at 1970-01-01T00:00:00.000Z: Rule sends what nobody in the set decides
  seeing      Drained { pot: PotNo(1) }
  sent        Fill(1) to pot 2
  add         `.aggregate::<"
        ) && message.ends_with("kitchen::Pot>()`"),
        "{message}"
    );
    let (message, _) = failure(|| {
        let story = quiesce().aggregate::<Pot>().policy(Late);
        drop(story.get::<Pot>(1).ask(Fill(1)));
    });
    assert!(
        message.contains("Late sends what nobody in the set decides\n")
            && message.ends_with("kitchen::Drain>()`"),
        "{message}"
    );
    let (message, line) = failure(|| {
        drop(quiesce().get::<Pot>(1).ask(Fill(1)));
    });
    assert_eq!(
        message,
        "the set at 1970-01-01T00:00:00.000Z: pot is not part of the set: add `.aggregate::<Pot>()`"
    );
    assert_eq!(line, line!() - 6);
    let (message, _) = failure(|| drop(kitchen(sends).policy(rule(sends))));
    assert!(message.ends_with(": two policies or effects are called rule"), "{message}");
    let (message, _) = failure(|| drop(kitchen(sends).rewind::<Late>(Position::START)));
    assert!(message.ends_with("Late is not part of the set"), "{message}");
}

#[test]
fn a_panic_says_where() {
    let message = heated(|_, _, _, _| panic!("too hot"));
    assert_eq!(
        message,
        "the set at 1970-01-01T00:00:00.000Z: Rule cannot deal with this
  seeing      Heated { until: 1970-01-01T00:00:00.005Z } by pot 1
  because     it panicked: too hot"
    );
    for (litres, why) in [(13, "unlucky"), (99, "it bursts")] {
        let sends: Reaction = match litres {
            13 => |_, news, _, out| {
                out.to::<Pot>(&next(news)).send(Fill(13));
                Ok(())
            },
            _ => |_, news, _, out| {
                out.to::<Pot>(&next(news)).send(Fill(99));
                Ok(())
            },
        };
        assert_eq!(
            heated(sends),
            format!(
                "the set at 1970-01-01T00:00:00.000Z: Rule sends what cannot be decided
  seeing      Heated {{ until: 1970-01-01T00:00:00.005Z }} by pot 1
  sent        Fill({litres}) to pot 2
  panicked    {why}"
            )
        );
    }
}

#[test]
fn news_without_a_lane_fail_the_story() {
    let (message, line) = failure(|| {
        drop(kitchen(overflow).event(Boiled));
    });
    assert_eq!(
        message,
        "the set at 1970-01-01T00:00:00.000Z: Rule cannot deal with this
  seeing      Boiled
  because     it carries no tag `pot`, so it has no lane"
    );
    assert_eq!(line, line!() - 8);
}

#[test]
fn what_cannot_be_recorded_fails_the_story() {
    let (message, _) = failure(|| {
        drop(quiesce().aggregate::<Pot>().get::<Pot>(1).ask(Label));
    });
    assert!(message.contains("pot 1 emitted what cannot be recorded\n"), "{message}");
    let (message, _) = failure(|| drop(quiesce().aggregate::<Pot>().decide(Nobody)));
    assert!(message.contains("Nobody emitted what cannot be recorded\n"), "{message}");
    assert!(message.contains("Boiled is read by aggregates of this runtime under"), "{message}");
    let (message, _) = failure(|| drop(quiesce().event(Labelled { label: "x".into() })));
    assert!(message.contains("this event cannot be given\n"), "{message}");
}

#[test]
fn a_deadline_that_stays_due_fails_the_story() {
    let (message, line) = failure(|| {
        let story = kitchen(|_, _, _, _| Ok(())).get::<Pot>(1).ask(Fill(66)).ask(Heat { until: 5 });
        drop(story.at(7));
    });
    assert!(
        message
            .starts_with("the set at 1970-01-01T00:00:00.005Z: pot 1 is due and cannot expire\n")
            && message.contains("but `on_deadline` emits nothing"),
        "{message}"
    );
    assert_eq!(line, line!() - 8);
}

#[test]
fn time_does_not_go_back() {
    let (message, line) = failure(|| {
        drop(quiesce().at(9).at(8));
    });
    assert_eq!(
        message,
        "the set at 1970-01-01T00:00:00.009Z: time cannot go back to 1970-01-01T00:00:00.008Z"
    );
    assert_eq!(line, line!() - 6);
}

#[test]
fn the_seed_is_said() {
    let (message, _) = failure(|| drop(quiesce().shuffled(7).at(9).at(8)));
    assert!(
        message.starts_with("the set, shuffled by 7, at 1970-01-01T00:00:00.009Z: "),
        "{message}"
    );
}
