//! `/accounts`: sessions of accounts, each on a lease.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{delete, get, post, put};
use bailiwick::{Aggregates, Builder, Position, Runtime, Timestamp};
use bailiwick_axum::{Call, Json, NoBody, PathId, PathIds, Problem, UrlId};
use bailiwick_examples::streaming::*;
use serde::{Deserialize, Serialize};

use crate::answer::{at, created, done};

type Accounts = State<Aggregates<AccountSessions>>;

/// What the runtime has to know.
pub fn add(builder: Builder) -> Builder {
    builder.aggregate::<AccountSessions>()
}

pub fn routes(runtime: &Runtime) -> Router {
    Router::new()
        .route("/accounts/{account}", get(show))
        .route("/accounts/{account}/limit", put(set_limit))
        .route("/accounts/{account}/sessions", post(acquire))
        .route("/accounts/{account}/sessions/{session}", delete(release))
        .route("/accounts/{account}/sessions/{session}/lease", put(keep_alive))
        .with_state(runtime.aggregates::<AccountSessions>())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Start {
    session: UrlId<SessionId>,
    lease_ms: u64,
}

#[derive(Serialize)]
struct Started {
    #[serde(flatten)]
    granted: Granted,
    /// The fencing token.
    token: Position,
}

async fn acquire(
    State(accounts): Accounts,
    PathId(account): PathId<AccountId>,
    call: Call,
    Json(Start { session, lease_ms }): Json<Start>,
) -> Result<Response, Problem> {
    let command = Acquire { session: session.0, lease_ms };
    let receipt = call.ask(&accounts.get(account), command, |refused| {
        let text = refused.to_string();
        match refused {
            AcquireRefused::InvalidLease(_) => Problem::new(422, "invalid_lease", text),
            AcquireRefused::AlreadyActive => Problem::new(409, "already_active", text),
            AcquireRefused::LimitReached { limit } => {
                Problem::new(409, "limit_reached", text).with("limit", limit)
            }
        }
    });
    let receipt = receipt.await?;
    let started = Started { granted: receipt.reply, token: receipt.position };
    Ok(created(receipt.position, started))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Renew {
    lease_ms: u64,
}

/// A session, and until when it counts.
#[derive(Serialize)]
struct Lease {
    session: SessionId,
    expires_at: Timestamp,
}

async fn keep_alive(
    State(accounts): Accounts,
    PathIds(account, session): PathIds<AccountId, SessionId>,
    call: Call,
    Json(Renew { lease_ms }): Json<Renew>,
) -> Result<Response, Problem> {
    let command = KeepAlive { session: session.clone(), lease_ms };
    let receipt = call.ask(&accounts.get(account), command, |refused| match refused {
        KeepAliveRefused::InvalidLease(why) => Problem::new(422, "invalid_lease", why.to_string()),
        KeepAliveRefused::NoSuchLease(why) => no_such_lease(why),
    });
    let receipt = receipt.await?;
    Ok(at(receipt.position, Json(Lease { session, expires_at: receipt.reply })))
}

async fn release(
    State(accounts): Accounts,
    PathIds(account, session): PathIds<AccountId, SessionId>,
    call: Call,
    _: NoBody,
) -> Result<Response, Problem> {
    let receipt = call.ask(&accounts.get(account), Release { session }, no_such_lease).await?;
    Ok(done(receipt.position))
}

fn no_such_lease(why: NoSuchLease) -> Problem {
    Problem::new(404, "no_such_lease", why.to_string())
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Limit {
    limit: usize,
}

async fn set_limit(
    State(accounts): Accounts,
    PathId(account): PathId<AccountId>,
    call: Call,
    Json(Limit { limit }): Json<Limit>,
) -> Result<Response, Problem> {
    let invalid = |why: InvalidLimit| Problem::new(422, "invalid_limit", why.to_string());
    let receipt = call.ask(&accounts.get(account), SetLimit { limit }, invalid).await?;
    Ok(at(receipt.position, Json(Limit { limit })))
}

#[derive(Serialize)]
struct Account {
    limit: usize,
    sessions: Vec<Lease>,
}

async fn show(
    State(accounts): Accounts,
    PathId(account): PathId<AccountId>,
) -> Result<Json<Account>, Problem> {
    let seen = accounts.get(account).read(|account, now| {
        let lease =
            |(session, expires_at): (&SessionId, _)| Lease { session: session.clone(), expires_at };
        Account { limit: account.limit(), sessions: account.sessions(now).map(lease).collect() }
    });
    Ok(Json(seen.await?.value))
}
