//! Cases of the head: the last position and the latest time of recording.

use super::build::{at, event, tagged, unless};
use super::client::Client;
use crate::journal::{EncodedEvent, Head};
use crate::time::Timestamp;

fn recorded(millis: u64) -> EncodedEvent {
    EncodedEvent { recorded_at: Timestamp::from_millis(millis), ..event("A", &["x:1"]) }
}

fn head(position: u64, millis: u64) -> Head {
    Head { position: at(position), recorded_at: Timestamp::from_millis(millis) }
}

pub(super) fn an_empty_journal_is_at_the_start(client: &Client) {
    assert_eq!(client.head(), Head::default());
}

pub(super) fn the_head_is_the_last_position(client: &Client) {
    client.append([recorded(7)]);
    assert_eq!(client.head(), head(1, 7));
    client.append([recorded(8), recorded(9), recorded(10)]);
    assert_eq!(client.head(), head(4, 10));
}

pub(super) fn the_time_is_the_latest_not_the_last(client: &Client) {
    client.append([recorded(20), recorded(90), recorded(30)]);
    assert_eq!(client.head(), head(3, 90), "the latest was within a batch");
    client.append([recorded(40)]);
    assert_eq!(client.head(), head(4, 90), "the last event is an earlier one");
    client.append([recorded(0)]);
    assert_eq!(client.head(), head(5, 90));
    client.append([recorded(91)]);
    assert_eq!(client.head(), head(6, 91));
}

pub(super) fn a_refused_append_does_not_move_the_time(client: &Client) {
    client.append([recorded(5)]);
    let refused = client.append_if(unless(tagged(&["x:1"])), [recorded(1_000)]);
    assert!(refused.is_err(), "{refused:?} on a violated condition");
    assert_eq!(client.head(), head(1, 5));
}
