//! Journals that break a rule each, and one that breaks none.

use bailiwick::journal::{EncodedEvent, EventType, Metadata};
use bailiwick::{Event, MemoryJournal};
use bailiwick_examples::streaming::SessionEvent::{self, *};

use super::*;

fn started(session: &'static str, expires_at: u64) -> SessionEvent {
    let (session, expires_at) = (session.into(), expires_at.into());
    SessionStarted { session, expires_at }
}

fn renewed(session: &'static str, expires_at: u64) -> SessionEvent {
    let (session, expires_at) = (session.into(), expires_at.into());
    LeaseRenewed { session, expires_at }
}

fn ended(session: &'static str) -> SessionEvent {
    let session = session.into();
    SessionEnded { session }
}

fn expired(session: &'static str) -> SessionEvent {
    let session = session.into();
    LeaseExpired { session }
}

fn limit(limit: usize) -> SessionEvent {
    LimitChanged { limit }
}

fn encoded(at: u64, event: &SessionEvent) -> EncodedEvent {
    let mut payload = Vec::new();
    event.encode(&mut payload).unwrap();
    EncodedEvent {
        event_type: EventType::literal(event.event_type()),
        version: 1,
        tags: AccountId::from("a").tag().unwrap().into(),
        payload: payload.into(),
        recorded_at: at.into(),
        metadata: Metadata::default(),
    }
}

/// What an audit at 100 finds in a journal with these events at these times.
async fn audited(events: &[(u64, SessionEvent)]) -> Result<Findings, String> {
    let journal = MemoryJournal::new();
    let encoded = events.iter().map(|(at, event)| encoded(*at, event));
    journal.append(encoded.collect(), None).await.unwrap();
    let findings = audit(&journal, 100.into()).await;
    findings.map_err(|error| error.to_string())
}

async fn violated(events: &[(u64, SessionEvent)], by: &str) {
    let error = audited(events).await.unwrap_err();
    let last = events.len();
    let expected = format!("the journal contradicts the rules: account a, position {last}: {by}");
    assert_eq!(error, expected);
}

#[tokio::test]
async fn what_a_lawful_journal_says_is_found() {
    let lawful = [
        (0, limit(2)),
        (0, started("s1", 10)),
        (5, started("s2", 12)),
        (6, renewed("s1", 20)),
        (6, limit(1)),
        (12, expired("s2")),
        (13, ended("s1")),
        (14, started("s3", 20)),
        (23, expired("s3")),
        (30, started("s4", 101)),
    ];
    let found = audited(&lawful).await.unwrap();
    assert_eq!((found.events, found.peak()), (10, (2, 5.into())));
    let account = &found.accounts[&"a".into()];
    let AccountRecord { granted, renewed, expired, released, peak, .. } = account;
    assert_eq!((granted, renewed, expired, released), (&4, &1, &2, &1));
    assert_eq!(*peak, (2, 2));
    assert_eq!(found.latest_expiry(), Duration::from_millis(3));
}

#[tokio::test]
async fn too_many_leases_are_found_at_the_grant_that_was_one_too_many() {
    let lowered =
        [(0, started("s1", 10)), (0, started("s2", 10)), (1, limit(2)), (9, started("s3", 20))];
    violated(
        &lowered,
        "3 leases count at 1970-01-01T00:00:00.009Z; the limit when the latest was granted was 2",
    )
    .await;
}

#[tokio::test]
async fn nothing_ends_early_goes_on_late_or_is_granted_twice() {
    let start = (0, started("s", 10));
    let after = |at, event| [start.clone(), (at, event)];
    violated(&after(9, expired("s")), "s's lease is expired at 1970-01-01T00:00:00.009Z, but lasts until 1970-01-01T00:00:00.010Z").await;
    violated(
        &after(10, renewed("s", 20)),
        "s's lease is renewed at 1970-01-01T00:00:00.010Z, but ran out at 1970-01-01T00:00:00.010Z",
    )
    .await;
    violated(&after(10, ended("s")), "s's lease is released at 1970-01-01T00:00:00.010Z, but ran out at 1970-01-01T00:00:00.010Z").await;
    violated(
        &after(5, started("s", 20)),
        "s is granted a lease while it has one until 1970-01-01T00:00:00.010Z",
    )
    .await;
    violated(
        &after(5, renewed("s", 9)),
        "s's lease is cut from 1970-01-01T00:00:00.010Z to 1970-01-01T00:00:00.009Z",
    )
    .await;
}

#[tokio::test]
async fn a_lease_is_expired_once() {
    violated(
        &[(0, started("s", 10))],
        "s's lease ran out at 1970-01-01T00:00:00.010Z, and nobody expired it",
    )
    .await;
    violated(
        &[(0, started("s", 10)), (10, expired("s")), (10, expired("s"))],
        "s has no lease that could be renewed, released or expired",
    )
    .await;
}

#[tokio::test]
async fn time_does_not_go_back() {
    violated(&[(5, limit(2)), (4, limit(3))], "it was recorded at 1970-01-01T00:00:00.004Z, the one before it at 1970-01-01T00:00:00.005Z")
        .await;
}
