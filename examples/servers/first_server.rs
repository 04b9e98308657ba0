//! A server, whole: streams of an account under leases, behind two routes. `cargo run --example first_server`, then
//! `curl --json '{"session":"tv"}' http://127.0.0.1:8080/accounts/acc-1/sessions`.
//!
//! In a crate of its own it needs `bailiwick`, `bailiwick-axum`, `serde` with `derive`, `thiserror`, `axum`, and `tokio`
//! with `macros`, `net`, `rt-multi-thread` and `signal`.

use std::time::Duration;

use axum::extract::State;
use axum::routing::get;
use axum::{Router, response::Response};
use bailiwick::{
    Aggregate, Aggregates, Context, Event, LeaseSet, MemoryJournal, Runtime, Timestamp, View,
    commands, id, require,
};
use bailiwick_axum::{Call, EventStream, Json, PathId, Problem, Server, UrlId};
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

type Accounts = Aggregates<AccountSessions>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Start {
    session: UrlId<SessionId>,
}

/// `POST /accounts/{account}/sessions`
async fn start(
    State(accounts): State<Accounts>,
    PathId(account): PathId<AccountId>,
    call: Call,
    Json(Start { session }): Json<Start>,
) -> Result<Json<Timestamp>, Problem> {
    let started = call.ask(&accounts.get(account), Acquire(session.0), |refused| match refused {
        Refused::LimitReached => Problem::new(409, "limit_reached"),
    });
    Ok(Json(started.await?.reply))
}

/// `GET /accounts/{account}/sessions`, as server-sent events.
async fn events(
    State(accounts): State<Accounts>,
    PathId(account): PathId<AccountId>,
    stream: EventStream,
) -> Result<Response, Problem> {
    let events = accounts.get(account).subscribe(stream.since()).await?;
    Ok(stream.of(events, |news| news.event.clone()))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let builder = Runtime::builder(MemoryJournal::new()).aggregate::<AccountSessions>();
    let runtime = builder.start().await?;
    let routes = Router::new()
        .route("/accounts/{account}/sessions", get(events).post(start))
        .with_state(runtime.aggregates::<AccountSessions>());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    let stop = async {
        // SIGTERM, too, in a server that is deployed.
        let _ = tokio::signal::ctrl_c().await;
    };
    let ended = Server::new(runtime).serve(listener, routes, stop).await;
    Ok(ended.in_order()?)
}
