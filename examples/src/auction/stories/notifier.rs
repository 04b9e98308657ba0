//! Who is told what.

use bailiwick_core::journal::{EncodedEvent, EventType, Metadata, RecordedEvent};
use bailiwick_core::{Event, Id, Position, Tags, tags_of};

use super::sample::*;
use crate::auction::BidderEvent::BidderApproved;
use crate::auction::*;

/// A journal so far, and what was told about it.
#[derive(Default)]
struct Told {
    notices: Notices,
    events: u64,
}

impl Told {
    /// This happens next, by an aggregate of this ID.
    fn after(mut self, id: impl Id, event: &impl Event, expected: &[(&str, What)]) -> Self {
        self.events += 1;
        let mut payload = Vec::new();
        event.encode(&mut payload).unwrap();
        let own: Tags = id.tag().unwrap().into();
        let event = EncodedEvent {
            event_type: EventType::literal(event.event_type()),
            version: event.descriptor().version(),
            tags: tags_of(&own, event).unwrap(),
            payload: payload.into(),
            recorded_at: 0.into(),
            metadata: Metadata::default(),
        };
        let recorded = RecordedEvent { position: Position::new(self.events), event };
        let told = self.notices.of(&recorded).unwrap();
        let of = |notice: &Notice| (notice.to.to_string(), notice.what);
        let expected = expected.iter().map(|(to, what)| ((*to).to_owned(), *what));
        assert_eq!(told.iter().map(of).collect::<Vec<_>>(), expected.collect::<Vec<_>>());
        assert!(told.iter().all(|notice| notice.position == recorded.position));
        self
    }

    fn listing(self, event: &ListingEvent, expected: &[(&str, What)]) -> Self {
        self.after(ListingId::from("l1"), event, expected)
    }

    fn bidder(self, event: impl Into<BidderEvent>, expected: &[(&str, What)]) -> Self {
        self.after(BidderId::from("ann"), &event.into(), expected)
    }
}

fn with_a_bid() -> Told {
    Told::default().listing(&opened(terms()), &[]).listing(&placed("ann", 500), &[])
}

#[test]
fn bidder_and_seller_are_told_of_a_retracted_bid() {
    let both = [("ann", What::BidRetracted), ("seller", What::BidRetracted)];
    with_a_bid().bidder(suspended("ann"), &[]).listing(&retracted("ann"), &both);
}

#[test]
fn both_are_told_that_a_result_stands_when_its_winner_is_suspended() {
    let both = [("ann", What::ResultStands), ("seller", What::ResultStands)];
    let won = closed(Some(standing("ann", 500, STARTS)));
    with_a_bid().listing(&won, &[]).bidder(suspended("ann"), &both);
}

/// The suspension came first, but the policy was not fast enough.
#[test]
fn both_are_told_when_a_suspended_bidder_wins() {
    let both = [("ann", What::ResultStands), ("seller", What::ResultStands)];
    let won = closed(Some(standing("ann", 500, STARTS)));
    with_a_bid().bidder(suspended("ann"), &[]).listing(&won, &both);
    with_a_bid().bidder(suspended("ann"), &[]).bidder(BidderApproved, &[]).listing(&won, &[]);
}

#[test]
fn nobody_is_told_when_nothing_of_the_bidders_is_concerned() {
    let won = closed(Some(standing("bob", 550, STARTS)));
    with_a_bid().listing(&won, &[]).bidder(suspended("ann"), &[]);
    with_a_bid().listing(&closed(None), &[]);
}
