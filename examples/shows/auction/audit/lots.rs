//! Lots and bidders, folded from events alone, and the rules between them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bailiwick::journal::RecordedEvent;
use bailiwick::{BoxError, Timestamp};
use bailiwick_examples::auction::{
    BidderEvent, BidderId, Increment, ListingEvent, ListingId, Money, Terms,
};

/// A rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    Higher,
    InTime,
    NotEarly,
    ToTheHighest,
    TakenOut,
    Stands,
}

/// What the journal says about all of them.
#[derive(Debug, Default)]
pub struct Lots {
    /// The lots, by name.
    pub lots: BTreeMap<ListingId, Lot>,
    approved: BTreeSet<BidderId>,
    /// How often each rule was judged.
    pub judged: BTreeMap<Rule, usize>,
    /// How long before its end a lot had its last bid, at least.
    pub closest: Option<Duration>,
    /// How long after its end a lot was closed, at most.
    pub latest: Duration,
    /// How long a bid stood that should not have, at most.
    pub longest: Duration,
}

/// One lot.
#[derive(Debug)]
pub struct Lot {
    terms: Terms,
    standing: BTreeMap<BidderId, Money>,
    /// Since when there is a bid of somebody who may not bid.
    wrong: BTreeMap<BidderId, Timestamp>,
    /// Who has it, once it is closed.
    pub sold: Option<Option<(BidderId, Money)>>,
}

impl Lot {
    /// The highest standing bid.
    pub fn highest(&self) -> Option<(&BidderId, Money)> {
        let all = self.standing.iter().map(|(bidder, amount)| (bidder, *amount));
        all.max_by_key(|(_, amount)| amount.minor)
    }

    fn least(&self) -> u64 {
        let step = match self.terms.increment {
            Increment::Amount(amount) => amount.minor,
            Increment::BasisPoints(_) => 1,
        };
        self.highest().map_or(self.terms.ask.minor, |(_, highest)| highest.minor + step)
    }
}

impl Lots {
    fn judge(&mut self, rule: Rule, holds: bool, what: &str) -> Result<(), BoxError> {
        *self.judged.entry(rule).or_default() += 1;
        if holds { Ok(()) } else { Err(what.into()) }
    }

    /// Something happened to a listing.
    pub fn listing(
        &mut self,
        event: &ListingEvent,
        recorded: &RecordedEvent,
    ) -> Result<(), BoxError> {
        let (id, at): (ListingId, _) = (recorded.id()?, recorded.event.recorded_at);
        if let ListingEvent::ListingOpened { terms } = event {
            let (standing, wrong) = (BTreeMap::new(), BTreeMap::new());
            let lot = Lot { terms: terms.clone(), standing, wrong, sold: None };
            self.lots.insert(id, lot);
            return Ok(());
        }
        let mut lot = self.lots.remove(&id).ok_or("it is of no lot")?;
        let judged = self.bid(event, &mut lot, at);
        self.lots.insert(id, lot);
        judged
    }

    fn bid(&mut self, event: &ListingEvent, lot: &mut Lot, at: Timestamp) -> Result<(), BoxError> {
        let ends_at = lot.terms.ends_at;
        match event {
            ListingEvent::Placed(bid) => {
                let in_time = lot.terms.starts_at <= at && at < ends_at && lot.sold.is_none();
                self.judge(Rule::InTime, in_time, "it is no time for bids")?;
                self.judge(Rule::Higher, bid.amount.minor >= lot.least(), "it is too low")?;
                let before = ends_at.since(at);
                self.closest = Some(self.closest.map_or(before, |closest| closest.min(before)));
                lot.standing.insert(bid.bidder.clone(), bid.amount);
                if !self.approved.contains(&bid.bidder) {
                    lot.wrong.insert(bid.bidder.clone(), at);
                }
                Ok(())
            }
            ListingEvent::Retracted(bid) => {
                lot.standing.remove(&bid.bidder).ok_or("there is no such bid")?;
                if let Some(since) = lot.wrong.remove(&bid.bidder) {
                    self.longest = self.longest.max(at.since(since));
                    self.judge(Rule::TakenOut, lot.sold.is_none(), "the result did not stand")?;
                }
                Ok(())
            }
            ListingEvent::ListingClosed { winner } => {
                self.judge(Rule::NotEarly, ends_at <= at, "it is closed early")?;
                let won = winner.as_ref().map(|bid| (bid.bidder.clone(), bid.amount));
                let highest = lot.highest().map(|(bidder, amount)| (bidder.clone(), amount));
                self.judge(Rule::ToTheHighest, won == highest, "that bid is not the highest")?;
                self.latest = self.latest.max(at.since(ends_at));
                lot.sold = Some(won);
                Ok(())
            }
            ListingEvent::ListingOpened { .. } | ListingEvent::ListingCancelled => Ok(()),
        }
    }

    /// Something happened to a bidder.
    pub fn bidder(
        &mut self,
        event: &BidderEvent,
        recorded: &RecordedEvent,
    ) -> Result<(), BoxError> {
        let (bidder, at): (BidderId, _) = (recorded.id()?, recorded.event.recorded_at);
        match event {
            BidderEvent::BidderRegistered => {}
            BidderEvent::BidderApproved => drop(self.approved.insert(bidder)),
            BidderEvent::Suspended(_) => {
                self.approved.remove(&bidder);
                for lot in self.lots.values_mut() {
                    match &lot.sold {
                        None if lot.standing.contains_key(&bidder) => {
                            lot.wrong.insert(bidder.clone(), at);
                        }
                        Some(Some((winner, _))) if *winner == bidder => {
                            *self.judged.entry(Rule::Stands).or_default() += 1;
                        }
                        _ => {}
                    }
                }
            }
        }
        Ok(())
    }

    /// Every lot that is over is closed, and nothing is left that should not be there.
    pub fn in_the_end(&self, now: Timestamp) -> Result<(), String> {
        for (id, lot) in &self.lots {
            if lot.sold.is_none() && lot.terms.ends_at < now {
                return Err(format!("the {id} was never closed"));
            }
            if let Some(bidder) = lot.wrong.keys().next() {
                return Err(format!("{bidder}'s bid for the {id} was never taken out"));
            }
        }
        Ok(())
    }
}
