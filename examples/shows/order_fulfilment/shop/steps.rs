//! What a step of the day is made of. Each has a key of its own, so one that was made is not made again.

use std::error::Error;
use std::fmt::Debug;
use std::future::Future;
use std::time::Duration;

use bailiwick::{Aggregates, AskError, Decide, ErrorReport, IntoId};
use bailiwick_examples::money::Money;
use bailiwick_examples::orders::{
    DeliverParcel, FillParcel, OpenOrder, ParcelStatus, Receive, Refund, RemovePosition,
    SendParcel, Status,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::{sleep, timeout};

use super::cast::{Product, customer, order, parcel, position, too_much};
use super::day::Day;
use super::heard::Heard;
use super::who::Who;
use crate::failure::Failure;

/// Longer than anything takes that has to come.
pub const TIME_LIMIT: Duration = Duration::from_secs(20);

impl Day<'_> {
    /// Asks, unless that was done before the shop was killed, and waits until it was said aloud.
    async fn step<A, C>(
        &mut self,
        aggregates: &Aggregates<A>,
        id: impl IntoId<A::Key>,
        command: C,
    ) -> Result<(), Failure>
    where
        A: Decide<C, Reply: Clone + Serialize + DeserializeOwned + Send, Rejection: Error>,
        C: Serialize + Send + Sync + Debug + 'static,
    {
        self.steps += 1;
        let key = format!("step {}", self.steps);
        let receipt = aggregates.get(id).once(key).ask_with_receipt(command).await;
        let receipt = receipt.map_err(|error| failed(&error))?;
        self.fresh = !receipt.repeated;
        let upto = receipt.position;
        self.hears("what was accepted", |heard| heard.upto >= upto).await?;
        self.pause().await;
        Ok(())
    }

    /// Somebody opens an order with these positions.
    pub async fn orders(
        &mut self,
        name: &'static str,
        who: &'static str,
        positions: &[(Product, u32)],
    ) -> Result<(), Failure> {
        let orders = self.orders.clone();
        self.step(&orders, order(name), OpenOrder { customer: customer(who) }).await?;
        for (product, quantity) in positions {
            self.step(&orders, order(name), position(*product, *quantity)).await?;
        }
        Ok(())
    }

    /// The limit says no. It leaves nothing in the journal, so it is tried once more only if it was not before.
    pub async fn orders_too_much(
        &mut self,
        (name, who): (&'static str, &'static str),
        product: Product,
        quantity: u32,
    ) -> Result<(), Failure> {
        if !self.fresh {
            return Ok(());
        }
        match self.orders.get(order(name)).ask(position(product, quantity)).await {
            Err(AskError::Rejected(refused)) => {
                let text = too_much(product, quantity, &refused);
                self.page.says(Who::Person(who), "refused", &text)?;
                self.pause().await;
                Ok(())
            }
            Err(error) => Err(failed(&error)),
            Ok(_) => Err(Failure::Other("a limit did not hold".into())),
        }
    }

    pub async fn removes(&mut self, name: &'static str, number: u32) -> Result<(), Failure> {
        let orders = self.orders.clone();
        self.step(&orders, order(name), RemovePosition { number }).await
    }

    /// The bank reports a transfer.
    pub async fn receives(
        &mut self,
        name: &'static str,
        transfer: &'static str,
        cents: u64,
    ) -> Result<(), Failure> {
        let (payments, amount) = (self.payments.clone(), Money::cents(cents));
        self.step(&payments, order(name), Receive { transfer: transfer.into(), amount }).await
    }

    /// The bank reports the same transfer once more: nothing happens.
    pub async fn receives_again(
        &mut self,
        name: &'static str,
        transfer: &'static str,
        cents: u64,
    ) -> Result<(), Failure> {
        self.receives(name, transfer, cents).await?;
        if self.fresh {
            self.page.says(Who::Bank, "reports", "the same transfer again: it counts once")?;
            self.pause().await;
        }
        Ok(())
    }

    pub async fn refunds(&mut self, name: &'static str) -> Result<(), Failure> {
        let payments = self.payments.clone();
        self.step(&payments, order(name), Refund).await
    }

    pub async fn fills(&mut self, name: &'static str, number: u32) -> Result<(), Failure> {
        let parcels = self.parcels.clone();
        self.step(&parcels, parcel(name, number), FillParcel).await
    }

    pub async fn sends(&mut self, name: &'static str, number: u32) -> Result<(), Failure> {
        let parcels = self.parcels.clone();
        self.step(&parcels, parcel(name, number), SendParcel).await
    }

    pub async fn delivers(&mut self, name: &'static str, number: u32) -> Result<(), Failure> {
        let parcels = self.parcels.clone();
        self.step(&parcels, parcel(name, number), DeliverParcel).await
    }

    /// Waits until policies have moved the order on as far as that.
    pub async fn comes_to(&mut self, name: &'static str, status: Status) -> Result<(), Failure> {
        self.hears("a status", |heard| heard.status(&order(name)) >= status).await?;
        self.pause().await;
        Ok(())
    }

    /// Waits until policies have done that with parcels.
    pub async fn are<const N: usize>(
        &mut self,
        name: &'static str,
        expected: [ParcelStatus; N],
    ) -> Result<(), Failure> {
        let is = |heard: &Heard| {
            let mut all = (1..).zip(expected);
            all.all(|(number, status)| heard.parcel(&parcel(name, number)) >= status)
        };
        self.hears("the parcels", is).await?;
        self.pause().await;
        Ok(())
    }

    pub async fn hears(
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

fn failed<C, R>(error: &AskError<C, R>) -> Failure
where
    AskError<C, R>: Error + 'static,
{
    Failure::Other(ErrorReport::of(error).to_string().into())
}

async fn in_time<T>(what: &str, wait: impl Future<Output = T>) -> Result<T, Failure> {
    timeout(TIME_LIMIT, wait).await.map_err(|_| Failure::InVain(what.to_owned()))
}
