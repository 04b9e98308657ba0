//! Auction: a listing and its bids.
//!
//! A listing does not contain its bidders, and knows nothing of who may bid: it refers to them by ID.

mod events;
mod listing;
mod money;
mod refused;
#[cfg(test)]
mod stories;

pub use events::{Bid, BidderId, ListingEvent, ListingId, Terms};
pub use listing::{Cancel, Listing, Open, PlaceBid, RetractBid};
pub use money::{Currency, Increment, InvalidCurrency, Money};
pub use refused::{BidRefused, CancelRefused, OpenRefused, OtherCurrency, RetractRefused};
