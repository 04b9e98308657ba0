//! Who is told what.

use std::time::Duration;

use bailiwick_core::{EffectOutcome, GivenEvents, MockAnswer, MockService, given_events};

use super::sample::*;
use crate::auction::BidderEvent::BidderApproved;
use crate::auction::*;
use crate::notifier::Message;

type Mail = MockService<Vec<Message>>;

fn effect(mail: &Mail) -> TellBidders<Mail> {
    TellBidders(mail.clone())
}

fn message(to: &str, text: &str) -> Message {
    Message { to: to.to_owned(), text: text.to_owned() }
}

fn taken_out() -> Vec<Message> {
    vec![
        message("ann", "your bid for the l1 was taken out"),
        message("seller", "ann's bid for the l1 was taken out"),
    ]
}

fn stands() -> Vec<Message> {
    vec![
        message("ann", "your bid for the l1 has won, and stands"),
        message("seller", "ann's bid for the l1 has won, and stands"),
    ]
}

/// Ann bids at 10.
fn with_a_bid() -> GivenEvents {
    given_events()
        .event(listing("l1", opened(terms())))
        .at(STARTS)
        .event(listing("l1", placed("ann", 500)))
}

fn won() -> bailiwick_core::By<Listing> {
    listing("l1", closed(Some(standing("ann", 500, STARTS))))
}

fn is_told(outcome: EffectOutcome, mail: &Mail, expected: &[Vec<Message>]) {
    let _ = outcome.done();
    assert_eq!(mail.inputs(), expected);
}

#[test]
fn bidder_and_seller_are_told_of_a_bid_that_was_taken_out() {
    let mail = Mail::new();
    let outcome = with_a_bid().performs(effect(&mail), listing("l1", retracted("ann")));
    is_told(outcome, &mail, &[taken_out()]);
}

#[test]
fn both_are_told_that_a_result_stands_when_its_winner_is_suspended() {
    let mail = Mail::new();
    let outcome =
        with_a_bid().at(ENDS).event(won()).performs(effect(&mail), bidder("ann", suspended("ann")));
    is_told(outcome, &mail, &[stands()]);
}

/// The suspension came first, but the policy was not fast enough.
#[test]
fn both_are_told_when_a_suspended_bidder_wins() {
    let mail = Mail::new();
    let suspended_first = with_a_bid().event(bidder("ann", suspended("ann"))).at(ENDS);
    is_told(suspended_first.performs(effect(&mail), won()), &mail, &[stands()]);
    let mail = Mail::new();
    let approved_again = with_a_bid()
        .event(bidder("ann", suspended("ann")))
        .event(bidder("ann", BidderApproved))
        .at(ENDS);
    is_told(approved_again.performs(effect(&mail), won()), &mail, &[]);
}

/// However late the listing is closed, and in the same instant too.
#[test]
fn nobody_is_told_that_for_the_second_time() {
    for at in [STARTS, ENDS - 1, ENDS, ENDS + 1] {
        for closed_at in [ENDS, ENDS + 1, ENDS + 2].map(|closed_at| closed_at.max(at)) {
            let mail = Mail::new();
            let story =
                with_a_bid().at(at).performs(effect(&mail), bidder("ann", suspended("ann"))).done();
            let told = mail.inputs().len();
            let by_closing = story.at(closed_at).performs(effect(&mail), won());
            is_told(by_closing, &mail, &[stands()]);
            assert_eq!(told, usize::from(at >= ENDS), "suspended at {at}");
        }
    }
}

#[test]
fn nobody_is_told_when_nothing_of_the_bidders_is_concerned() {
    let mail = Mail::new();
    let lost = with_a_bid()
        .event(listing("l1", placed("bob", 550)))
        .at(ENDS)
        .event(listing("l1", closed(Some(standing("bob", 550, STARTS)))));
    is_told(lost.performs(effect(&mail), bidder("ann", suspended("ann"))), &mail, &[]);
    let nobody = given_events().performs(effect(&mail), listing("l1", closed(None)));
    is_told(nobody, &mail, &[]);
}

/// A mail that fails in every way is asked again, under the same key and with the same messages.
#[test]
fn whatever_goes_wrong_the_messages_stay_the_same() {
    let after = Duration::from_secs(30);
    let answers = [MockAnswer::Retry, MockAnswer::RetryAfter(after), MockAnswer::Hang];
    let mail = Mail::answering(answers);
    let again = |story: GivenEvents| story.performs_again(effect(&mail));
    let outcome = with_a_bid().performs(effect(&mail), listing("l1", retracted("ann")));
    let story = again(outcome.retries("told to")).retries_after(after, "told to").at(30_010);
    is_told(again(again(story).times_out()), &mail, &vec![taken_out(); 4]);
    assert_eq!(mail.keys().len(), 1);
    mail.answer([MockAnswer::GiveUp]);
    let outcome = with_a_bid().event(listing("l1", placed("bob", 550)));
    let outcome = outcome.performs(effect(&mail), listing("l1", retracted("bob")));
    let _ = outcome.gives_up("told to");
}
