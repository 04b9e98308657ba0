//! Replays, whose journals can be foretold to the millisecond.

use bailiwick::journal::{Query, Read, RecordedEvent};
use bailiwick_examples::trace::read_trace;

use super::*;

const SHIPPED: &[u8] = include_bytes!("../../../data/evening.jsonl");

/// The events that a replay leaves, and what was answered.
async fn replayed(trace: &[u8], manner: Manner) -> (Vec<RecordedEvent>, Answers) {
    let steps = read_trace(trace).unwrap();
    let journal = Place::Memory.open().unwrap();
    let taken = take(&mut Vec::new(), &steps, manner, journal.clone()).await;
    let answers = taken.unwrap();
    let read = Read::new(Query::all()).limit(usize::MAX.try_into().unwrap());
    (journal.read(read).await.unwrap().events, answers)
}

#[tokio::test]
async fn deadlines_fall_between_the_steps_at_their_own_time() {
    let trace = br#"
        {"at":0,"account":"a","what":"set_limit","limit":1}
        {"at":100,"account":"a","session":"s1","what":"acquire","lease_ms":1000}
        {"at":200,"account":"b","session":"s1","what":"acquire","lease_ms":900}
        {"at":1099,"account":"a","session":"s2","what":"acquire","lease_ms":1000}
        {"at":1100,"account":"a","session":"s2","what":"acquire","lease_ms":1000}
        {"at":9000,"account":"a","session":"s2","what":"keep_alive","lease_ms":1000}
        {"at":9000,"account":"a","session":"s2","what":"acquire","lease_ms":0}
    "#;
    let (events, answers) = replayed(trace, Manner::default()).await;
    let told: Vec<_> = events
        .iter()
        .map(|recorded| &recorded.event)
        .map(|event| (event.recorded_at.as_millis(), event.event_type.as_str()))
        .collect();
    let expected = [
        (0, "LimitChanged"),
        (100, "SessionStarted"),
        (200, "SessionStarted"),
        (1100, "LeaseExpired"),
        (1100, "LeaseExpired"),
        (1100, "SessionStarted"),
        (2100, "LeaseExpired"),
    ];
    assert_eq!(told, expected);
    let Answers { granted, limit_reached, no_lease, invalid, .. } = answers;
    assert_eq!((granted, limit_reached, no_lease, invalid), (3, 1, 1, 1));
}

#[tokio::test]
async fn it_ends_when_the_last_lease_has_ended() {
    let trace = br#"{"at":7,"account":"a","session":"s","what":"acquire","lease_ms":86400000}"#;
    let (events, _) = replayed(trace, Manner::default()).await;
    assert_eq!((events.len(), events[1].event.recorded_at), (2, 86_400_007.into()));
}

#[tokio::test]
async fn the_same_evening_writes_the_same_journal_at_any_speed() {
    let (events, _) = replayed(SHIPPED, Manner::default()).await;
    let paced = Manner { speed: Some(100_000), live: true };
    assert!(events == replayed(SHIPPED, paced).await.0);
}

#[tokio::test]
async fn the_shipped_evening_has_everything_and_keeps_every_limit() {
    let mut out = Vec::new();
    let steps = read_trace(SHIPPED).unwrap();
    replay(&mut out, &steps, Manner::default()).await.unwrap();
    let out = anstream::adapter::strip_bytes(&out).into_vec();
    let out = String::from_utf8(out).unwrap();
    for line in ["granted", "refused", "renewed", "released", "expired", "too late"] {
        assert!(out.contains(&format!("\n {line}")), "{out}");
    }
    assert!(out.contains("No account ever exceeded its limit"), "{out}");
    assert!(out.lines().all(|line| line.chars().count() < 80), "{out}");
}
