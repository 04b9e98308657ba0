//! The day itself, step by step.
//!
//! What was done is not done again: so whoever was killed goes on where the journal ends.

use bailiwick::{Aggregates, Runtime};
use bailiwick_examples::orders::ParcelStatus::{Cancelled, Opened};
use bailiwick_examples::orders::{Order, Parcel, Payment, Status};
use tokio::sync::watch;
use tokio::time::sleep;

use super::cast::{A, ANN, B, BAG, BOB, C, CID, HAMMOCK, KAYAK, PADDLE, PEG, TENT, VEST};
use super::heard::Heard;
use super::mail::Mail;
use super::who::Who;
use crate::args::Args;
use crate::failure::Failure;
use crate::page::Page;

/// A day at a shop that has opened.
pub struct Day<'a> {
    pub orders: Aggregates<Order>,
    pub payments: Aggregates<Payment>,
    pub parcels: Aggregates<Parcel>,
    pub heard: watch::Receiver<Heard>,
    pub page: Page,
    pub mail: Mail,
    pub args: &'a Args,
    /// How many steps there were.
    pub steps: u32,
    /// The last step was made now, and not before the shop was killed.
    pub fresh: bool,
}

impl<'a> Day<'a> {
    pub fn new(
        runtime: &Runtime,
        heard: watch::Receiver<Heard>,
        page: Page,
        mail: Mail,
        args: &'a Args,
    ) -> Self {
        let (orders, payments) = (runtime.aggregates(), runtime.aggregates());
        let parcels = runtime.aggregates();
        Day { orders, payments, parcels, heard, page, mail, args, steps: 0, fresh: true }
    }

    /// Plays it, or what is left of it.
    pub async fn play(&mut self) -> Result<(), Failure> {
        if self.heard.borrow().given_up > 0 {
            return Ok(self.page.says(Who::Office, "is closed", "since the last order is done")?);
        }
        self.ordering().await?;
        self.paying().await?;
        self.packing().await?;
        self.refunding().await?;
        self.completing().await?;
        self.given_up().await
    }

    /// Another chapter, unless the journal has what comes before it.
    fn chapter(&self, title: &'static str) {
        if self.fresh {
            self.page.chapter(title);
        }
    }

    async fn ordering(&mut self) -> Result<(), Failure> {
        self.orders(A, ANN, &[(TENT, 1), (BAG, 2)]).await?;
        self.orders(B, BOB, &[(HAMMOCK, 1), (PEG, 60)]).await?;
        self.orders_too_much((B, BOB), PEG, 49).await?;
        self.orders(C, CID, &[(KAYAK, 1), (PADDLE, 2), (VEST, 1)]).await?;
        self.orders_too_much((C, CID), KAYAK, 4).await
    }

    async fn paying(&mut self) -> Result<(), Failure> {
        self.chapter("Paid in parts: 99 % are enough");
        self.receives(A, "Ann 1", 200_00).await?;
        self.receives_again(A, "Ann 1", 200_00).await?;
        self.receives(A, "Ann 2", 215_80).await?;
        self.are(A, [Opened, Opened]).await?;
        self.receives(B, "Bob 1", 60_00).await?;
        self.removes(B, 1).await?;
        self.are(B, [Opened]).await?;
        self.receives(C, "Cid 1", 1_500_00).await?;
        self.are(C, [Opened, Opened, Opened]).await
    }

    async fn packing(&mut self) -> Result<(), Failure> {
        self.chapter("Parcels are scanned, in whatever order");
        self.fills(C, 2).await?;
        self.comes_to(C, Status::InDelivery).await?;
        self.sends(C, 1).await?;
        // Nobody has scanned it before.
        self.delivers(A, 2).await?;
        self.comes_to(A, Status::InDelivery).await
    }

    async fn refunding(&mut self) -> Result<(), Failure> {
        self.chapter("Cid wants his money back, in the middle of it");
        self.refunds(C).await?;
        self.hears("the refusal", |heard| heard.refused > 0).await?;
        self.are(C, [Opened, Cancelled, Cancelled]).await?;
        self.delivers(C, 1).await?;
        self.receives(C, "Cid 2", 90_00).await
    }

    async fn completing(&mut self) -> Result<(), Failure> {
        self.chapter("The rest of Ann's order arrives, and she is told");
        self.delivers(A, 1).await?;
        self.comes_to(A, Status::Completed).await?;
        let told = self.heard.borrow().told;
        self.hears("the mail", |heard| heard.told > 0).await?;
        self.fresh |= told == 0;
        self.pause().await;
        Ok(())
    }

    async fn given_up(&mut self) -> Result<(), Failure> {
        // After a kill the last chapter was told by whoever was killed.
        sleep(self.args.pause()).await;
        self.page.chapter("The mail is down, and Bob changes his mind before he is told");
        self.mail.set_down(true);
        self.delivers(B, 1).await?;
        self.comes_to(B, Status::Completed).await?;
        self.is_not_told().await?;
        self.refunds(B).await?;
        self.mail.set_down(false);
        self.hears("the mail", |heard| heard.given_up > 0).await
    }

    /// Waits until the mail was asked in vain, or nobody asks it any more.
    async fn is_not_told(&mut self) -> Result<(), Failure> {
        let mail = self.mail.clone();
        tokio::select! {
            () = mail.is_asked_in_vain() => Ok(()),
            given_up = self.hears("the mail", |heard| heard.given_up > 0) => given_up,
        }
    }
}
