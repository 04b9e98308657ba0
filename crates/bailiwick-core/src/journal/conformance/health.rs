//! Cases of a journal's health. How it fails is its own business and its own tests'.

use super::block_on::block_on;
use super::build::{at, event, tagged, unless};
use super::client::Client;
use crate::journal::Query;

pub(super) fn a_fresh_journal_is_open(client: &Client) {
    assert!(client.health().is_open(), "{:?}", client.health());
    client.append([event("A", &["x:1"])]);
    client.refuses(unless(tagged(&["x:1"])));
    let empty = block_on(client.submit([], None));
    assert!(empty.is_err(), "{empty:?} of no events");
    assert!(client.health().is_open(), "after refusals: {:?}", client.health());
}

pub(super) fn reopening_what_is_open_changes_nothing(client: &Client) {
    client.append([event("A", &["x:1"]), event("B", &[])]);
    let events = client.matching(Query::all());
    let under_way = client.submit([event("C", &["x:1"])], None);
    client.reopen();
    assert_eq!(block_on(under_way).expect("it was submitted").first, at(3));
    assert_eq!(client.matching(Query::all())[..2], events);
    assert_eq!(client.append([event("D", &[])]).first, at(4));
    assert_eq!(client.refuses(unless(tagged(&["x:1"])).after(at(1))), at(3));
    assert!(client.health().is_open(), "{:?}", client.health());
}
