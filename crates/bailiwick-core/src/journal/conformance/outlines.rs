//! Cases of what a journal says its events show of themselves.

use bytes::Bytes;

use super::build::event;
use super::client::Client;
use crate::journal::{DeadlineOf, EncodedEvent, Origin, Outline, RecordedDeadline};
use crate::position::Position;
use crate::tag::Tag;
use crate::time::Timestamp;

/// So many appends, of so many bytes, that a journal in files has several of them.
const APPENDS: u64 = 150;
const BYTES: usize = 2_000;

/// One of an aggregate, or of a decision that knows the deadline, or does not.
fn appended(nth: u64) -> EncodedEvent {
    let tag = Tag::new("course", nth % 7).expect("a tag of the suite");
    let mut event = event(["A", "B", "C"][usize::try_from(nth % 3).unwrap_or(0)], &[tag.as_str()]);
    event.payload = Bytes::from(vec![0x5a; BYTES]);
    let at = (!nth.is_multiple_of(4)).then(|| Timestamp::from_millis(nth));
    let deadline = RecordedDeadline::new(at, 1);
    match nth % 5 {
        0 => {}
        1 => {
            let of = DeadlineOf { aggregate: "Course".into(), tag, deadline };
            event.metadata.extra_mut().deadlines.push(of);
        }
        _ => event.metadata.origin = Some(Origin { aggregate: "Course".into(), tag, deadline }),
    }
    event
}

pub(super) fn an_outline_is_of_what_it_says(client: &Client) {
    let mut outlines = vec![(client.outline(), client.head_raw())];
    for nth in 0..APPENDS {
        client.append([appended(nth)]);
        outlines.push((client.outline(), client.head_raw()));
    }
    let events = client.all_raw();
    let (mut folded, mut rest) = (Outline::default(), events.iter().peekable());
    for (outline, head) in outlines {
        let upto = outline.upto();
        assert!(upto <= head, "the outline comes to {upto}, and the journal to {head}");
        if upto < folded.upto() {
            // It began again.
            (folded, rest) = (Outline::default(), events.iter().peekable());
        }
        while let Some(next) = rest.next_if(|next| next.position <= upto) {
            folded.take(next);
        }
        assert_eq!(folded.upto(), upto, "nothing is at the end of the outline");
        assert_eq!(outline, folded, "of the events up to {upto}");
    }
}

pub(super) fn an_empty_journal_shows_nothing(client: &Client) {
    assert_eq!(client.outline(), Outline::default());
    assert_eq!(client.outline().upto(), Position::START);
}
