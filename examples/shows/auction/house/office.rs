//! The office: it is asked who may bid, before a bid is put to its lot.

use bailiwick::Aggregates;
use bailiwick_examples::auction::{Bidder, BidderId, Eligibility, NotChecked};

/// Looks at the bidder.
pub struct Office(pub Aggregates<Bidder>);

impl Eligibility for Office {
    async fn check(&self, bidder: &BidderId) -> Result<(), NotChecked> {
        let looked = self.0.get(bidder).read(|bidder, _| bidder.eligible()).await;
        Ok(looked.map_err(|error| NotChecked::Unavailable(error.into()))?.value?)
    }
}
