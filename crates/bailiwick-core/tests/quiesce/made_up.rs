//! Stories that are made up as they go on, judged by what must hold in every one.

use std::collections::BTreeMap;

use bailiwick_core::quiesce::Quiesce;
use bailiwick_core::{Commands, GiveUp, News};

use crate::kitchen::*;

/// What is beyond ten litres is drained; what boils flows into the next pot, if there is one.
fn cautious(_: &Rule, news: &News<PotEvent>, pot: &Pot, out: &mut Commands) -> Result<(), GiveUp> {
    match news.event {
        Filled { .. } if pot.litres > 10 => out.decide(Drain(news.id().unwrap())),
        Boiled if pot.litres > 0 && number(news) < 3 => {
            out.to::<Pot>(&next(news)).send(Fill(pot.litres));
            out.to::<Pot>(&next(news)).send(Heat { until: news.at().as_millis() + 3 });
        }
        Boiled if pot.litres > 0 => return Err(GiveUp::because("there is no next pot")),
        _ => {}
    }
    Ok(())
}

/// An evening in the kitchen. What was recorded: how often of each type.
fn evening(seed: u64, mut story: Quiesce) -> BTreeMap<String, u64> {
    let mut state = seed + 1;
    let mut draw = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let (mut now, mut gave_up) = (0, 0);
    for _ in 0..40 {
        let pot = 1 + draw(3);
        story = match draw(4) {
            0 => story.get::<Pot>(pot).ask(Heat { until: now + draw(5) }).result().1,
            1 => {
                now += draw(4);
                story.at(now)
            }
            _ => story.get::<Pot>(pot).ask(Fill(draw(8))).result().1,
        };
        let (refusals, rest) = story.refusals();
        assert!(refusals.iter().all(|refusal| refusal.sent.is_none()), "{refusals:?}");
        gave_up += refusals.len() as u64;
        // At rest no pot has too much, and nothing is overdue.
        let pots = vec![1.into(), 2.into(), 3.into()];
        story = rest.views::<Vec<Pot>>(pots, |pots, now| {
            for pot in pots {
                assert!(pot.litres <= 10, "seed {seed}: {pot:?}");
                assert!(pot.boils_at.is_none_or(|at| at > now), "seed {seed}: {pot:?} at {now}");
            }
        });
    }
    let mut recorded = BTreeMap::new();
    story.journal(|events| {
        for event in events {
            *recorded.entry(event.event.event_type.as_str().to_owned()).or_default() += 1;
        }
    });
    assert_eq!(recorded.get("bailiwick.DeliveryEnded").copied().unwrap_or(0), gave_up);
    recorded
}

#[test]
fn every_evening_ends_well_in_whatever_order() {
    let mut all: BTreeMap<String, u64> = BTreeMap::new();
    for seed in 0..20 {
        for (event, count) in evening(seed, kitchen(cautious).shuffled(seed)) {
            *all.entry(event).or_default() += count;
        }
        assert_eq!(evening(seed, kitchen(cautious)), evening(seed, kitchen(cautious)));
    }
    // It was tried.
    let counts = ["Filled", "Heated", "Boiled", "Drained", "bailiwick.DeliveryEnded"];
    assert!(counts.iter().all(|event| all.get(*event).is_some_and(|n| *n > 10)), "{all:?}");
}
