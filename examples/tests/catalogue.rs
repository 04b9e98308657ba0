//! What the four domains store: compared with a file, so that a change is seen in review.

use bailiwick::{Builder, Catalogue, MemoryJournal, MemoryRows, MockService, Runtime};
use bailiwick_examples::notifier::Message;
use bailiwick_examples::{auction, orders, registration, streaming};

/// All four in one program.
fn parts(builder: Builder) -> Builder {
    builder
        .aggregate::<streaming::AccountSessions>()
        .projection(streaming::SlotsInUse, MemoryRows::new())
        .aggregate::<auction::Listing>()
        .aggregate::<auction::Bidder>()
        .decision::<auction::PlaceEligibleBid>()
        .policy(auction::Corrective)
        .effect(auction::TellBidders(mails()))
        .aggregate::<orders::Order>()
        .aggregate::<orders::Payment>()
        .aggregate::<orders::Parcel>()
        .aggregate::<orders::Fulfilment>()
        .policy(orders::Accounting)
        .policy(orders::Planning)
        .policy(orders::Dispatch)
        .policy(orders::Tracking)
        .effect(orders::TellCustomer(mails()))
        .aggregate::<registration::Student>()
        .aggregate::<registration::Course>()
        .decision::<registration::Subscribe>()
        .decision::<registration::Unsubscribe>()
}

fn mails() -> MockService<Vec<Message>> {
    MockService::new()
}

fn catalogue() -> Catalogue {
    parts(Runtime::builder(MemoryJournal::new()))
        .catalogue()
        .expect("no names contradict each other")
}

#[test]
fn what_is_stored_is_what_was_reviewed() {
    catalogue().assert_file("tests/catalogue.txt");
}
