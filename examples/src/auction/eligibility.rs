//! The first remedy, up to the mailbox: who bids is checked before the bid is put to the listing.
//!
//! The check may be slow, or ask somebody else: the listing does not wait for it. But it may be out of
//! date by the time the bid is judged. Such a bid gets in, and the [corrective policy](super::Corrective)
//! takes it out again.

use std::error::Error;
use std::future::Future;

use super::{BidderId, Ineligible, PlaceBid};

/// Whoever knows who may bid.
pub trait Eligibility: Send + Sync {
    /// Whether this bidder may bid.
    ///
    /// # Errors
    /// [`NotChecked::Ineligible`] if not, [`NotChecked::Unavailable`] if that cannot be said.
    fn check(&self, bidder: &BidderId) -> impl Future<Output = Result<(), NotChecked>> + Send;
}

/// Why a bid is not put to the listing.
#[derive(Debug, thiserror::Error)]
pub enum NotChecked {
    /// The bidder may not bid.
    #[error(transparent)]
    Ineligible(#[from] Ineligible),
    /// Nobody could say. What could not be checked is not put to the listing.
    #[error("whether the bidder may bid could not be checked")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
}

/// The bid, once its bidder was checked: `listing.ask(checked(&port, bid).await?).await?`.
///
/// # Errors
/// As [`Eligibility::check`].
pub async fn checked(port: &impl Eligibility, bid: PlaceBid) -> Result<PlaceBid, NotChecked> {
    port.check(&bid.bidder).await?;
    Ok(bid)
}
