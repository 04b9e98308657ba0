//! The payment of an order: what was received for it, and that it was given back.

use std::collections::BTreeMap;

use bailiwick_core::{Aggregate, Context, Event, Timestamp, View, commands, require};
use serde::{Deserialize, Serialize};

use super::PaymentEvent::*;
use super::{OrderId, ReceiveRefused, RefundRefused, TransferId};
use crate::money::Money;

/// What happened to a payment.
#[derive(Event, Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum PaymentEvent {
    /// Money was received, and counts.
    PaymentReceived {
        /// By which transfer.
        transfer: TransferId,
        /// How much.
        amount: Money,
        /// How much there is now, with it.
        total: Money,
    },
    /// Money was received after the rest was given back. It goes back as well, at once, and never counts.
    PaymentReturned {
        /// By which transfer.
        transfer: TransferId,
        /// How much.
        amount: Money,
    },
    /// All that was received is given back.
    PaymentRefunded {
        /// How much.
        amount: Money,
    },
}

/// What was received for an order. There is one for each.
///
/// It knows nothing of the order: neither whether there is one, nor what it is worth. It takes all money that
/// comes, too much as well, since money that has arrived is there. So what comes after a refund is not
/// refused, but goes straight back: it does not make a refunded order a paid one.
#[derive(Debug, Clone)]
pub struct Payment {
    total: u64,
    /// By which transfers, those that went back among them. A bank may report one twice.
    transfers: BTreeMap<TransferId, Money>,
    refunded: bool,
}

impl Payment {
    /// What there is: all that was received, and nothing once it was given back.
    pub fn total(&self) -> Money {
        Money::cents(if self.refunded { 0 } else { self.total })
    }

    /// Whether it was given back.
    pub fn refunded(&self) -> bool {
        self.refunded
    }
}

impl View for Payment {
    type Key = OrderId;
    type Event = PaymentEvent;

    fn new(_: &OrderId) -> Self {
        Payment { total: 0, transfers: BTreeMap::new(), refunded: false }
    }

    fn apply(&mut self, event: &PaymentEvent, _at: Timestamp) {
        match event {
            PaymentReceived { transfer, amount, total } => {
                self.transfers.insert(transfer.clone(), *amount);
                self.total = total.minor;
            }
            PaymentReturned { transfer, amount } => {
                self.transfers.insert(transfer.clone(), *amount);
            }
            PaymentRefunded { .. } => self.refunded = true,
        }
    }

    fn try_clone(&self) -> Option<Self> {
        Some(self.clone())
    }
}

impl Aggregate for Payment {
    const NAME: &'static str = "payment";
}

/// Money has come, as a bank reports it. What was reported before is there already, and nothing happens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Receive {
    /// By which transfer.
    pub transfer: TransferId,
    /// How much.
    pub amount: Money,
}

/// What became of money that has come.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Received {
    /// It counts: there is so much in all.
    Counts {
        /// How much.
        total: Money,
    },
    /// It goes back, as all that came before it did.
    GoesBack,
}

/// Gives back all that was received. Once is enough: then nothing happens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Refund;

type Ctx = Context<PaymentEvent>;

#[commands]
impl Payment {
    fn receive(&self, command: &Receive, ctx: &mut Ctx) -> Result<Received, ReceiveRefused> {
        let Receive { transfer, amount } = command.clone();
        Money::cents(0).check(amount)?;
        require(amount.minor > 0, ReceiveRefused::Nothing)?;
        if let Some(&known) = self.transfers.get(&transfer) {
            let differs = ReceiveRefused::TransferDiffers { transfer, amount: known };
            require(known == amount, differs)?;
            return Ok(match self.refunded {
                true => Received::GoesBack,
                false => Received::Counts { total: self.total() },
            });
        }
        if self.refunded {
            ctx.emit(PaymentReturned { transfer, amount });
            return Ok(Received::GoesBack);
        }
        let total = self.total.checked_add(amount.minor).ok_or(ReceiveRefused::Overflow)?;
        let total = Money::cents(total);
        ctx.emit(PaymentReceived { transfer, amount, total });
        Ok(Received::Counts { total })
    }

    fn refund(&self, _: &Refund, ctx: &mut Ctx) -> Result<(), RefundRefused> {
        require(self.total > 0, RefundRefused::NothingReceived)?;
        if !self.refunded {
            ctx.emit(PaymentRefunded { amount: self.total() });
        }
        Ok(())
    }
}
