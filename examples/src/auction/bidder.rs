//! A bidder: who may bid, and what is decided about that. A bidder does not know of any listing.

use bailiwick_core::{Aggregate, Context, Timestamp, View, commands, require};
use serde::{Deserialize, Serialize};

use super::BidderEvent::{self, *};
use super::{BidderId, BidderRefused, BidderSuspended, Ineligible};

type Ctx = Context<BidderEvent>;

/// Somebody who may bid, once registered and approved.
#[derive(Debug, Clone)]
pub struct Bidder {
    id: BidderId,
    status: Status,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Status {
    Unknown,
    Registered,
    Approved,
    Suspended { since: Timestamp },
}

impl Bidder {
    /// Who it is.
    pub fn id(&self) -> &BidderId {
        &self.id
    }

    /// Since when the bidder is suspended, if at all.
    pub fn suspended_since(&self) -> Option<Timestamp> {
        match self.status {
            Status::Suspended { since } => Some(since),
            _ => None,
        }
    }

    /// That the bidder may bid.
    ///
    /// # Errors
    /// Why not.
    pub fn eligible(&self) -> Result<(), Ineligible> {
        match self.status {
            Status::Unknown => Err(Ineligible::NotRegistered),
            Status::Registered => Err(Ineligible::NotApproved),
            Status::Approved => Ok(()),
            Status::Suspended { .. } => Err(Ineligible::Suspended),
        }
    }
}

impl View for Bidder {
    type Key = BidderId;
    type Event = BidderEvent;

    fn new(id: &BidderId) -> Self {
        Bidder { id: id.clone(), status: Status::Unknown }
    }

    fn apply(&mut self, event: &BidderEvent, at: Timestamp) {
        self.status = match event {
            BidderRegistered => Status::Registered,
            BidderApproved => Status::Approved,
            Suspended(_) => Status::Suspended { since: at },
        };
    }

    fn try_clone(&self) -> Option<Self> {
        Some(self.clone())
    }
}

impl Aggregate for Bidder {
    const NAME: &'static str = "bidder";
}

/// Comes, and waits for approval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Register;

/// Lets the bidder bid, also after a suspension. Who may bid already still may, and nothing happens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Approve;

/// Lets the bidder bid no more, until approved again. Who is suspended already still is, and nothing
/// happens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Suspend;

#[commands]
impl Bidder {
    fn register(&self, _: &Register, ctx: &mut Ctx) -> Result<(), BidderRefused> {
        require(self.status == Status::Unknown, BidderRefused::AlreadyRegistered)?;
        ctx.emit(BidderRegistered);
        Ok(())
    }

    fn approve(&self, _: &Approve, ctx: &mut Ctx) -> Result<(), BidderRefused> {
        require(self.status != Status::Unknown, BidderRefused::NotRegistered)?;
        if self.status != Status::Approved {
            ctx.emit(BidderApproved);
        }
        Ok(())
    }

    fn suspend(&self, _: &Suspend, ctx: &mut Ctx) -> Result<(), BidderRefused> {
        require(self.status != Status::Unknown, BidderRefused::NotRegistered)?;
        if self.suspended_since().is_none() {
            ctx.emit(BidderSuspended { bidder: self.id.clone() });
        }
        Ok(())
    }
}
