//! News come twice.

use std::collections::HashSet;

use bailiwick_core::GiveUp;

use crate::failure::failure;
use crate::kitchen::*;

/// Rules that are no functions of their news.
const IMPURE: [Reaction; 4] = [
    // A counter.
    |rule, news, _, out| {
        if news.event == Boiled {
            let mut memory = rule.memory.lock().unwrap();
            memory.push(0);
            out.to::<Pot>(&next(news)).send(Fill(memory.len() as u64));
        }
        Ok(())
    },
    // What it has seen already it does not do again.
    |rule, news, _, out| {
        let mut memory = rule.memory.lock().unwrap();
        if news.event == Boiled && !memory.contains(&news.position().get()) {
            memory.push(news.position().get());
            out.to::<Pot>(&next(news)).send(Fill(1));
        }
        Ok(())
    },
    // It remembers what came later: computed again at once it would be the same.
    |rule, news, _, out| {
        let mut memory = rule.memory.lock().unwrap();
        match news.event {
            Filled { litres } => memory.push(litres),
            Boiled => out.to::<Pot>(&next(news)).send(Fill(1 + memory.iter().sum::<u64>())),
            _ => {}
        }
        Ok(())
    },
    // It gives up the second time.
    |rule, news, _, _| {
        let mut memory = rule.memory.lock().unwrap();
        memory.push(1);
        match news.event == Boiled && memory.len() > 3 {
            true => Err(GiveUp::because("again?")),
            false => Ok(()),
        }
    },
];

#[test]
fn a_policy_with_a_memory_fails_the_story() {
    for impure in IMPURE {
        let story = || kitchen(impure).get::<Pot>(1).ask(Heat { until: 5 }).accepted();
        let (message, line) = failure(|| {
            drop(story().at(5));
        });
        let what =
            "Rule does something else when its news comes again\n  seeing      Boiled by pot 1\n";
        assert!(message.contains(what), "{message}");
        assert_eq!(line, line!() - 5);
        // Whoever wants that can have it.
        let _ = kitchen(impure).once().get::<Pot>(1).ask(Heat { until: 5 }).at(5).refusals();
    }
}

#[test]
fn both_times_are_shown_side_by_side() {
    let (message, _) = failure(|| {
        let story = kitchen(IMPURE[2]).get::<Pot>(1).ask(Heat { until: 5 });
        drop(story.at(5));
    });
    assert_eq!(
        message,
        "the set at 1970-01-01T00:00:00.005Z: Rule does something else when its news comes again
  seeing      Boiled by pot 1
  first       Fill(1) to pot 2
  then        Fill(2) to pot 2"
    );
}

#[test]
fn the_order_of_a_hash_map_is_no_function_of_the_news() {
    let (message, _) = failure(|| {
        let story = kitchen(|_, news, _, out| {
            if let Heated { .. } = news.event {
                let pots: HashSet<u64> = (2..50).collect();
                pots.into_iter().for_each(|pot| out.to::<Pot>(&pot.into()).send(Fill(1)));
            }
            Ok(())
        });
        drop(story.get::<Pot>(1).ask(Heat { until: 5 }));
    });
    assert!(message.contains("\n  then        Fill(1) to pot"), "{message}");
}

#[test]
fn views_are_as_of_the_news_the_second_time_too() {
    // The pot that boiled is filled by what follows from that.
    kitchen(|_, news, pot, out| {
        if news.event == Boiled {
            out.to::<Pot>(&news.id().unwrap()).send(Fill(pot.litres + 1));
        }
        Ok(())
    })
    .get::<Pot>(1)
    .ask(Heat { until: 5 })
    .at(5)
    .history([Heated { until: 5.into() }, Boiled, Filled { litres: 1 }]);
}
