//! What is received, once for each transfer, and given back.

use bailiwick_core::{Given, given};

use super::sample::*;
use crate::money::{Money, OtherCurrency};
use crate::orders::PaymentEvent::*;
use crate::orders::*;

fn payment() -> Given<Payment> {
    given::<Payment>("o")
}

fn received(transfer: &'static str, amount: u64, total: u64) -> PaymentEvent {
    let (transfer, amount, total) = (transfer.into(), eur(amount), eur(total));
    PaymentReceived { transfer, amount, total }
}

fn counts(total: u64) -> Received {
    Received::Counts { total: eur(total) }
}

#[test]
fn it_adds_up() {
    payment()
        .when(receive("t1", eur(60)))
        .emits([received("t1", 60, 60)])
        .replies(counts(60))
        .no_deadline()
        .when(receive("t2", eur(60)))
        .emits([received("t2", 60, 120)])
        .replies(counts(120));
}

#[test]
fn a_transfer_that_is_reported_twice_counts_once() {
    let (transfer, amount) = ("t1".into(), eur(60));
    payment()
        .events([received("t1", 60, 60), received("t2", 5, 65)])
        .when(receive("t1", eur(60)))
        .emits_nothing()
        .replies(counts(65))
        .when(receive("t1", eur(61)))
        .rejected(ReceiveRefused::TransferDiffers { transfer, amount });
}

#[test]
fn nothing_and_what_cannot_be_counted_are_refused() {
    payment().when(receive("t", eur(0))).rejected(ReceiveRefused::Nothing);
    let (expected, given) = (eur(1).currency, dollars());
    payment()
        .when(receive("t", Money { minor: 1, currency: given }))
        .rejected(OtherCurrency { expected, given });
    payment()
        .events([received("t1", 1, 1)])
        .when(receive("t2", Money::cents(u64::MAX)))
        .rejected(ReceiveRefused::Overflow);
}

#[test]
fn all_of_it_is_given_back_once() {
    payment()
        .when(Refund)
        .rejected(RefundRefused::NothingReceived)
        .when(receive("t1", eur(60)))
        .accepted()
        .when(Refund)
        .emits([PaymentRefunded { amount: eur(60) }])
        .when(Refund)
        .emits_nothing()
        .state(|payment, _| assert_eq!((payment.total(), payment.refunded()), (eur(0), true)));
}

/// The money is there, so it cannot be refused; and it pays for nothing any more.
#[test]
fn what_comes_after_a_refund_goes_straight_back() {
    payment()
        .events([received("t1", 60, 60), PaymentRefunded { amount: eur(60) }])
        .when(receive("t2", eur(60)))
        .emits([PaymentReturned { transfer: "t2".into(), amount: eur(60) }])
        .replies(Received::GoesBack)
        .when(receive("t2", eur(60)))
        .emits_nothing()
        .replies(Received::GoesBack)
        .when(receive("t1", eur(60)))
        .emits_nothing()
        .replies(Received::GoesBack)
        .when(Refund)
        .emits_nothing()
        .state(|payment, _| assert_eq!(payment.total(), eur(0)));
}
