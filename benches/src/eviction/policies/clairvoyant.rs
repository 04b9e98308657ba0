//! Who knows the future keeps those that are called soonest (Bélády): the bound for all others,
//! where all weigh the same; with weights it is a good guess, and no bound.

use std::collections::BTreeSet;

use super::ById;
use crate::eviction::Trace;

/// Its hit ratio.
pub(in crate::eviction) fn clairvoyant(trace: &Trace) -> f64 {
    let (mut hits, mut calls, mut used) = (0, 0, 0);
    // When each in memory is called next.
    let mut next_of: ById<usize> = ById::default();
    let mut order = BTreeSet::new();
    for (id, next) in trace.calls.iter().zip(next_calls(&trace.calls)) {
        let weight = u64::from(trace.weight(*id));
        calls += weight;
        match next_of.insert(*id, next) {
            Some(now) => {
                hits += weight;
                order.remove(&(now, *id));
            }
            None => used += weight,
        }
        order.insert((next, *id));
        while used > trace.budget.weight() {
            let (_, last) = order.pop_last().expect("somebody is in memory");
            next_of.remove(&last);
            used -= u64::from(trace.weight(last));
        }
    }
    hits as f64 / calls as f64
}

/// For each call, when the same ID is called again.
fn next_calls(calls: &[u32]) -> Vec<usize> {
    let mut next = vec![0; calls.len()];
    let mut later: ById<usize> = ById::default();
    for (n, id) in calls.iter().enumerate().rev() {
        next[n] = later.insert(*id, n).unwrap_or(usize::MAX);
    }
    next
}
