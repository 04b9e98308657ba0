//! Cases of closing a durable journal and opening it again.

use super::build::{at, event, item, tagged, typed, unless};
use super::client::Client;
use super::subject::Reopen;
use crate::journal::{EncodedEvent, Head, Metadata, Query, ReadValues};
use crate::text::Text;
use crate::time::Timestamp;

fn client(subject: &dyn Reopen) -> Client {
    Client::new(subject.journal())
}

fn before(subject: &dyn Reopen) -> Head {
    let client = client(subject);
    let mut metadata = Metadata::default();
    metadata.extra_mut().principal = Some(Text::literal("p"));
    let first = EncodedEvent {
        payload: vec![0, 255].into(),
        recorded_at: Timestamp::from_millis(9_000),
        metadata,
        ..event("A", &["x:1", "y:1"])
    };
    client.append([first, event("B", &["y:1"])]);
    client.append([event("A", &[])]);
    client.refuses(unless(typed(&["A"])).after(at(1)));
    client.head()
}

pub(super) fn what_was_acknowledged_stays(subject: &mut dyn Reopen) {
    let head = before(subject);
    let events = client(subject).matching(Query::all());
    for times in 1..=2 {
        subject.reopen();
        let client = client(subject);
        assert_eq!(client.matching(Query::all()), events, "reopened {times} times");
        assert_eq!(client.head(), head, "reopened {times} times");
        assert_eq!(client.found(tagged(&["y:1"])), [1, 2]);
        assert_eq!(client.found(typed(&["A"])), [1, 3]);
        assert_eq!(client.last(tagged(&["y:1"])).event.as_ref(), Some(&events[1]));
        assert!(client.health().is_open(), "{:?}", client.health());
    }
}

pub(super) fn positions_go_on(subject: &mut dyn Reopen) {
    before(subject);
    subject.reopen();
    assert_eq!(client(subject).append([event("C", &[])]).first, at(4));
    subject.reopen();
    assert_eq!(client(subject).append([event("C", &[])]).first, at(5));
}

pub(super) fn conditions_know_what_was_before(subject: &mut dyn Reopen) {
    before(subject);
    subject.reopen();
    let client = client(subject);
    assert_eq!(client.refuses(unless(tagged(&["x:1"]))), at(1));
    assert_eq!(client.refuses(unless(typed(&["A"])).after(at(1))), at(3));
    assert_eq!(client.refuses(unless(item(&["B"], &["y:1"])).after(at(1))), at(2));
    let never = unless(typed(&["Z"])).never(tagged(&["x:1"]));
    assert_eq!(client.refuses(never), at(1));
    client.admits(unless(tagged(&["y:1"])).after(at(2)));
    client.admits(unless(Query::all()).after(at(4)));
}

pub(super) fn the_identity_stays(subject: &mut dyn Reopen) {
    let id = client(subject).id();
    for _ in 0..2 {
        subject.reopen();
        assert_eq!(client(subject).id(), id);
        before(subject);
    }
}

pub(super) fn old_values_are_listed(subject: &mut dyn Reopen) {
    let list = |subject: &dyn Reopen, read: ReadValues| {
        let page = client(subject).values(read);
        page.tags.iter().map(|tag| tag.value().to_owned()).collect::<Vec<_>>()
    };
    before(subject);
    subject.reopen();
    assert_eq!(list(subject, ReadValues::of("y").types(["B"])), ["1"]);
    client(subject).append([event("B", &["y:0"])]);
    assert_eq!(list(subject, ReadValues::of("y").types(["B"])), ["0", "1"]);
    subject.reopen();
    assert_eq!(list(subject, ReadValues::of("y")), ["0", "1"]);
    assert_eq!(list(subject, ReadValues::of("x")), ["1"]);
}

pub(super) fn an_empty_journal_stays_empty(subject: &mut dyn Reopen) {
    subject.reopen();
    let client = client(subject);
    assert_eq!(client.head(), Head::default());
    assert_eq!(client.append([event("A", &[])]).first, at(1));
}
