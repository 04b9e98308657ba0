// What the examples of this crate's documentation are about: the account of its front page, included where
// it is not shown.
use std::time::Duration;

use bailiwick::{
    Aggregate, Context, Event, LeaseSet, MemoryJournal, Runtime, Timestamp, View, commands, id,
    require,
};
use serde::{Deserialize, Serialize};

// IDs. What stands in quotes is stored, in the tag of every event: `account:acc-1`.
id!(AccountId: "account", SessionId: "session");

// Events: what happened. Their names and fields are stored.
#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
enum SessionEvent {
    Started { session: SessionId, expires_at: Timestamp },
    Ended { session: SessionId },
    LeaseExpired { session: SessionId },
}

// State, folded from events. It is rebuilt whenever the aggregate is called and not in memory.
struct AccountSessions {
    leases: LeaseSet<SessionId>,
}

impl View for AccountSessions {
    type Key = AccountId;
    type Event = SessionEvent;
    fn new(_: &AccountId) -> Self {
        AccountSessions { leases: LeaseSet::new(2) }
    }
    fn apply(&mut self, event: &SessionEvent, _: Timestamp) {
        match event {
            SessionEvent::Started { session, expires_at } => {
                self.leases.grant(session.clone(), *expires_at);
            }
            SessionEvent::Ended { session } | SessionEvent::LeaseExpired { session } => {
                self.leases.end(session);
            }
        }
    }
}

// A deadline is a function of the state: there is no timer to set or to forget.
impl Aggregate for AccountSessions {
    const NAME: &'static str = "AccountSessions";
    fn deadline(&self) -> Option<Timestamp> {
        self.leases.next_expiry()
    }
    fn on_deadline(&self, ctx: &mut Context<SessionEvent>) {
        for (session, _) in self.leases.expired(ctx.now()) {
            ctx.emit(SessionEvent::LeaseExpired { session: session.clone() });
        }
    }
}

// A command, and the rule that decides it: a pure, synchronous function of (state, command, now).
#[derive(Serialize)]
struct Acquire(SessionId);

#[derive(Debug, PartialEq, thiserror::Error)]
enum Refused {
    #[error("all streams of the account are in use")]
    LimitReached,
}

#[commands]
impl AccountSessions {
    fn acquire(
        &self,
        Acquire(session): &Acquire,
        ctx: &mut Context<SessionEvent>,
    ) -> Result<Timestamp, Refused> {
        require(self.leases.free(ctx.now()) > 0, Refused::LimitReached)?;
        let expires_at = ctx.now() + Duration::from_secs(10);
        ctx.emit(SessionEvent::Started { session: session.clone(), expires_at });
        Ok(expires_at)
    }
}
