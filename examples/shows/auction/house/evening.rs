//! The evening itself, step by step.
//!
//! What the journal has already is not done again: so whoever was killed goes on where the journal ends.

use std::time::Duration;

use bailiwick::{Aggregates, Decisions, Runtime};
use bailiwick_examples::auction::{Approve, Bidder, Listing, Register, checked};
use tokio::sync::watch;
use tokio::time::sleep;

use super::aloud::Heard;
use super::cast::{ANN, BOB, CID, EVE, LAMP, PIANO, VASE, bid, bidder, lot};
use super::office::Office;
use super::steps::TIME_LIMIT;
use super::who::Who;
use crate::args::Args;
use crate::failure::Failure;
use crate::killed::may_be_killed;
use crate::page::Page;

/// Longer than anybody watches.
const TONIGHT: Duration = Duration::from_secs(3_600);
/// So long before the end of the vase comes the last bid but one.
const LAST_BUT_ONE: Duration = Duration::from_millis(900);
/// And the last one that is in time.
const LAST: Duration = Duration::from_millis(350);

/// An evening at a house that has opened.
pub struct Evening<'a> {
    pub runtime: &'a Runtime,
    pub listings: Aggregates<Listing>,
    pub bidders: Aggregates<Bidder>,
    pub decisions: Decisions,
    pub heard: watch::Receiver<Heard>,
    pub page: Page,
    pub args: &'a Args,
    /// The last step was made now, and is none of those that the journal had.
    pub fresh: bool,
}

impl<'a> Evening<'a> {
    pub fn new(
        runtime: &'a Runtime,
        heard: watch::Receiver<Heard>,
        page: Page,
        args: &'a Args,
    ) -> Self {
        let (listings, bidders) = (runtime.aggregates(), runtime.aggregates());
        let (decisions, fresh) = (runtime.decisions(), true);
        Evening { runtime, listings, bidders, decisions, heard, page, args, fresh }
    }

    /// Plays it, or what is left of it.
    pub async fn play(&mut self) -> Result<(), Failure> {
        if self.heard.borrow().is_closed(&lot(VASE)) {
            return Ok(self.page.says(Who::Office, "is closed", "since the vase is sold")?);
        }
        self.opens().await?;
        self.first_bids().await?;
        self.one_too_many().await?;
        self.decided_together().await?;
        self.suspended_too_late().await?;
        self.last_second().await
    }

    /// Another chapter, unless the journal has what comes before it.
    fn chapter(&self, title: &'static str) {
        if self.fresh {
            self.page.chapter(title);
        }
    }

    async fn opens(&mut self) -> Result<(), Failure> {
        if !self.heard.borrow().listings.contains_key(&lot(PIANO)) {
            for name in [ANN, BOB, CID, EVE] {
                let bidder = self.bidders.get(bidder(name));
                // Whoever was registered before a kill still is.
                let _ = bidder.ask(Register).await;
                bidder.ask(Approve).await.map_err(Failure::other)?;
            }
            let text = format!("{ANN}, {BOB}, {CID} and {EVE}: they may bid");
            self.page.says(Who::Office, "approves", &text)?;
        }
        self.offers(PIANO, (500, 50), TONIGHT).await?;
        self.offers(LAMP, (100, 10), self.args.short()).await
    }

    async fn first_bids(&mut self) -> Result<(), Failure> {
        self.chapter("Bids are checked, then put to their lots");
        for (who, what, amount) in [(CID, LAMP, 100), (ANN, PIANO, 500), (BOB, PIANO, 550)] {
            self.bids(who, what, amount).await?;
            self.pause().await;
        }
        if self.fresh {
            self.bids(ANN, PIANO, 560).await?;
            self.pause().await;
        }
        Ok(())
    }

    /// The check says yes, then comes the suspension, then the bid.
    async fn one_too_many(&mut self) -> Result<(), Failure> {
        self.chapter("Eve is suspended while her bid is on its way");
        if self.was_placed(PIANO, &bid(EVE, 900)) {
            self.fresh = false;
            return Ok(());
        }
        let checked = checked(&Office(self.bidders.clone()), bid(EVE, 900)).await;
        if checked.is_ok() {
            self.page.says(Who::Office, "checks", "Eve, who may bid")?;
            self.pause().await;
        }
        self.suspends(EVE).await?;
        self.pause().await;
        if let Ok(bid) = checked {
            let answer = self.listings.get(PIANO).ask_with_receipt(bid.clone()).await;
            self.answered((PIANO, &bid), answer).await?;
        }
        self.pause().await;
        if self.args.show.dark { self.waits_to_be_killed().await } else { Ok(()) }
    }

    async fn waits_to_be_killed(&self) -> Result<(), Failure> {
        may_be_killed()?;
        sleep(TIME_LIMIT).await;
        Err(Failure::InVain("the end".to_owned()))
    }

    async fn decided_together(&mut self) -> Result<(), Failure> {
        if self.was_placed(PIANO, &bid(EVE, 900)) {
            self.is_taken_out(EVE, PIANO).await?;
            self.fresh = true;
            self.pause().await;
        }
        self.page.chapter("For the vase, a bid is decided together with its bidder");
        self.offers(VASE, (500, 50), self.args.last()).await?;
        self.pause().await;
        for who in [EVE, BOB] {
            self.bids_decided(who, VASE, 500).await?;
            self.pause().await;
        }
        Ok(())
    }

    async fn suspended_too_late(&mut self) -> Result<(), Failure> {
        self.page.chapter("Cid gets the lamp, and is suspended: what is sold is sold");
        self.closes(LAMP).await?;
        self.pause().await;
        if let Some(suspended) = self.suspends(CID).await?
            && self.policy_deals_with(suspended).await?.counts.rejected > 0
        {
            self.page.says(Who::Policy, "refused", "Cid's bid for the lamp: it has ended")?;
        }
        self.pause().await;
        Ok(())
    }

    async fn last_second(&mut self) -> Result<(), Failure> {
        let ends_at = |vase: &Listing, _| vase.terms().map(|terms| terms.ends_at);
        let ends_at = self.listings.get(VASE).read(ends_at).await.map_err(Failure::other)?.value;
        let ends_at = ends_at.expect("it is offered");
        self.page.chapter("The last second");
        for (who, amount, before) in [(ANN, 600, LAST_BUT_ONE), (BOB, 700, LAST)] {
            sleep(ends_at.since(self.runtime.now()).saturating_sub(before)).await;
            self.bids_decided(who, VASE, amount).await?;
        }
        self.closes(VASE).await?;
        self.bids_decided(ANN, VASE, 800).await
    }
}
