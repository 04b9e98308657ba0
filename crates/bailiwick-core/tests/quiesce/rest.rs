//! A set comes to rest, as in a runtime.

use bailiwick_core::journal::DELIVERY_ENDED;
use bailiwick_core::{Position, Tag, Text, Timestamp, by, quiesce};

use crate::kitchen::*;

#[test]
fn what_happens_in_one_reaches_others_until_nobody_has_anything_to_do() {
    kitchen(overflow)
        .get::<Pot>(1)
        .ask(Fill(35))
        .replies(35)
        .emits([Filled { litres: 35 }])
        .state(|pot, _| assert_eq!(pot.litres, 35))
        .get::<Pot>(2)
        .history([Filled { litres: 25 }])
        .get::<Pot>(3)
        .history([Filled { litres: 15 }])
        .get::<Pot>(4)
        .history([Filled { litres: 5 }])
        .get::<Pot>(5)
        .history([])
        .views::<(Pot, Vec<Pot>)>((1.into(), vec![2.into(), 9.into()]), |(first, more), now| {
            assert_eq!((first.litres, more[0].litres, more[1].litres), (35, 25, 0));
            assert_eq!(now, Timestamp::EPOCH);
        });
}

#[test]
fn what_falls_due_on_the_way_expires_in_the_order_of_time() {
    // Whoever boils heats the next one for ten.
    kitchen(|_, news, _, out| {
        if news.event == Boiled && number(news) < 3 {
            let until = news.at().plus_millis(10).as_millis();
            out.to::<Pot>(&next(news)).send(Heat { until });
        }
        Ok(())
    })
    .get::<Pot>(7)
    .ask(Heat { until: 15 })
    .get::<Pot>(1)
    .ask(Heat { until: 10 })
    .at(9)
    .state(|pot, _| assert_eq!(pot.boiled_at, None))
    .at(100)
    .state(|pot, now| assert_eq!((pot.boiled_at, now), (Some(10.into()), 100.into())))
    .get::<Pot>(2)
    .history([Heated { until: 20.into() }, Boiled])
    .state(|pot, _| assert_eq!(pot.boiled_at, Some(20.into())))
    .get::<Pot>(3)
    .state(|pot, _| assert_eq!(pot.boiled_at, Some(30.into())))
    .journal(|events| {
        let at: Vec<_> = events.iter().map(|e| e.event.recorded_at.as_millis()).collect();
        assert_eq!(at, [0, 0, 10, 10, 15, 20, 20, 30]);
    });
    // What was due when it was asked for expires at once.
    kitchen(overflow).at(5).get::<Pot>(1).ask(Heat { until: 5 }).state(|pot, _| {
        assert_eq!(pot.boiled_at, Some(5.into()));
    });
}

#[test]
fn aggregates_of_several_types_fall_due_in_one_order() {
    let wound = |until: u64| by::<Timer>(1, TimerEvent::Wound { until: until.into() });
    let heated = |pot: u64, until: u64| by::<Pot>(pot, Heated { until: until.into() });
    kitchen(overflow)
        .aggregate::<Timer>()
        .event(wound(20))
        .events([heated(1, 10), heated(2, 30)])
        .at(40)
        .journal(|events| {
            let at: Vec<_> = events.iter().map(|e| e.event.recorded_at.as_millis()).collect();
            assert_eq!(at, [0, 0, 0, 10, 20, 30]);
        });
}

#[test]
fn what_is_due_expires_before_a_command_of_a_policy_too() {
    kitchen(|_, news, _, out| {
        if news.event == Boiled && number(news) == 1 {
            out.to::<Pot>(&next(news)).send(Fill(1));
        }
        Ok(())
    })
    .events([1, 2].map(|pot| by::<Pot>(pot, Heated { until: 10.into() })))
    .at(10)
    .get::<Pot>(2)
    .history([Heated { until: 10.into() }, Boiled, Filled { litres: 1 }]);
}

