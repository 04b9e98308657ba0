//! Orders, payments, parcels and fulfilments, with all policies between them.

use bailiwick_core::quiesce::Quiesce;
use bailiwick_core::to;

use super::sample::*;
use crate::orders::OrderEvent::*;
use crate::orders::*;

fn is(story: Quiesce, status: Status) -> Quiesce {
    story.views::<Order>("o".into(), |order, _| assert_eq!(order.status(), status))
}

fn are<const N: usize>(story: Quiesce, expected: [ParcelStatus; N]) -> Quiesce {
    (1..).zip(expected).fold(story, |story, (number, expected)| {
        story.views::<Parcel>(parcel(number), |parcel, _| {
            assert_eq!(parcel.status(), expected, "parcel {number}");
        })
    })
}

/// The parcel's next scan.
macro_rules! scan {
    ($story:expr, $number:expr, $command:expr) => {{
        let (verdict, story) = $story.get::<Parcel>(parcel($number)).ask($command).result();
        assert!(matches!(verdict, bailiwick_core::Verdict::Accepted { .. }), "{verdict:?}");
        story
    }};
}

#[test]
fn from_the_first_position_to_the_last_parcel() {
    let story = shop()
        .get::<Order>("o")
        .ask(open())
        .ask(add("north", 1, 100_00))
        .ask(add("south", 2, 10_00))
        .get::<Payment>("o")
        .ask(receive("t1", eur(60)))
        .views::<Order>("o".into(), |order, _| assert_eq!(order.status(), Status::Unpaid))
        .ask(receive("t2", eur(60)))
        .get::<Parcel>(parcel(1))
        .state(|parcel, _| assert_eq!(parcel.warehouse(), Some(&"north".into())))
        .get::<Parcel>(parcel(2))
        .state(|parcel, _| assert_eq!(parcel.warehouse(), Some(&"south".into())))
        .ask(FillParcel)
        .result()
        .1;
    let story = is(story, Status::InDelivery);
    let story = scan!(story, 2, SendParcel);
    let story = scan!(story, 2, DeliverParcel);
    let story = is(story, Status::InDelivery);
    let story = scan!(story, 1, DeliverParcel);
    story.get::<Order>("o").history([
        opened(),
        added(1, "north", 1, 100_00),
        added(2, "south", 2, 10_00),
        receipt(eur(60)),
        receipt(eur(120)),
        OrderPaid,
        FillingNoted,
        OrderInDelivery,
        ArrivalNoted,
        OrderCompleted,
    ]);
}

/// No money comes after that.
#[test]
fn a_position_that_goes_opens_parcels_for_those_that_are_left() {
    shop_with_order()
        .get::<Payment>("o")
        .ask(receive("t1", eur(20)))
        .get::<Order>("o")
        .ask(remove(1))
        .emits([removed(1), OrderPaid])
        .get::<Fulfilment>("o")
        .history([planned(7, false), requested(1, "south")]);
}

#[test]
fn parcels_follow_the_positions_until_the_order_is_packed() {
    let story = shop_with_order()
        .get::<Payment>("o")
        .ask(receive("t", eur(200)))
        .get::<Order>("o")
        .ask(remove(1))
        .ask(add("west", 1, 30_00))
        .ask(add("north", 1, 10_00))
        .result()
        .1;
    use ParcelStatus::{Cancelled, Opened};
    let story = are(story, [Cancelled, Opened, Opened, Opened]);
    let story = scan!(story, 4, DeliverParcel);
    let story = scan!(story, 2, DeliverParcel);
    let story = is(story, Status::InDelivery);
    is(scan!(story, 3, DeliverParcel), Status::Completed);
}

