//! Cases of types and tags that look alike: what differs in any byte stays apart.

use super::build::{any_of, at, event, tag, unless};
use super::client::Client;
use crate::journal::{EncodedEvent, QueryItem};
use crate::report::ErrorReport;
use crate::tag::{Tag, Tags};

/// Texts that a store may take for one another: by normalising, trimming, folding case, collating,
/// cutting off, or giving a character a meaning.
fn alike() -> Vec<String> {
    let mut texts: Vec<String> = [
        "\u{e9}",
        "e\u{301}",
        "E\u{301}",
        "e",
        "\u{fb01}",
        "fi",
        "\u{212b}",
        "\u{c5}",
        "a",
        "A",
        "a ",
        " a",
        "a:b",
        "a,b",
        "a;b",
        "a|b",
        "a\\b",
        "a/b",
        "a'b",
        "a\"b",
        "a%",
        "a_",
        "a*",
        "a?",
        "{a}",
        "[a]",
        "(a)",
        "a=b",
        "a&b",
        "a\u{200b}",
        "ß",
        "ss",
        "SS",
        "1",
        "01",
        "1.0",
        "a\u{2028}",
        "null",
        "true",
    ]
    .map(str::to_owned)
    .into();
    let long = "l".repeat(Tag::MAX_VALUE_BYTES - 1);
    texts.extend([format!("{long}1"), format!("{long}2"), long]);
    texts
}

/// Appends an event for each query; each must find its own only, and be guarded by it alone.
fn stay_apart(client: &Client, events: Vec<(EncodedEvent, QueryItem)>) {
    for (event, item) in &events {
        client.append_if(unless(item.clone()), [event.clone()]).unwrap_or_else(|error| {
            panic!("{item:?} was taken for another: {}", ErrorReport::of(&error))
        });
    }
    for (n, (_, item)) in (1..).zip(&events) {
        assert_eq!(client.found(item.clone().into()), [n], "for {item:?}");
        assert_eq!(client.refuses(unless(item.clone())), at(n), "for {item:?}");
        client.admits(unless(item.clone()).after(at(n)));
    }
    let all = any_of(events.iter().map(|(_, item)| item.clone()));
    assert_eq!(client.found(all).len(), events.len());
}

pub(super) fn tags_are_compared_byte_by_byte(client: &Client) {
    let tagged = |text: String| {
        let tag = Tag::new("k", text).expect("a tag of the suite");
        let event = EncodedEvent { tags: Tags::from(tag.clone()), ..event("A", &[]) };
        (event, QueryItem::tagged(tag))
    };
    stay_apart(client, alike().into_iter().map(tagged).collect());
}

pub(super) fn types_are_compared_byte_by_byte(client: &Client) {
    let typed = |text: String| {
        let item = QueryItem::of_type(text.clone());
        (event(text, &["x:1"]), item)
    };
    stay_apart(client, alike().into_iter().map(typed).collect());
}

pub(super) fn a_type_is_not_a_tag(client: &Client) {
    let (as_type, as_tag) = ("k:1", tag("k:1"));
    let other_key = QueryItem::tagged(tag("k2:1"));
    stay_apart(
        client,
        vec![
            (event(as_type, &["x:1"]), QueryItem::of_type(as_type)),
            (event("A", &["k:1"]), QueryItem::tagged(as_tag)),
            (event("A", &["k2:1"]), other_key),
        ],
    );
}
