//! The end of a listing: closed by its deadline, or cancelled.

use bailiwick_core::given;

use super::sample::*;
use crate::auction::*;

#[test]
fn the_deadline_closes_it_and_says_who_won() {
    started().deadline(ENDS).at(ENDS).expires([closed(None)]).no_deadline();
    started()
        .events([placed("ann", 500)])
        .at(20)
        .events([placed("bob", 550)])
        .at(ENDS)
        .expires([closed(Some(standing("bob", 550, 20)))])
        .no_deadline()
        .when(bid("ann", 1_000))
        .rejected(BidRefused::Ended);
}

/// However late the timer is: the winner is who led, and the bid that came too late is none.
#[test]
fn a_late_timer_lets_nobody_in() {
    started()
        .events([placed("ann", 500)])
        .at(ENDS + 1_000)
        .when(bid("bob", 550))
        .expires_first([closed(Some(standing("ann", 500, STARTS)))])
        .rejected(BidRefused::Ended);
}

#[test]
fn only_the_seller_cancels_and_only_while_nobody_bids() {
    started()
        .when(cancel("ann"))
        .rejected(CancelRefused::NotTheSeller)
        .events([placed("ann", 500)])
        .when(cancel("seller"))
        .rejected(CancelRefused::HasBids)
        .events([retracted("ann")])
        .when(cancel("seller"))
        .emits([ListingEvent::ListingCancelled])
        .no_deadline()
        .when(cancel("seller"))
        .emits_nothing()
        .when(bid("ann", 500))
        .rejected(BidRefused::Cancelled);
    given::<Listing>("l1").when(cancel("seller")).rejected(CancelRefused::NotTheSeller);
}

#[test]
fn refusals_of_a_cancel_are_judged_in_order() {
    let ended = || started().events([placed("ann", 500)]).at(ENDS);
    let winner = || closed(Some(standing("ann", 500, STARTS)));
    ended().when(cancel("ann")).expires_first([winner()]).rejected(CancelRefused::NotTheSeller);
    ended().when(cancel("seller")).expires_first([winner()]).rejected(CancelRefused::Ended);
}

/// Before it starts it may be cancelled as well.
#[test]
fn it_may_be_cancelled_before_it_starts() {
    given::<Listing>("l1")
        .events([opened(terms())])
        .at(1)
        .when(cancel("seller"))
        .emits([ListingEvent::ListingCancelled]);
}
