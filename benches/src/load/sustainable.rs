//! The rate that a server sustains: it answers all that is due in time, and refuses nothing.

use std::rc::Rc;
use std::time::Duration;

use super::drive::{Drive, Load};
use super::tally::{Measured, Second};

/// What a rate has to keep to be sustained.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// 99 % of those that are accepted take no longer.
    pub p99: Duration,
    /// So much of what is due is accepted at least, from 0 to 1.
    pub accepted: f64,
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds { p99: Duration::from_millis(100), accepted: 0.98 }
    }
}

/// A rate that was tried.
#[derive(Debug, Clone)]
pub struct Probe {
    /// Requests due per second; none for as many as were answered.
    pub rate: Option<f64>,
    /// Requests accepted per second.
    pub goodput: f64,
    /// 99 % of those that were accepted took no longer.
    pub p99: Option<Duration>,
    /// Whether it was sustained.
    pub sustained: bool,
}

/// What was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// The highest rate that was sustained; none if none was.
    pub rate: Option<f64>,
    /// The most requests accepted per second, at whatever rate.
    pub best: f64,
}

/// How often a rate is tried before it is too much: a machine has bad seconds.
const TRIES: usize = 2;
/// How often the interval in which it must be is halved.
const HALVINGS: usize = 5;
/// The first rate that is tried, as a part of what was answered when each caller asked again at once.
const FIRST: f64 = 0.8;

impl Load {
    /// Tries one rate after the other, each for `drive.duration`; `tried` hears of each.
    pub async fn sustainable(
        self: &Rc<Self>,
        drive: &Drive,
        bounds: Bounds,
        says: &mut dyn FnMut(&Second),
        tried: &mut dyn FnMut(&Probe),
    ) -> Found {
        let closed = self.drive(&Drive { rate: None, ..drive.clone() }, says).await;
        let closed = probe(&closed, bounds);
        tried(&closed);
        let mut best = closed.goodput;
        let mut search = Search { sustained: 0.0, too_much: best * 1.2, next: best * FIRST };
        for _ in 0..=HALVINGS {
            let drive = Drive { rate: Some(search.next.max(1.0)), ..drive.clone() };
            let mut sustained = false;
            for _ in 0..TRIES {
                let probe = probe(&self.drive(&drive, says).await, bounds);
                tried(&probe);
                best = best.max(probe.goodput);
                sustained = probe.sustained;
                if sustained {
                    break;
                }
            }
            search.learn(sustained);
        }
        Found { rate: Some(search.sustained).filter(|rate| *rate > 0.0), best }
    }
}

/// Between what was sustained and what was too much.
struct Search {
    sustained: f64,
    too_much: f64,
    next: f64,
}

impl Search {
    fn learn(&mut self, sustained: bool) {
        let bound = if sustained { &mut self.sustained } else { &mut self.too_much };
        *bound = self.next;
        self.next = f64::midpoint(self.sustained, self.too_much);
    }
}

fn probe(measured: &Measured, bounds: Bounds) -> Probe {
    let (all, goodput) = (measured.tally.all(), measured.goodput());
    let p99 = all.latencies.percentile(0.99);
    let sustained = measured.rate.is_some_and(|rate| goodput >= rate * bounds.accepted)
        && p99.is_some_and(|p99| p99 <= bounds.p99)
        && all.refused + all.failed + all.unknown == 0;
    Probe { rate: measured.rate, goodput, p99, sustained }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_search_closes_in_on_the_highest_rate_that_is_sustained() {
        let truth = 7_300.0;
        let mut search = Search { sustained: 0.0, too_much: 12_000.0, next: 8_000.0 };
        for _ in 0..=HALVINGS {
            search.learn(search.next <= truth);
        }
        assert!(search.sustained <= truth && search.sustained > truth * 0.95);
    }

    #[test]
    fn a_rate_is_sustained_if_all_is_accepted_in_time() {
        let measured = |accepted: u64, refused: u64, ms: u64| {
            let mut measured =
                Measured { rate: Some(100.0), took: Duration::from_secs(1), ..Measured::default() };
            let counts = &mut measured.tally.kinds[0];
            (counts.accepted, counts.refused) = (accepted, refused);
            (0..accepted).for_each(|_| counts.latencies.push(Duration::from_millis(ms)));
            measured
        };
        let sustained = |measured| probe(&measured, Bounds::default()).sustained;
        assert!(sustained(measured(100, 0, 20)));
        assert!(!sustained(measured(90, 0, 20)), "some were not answered");
        assert!(!sustained(measured(100, 1, 20)), "one was refused");
        assert!(!sustained(measured(100, 0, 200)), "it took too long");
        assert!(
            !sustained(Measured { rate: None, ..measured(100, 0, 20) }),
            "no rate was asked for"
        );
    }
}