#[test]
fn what_stands_beside_events_is_what_a_runtime_records() {
    kitchen(|_, news, pot, out| {
        match news.event {
            // One for which nothing happens, and one that goes through.
            Filled { litres: 20 } => {
                out.to::<Pot>(&next(news)).send(Fill(0));
                out.to::<Pot>(&next(news)).send(Fill(pot.litres));
            }
            Heated { .. } => out.decide(Drain(next(news))),
            _ => {}
        }
        Ok(())
    })
    .event(by::<Pot>(1, Filled { litres: 1 }))
    .get::<Pot>(1)
    .correlation("supper")
    .principal("ann")
    .ask(Fill(20))
    .ask(Heat { until: 50 })
    .journal(|events| {
        let position = |place: usize| events[place].position.get();
        assert_eq!((0..events.len()).map(position).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
        let tags: Vec<Vec<&str>> =
            events.iter().map(|e| e.event.tags.iter().map(Tag::as_str).collect()).collect();
        let delivery = |rest: &str| format!("bailiwick.delivery:rule/0/{rest}");
        assert_eq!(tags[0], ["pot:1"]);
        assert_eq!(tags[2], [delivery("2/0/pot pot:2").as_str(), "bailiwick.policy:rule"]);
        assert_eq!(tags[3], [delivery("2/1/pot pot:2").as_str(), "pot:2"]);
        assert_eq!(tags[5], [delivery("5/0/Drain").as_str(), "pot:2"]);
        assert_eq!(events[2].event.event_type, DELIVERY_ENDED);
        let command =
            |place: usize| events[place].event.metadata.command.as_ref().map(Text::as_str);
        assert_eq!((command(0), command(3), command(5)), (None, Some("Fill"), Some("Drain")));
        let origin = |place: usize| {
            let origin = events[place].event.metadata.origin.as_ref();
            origin.map(|origin| (origin.tag.as_str(), origin.deadline.at()))
        };
        assert_eq!(origin(0), Some(("pot:1", None)));
        assert_eq!(origin(3), Some(("pot:2", None)));
        assert_eq!(origin(4), Some(("pot:1", Some(50.into()))));
        assert_eq!(origin(5), None);
        let extra = |place: usize| {
            let extra = events[place].event.metadata.extra();
            let text = |text: &Option<Text>| text.as_ref().map_or("", Text::as_str).to_owned();
            let cause = extra.causation.map_or(0, Position::get);
            (text(&extra.correlation), text(&extra.principal), cause, extra.hops)
        };
        assert_eq!(extra(1), ("supper".into(), "ann".into(), 0, 0));
        assert_eq!(extra(2), ("supper".into(), String::new(), 2, 0));
        assert_eq!(extra(3), ("supper".into(), String::new(), 2, 1));
        assert_eq!(extra(4), (String::new(), String::new(), 0, 0));
        assert_eq!(extra(5), ("@5".into(), String::new(), 5, 1));
    })
    .get::<Pot>(2)
    .state(|pot, _| assert_eq!(pot.litres, 0));
}

#[test]
fn a_policy_that_is_added_late_sees_what_it_says_it_wants() {
    quiesce()
        .aggregate::<Pot>()
        .decision::<Drain>()
        .get::<Pot>(1)
        .ask(Fill(11))
        .at(1)
        .policy(Late)
        .state(|pot, _| assert_eq!(pot.litres, 11))
        .policy(rule(overflow))
        .history([Filled { litres: 11 }])
        .get::<Pot>(2)
        .history([Filled { litres: 1 }, Drained(Drained { pot: 2.into() })]);
}

#[test]
fn rewound_it_does_everything_again() {
    // Filling twice is not what filling once is.
    kitchen(overflow)
        .get::<Pot>(1)
        .ask(Fill(12))
        .at(1)
        .rewind::<Rule>(Position::START)
        .get::<Pot>(2)
        .history([Filled { litres: 2 }, Filled { litres: 2 }])
        .journal(|events| {
            let delivery =
                |nth: usize| events[nth].event.metadata.extra().delivery.clone().unwrap();
            let (first, then) = (delivery(1), delivery(2));
            assert_eq!((first.run, then.run, then.source), (0, 1, Position::new(1)));
        });
}
