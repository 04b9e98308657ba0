//! Two streams at once per account, under leases: the example of the README, whole.

use std::time::Duration;

use bailiwick::{
    Aggregate, Context, Event, LeaseSet, MemoryJournal, Runtime, Timestamp, View, commands, id,
    require,
};
use serde::{Deserialize, Serialize};

id!(AccountId: "account", SessionId: "session");

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
enum SessionEvent {
    Started { session: SessionId, expires_at: Timestamp },
    Ended { session: SessionId },
    LeaseExpired { session: SessionId },
}

type Ctx = Context<SessionEvent>;

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

impl Aggregate for AccountSessions {
    const NAME: &'static str = "AccountSessions";
    fn deadline(&self) -> Option<Timestamp> {
        self.leases.next_expiry()
    }
    fn on_deadline(&self, ctx: &mut Ctx) {
        for (session, _) in self.leases.expired(ctx.now()) {
            ctx.emit(SessionEvent::LeaseExpired { session: session.clone() });
        }
    }
}

#[derive(Debug, PartialEq, thiserror::Error)]
enum Refused {
    #[error("all streams of the account are in use")]
    LimitReached,
    #[error("the session has no lease")]
    NoSuchLease,
}

struct Acquire(SessionId);
struct Release(SessionId);

#[commands]
impl AccountSessions {
    fn acquire(&self, Acquire(session): &Acquire, ctx: &mut Ctx) -> Result<Timestamp, Refused> {
        require(self.leases.free(ctx.now()) > 0, Refused::LimitReached)?;
        let expires_at = ctx.now() + Duration::from_secs(10);
        ctx.emit(SessionEvent::Started { session: session.clone(), expires_at });
        Ok(expires_at)
    }

    fn release(&self, Release(session): &Release, ctx: &mut Ctx) -> Result<(), Refused> {
        require(self.leases.valid(session, ctx.now()).is_some(), Refused::NoSuchLease)?;
        ctx.emit(SessionEvent::Ended { session: session.clone() });
        Ok(())
    }
}

#[test]
fn a_lease_counts_until_it_expires() {
    let started = |session: &'static str, at: u64| SessionEvent::Started {
        session: session.into(),
        expires_at: Timestamp::from_millis(at),
    };
    let full = || {
        bailiwick::given::<AccountSessions>("a")
            .events([started("s1", 10_000), started("s2", 20_000)])
    };
    full().at(9_999).when(Acquire("s3".into())).rejected(Refused::LimitReached);
    full()
        .at(10_000)
        .when(Acquire("s3".into()))
        .expires_first([SessionEvent::LeaseExpired { session: "s1".into() }])
        .emits([started("s3", 20_000)]);
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime =
        Runtime::builder(MemoryJournal::new()).aggregate::<AccountSessions>().start().await?;
    // Cheap to clone: put it into your server's state.
    let accounts = runtime.aggregates::<AccountSessions>();
    let expires_at = accounts.get("acc-1").ask(Acquire("tv".into())).await?;
    let free = accounts.get("acc-1").read(|account, now| account.leases.free(now)).await?.value;
    println!("the television may play until {expires_at}; {free} more may join");
    accounts.get("acc-1").ask(Release("tv".into())).await?;
    runtime.shutdown(Duration::from_secs(5)).await;
    Ok(())
}
