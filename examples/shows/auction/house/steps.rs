//! What a step of the evening is made of. One that the journal has already is not made again.

use std::error::Error;
use std::fmt::Debug;
use std::future::Future;
use std::time::Duration;

use bailiwick::{AskError, ErrorReport, Position, ReactionStatus, Receipt};
use bailiwick_examples::auction::{
    BidPlaced, BidRefused, BidRetracted, BidderEvent, BidderSuspended, EligibleBidRefused,
    ListingEvent, Open, PlaceBid, PlaceEligibleBid, Suspend, checked,
};
use tokio::time::{sleep, timeout};

use super::aloud::Heard;
use super::cast::{bid, bidder, lot, price, terms};
use super::evening::Evening;
use super::office::Office;
use super::who::Who;
use crate::failure::Failure;

/// Longer than anything takes that has to come.
pub const TIME_LIMIT: Duration = Duration::from_secs(20);

impl Evening<'_> {
    /// Offers a lot from now on.
    pub async fn offers(
        &mut self,
        name: &'static str,
        (ask, step): (u64, u64),
        lasts: Duration,
    ) -> Result<(), Failure> {
        self.fresh = !self.heard.borrow().listings.contains_key(&lot(name));
        if self.fresh {
            let now = self.runtime.now();
            let open = Open(terms(ask, step, now, now + lasts));
            let opened = self.listings.get(name).ask_with_receipt(open).await;
            self.told(opened.map_err(Failure::other)?.position).await?;
        }
        Ok(())
    }

    /// The bid, unless it was placed before the house was killed.
    fn fresh_bid(
        &mut self,
        who: &'static str,
        name: &'static str,
        amount: u64,
    ) -> Option<PlaceBid> {
        let bid = bid(who, amount);
        self.fresh = !self.was_placed(name, &bid);
        self.fresh.then_some(bid)
    }

    /// Checks the bidder and puts the bid to the lot.
    pub async fn bids(
        &mut self,
        who: &'static str,
        name: &'static str,
        amount: u64,
    ) -> Result<(), Failure> {
        let Some(bid) = self.fresh_bid(who, name, amount) else { return Ok(()) };
        match checked(&Office(self.bidders.clone()), bid.clone()).await {
            Ok(checked) => {
                let answer = self.listings.get(name).ask_with_receipt(checked).await;
                self.answered((name, &bid), answer).await
            }
            Err(refused) => self.refused((name, &bid), &refused.to_string()),
        }
    }

    /// Decides the bid together with its bidder.
    pub async fn bids_decided(
        &mut self,
        who: &'static str,
        name: &'static str,
        amount: u64,
    ) -> Result<(), Failure> {
        let Some(bid) = self.fresh_bid(who, name, amount) else { return Ok(()) };
        let decision = PlaceEligibleBid { listing: lot(name), bid: bid.clone() };
        let answer = self.decisions.decide_with_receipt(decision).await;
        self.answered((name, &bid), answer).await
    }

    /// Suspends a bidder. Where that is in the journal, if it is one of now.
    pub async fn suspends(&mut self, who: &'static str) -> Result<Option<Position>, Failure> {
        let bidder = bidder(who);
        let event = BidderEvent::Suspended(BidderSuspended { bidder: bidder.clone() });
        self.fresh = !self.heard.borrow().has(&bidder, &event);
        if !self.fresh {
            return Ok(None);
        }
        let suspended = self.bidders.get(bidder).ask_with_receipt(Suspend).await;
        let position = suspended.map_err(Failure::other)?.position;
        self.told(position).await?;
        Ok(Some(position))
    }

    /// Waits until the policy has dealt with what is at this position.
    pub async fn policy_deals_with(&self, position: Position) -> Result<ReactionStatus, Failure> {
        let policies = self.runtime.policies();
        let policy = policies.get("corrective").expect("the house has it");
        let deals = async {
            loop {
                let status = policy.status();
                if status.read >= position && status.pending == 0 {
                    return status;
                }
                sleep(Duration::from_millis(5)).await;
            }
        };
        in_time("the policy", deals).await
    }

    /// What became of a bid: if it was taken, whoever reads the journal says so.
    pub async fn answered<C: Debug + 'static, R: Into<EligibleBidRefused> + Error + 'static>(
        &mut self,
        (name, bid): (&'static str, &PlaceBid),
        answer: Result<Receipt<()>, AskError<C, R>>,
    ) -> Result<(), Failure> {
        match answer {
            Ok(receipt) => self.told(receipt.position).await,
            Err(AskError::Rejected(refused)) => match refused.into() {
                EligibleBidRefused::Bid(BidRefused::TooLow { minimum }) => {
                    self.refused((name, bid), &format!("{} at least", price(minimum)))
                }
                refused => self.refused((name, bid), &refused.to_string()),
            },
            Err(error) => Err(Failure::Other(ErrorReport::of(&error).to_string().into())),
        }
    }

    fn refused(&self, (name, bid): (&'static str, &PlaceBid), why: &str) -> Result<(), Failure> {
        let text = format!("{} for the {name}: {why}", price(bid.amount));
        Ok(self.page.says(Who::Person(bid.bidder.as_str()), "refused", &text)?)
    }

    pub fn was_placed(&self, name: &'static str, bid: &PlaceBid) -> bool {
        let PlaceBid { bidder, amount } = bid.clone();
        let event = ListingEvent::from(BidPlaced { listing: lot(name), bidder, amount });
        self.heard.borrow().has(&lot(name), &event)
    }

    /// Waits until this was said.
    pub async fn told(&mut self, position: Position) -> Result<(), Failure> {
        self.hears("what was accepted", |heard| heard.upto >= position).await
    }

    /// Waits until the policy has taken out the bid.
    pub async fn is_taken_out(
        &mut self,
        who: &'static str,
        name: &'static str,
    ) -> Result<(), Failure> {
        let event = ListingEvent::from(BidRetracted { listing: lot(name), bidder: bidder(who) });
        self.hears("the policy", |heard| heard.has(&lot(name), &event)).await
    }

    /// Waits until the lot is closed.
    pub async fn closes(&mut self, name: &'static str) -> Result<(), Failure> {
        self.hears("the end of a lot", |heard| heard.is_closed(&lot(name))).await
    }

    async fn hears(
        &mut self,
        what: &str,
        heard: impl FnMut(&Heard) -> bool,
    ) -> Result<(), Failure> {
        in_time(what, self.heard.wait_for(heard)).await?.map(drop).map_err(Failure::other)
    }

    /// A moment, if something has just happened.
    pub async fn pause(&self) {
        if self.fresh {
            sleep(self.args.pause()).await;
        }
    }
}

async fn in_time<T>(what: &str, wait: impl Future<Output = T>) -> Result<T, Failure> {
    timeout(TIME_LIMIT, wait).await.map_err(|_| Failure::InVain(what.to_owned()))
}
