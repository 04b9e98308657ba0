//! The sessions of one account, each on a lease of one of the account's slots: the state, and what is
//! decided about it.
//!
//! A lease is valid iff `now < expires_at`, judged at the moment of every command and every look,
//! whatever a timer has done so far. The deadline only reclaims.

use bailiwick_core::{Aggregate, Context, LeaseSet, Timestamp, View, commands, require};
use serde::{Deserialize, Serialize};

use super::SessionEvent::{self, *};
use super::{
    AccountId, AcquireRefused, InvalidLease, InvalidLimit, KeepAliveRefused, NoSuchLease, SessionId,
};

type Ctx = Context<SessionEvent>;

/// How many sessions an account may run before anybody says otherwise.
pub const DEFAULT_LIMIT: usize = 5;

/// The highest limit.
pub const MAX_LIMIT: usize = 10_000;

/// The longest lease: a day.
pub const MAX_LEASE_MS: u64 = 24 * 60 * 60 * 1_000;

/// The sessions of one account.
#[derive(Debug, Clone)]
pub struct AccountSessions {
    leases: LeaseSet<SessionId>,
}

impl AccountSessions {
    /// How many sessions the account may run at once.
    pub fn limit(&self) -> usize {
        self.leases.slots()
    }

    /// How many slots are in use at `now`; more than the limit after it was lowered.
    pub fn in_use(&self, now: Timestamp) -> usize {
        self.leases.in_use(now)
    }

    /// The sessions that count at `now`, and until when; those that run out first come first.
    pub fn sessions(&self, now: Timestamp) -> impl Iterator<Item = (&SessionId, Timestamp)> {
        self.leases.holders(now)
    }

    /// Until when the session counts; `None` if it has no lease that is valid at `now`.
    pub fn lease(&self, session: &SessionId, now: Timestamp) -> Option<Timestamp> {
        self.leases.valid(session, now)
    }
}

impl View for AccountSessions {
    type Key = AccountId;
    type Event = SessionEvent;

    fn new(_: &AccountId) -> Self {
        AccountSessions { leases: LeaseSet::new(DEFAULT_LIMIT) }
    }

    fn apply(&mut self, event: &SessionEvent, _at: Timestamp) {
        match event {
            SessionStarted { session, expires_at } | LeaseRenewed { session, expires_at } => {
                self.leases.grant(session.clone(), *expires_at);
            }
            SessionEnded { session } | LeaseExpired { session } => self.leases.end(session),
            LimitChanged { limit } => self.leases.set_slots(*limit),
        }
    }

    fn try_clone(&self) -> Option<Self> {
        Some(self.clone())
    }
}

impl Aggregate for AccountSessions {
    const NAME: &'static str = "account-sessions";

    fn deadline(&self) -> Option<Timestamp> {
        self.leases.next_expiry()
    }

    fn on_deadline(&self, ctx: &mut Ctx) {
        for (session, _) in self.leases.expired(ctx.now()) {
            ctx.emit(LeaseExpired { session: session.clone() });
        }
    }
}

/// Asks for a slot for a session, for a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Acquire {
    /// For which session.
    pub session: SessionId,
    /// For how long, in milliseconds.
    pub lease_ms: u64,
}

/// A slot was granted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Granted {
    /// To which session.
    pub session: SessionId,
    /// Until when it counts.
    pub expires_at: Timestamp,
    /// How many of the account's slots are in use, this one included.
    pub in_use: usize,
    /// How many it has.
    pub limit: usize,
}

/// Says that a session still runs, and asks for its lease to last. Replies with the expiry that
/// holds, which is never earlier than before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeepAlive {
    /// Which session.
    pub session: SessionId,
    /// For how long from now, in milliseconds.
    pub lease_ms: u64,
}

/// Ends a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Release {
    /// Which session.
    pub session: SessionId,
}

/// Sets how many sessions the account may run at once. Those that run above a lowered limit go on;
/// new ones are refused until there are fewer. 0 lets none start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SetLimit {
    /// How many.
    pub limit: usize,
}

#[commands]
impl AccountSessions {
    fn acquire(&self, command: &Acquire, ctx: &mut Ctx) -> Result<Granted, AcquireRefused> {
        let (now, limit) = (ctx.now(), self.limit());
        let expires_at = lease_until(now, command.lease_ms)?;
        let active = self.lease(&command.session, now).is_some();
        require(!active, AcquireRefused::AlreadyActive)?;
        let free = self.leases.free(now) > 0;
        require(free, AcquireRefused::LimitReached { limit })?;
        let session = command.session.clone();
        ctx.emit(SessionStarted { session: session.clone(), expires_at });
        Ok(Granted { session, expires_at, in_use: self.in_use(now) + 1, limit })
    }

    fn keep_alive(
        &self,
        command: &KeepAlive,
        ctx: &mut Ctx,
    ) -> Result<Timestamp, KeepAliveRefused> {
        let KeepAlive { session, lease_ms } = command;
        let now = ctx.now();
        let renewed = lease_until(now, *lease_ms)?;
        let held = self.lease(session, now).ok_or(NoSuchLease)?;
        // As DHCP does it: not before half time, so that a renewal every few seconds does not fill
        // the journal. What is renewed then always ends later than what was held.
        if held.since(now).as_millis() * 2 >= u128::from(*lease_ms) {
            return Ok(held);
        }
        ctx.emit(LeaseRenewed { session: session.clone(), expires_at: renewed });
        Ok(renewed)
    }

    fn release(&self, command: &Release, ctx: &mut Ctx) -> Result<(), NoSuchLease> {
        let active = self.lease(&command.session, ctx.now()).is_some();
        require(active, NoSuchLease)?;
        ctx.emit(SessionEnded { session: command.session.clone() });
        Ok(())
    }

    fn set_limit(&self, &SetLimit { limit }: &SetLimit, ctx: &mut Ctx) -> Result<(), InvalidLimit> {
        require(limit <= MAX_LIMIT, InvalidLimit { limit })?;
        if limit != self.limit() {
            ctx.emit(LimitChanged { limit });
        }
        Ok(())
    }
}

/// The expiry of a lease of `lease_ms` that begins at `now`.
fn lease_until(now: Timestamp, lease_ms: u64) -> Result<Timestamp, InvalidLease> {
    let valid = (1..=MAX_LEASE_MS).contains(&lease_ms);
    require(valid, InvalidLease { lease_ms })?;
    Ok(now.plus_millis(lease_ms))
}
