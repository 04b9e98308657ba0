//! Cases of what an append may hold: what is within the limits is taken, what is beyond them is
//! refused as such, by the count that the port gives.

use bytes::Bytes;

use super::block_on::block_on;
use super::build::{at, event, tag, tagged, unless};
use super::client::Client;
use crate::journal::{AppendError, EncodedEvent, OverLimit, Query};
use crate::tag::Tags;

/// An event that makes an append of one have so many bytes, if it can.
fn sized(bytes: usize) -> EncodedEvent {
    let small = EncodedEvent { payload: Bytes::new(), ..event("A", &["x:1"]) };
    let payload = vec![0x5a; bytes - small.counted_bytes()];
    EncodedEvent { payload: payload.into(), ..small }
}

fn with_tags(tags: usize) -> EncodedEvent {
    let tags: Tags = (0..tags).map(|n| tag(&format!("t:{n}"))).collect();
    EncodedEvent { tags, ..event("A", &[]) }
}

fn named(bytes: usize) -> EncodedEvent {
    event("n".repeat(bytes), &["x:1"])
}

/// Whether the bytes of these events alone do not keep them out.
fn fits(client: &Client, events: &[EncodedEvent]) -> bool {
    let bytes: usize = events.iter().map(EncodedEvent::counted_bytes).sum();
    bytes <= client.limits().bytes
}

#[track_caller]
fn never_taken(client: &Client, events: Vec<EncodedEvent>) -> OverLimit {
    match block_on(client.submit(events, None)) {
        Err(AppendError::OverLimit(why)) => why,
        Err(error) => panic!("not refused as never fitting: {error:?}"),
        Ok(appended) => panic!("{appended:?}, although it is beyond the limits"),
    }
}

pub(super) fn what_is_within_is_taken(client: &Client) {
    let limits = client.limits();
    let alone = vec![sized(limits.bytes)];
    let half = limits.bytes / 2;
    let together = vec![sized(half), sized(limits.bytes - half)];
    let small = event("A", &["x:1"]);
    let many = vec![small.clone(); limits.bytes / small.counted_bytes()];
    for events in
        [alone, together, many, vec![with_tags(limits.tags)], vec![named(limits.type_bytes)]]
    {
        if fits(client, &events) {
            let (bytes, before) = (events.len() as u64, client.head().position);
            let appended = client.append(events);
            assert_eq!((appended.first, appended.last), (before.plus(1), before.plus(bytes)));
        }
    }
    let last = client.at(client.head().position);
    if fits(client, &[named(limits.type_bytes)]) {
        assert_eq!(last.event, named(limits.type_bytes));
    }
}

pub(super) fn a_byte_more_is_never_taken(client: &Client) {
    let most = client.limits().bytes;
    let half = most / 2;
    for events in [vec![sized(most + 1)], vec![sized(half), sized(most - half + 1)]] {
        let why = never_taken(client, events);
        assert_eq!(why, OverLimit::TooLarge { bytes: most + 1, most });
    }
}

pub(super) fn a_tag_more_is_never_taken(client: &Client) {
    let most = client.limits().tags;
    let events = vec![event("A", &["x:1"]), with_tags(most + 1)];
    if fits(client, &events) {
        assert_eq!(never_taken(client, events), OverLimit::Tags { tags: most + 1, most });
    }
}

pub(super) fn a_type_without_a_name_is_never_taken(client: &Client) {
    let most = client.limits().type_bytes;
    for bytes in [0, most + 1] {
        let events = vec![event("A", &["x:1"]), named(bytes)];
        if fits(client, &events) {
            assert_eq!(never_taken(client, events), OverLimit::TypeName { bytes, most });
        }
    }
}

pub(super) fn what_is_refused_leaves_nothing(client: &Client) {
    client.append([event("A", &["x:1"])]);
    let before = client.head();
    let too_large = || vec![event("A", &["x:1"]), sized(client.limits().bytes)];
    let neighbours = [
        client.submit([event("B", &["x:2"])], None),
        client.submit(too_large(), None),
        client.submit([event("C", &["x:2"])], None),
    ];
    let [one, refused, other] = neighbours.map(block_on);
    assert!(matches!(refused, Err(AppendError::OverLimit(_))), "{refused:?}");
    assert_eq!(one.expect("it is small").first, before.position.plus(1));
    assert_eq!(other.expect("it is small").first, before.position.plus(2));
    for condition in [unless(tagged(&["x:3"])), unless(tagged(&["x:1"])).never(tagged(&["x:1"]))] {
        let refused = client.append_if(condition, too_large());
        assert!(matches!(refused, Err(AppendError::OverLimit(_))), "{refused:?}");
    }
    assert_eq!(client.found(Query::all()), [1, 2, 3]);
    assert!(client.health().is_open(), "{:?}", client.health());
    assert_eq!(client.append([event("D", &[])]).first, at(4));
}
