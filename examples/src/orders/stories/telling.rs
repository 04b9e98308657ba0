//! The customer is told when the order is complete.

use std::time::Duration;

use bailiwick_core::{EffectOutcome, GivenEvents, MockAnswer, MockService, given_events};

use super::sample::*;
use crate::notifier::Message;
use crate::orders::OrderEvent::{OrderCompleted, OrderPaid};
use crate::orders::*;

type Mail = MockService<Vec<Message>>;

fn effect(mail: &Mail) -> TellCustomer<Mail> {
    TellCustomer(mail.clone())
}

fn complete() -> Vec<Message> {
    let text = "order o is complete: all 3 items have arrived".to_owned();
    vec![Message { to: "ann".to_owned(), text }]
}

/// An order that completes, and a mail that answers so.
fn completes(answers: impl IntoIterator<Item = MockAnswer>) -> (Mail, EffectOutcome) {
    let mail = MockService::answering(answers);
    let order = given_events().events(two_positions().map(by_order)).event(by_order(OrderPaid));
    let outcome = order.performs(effect(&mail), by_order(OrderCompleted));
    (mail, outcome)
}

fn again(story: GivenEvents, mail: &Mail) -> EffectOutcome {
    story.performs_again(effect(mail))
}

#[test]
fn the_customer_is_told() {
    let (mail, outcome) = completes([]);
    let _ = outcome.done();
    assert_eq!(mail.inputs(), [complete()]);
}

/// A mail that fails in every way is asked again, under the same key and with the same message.
#[test]
fn whatever_goes_wrong_the_message_stays_the_same() {
    let after = Duration::from_secs(30);
    let answers = [MockAnswer::Retry, MockAnswer::RetryAfter(after), MockAnswer::Hang];
    let (mail, outcome) = completes(answers);
    let story = outcome.retries("told to");
    let story = again(story, &mail).retries_after(after, "told to").at(30_000);
    let story = again(story, &mail).times_out();
    let _ = again(story, &mail).done();
    assert_eq!(mail.inputs(), vec![complete(); 4]);
    assert_eq!(mail.keys().len(), 1);
}

#[test]
fn a_mail_that_never_takes_it_is_left_alone() {
    let (mail, outcome) = completes([MockAnswer::GiveUp]);
    let _ = outcome.gives_up("told to");
    assert_eq!(mail.calls().len(), 1);
}

fn refunded() -> bailiwick_core::By<Payment> {
    by_payment(PaymentEvent::PaymentRefunded { amount: eur(120) })
}

/// The order does not know yet, but the money is gone.
#[test]
fn nobody_is_told_once_the_money_went_back() {
    let mail = Mail::new();
    let order = given_events().events(two_positions().map(by_order)).event(refunded());
    let _ = order.performs(effect(&mail), by_order(OrderCompleted)).gives_up("was refunded");
    assert!(mail.calls().is_empty());
    let (mail, outcome) = completes([MockAnswer::Retry]);
    let story = outcome.retries("told to").event(refunded());
    let _ = again(story, &mail).gives_up("was refunded");
    assert_eq!(mail.calls().len(), 1);
}

/// The parcels of a whole shop have arrived. Each time a message is sent, it is sent once more, as when all
/// ends between the call and its trace.
#[test]
fn each_customer_is_told_of_one_order_once() {
    let mail = Mail::answering([MockAnswer::Retry]);
    let (_, story) = shop_with_order()
        .effect(effect(&mail))
        .get::<Payment>("o")
        .ask(receive("t", eur(120)))
        .get::<Parcel>(parcel(1))
        .ask(DeliverParcel)
        .get::<Parcel>(parcel(2))
        .ask(DeliverParcel)
        .result();
    let (refusals, story) = story.refusals();
    let [refusal] = &refusals[..] else { panic!("{refusals:?}") };
    assert!(refusal.retries && mail.done().is_empty());
    drop(story.at(60_000));
    assert_eq!((mail.done().len(), mail.keys().len()), (1, 1));
    assert!(mail.inputs().iter().all(|input| *input == complete()));
}
