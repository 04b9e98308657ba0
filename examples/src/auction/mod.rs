//! Auction: listings, their bids, and who may bid.
//!
//! A listing does not contain its bidders, and knows nothing of who may bid: it refers to them by ID. So
//! that only registered and approved bidders bid is not a rule of its own. There are two remedies, for
//! whoever builds an auction to choose from:
//!
//! 1. The caller [checks](checked) the bidder, then puts the bid to the listing ([`PlaceBid`]). A check may
//!    be out of date; the [corrective policy](Corrective) takes out what should not have got in, and
//!    whom that concerns is [told](TellBidders).
//! 2. The bid is a decision over both ([`PlaceEligibleBid`]), and never gets in.
//!
//! Bids and retractions are recorded, refused ones too: before a release they are
//! [rehearsed](https://docs.rs/bailiwick/latest/bailiwick/struct.Rehearsal.html), in `tests/rehearsal.rs`.
//!
//! Where the specification is silent: whoever was suspended may be approved again, and somebody who
//! only registered may be suspended. A bid that stands when its bidder is suspended is taken out with
//! either remedy, so the policy belongs to both.

mod bidder;
mod corrective;
mod decided;
mod eligibility;
mod events;
mod increment;
mod listing;
mod notifier;
mod refused;
mod standing_bids;
#[cfg(test)]
mod stories;

pub use crate::money::{Currency, InvalidCurrency, Money, OtherCurrency};
pub use bidder::{Approve, Bidder, Register, Suspend};
pub use corrective::{Corrective, CorrectiveNews};
pub use decided::PlaceEligibleBid;
pub use eligibility::{Eligibility, NotChecked, checked};
pub use events::{
    Bid, BidPlaced, BidRetracted, BidderEvent, BidderId, BidderSuspended, ListingEvent, ListingId,
    Terms,
};
pub use increment::Increment;
pub use listing::{Cancel, Listing, Open, PlaceBid, RetractBid};
pub use notifier::{AuctionEvent, NoticeNews, TellBidders};
pub use refused::{
    BidRefused, BidderRefused, CancelRefused, EligibleBidRefused, Ineligible, OpenRefused,
    RetractRefused,
};
pub use standing_bids::{BidEvent, StandingBids};
