//! The trace that a request belongs to.

use std::cell::RefCell;

use axum::http::HeaderMap;
use bailiwick::TraceParent;
use fastrand::Rng;

/// That of its header `traceparent`, or a new one. A header that is none is passed over, as W3C Trace Context has it.
pub(crate) fn trace_of(headers: &HeaderMap) -> TraceParent {
    let mut sent = headers.get_all("traceparent").iter();
    let (first, second) = (sent.next(), sent.next());
    let first = first.filter(|_| second.is_none()).and_then(|value| value.to_str().ok());
    first.and_then(|value| value.parse().ok()).unwrap_or_else(new_trace)
}

thread_local! {
    /// A trace is told apart from those of other processes and machines, and is no secret.
    static RANDOM: RefCell<Rng> = RefCell::new(seeded());
}

fn seeded() -> Rng {
    let mut seed = [0; 8];
    match getrandom::fill(&mut seed) {
        Ok(()) => Rng::with_seed(u64::from_ne_bytes(seed)),
        Err(_) => Rng::new(),
    }
}

fn new_trace() -> TraceParent {
    let (trace, span) = RANDOM.with_borrow_mut(|random| (random.u128(1..), random.u64(1..)));
    TraceParent::new(trace, span, true).expect("neither is 0")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(headers: &[&'static str]) -> TraceParent {
        let headers =
            headers.iter().map(|value| ("traceparent".parse().unwrap(), value.parse().unwrap()));
        trace_of(&headers.collect())
    }

    #[test]
    fn what_is_no_traceparent_is_passed_over_and_a_new_one_is_made() {
        let sent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(trace(&[sent]).to_string(), sent);
        for wrong in [&[][..], &["00"], &[sent, sent]] {
            let (one, other) = (trace(wrong), trace(wrong));
            assert!(one.to_string() != sent && one.trace_id() != other.trace_id());
        }
    }
}
