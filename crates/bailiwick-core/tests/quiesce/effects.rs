//! Effects of a set.

use std::time::Duration;

use bailiwick_core::policy::Ending;
use bailiwick_core::quiesce::Quiesce;
use bailiwick_core::{
    Attempt, Effect, Failed, Lane, MockAnswer, MockService, News, Position, Start, quiesce,
};

use crate::failure::failure;
use crate::kitchen::*;

/// Says aloud how much is in a pot that boils.
struct Whistle {
    whistles: MockService<u64>,
    /// A mistake, unless it is left alone.
    looks: bool,
}

impl Effect for Whistle {
    const NAME: &'static str = "whistle";
    const LANE: Lane = Lane::of::<PotNo>();
    const START: Start = Start::Beginning;
    type Event = PotEvent;
    type Views = Pot;

    fn keys(&self, news: &News<PotEvent>) -> PotNo {
        news.id().unwrap()
    }

    async fn perform(
        &self,
        news: &News<PotEvent>,
        pot: &Pot,
        attempt: &Attempt<'_>,
    ) -> Result<(), Failed> {
        if news.event != Boiled {
            return Ok(());
        }
        let litres = match self.looks {
            true => attempt.latest::<Pot>(&news.id().unwrap()).await?.litres,
            false => pot.litres,
        };
        self.whistles.call(attempt.key(), litres).await
    }
}

/// A pot of three litres boils at 5, and is filled up then.
fn boils(whistles: &MockService<u64>, looks: bool) -> Quiesce {
    let whistle = Whistle { whistles: whistles.clone(), looks };
    let policy = rule(|_, news, _, out| {
        if news.event == Boiled {
            out.to::<Pot>(&news.id().unwrap()).send(Fill(1));
        }
        Ok(())
    });
    let set = quiesce().aggregate::<Pot>().effect(whistle).policy(policy);
    let story = set.get::<Pot>(1).ask(Fill(3)).accepted();
    let (_, story) = story.ask(Heat { until: 5 }).result();
    story
}

#[test]
fn an_effect_is_performed_twice_with_one_key_and_leaves_one_trace() {
    let whistles = MockService::new();
    boils(&whistles, false).at(5).journal(|events| {
        let ended: Vec<_> = events
            .iter()
            .filter_map(|event| event.event.decode::<bailiwick_core::policy::DeliveryEnded>().ok())
            .map(|ended| ended.unwrap().how)
            .collect();
        // What happened: filled, heated, boiled, filled.
        assert_eq!(ended, [Ending::Performed; 4]);
    });
    assert_eq!(whistles.inputs(), [3, 3]);
    assert_eq!(whistles.keys().len(), 1);
}

#[test]
fn an_effect_that_calls_with_what_is_now_fails_the_story() {
    let whistles = MockService::new();
    let (message, _) = failure(|| drop(boils(&whistles, true).at(5)));
    assert!(
        message.contains("Whistle cannot perform this\n  seeing      Boiled by pot 1"),
        "{message}"
    );
    assert!(message.contains("came with two inputs\n  first  3\n  then   4"), "{message}");
    assert!(
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || drop(whistles))).is_err()
    );
    // Done once nobody notices.
    let whistles = MockService::new();
    let set = quiesce().aggregate::<Pot>().once();
    let set = set.effect(Whistle { whistles: whistles.clone(), looks: true });
    drop(set.get::<Pot>(1).ask(Heat { until: 5 }).at(5));
    assert_eq!(whistles.inputs(), [0]);
}

#[test]
fn what_asks_to_be_retried_is_so_when_time_moves_on() {
    let answers = [MockAnswer::Retry, MockAnswer::RetryAfter(Duration::from_millis(900))];
    let whistles = MockService::answering(answers);
    let story = boils(&whistles, false).at(5).retries::<Whistle>("told to fail");
    assert_eq!(whistles.inputs().len(), 1);
    let story = story.at(204);
    assert_eq!(whistles.inputs().len(), 1, "the back-off is 200 ms");
    let story = story.at(205).retries::<Whistle>("told to fail");
    assert_eq!(whistles.inputs().len(), 2);
    let story = story.at(1_104);
    assert_eq!(whistles.inputs().len(), 2, "a floor under the back-off");
    let story = story.at(1_105);
    assert_eq!(whistles.inputs().len(), 4, "done, and once more");
    story.rewind::<Whistle>(Position::START);
    assert_eq!(whistles.keys().len(), 2, "another run has another key");
}

#[test]
fn its_lane_stands_still_meanwhile_and_no_other() {
    let whistles = MockService::answering([MockAnswer::Retry]);
    let (_, story) = boils(&whistles, false).at(5).refusals();
    let story = story.get::<Pot>(1).ask(Heat { until: 100 });
    let story = story.get::<Pot>(2).ask(Heat { until: 100 }).at(100);
    assert_eq!(whistles.inputs(), [3, 0, 0], "that of the second pot, and once more");
    story.at(300);
    assert_eq!(whistles.inputs(), [3, 0, 0, 3, 4, 3, 4]);
}

#[test]
fn what_was_in_vain_is_to_be_mentioned() {
    for (answer, what) in [
        (
            MockAnswer::Retry,
            "\n  retries     Whistle, seeing Boiled by pot 1\n  because     the mock",
        ),
        (
            MockAnswer::GiveUp,
            "\n  gave up     Whistle, seeing Boiled by pot 1\n  because     the mock",
        ),
    ] {
        let (message, _) =
            failure(|| drop(boils(&MockService::answering([answer]), false).at(5).at(6)));
        assert!(message.contains(what), "{message}");
    }
    let story = boils(&MockService::answering([MockAnswer::GiveUp]), false).at(5);
    let (refusals, story) = story.gave_up::<Whistle>("told to").refusals();
    assert!(refusals.is_empty());
    drop(story.at(9));
    let (message, _) = failure(|| {
        drop(
            boils(&MockService::answering([MockAnswer::GiveUp]), false)
                .at(5)
                .retries::<Whistle>(""),
        );
    });
    assert!(message.contains("expected    Whistle asks to be retried"), "{message}");
}

#[test]
fn what_waits_for_something_from_outside_fails_the_story() {
    let (message, _) =
        failure(|| drop(boils(&MockService::answering([MockAnswer::Hang]), false).at(5)));
    assert!(
        message.contains("Whistle waits for something from outside of the story\n"),
        "{message}"
    );
}
