//! The status of an order: in whatever order it is told, however often, it never goes backwards.

use bailiwick_core::{Decide, Given, Verdict};

use super::sample::*;
use crate::orders::OrderEvent::*;
use crate::orders::*;

fn paid() -> [OrderEvent; 2] {
    [receipt(eur(120)), OrderPaid]
}

#[test]
fn it_moves_on_step_by_step() {
    order()
        .when(note_received(eur(120)))
        .emits(paid())
        .when(NoteFilling)
        .emits([FillingNoted, OrderInDelivery])
        .when(NoteFilling)
        .emits_nothing()
        .when(NoteArrival)
        .emits([ArrivalNoted, OrderCompleted])
        .when(NoteArrival)
        .emits_nothing()
        .when(NoteFilling)
        .emits_nothing()
        .when(note_received(eur(130)))
        .emits([receipt(eur(130))])
        .state(|order, _| assert_eq!(order.status(), Status::Completed));
}

/// All has arrived, so something was filled.
#[test]
fn arrival_before_filling_says_both() {
    order()
        .events(paid())
        .when(NoteArrival)
        .emits([ArrivalNoted, OrderInDelivery, OrderCompleted])
        .when(NoteFilling)
        .emits([FillingNoted])
        .state(|order, _| assert_eq!(order.status(), Status::Completed));
}

#[test]
fn what_is_told_too_early_counts_as_soon_as_it_can() {
    order()
        .when(NoteFilling)
        .emits([FillingNoted])
        .when(NoteArrival)
        .emits([ArrivalNoted])
        .when(note_received(eur(120)))
        .emits([receipt(eur(120)), OrderPaid, OrderInDelivery, OrderCompleted]);
}

#[derive(Debug, Clone, Copy)]
enum Told {
    Little,
    Enough,
    Filling,
    Arrival,
}

/// All orders of four things, each told twice: the same steps, once each.
#[test]
fn every_order_ends_as_the_same() {
    let all = [Told::Little, Told::Enough, Told::Filling, Told::Arrival];
    for first in 0..4 {
        for second in (0..4).filter(|second| *second != first) {
            for third in (0..4).filter(|third| ![first, second].contains(third)) {
                let last = 6 - first - second - third;
                let told = [first, second, third, last].map(|at| all[at]);
                is_completed(told.into_iter().flat_map(|told| [told, told]));
            }
        }
    }
}

fn is_completed(told: impl Iterator<Item = Told>) {
    let (mut story, mut steps, mut status) = (order(), Vec::new(), Status::Unpaid);
    for told in told {
        let events;
        (events, story) = match told {
            Told::Little => tell(story, note_received(eur(1))),
            Told::Enough => tell(story, note_received(eur(119))),
            Told::Filling => tell(story, NoteFilling),
            Told::Arrival => tell(story, NoteArrival),
        };
        story = story.state(|order, _| {
            assert!(order.status() >= status, "{status:?}, then {:?}", order.status());
            status = order.status();
        });
        steps.extend(events);
    }
    let is_step =
        |event: &OrderEvent| matches!(event, OrderPaid | OrderInDelivery | OrderCompleted);
    steps.retain(is_step);
    assert_eq!(steps, [OrderPaid, OrderInDelivery, OrderCompleted]);
}

fn tell<C>(story: Given<Order>, note: C) -> (Vec<OrderEvent>, Given<Order>)
where
    Order: Decide<C, Rejection: std::error::Error>,
{
    let (came, story) = story.when(note).result();
    match came.verdict {
        Verdict::Accepted { events, .. } => (events, story),
        _ => panic!("nothing that is told is refused"),
    }
}

#[test]
fn a_refund_ends_it_where_it_is() {
    order()
        .events([receipt(eur(1))])
        .when(NoteRefund)
        .emits([RefundNoted])
        .when(NoteRefund)
        .emits_nothing()
        .when(note_received(eur(120)))
        .emits_nothing()
        .when(NoteFilling)
        .emits([FillingNoted])
        .when(NoteArrival)
        .emits([ArrivalNoted])
        .state(|order, _| assert_eq!(order.status(), Status::Unpaid));
    order()
        .events(paid())
        .events([FillingNoted, OrderInDelivery])
        .when(NoteRefund)
        .emits([RefundNoted])
        .when(NoteArrival)
        .emits([ArrivalNoted])
        .state(|order, _| {
            assert_eq!((order.status(), order.refunded()), (Status::InDelivery, true));
        });
}

#[test]
fn what_is_completed_stays_so_when_the_money_goes_back() {
    order()
        .events(paid())
        .events([FillingNoted, OrderInDelivery, ArrivalNoted, OrderCompleted])
        .when(NoteRefund)
        .emits([RefundNoted])
        .state(|order, _| assert_eq!(order.status(), Status::Completed));
}
