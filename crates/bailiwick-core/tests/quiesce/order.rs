//! The order of lanes.

use std::collections::BTreeSet;

use bailiwick_core::by;
use bailiwick_core::quiesce::Quiesce;

use crate::kitchen::*;

/// Two commands for each news of three pots, two news each: to whom and how much, in the order in which
/// they were done.
fn order(shuffle: impl FnOnce(Quiesce) -> Quiesce) -> Vec<u64> {
    let heated = |pot: u64, until: u64| by::<Pot>(pot, Heated { until: until.into() });
    let mut order = Vec::new();
    shuffle(kitchen(|_, news, _, out| {
        if let Heated { until } = news.event {
            out.to::<Pot>(&100.into()).send(Fill(until.as_millis()));
            out.to::<Pot>(&100.into()).send(Fill(until.as_millis() + 1));
        }
        Ok(())
    }))
    .events([0, 2].into_iter().flat_map(|more| [1, 2, 3].map(|pot| heated(pot, pot * 100 + more))))
    .journal(|events| {
        let decoded = events.iter().filter_map(|recorded| recorded.event.decode().ok()?);
        order.extend(decoded.filter_map(|event| match event {
            Filled { litres } => Some(litres),
            _ => None,
        }));
    });
    order
}

#[test]
fn the_first_news_comes_first() {
    let expected = [100, 101, 200, 201, 300, 301, 102, 103, 202, 203, 302, 303];
    assert_eq!(order(|story| story), expected);
}

#[test]
fn a_seed_draws_another_order_and_each_lane_stays_in_order() {
    let mut orders = BTreeSet::new();
    for seed in 0..20 {
        let drawn = order(|story| story.shuffled(seed));
        assert_eq!(drawn, order(|story| story.shuffled(seed)), "the same seed");
        for lane in [100_u64, 200, 300] {
            let its = drawn.iter().filter(|litres| (lane..lane + 100).contains(*litres));
            assert!(its.is_sorted(), "{drawn:?}");
        }
        orders.insert(drawn);
    }
    assert!(orders.len() > 15, "{} orders", orders.len());
}
