//! The check before the mailbox.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::sample::*;
use crate::auction::*;

/// Knows Ann, and is not there for whoever asks about Bob.
struct Office;

impl Eligibility for Office {
    async fn check(&self, bidder: &BidderId) -> Result<(), NotChecked> {
        match bidder.as_str() {
            "ann" => Ok(()),
            "bob" => Err(NotChecked::Unavailable("nobody is there".into())),
            _ => Err(Ineligible::NotRegistered.into()),
        }
    }
}

fn check(who: &'static str) -> Result<PlaceBid, NotChecked> {
    let answer = pin!(checked(&Office, bid(who, 500)));
    match answer.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("the office answers at once"),
    }
}

#[test]
fn only_the_bid_of_somebody_who_may_bid_goes_on() {
    assert_eq!(check("ann").unwrap(), bid("ann", 500));
    let refused = check("cid").unwrap_err();
    assert!(matches!(refused, NotChecked::Ineligible(Ineligible::NotRegistered)));
}

#[test]
fn what_cannot_be_checked_does_not_go_on() {
    assert!(matches!(check("bob").unwrap_err(), NotChecked::Unavailable(_)));
}
