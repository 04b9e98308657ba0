//! Cases of a journal's identity, and of places in it that were kept elsewhere.

use super::block_on::block_on;
use super::build::{at, event};
use super::client::Client;
use crate::journal::{Cursor, CursorError, JournalId};

pub(super) fn it_stays_the_same(client: &Client) {
    let id = client.id();
    assert_ne!(id, JournalId::from_u128(0), "nothing random");
    client.append([event("A", &["x:1"])]);
    client.reopen();
    assert_eq!(client.id(), id);
}

pub(super) fn a_place_in_it_is_known_again(client: &Client) {
    client.append([event("A", &[]), event("A", &[])]);
    for position in 0..=2 {
        let cursor = Cursor::new(client.id(), at(position));
        let kept: Cursor = cursor.to_string().parse().expect("the text of a cursor");
        assert_eq!(block_on(client.resolve(kept)).unwrap(), at(position));
    }
    let cursor = Cursor::new(client.id(), at(3));
    match block_on(client.resolve(cursor)) {
        Err(CursorError::BeyondHead { cursor: refused, head }) => {
            assert_eq!((refused, head), (cursor, at(2)));
        }
        other => panic!("beyond the head: {other:?}"),
    }
    client.append([event("A", &[])]);
    assert_eq!(block_on(client.resolve(cursor)).unwrap(), at(3));
}

pub(super) fn a_place_in_another_is_refused(client: &Client) {
    client.append([event("A", &[])]);
    let other = JournalId::from_u128(client.id().as_u128() ^ 1);
    for position in [0, 1, 9] {
        let cursor = Cursor::new(other, at(position));
        match block_on(client.resolve(cursor)) {
            Err(CursorError::OtherJournal { cursor: refused, journal }) => {
                assert_eq!((refused, journal), (cursor, client.id()));
            }
            resolved => panic!("a place in another journal: {resolved:?}"),
        }
    }
}
