//! Which rules can say no.

use super::{Increment, Money, OtherCurrency};

/// Why a listing was not opened.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum OpenRefused {
    /// It was opened before.
    #[error("the listing is open already, or was")]
    AlreadyOpened,
    /// It would be over before it begins.
    #[error("a listing ends after it starts")]
    EndsBeforeStart,
    /// Nothing would be asked for.
    #[error("the ask is zero")]
    NothingAsked,
    /// A bid could be as high as the one before it, or would have to be more than twice as high.
    #[error("an increment is above 0, and at most {} basis points", Increment::MAX_BASIS_POINTS)]
    InvalidIncrement,
    /// The increment is in another currency than the ask.
    #[error(transparent)]
    OtherCurrency(#[from] OtherCurrency),
}

/// Why a bid was not taken.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum BidRefused {
    /// There is no listing, or it has not started yet.
    #[error("the listing has not started")]
    NotStarted,
    /// It has ended.
    #[error("the listing has ended")]
    Ended,
    /// It was cancelled.
    #[error("the listing was cancelled")]
    Cancelled,
    /// It is in another currency.
    #[error(transparent)]
    OtherCurrency(#[from] OtherCurrency),
    /// It is below the ask, or does not exceed the current price by the increment.
    #[error("a bid has to be {minimum} at least")]
    TooLow {
        /// What it has to be at least.
        minimum: Money,
    },
    /// The current price cannot be exceeded by the increment.
    #[error("no higher bid can be expressed")]
    Unsurpassable,
    /// The seller does not bid.
    #[error("the seller cannot bid")]
    BySeller,
    /// Nobody outbids oneself.
    #[error("the bidder leads already")]
    AlreadyLeads,
}

/// Why a bid was not retracted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RetractRefused {
    /// There is nothing to retract.
    #[error("the bidder has no standing bid")]
    NoStandingBid,
    /// The result stands.
    #[error("the listing has ended")]
    Ended,
}

/// Why a listing was not cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CancelRefused {
    /// Only the seller may, and there is none before a listing is opened.
    #[error("only the seller may cancel a listing")]
    NotTheSeller,
    /// The result stands.
    #[error("the listing has ended")]
    Ended,
    /// Somebody counts on it.
    #[error("there is a standing bid")]
    HasBids,
}

/// Why somebody may not bid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Ineligible {
    /// Nobody of this ID has registered.
    #[error("the bidder is not registered")]
    NotRegistered,
    /// Approval is still to come.
    #[error("the bidder is not approved yet")]
    NotApproved,
    /// An approval was taken back.
    #[error("the bidder is suspended")]
    Suspended,
}

/// Why a bid that was decided with its bidder was not taken.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EligibleBidRefused {
    /// The bidder may not bid.
    #[error(transparent)]
    Ineligible(#[from] Ineligible),
    /// The listing does not take the bid.
    #[error(transparent)]
    Bid(#[from] BidRefused),
}

/// Why nothing came of a command to a bidder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BidderRefused {
    /// The bidder is there.
    #[error("the bidder is registered already")]
    AlreadyRegistered,
    /// There is nobody to approve or to suspend.
    #[error("the bidder is not registered")]
    NotRegistered,
}
