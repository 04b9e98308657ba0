//! Stories that are asked whatever came, and events that hold a NaN.

use bailiwick_core::{
    Aggregate, Came, Context, Decide, Decision, Event, Given, Timestamp, Verdict, View, by, given,
    given_events, require,
};
use serde::{Deserialize, Serialize};

use crate::failure::failure;

bailiwick_core::id!(pub StationNo(u32): "station");

/// A weather station that measures until its battery is empty.
struct Station {
    measured: Vec<f64>,
    empty_at: Option<Timestamp>,
}

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
enum StationEvent {
    Started { empty_at: Timestamp },
    Measured { degrees: f64 },
    Emptied,
}
use StationEvent::*;

impl View for Station {
    type Key = StationNo;
    type Event = StationEvent;

    fn new(_: &StationNo) -> Self {
        Station { measured: Vec::new(), empty_at: None }
    }

    fn apply(&mut self, event: &StationEvent, _: Timestamp) {
        match event {
            Started { empty_at } => self.empty_at = Some(*empty_at),
            Measured { degrees } => {
                self.measured.push(*degrees);
                assert!(*degrees < 100.0 || degrees.is_nan(), "it boils");
            }
            Emptied => self.empty_at = None,
        }
    }
}

impl Aggregate for Station {
    const NAME: &'static str = "station";

    fn deadline(&self) -> Option<Timestamp> {
        self.empty_at
    }

    fn on_deadline(&self, ctx: &mut Context<StationEvent>) {
        ctx.emit(Emptied);
    }
}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("below {limit}")]
struct TooCold {
    limit: f64,
}

struct Measure(Vec<f64>);

impl Decide<Measure> for Station {
    type Reply = f64;
    type Rejection = TooCold;

    fn decide(&self, measure: &Measure, ctx: &mut Context<StationEvent>) -> Result<f64, TooCold> {
        for degrees in &measure.0 {
            require(*degrees != -300.0, TooCold { limit: f64::NAN })?;
            require(degrees.is_nan() || *degrees >= -273.15, TooCold { limit: -273.15 })?;
            assert!(*degrees != 13.0, "unlucky");
            ctx.emit(Measured { degrees: *degrees });
        }
        Ok(measure.0.iter().sum())
    }
}

/// The same as a decision.
struct Report(Vec<f64>);

impl Decision for Report {
    type Views = Station;
    type Event = StationEvent;
    type Reply = f64;
    type Rejection = TooCold;

    fn keys(&self) -> StationNo {
        7.into()
    }

    fn decide(&self, station: &Station, ctx: &mut Context<StationEvent>) -> Result<f64, TooCold> {
        station.decide(&Measure(self.0.clone()), ctx)
    }
}

fn running() -> Given<Station> {
    given::<Station>(7).events([Started { empty_at: 10.into() }])
}

fn measured(station: &Station) -> Vec<f64> {
    station.measured.clone()
}

#[test]
fn whatever_came_is_a_value() {
    let (came, story) = running().at(10).when(Measure(vec![1.0])).result();
    let events = vec![Measured { degrees: 1.0 }];
    let verdict = Verdict::Accepted { reply: 1.0, events };
    assert_eq!(came, Came { expired: vec![Emptied], verdict });
    let (came, story) = story.when(Measure(vec![2.0, -274.0])).result();
    let verdict = Verdict::Rejected(TooCold { limit: -273.15 });
    assert_eq!(came, Came { expired: vec![], verdict });
    story.state(|station, _| assert_eq!(measured(station), [1.0])).no_deadline();
}

#[test]
fn a_panic_is_a_value_and_leaves_nothing() {
    for (panics, says) in [(vec![2.0, 13.0], "unlucky"), (vec![3.0, 150.0], "it boils")] {
        let story = running().when(Measure(vec![1.0])).accepted().at(3);
        let (came, story) = story.when(Measure(panics)).result();
        assert_eq!(came.verdict, Verdict::Panicked(says.into()));
        let story = story.deadline(10).state(|station, _| assert_eq!(measured(station), [1.0]));
        story.when(Measure(vec![4.0])).replies(4.0).state(|station, now| {
            assert_eq!((measured(station), now), (vec![1.0, 4.0], 3.into()));
        });
    }
    // The first one of an aggregate leaves it as if nothing had ever happened to it.
    let (_, story) = given::<Station>(7).when(Measure(vec![150.0])).result();
    story.at(99).expires([]);
}

#[test]
#[should_panic(expected = "unlucky")]
fn a_panic_that_nobody_asks_for_goes_on() {
    running().when(Measure(vec![13.0])).rejected(TooCold { limit: 0.0 });
}

#[test]
#[should_panic(expected = "it boils")]
fn a_panic_goes_on_even_if_nothing_is_said() {
    drop(running().when(Measure(vec![100.0])));
}

#[test]
fn whatever_expires_is_a_value() {
    let (expired, story) = running().at(9).expired();
    assert_eq!(expired, []);
    let (expired, story) = story.at(10).expired();
    assert_eq!(expired, [Emptied]);
    story.no_deadline();
}

#[test]
fn whatever_came_of_a_decision_is_a_value() {
    let story = given_events().event(by::<Station>(7, Started { empty_at: 9.into() }));
    let report = |story: bailiwick_core::GivenEvents, degrees| story.when(Report(degrees)).result();
    // What it emits does not name the station, so nobody would find it.
    let (verdict, story) = report(story, vec![]);
    assert_eq!(verdict, Verdict::Accepted { reply: 0.0, events: vec![] });
    let (verdict, story) = report(story, vec![-274.0]);
    assert_eq!(verdict, Verdict::Rejected(TooCold { limit: -273.15 }));
    let (verdict, story) = report(story, vec![13.0]);
    assert_eq!(verdict, Verdict::Panicked("unlucky".into()));
    story.aggregate::<Station>(7).deadline(9);
}

#[test]
fn a_nan_is_as_it_was_expected() {
    let nan = || Measured { degrees: f64::NAN };
    running()
        .events([nan()])
        .when(Measure(vec![f64::NAN, 1.0]))
        .emits([nan(), Measured { degrees: 1.0 }])
        .replies(f64::NAN)
        .state(|station, _| assert!(station.measured[1].is_nan()))
        .when(Measure(vec![-300.0]))
        .rejected(TooCold { limit: f64::NAN });
    // Another NaN is stored as another, and a number is no NaN.
    let other = f64::from_bits(f64::NAN.to_bits() ^ 1);
    for degrees in [other, 1.0] {
        failure(|| drop(running().when(Measure(vec![f64::NAN])).emits([Measured { degrees }])));
    }
    failure(|| drop(running().when(Measure(vec![f64::NAN])).replies(1.0)));
    let (message, _) = failure(|| {
        let outcome = running().when(Measure(vec![f64::NAN, 2.0]));
        outcome.emits([nan(), Measured { degrees: 1.0 }]);
    });
    assert!(message.contains("as expected Measured { degrees: NaN }"), "{message}");
}
