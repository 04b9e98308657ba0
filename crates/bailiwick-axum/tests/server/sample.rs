//! The account of the front page behind three routes, and a client that writes what it sends by hand.

use std::future::Future;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use bailiwick::Aggregates;
use bailiwick_axum::{Call, EventStream, Json, PathId, Problem, UrlId};
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::{
    AccountId, AccountSessions, Acquire, MemoryJournal, Refused, Runtime, SessionId, Timestamp,
};

/// So long a test waits for what has to come; nothing depends on how long it takes.
pub const TIME_LIMIT: Duration = Duration::from_secs(60);

type Accounts = Aggregates<AccountSessions>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Start {
    session: UrlId<SessionId>,
}

async fn start(
    State(accounts): State<Accounts>,
    PathId(account): PathId<AccountId>,
    call: Call,
    Json(Start { session }): Json<Start>,
) -> Result<Json<Timestamp>, Problem> {
    let asked = call.ask(&accounts.get(account), Acquire(session.0), |refused| match refused {
        Refused::LimitReached => Problem::new(409, "limit_reached"),
    });
    Ok(Json(asked.await?.reply))
}

async fn events(
    State(accounts): State<Accounts>,
    PathId(account): PathId<AccountId>,
    stream: EventStream,
) -> Result<Response, Problem> {
    let events = accounts.get(account).subscribe(stream.since()).await?;
    Ok(stream.of(events, |news| news.event.clone()))
}

async fn panics() {
    panic!("told to");
}

async fn hangs() {
    std::future::pending::<()>().await;
}

pub async fn runtime() -> Runtime {
    let builder = Runtime::builder(MemoryJournal::new()).aggregate::<AccountSessions>();
    builder.start().await.unwrap()
}

pub fn routes(runtime: &Runtime) -> Router {
    Router::new()
        .route("/accounts/{account}/sessions", get(events).post(start))
        .route("/panics", get(panics))
        .route("/hangs", get(hangs).post(hangs))
        .route("/nothing", post(|| async {}))
        .with_state(runtime.aggregates::<AccountSessions>())
}

/// What has to come.
pub async fn within<T>(future: impl Future<Output = T>) -> T {
    timeout(TIME_LIMIT, future).await.expect("it comes")
}

/// Reads from a connection until this was in it; all that came.
pub async fn until(stream: &mut TcpStream, text: &str) -> String {
    let mut all = Vec::new();
    while !String::from_utf8_lossy(&all).contains(text) {
        let mut part = [0; 1024];
        let read = within(stream.read(&mut part)).await.unwrap();
        assert!(read > 0, "it ended with {}", String::from_utf8_lossy(&all));
        all.extend(&part[..read]);
    }
    String::from_utf8(all).unwrap()
}

pub async fn send(stream: &mut TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).await.unwrap();
}
