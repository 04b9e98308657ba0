//! Which rules can say no.

use super::{MAX_ITEMS, ParcelId, TransferId};
use crate::money::{Money, OtherCurrency};

/// Why an order was not opened.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum OpenRefused {
    /// It was opened before.
    #[error("the order is open already")]
    AlreadyOpened,
}

/// Why a position was not added.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum AddRefused {
    /// Nobody has opened it.
    #[error("there is no such order")]
    NotOpened,
    /// The money went back: nothing is ordered any more.
    #[error("the order was refunded")]
    Refunded,
    /// What is in the parcels stays so.
    #[error("the order is packed")]
    Packed,
    /// It would be of too many items.
    #[error("an order has {MAX_ITEMS} items at most, and would have {total}")]
    TooManyItems {
        /// How many there may be.
        limit: u64,
        /// How many there would be.
        total: u64,
    },
    /// It would be worth too much.
    #[error("an order is worth {limit} at most, and would be worth {total}")]
    TooMuchValue {
        /// How much it may be worth.
        limit: Money,
        /// How much it would be worth.
        total: Money,
    },
    /// A position is of something.
    #[error("a position has a quantity of 1 at least")]
    NoQuantity,
    /// Nobody is paid for ordering.
    #[error("a price is not negative")]
    NegativePrice,
    /// The total is more than can be said.
    #[error("the value cannot be expressed")]
    Overflow,
    /// The price is in another currency.
    #[error(transparent)]
    OtherCurrency(#[from] OtherCurrency),
    /// It is paid, and would not be any more: the money has to be there first.
    #[error("the order is paid, but not this: {received} of {total} were received")]
    NotCovered {
        /// What was received.
        received: Money,
        /// How much it would be worth.
        total: Money,
    },
}

/// Why a position was not removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RemoveRefused {
    /// The money went back: nothing is ordered any more.
    #[error("the order was refunded")]
    Refunded,
    /// It is in a parcel.
    #[error("the order is packed")]
    Packed,
    /// There is none of this number, or there was.
    #[error("the order has no such position")]
    NoSuchPosition,
}

/// Why an amount was not received.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ReceiveRefused {
    /// It is in another currency.
    #[error(transparent)]
    OtherCurrency(#[from] OtherCurrency),
    /// It is nothing.
    #[error("nothing was received")]
    Nothing,
    /// Another amount was received by the same transfer.
    #[error("the transfer {transfer} was of {amount}")]
    TransferDiffers {
        /// The transfer.
        transfer: TransferId,
        /// Its amount.
        amount: Money,
    },
    /// The total is more than can be said.
    #[error("the total cannot be expressed")]
    Overflow,
}

/// Why nothing was given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefundRefused {
    /// There is nothing to give back.
    #[error("nothing was received")]
    NothingReceived,
}

/// Why a parcel was not filled, sent or delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParcelRefused {
    /// Nobody has asked for it.
    #[error("there is no such parcel")]
    NotOpened,
    /// It was cancelled.
    #[error("the parcel was cancelled")]
    Cancelled,
}

/// Why a parcel was not cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CancelRefused {
    /// Nobody has asked for it.
    #[error("there is no such parcel")]
    NotOpened,
    /// Nobody can call it back.
    #[error("the parcel was sent")]
    AlreadySent,
}

/// Why a fulfilment has no use for what it was told.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NoteRefused {
    /// It has not asked for that parcel.
    #[error("the parcel {0} is none of this order")]
    UnknownParcel(ParcelId),
}