/// One is with the customer, one on its way, one is being filled, one is empty.
#[test]
fn a_refund_in_the_middle_cancels_what_was_not_sent() {
    let story = shop_with_order().events([by_order(added(3, "west", 1, 0))]);
    let story = story.events([by_order(added(4, "east", 1, 0))]).get::<Payment>("o");
    let story = story.ask(receive("t", eur(120))).result().1;
    // In the order of their warehouses: east, north, south, west.
    let story = scan!(story, 1, DeliverParcel);
    let story = scan!(story, 2, SendParcel);
    let story = scan!(story, 3, FillParcel);
    let story = story
        .get::<Payment>("o")
        .ask(Refund)
        .accepted()
        .refused(to::<Parcel>(parcel(2), CancelParcel), "was sent")
        .result()
        .1;
    use ParcelStatus::{Arrived, Cancelled, Sent};
    let story = are(story, [Arrived, Sent, Cancelled, Cancelled]);
    // It arrives all the same, and completes nothing.
    let story = scan!(story, 2, DeliverParcel);
    is(are(story, [Arrived, Arrived, Cancelled, Cancelled]), Status::InDelivery)
        .views::<Order>("o".into(), |order, _| assert!(order.refunded()))
        .views::<Fulfilment>("o".into(), |fulfilment, _| assert!(!fulfilment.done()));
}

#[test]
fn all_that_were_sent_before_a_refund_arrive_and_complete_nothing() {
    let story = scan!(scan!(paid(), 1, SendParcel), 2, SendParcel);
    let story = story
        .get::<Payment>("o")
        .ask(Refund)
        .accepted()
        .refused(to::<Parcel>(parcel(1), CancelParcel), "was sent")
        .refused(to::<Parcel>(parcel(2), CancelParcel), "was sent")
        .result()
        .1;
    is(scan!(scan!(story, 1, DeliverParcel), 2, DeliverParcel), Status::InDelivery);
}

#[test]
fn a_refund_of_a_part_ends_the_order() {
    shop_with_order()
        .get::<Payment>("o")
        .ask(receive("t1", eur(60)))
        .ask(Refund)
        .ask(receive("t2", eur(120)))
        .replies(Received::GoesBack)
        .get::<Order>("o")
        .ask(remove(1))
        .rejected(RemoveRefused::Refunded)
        .state(|order, _| assert_eq!(order.status(), Status::Unpaid))
        .get::<Fulfilment>("o")
        .history([FulfilmentEvent::DeliveryCalledOff]);
}

#[test]
fn an_order_that_is_emptied_after_it_was_paid_needs_no_parcels() {
    let story = paid().get::<Order>("o").ask(remove(1)).ask(remove(2)).result().1;
    let story = are(story, [ParcelStatus::Cancelled; 2]);
    is(story, Status::Paid).get::<Payment>("o").ask(Refund).accepted();
}

/// The warehouse was faster than the news that the position is gone.
#[test]
fn what_was_sent_for_nothing_keeps_nobody_waiting() {
    let story = shop_with_order()
        .get::<Payment>("o")
        .ask(receive("t", eur(120)))
        .get::<Order>("o")
        .ask(remove(1))
        .result()
        .1;
    let story = are(story, [ParcelStatus::Cancelled, ParcelStatus::Opened]);
    is(scan!(story, 2, DeliverParcel), Status::Completed);
}

#[test]
fn a_parcel_that_is_damaged_is_packed_again() {
    let story = scan!(scan!(paid(), 1, FillParcel), 1, CancelParcel);
    let story = scan!(story, 2, DeliverParcel);
    let story = are(story, [ParcelStatus::Cancelled, ParcelStatus::Arrived, ParcelStatus::Opened]);
    is(scan!(is(story, Status::InDelivery), 3, DeliverParcel), Status::Completed);
}

/// An operator lets every policy do everything once more, when all is over and in the middle.
#[test]
fn all_news_for_the_second_time_change_nothing() {
    let again = |story: Quiesce| {
        let mut before = 0;
        let own = |journal: &[bailiwick_core::journal::RecordedEvent]| {
            journal.iter().filter(|recorded| !recorded.event.is_reserved()).count()
        };
        story
            .journal(|journal| before = own(journal))
            .rewind::<Tracking>(bailiwick_core::Position::START)
            .rewind::<Accounting>(bailiwick_core::Position::START)
            .rewind::<Dispatch>(bailiwick_core::Position::START)
            .rewind::<Planning>(bailiwick_core::Position::START)
            .journal(|journal| assert_eq!(own(journal), before))
    };
    let story = again(paid());
    let story = again(scan!(story, 1, FillParcel));
    let story = again(scan!(story, 1, DeliverParcel));
    let story = again(scan!(story, 2, DeliverParcel));
    is(story, Status::Completed);
}
