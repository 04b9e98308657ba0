//! Idempotency keys: of what was asked, however it was reached.

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::Request;
use axum::routing::post;
use bailiwick::{Aggregates, Timestamp};
use bailiwick_axum::{Call, Json, PathId, Problem, Server, UrlId};
use serde::Deserialize;

use crate::support::{keyed, request, runtime, send};
use crate::{AccountId, AccountSessions, Acquire, SessionId};

#[derive(Deserialize)]
struct Start {
    session: UrlId<SessionId>,
}

#[derive(Deserialize)]
struct StartOf {
    account: UrlId<AccountId>,
    session: UrlId<SessionId>,
}

async fn acquire(
    accounts: &Aggregates<AccountSessions>,
    call: &Call,
    account: AccountId,
    session: SessionId,
) -> Result<Json<Timestamp>, Problem> {
    let full = |_| Problem::new(409, "limit_reached").detail("no more");
    Ok(Json(call.ask(&accounts.get(account), Acquire(session), full).await?.reply))
}

async fn start(
    State(accounts): State<Aggregates<AccountSessions>>,
    PathId(account): PathId<AccountId>,
    call: Call,
    Json(Start { session }): Json<Start>,
) -> Result<Json<Timestamp>, Problem> {
    acquire(&accounts, &call, account, session.0).await
}

/// It is the body that says of which account.
async fn start_of(
    State(accounts): State<Aggregates<AccountSessions>>,
    call: Call,
    Json(StartOf { account, session }): Json<StartOf>,
) -> Result<Json<Timestamp>, Problem> {
    acquire(&accounts, &call, account.0, session.0).await
}

/// Of two accounts at once.
async fn start_both(
    State(accounts): State<Aggregates<AccountSessions>>,
    call: Call,
) -> Result<Json<[Timestamp; 2]>, Problem> {
    let Json(one) = acquire(&accounts, &call, "one".into(), "s".into()).await?;
    let Json(two) = acquire(&accounts, &call, "two".into(), "s".into()).await?;
    Ok(Json([one, two]))
}

async fn app() -> Router {
    let runtime = runtime().await;
    let routes = Router::new()
        .route("/accounts/{account}/sessions", post(start))
        .route("/sessions", post(start_of))
        .route("/both", post(start_both))
        .with_state(runtime.aggregates::<AccountSessions>());
    Server::new(runtime).router(routes)
}

fn starts(account: &str, session: &str) -> Request<Body> {
    let body = format!(r#"{{"session":"{session}"}}"#);
    keyed(request("POST", &format!("/accounts/{account}/sessions"), body), "k")
}

#[tokio::test]
async fn the_same_request_by_another_path_is_the_same_request() {
    let app = app().await;
    let first = send(&app, starts("ab", "s")).await;
    assert_eq!(first.status, 200, "{}", first.body);
    let body = r#"{"account":"ab","session":"s"}"#;
    for again in
        [starts("ab", "s"), starts("a%62", "s"), keyed(request("POST", "/sessions", body), "k")]
    {
        let again = send(&app, again).await;
        assert_eq!((again.status, &again.body), (200, &first.body));
    }
}

#[tokio::test]
async fn the_key_of_another_request_is_refused_wherever_its_account_is_named() {
    let app = app().await;
    assert_eq!(send(&app, starts("a", "s")).await.status, 200);
    let named = |body: &str| keyed(request("POST", "/sessions", body.to_owned()), "k");
    for other in [
        starts("a", "t"),
        starts("b", "s"),
        named(r#"{"account":"a","session":"t"}"#),
        named(r#"{"account":"b","session":"s"}"#),
    ] {
        let answer = send(&app, other).await;
        assert_eq!(answer.told(), (422, "idempotency_key_reused".to_owned()), "{}", answer.body);
    }
}

#[tokio::test]
async fn one_request_may_ask_several_by_its_key() {
    let app = app().await;
    let both = || keyed(request("POST", "/both", Body::empty()), "k");
    let first = send(&app, both()).await;
    assert_eq!(first.status, 200, "{}", first.body);
    assert_eq!(send(&app, both()).await.body, first.body);
}
