//! `/accounts`: sessions of accounts, each on a lease.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{delete, get, post, put};
use bailiwick::{Aggregates, Builder, Runtime};
use bailiwick_axum::{Call, Json, PathId, PathIds, Problem, UrlId};
use bailiwick_examples::streaming::*;
use serde::Deserialize;
use serde_json::{Value, json};

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

async fn acquire(
    State(accounts): Accounts,
    PathId(account): PathId<AccountId>,
    call: Call,
    Json(Start { session, lease_ms }): Json<Start>,
) -> Result<Response, Problem> {
    let command = Acquire { session: session.0, lease_ms };
    let receipt = call.ask(&accounts.get(account), command, |refused| match refused {
        AcquireRefused::InvalidLease(_) => Problem::new(422, "invalid_lease"),
        AcquireRefused::AlreadyActive => Problem::new(409, "already_active"),
        AcquireRefused::LimitReached { limit } => {
            Problem::new(409, "limit_reached").with("limit", limit)
        }
    });
    let receipt = receipt.await?;
    let mut granted = json!(receipt.reply);
    // The fencing token.
    granted["token"] = json!(receipt.position);
    Ok(created(receipt.position, granted))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Renew {
    lease_ms: u64,
}

async fn keep_alive(
    State(accounts): Accounts,
    PathIds(account, session): PathIds<AccountId, SessionId>,
    call: Call,
    Json(Renew { lease_ms }): Json<Renew>,
) -> Result<Response, Problem> {
    let command = KeepAlive { session: session.clone(), lease_ms };
    let receipt = call.ask(&accounts.get(account), command, |refused| match refused {
        KeepAliveRefused::InvalidLease(_) => Problem::new(422, "invalid_lease"),
        KeepAliveRefused::NoSuchLease(why) => no_such_lease(why),
    });
    let receipt = receipt.await?;
    let lease = json!({ "session": session, "expires_at": receipt.reply });
    Ok(at(receipt.position, Json(lease)))
}

async fn release(
    State(accounts): Accounts,
    PathIds(account, session): PathIds<AccountId, SessionId>,
    call: Call,
) -> Result<Response, Problem> {
    let receipt = call.ask(&accounts.get(account), Release { session }, no_such_lease).await?;
    Ok(done(receipt.position))
}

fn no_such_lease(_: NoSuchLease) -> Problem {
    Problem::new(404, "no_such_lease")
}

#[derive(Deserialize)]
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
    let invalid = |_: InvalidLimit| Problem::new(422, "invalid_limit");
    let receipt = call.ask(&accounts.get(account), SetLimit { limit }, invalid).await?;
    Ok(at(receipt.position, Json(json!({ "limit": limit }))))
}

async fn show(
    State(accounts): Accounts,
    PathId(account): PathId<AccountId>,
) -> Result<Json<Value>, Problem> {
    let seen = accounts.get(account).read(|account, now| {
        let lease =
            |(session, end): (&SessionId, _)| json!({ "session": session, "expires_at": end });
        let sessions: Vec<_> = account.sessions(now).map(lease).collect();
        json!({ "limit": account.limit(), "sessions": sessions })
    });
    Ok(Json(seen.await?.value))
}
