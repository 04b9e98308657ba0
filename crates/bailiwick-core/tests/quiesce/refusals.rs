//! What policies do in vain.

use bailiwick_core::quiesce::{Addressed, Asked, Quiesce};
use bailiwick_core::{Commands, GiveUp, News, Position, decision, to};

use crate::failure::failure;
use crate::kitchen::*;

/// Does something that is refused, by a pot and by a decision, or gives up.
fn in_vain(_: &Rule, news: &News<PotEvent>, pot: &Pot, out: &mut Commands) -> Result<(), GiveUp> {
    match news.event {
        Filled { litres: 600 } => {
            out.to::<Pot>(&next(news)).send(Fill(pot.litres * 2));
            out.decide(Drain(news.id().unwrap()));
            Ok(())
        }
        Filled { litres: 1 } => Err(GiveUp::because("one litre is nothing")),
        _ => Ok(()),
    }
}

/// A story in which a pot was filled.
type Full = Quiesce<Addressed<Pot>, Asked<PotEvent, u64, Refused>>;

fn filled(litres: u64) -> Full {
    kitchen(in_vain).get::<Pot>(1).ask(Fill(litres))
}

#[test]
fn they_are_mentioned_in_any_order() {
    filled(600)
        .refused(decision(Drain(1.into())), "600 litres")
        .refused(to::<Pot>(2, Fill(1_200)), "too much")
        .ask(Fill(1))
        .accepted()
        .gave_up::<Rule>("one litre")
        .at(3)
        .state(|pot, _| assert_eq!(pot.litres, 601));
}

#[test]
fn whatever_they_are_they_are_values() {
    let (refusals, story) = filled(600).refusals();
    let [first, second] = &refusals[..] else { panic!("{refusals:?}") };
    assert_eq!((first.policy, first.position), ("rule", Position::new(1)));
    assert_eq!(first.sent.as_deref(), Some("Fill(1200) to pot 2"));
    assert_eq!(second.sent.as_deref(), Some("Drain(PotNo(1))"));
    assert_eq!(second.reason, "600 litres are too much");
    let (refusals, story) = story.ask(Fill(1)).refusals();
    assert_eq!((refusals.len(), &refusals[0].sent), (1, &None));
    let (none, _) = story.at(9).refusals();
    assert_eq!(none, []);
}

#[test]
fn what_the_story_does_not_mention_fails_what_is_said_next() {
    let attempts: [fn(Full); 7] = [
        |story| drop(story.at(1)),
        |story| drop(story.event(Drained { pot: 9.into() })),
        |story| drop(story.get::<Pot>(1)),
        |story| drop(story.ask(Fill(2))),
        |story| drop(story.decide(Drain(9.into()))),
        |story| drop(story.state(|_, _| {})),
        |story| drop(story.journal(|_| {})),
    ];
    for attempt in attempts {
        let (message, _) = failure(|| attempt(filled(600)));
        assert_eq!(
            message,
            "the set at 1970-01-01T00:00:00.000Z: this was done in vain, and the story goes on without a word of it
  refused     Fill(1200) to pot 2, from Rule
  because     1200 litres are too much
  refused     Drain(PotNo(1)), from Rule
  because     600 litres are too much"
        );
    }
    let (message, line) = failure(|| {
        drop(filled(1).at(1));
    });
    assert!(
        message.ends_with(
            "a word of it\n  gave up     Rule, seeing Filled { litres: 1 } by pot 1\n  because     one litre is nothing"
        ),
        "{message}"
    );
    assert_eq!(line, line!() - 8);
}

#[test]
fn what_was_not_in_vain_is_not_mentioned() {
    let expected = || to::<Pot>(2, Fill(1_200));
    let (message, line) = failure(|| {
        drop(filled(5).refused(expected(), "too much"));
    });
    assert_eq!(
        message,
        "the set at 1970-01-01T00:00:00.000Z: this should have been done in vain
  expected    Fill(1200) to pot 2
  because     too much
  happened    nothing"
    );
    assert_eq!(line, line!() - 9);
    let attempts: [fn(Full); 4] = [
        |story| drop(story.refused(to::<Pot>(2, Fill(1_201)), "too much")),
        |story| drop(story.refused(to::<Pot>(3, Fill(1_200)), "too much")),
        |story| drop(story.refused(to::<Pot>(2, Fill(1_200)), "too little")),
        |story| drop(story.gave_up::<Rule>("")),
    ];
    for attempt in attempts {
        let (message, _) = failure(|| attempt(filled(600)));
        assert!(
            message.contains("in vain\n") && message.contains("Drain(PotNo(1)), from"),
            "{message}"
        );
    }
    // Once is enough.
    failure(|| drop(filled(600).refused(expected(), "").refused(expected(), "")));
    failure(|| drop(filled(1).gave_up::<Late>("one litre")));
}
