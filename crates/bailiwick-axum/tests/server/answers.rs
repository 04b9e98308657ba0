//! What requests are answered, without a connection.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, Response};
use bailiwick::Runtime;
use bailiwick_axum::{Limits, Server};
use serde_json::Value;
use tower::ServiceExt;

use crate::AccountSessions;
use crate::sample::*;

async fn app(limits: Limits, token: Option<&str>) -> (Runtime, Router) {
    let runtime = runtime().await;
    let server = Server::new(runtime.clone()).limits(limits).token(token.map(str::to_owned));
    let app = server.router(routes(&runtime));
    (runtime, app)
}

fn start(account: &str, body: &str, key: Option<&str>) -> Request<Body> {
    let request = Request::post(format!("/accounts/{account}/sessions"));
    let request = request.header("content-type", "application/json");
    let request = match key {
        Some(key) => request.header("idempotency-key", key),
        None => request,
    };
    request.body(Body::from(body.to_owned())).unwrap()
}

fn get_of(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

/// Status, and body: of a problem its code.
async fn told(app: &Router, request: Request<Body>) -> (u16, String) {
    let response = within(app.clone().oneshot(request)).await.unwrap();
    read(response).await
}

async fn read(response: Response<Body>) -> (u16, String) {
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    let json: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let text = json["code"].as_str().map(str::to_owned);
    (status, text.unwrap_or_else(|| String::from_utf8(body.to_vec()).unwrap()))
}

const TV: &str = r#"{"session":"tv"}"#;
const PHONE: &str = r#"{"session":"phone"}"#;

#[tokio::test]
async fn an_accepted_request_is_answered_as_the_first_time() {
    let (_runtime, app) = app(Limits::default(), None).await;
    let first = told(&app, start("a", TV, Some("k"))).await;
    assert_eq!(first.0, 200);
    assert_eq!(told(&app, start("a", TV, Some("k"))).await, first);
    let reused = (422, "idempotency_key_reused".to_owned());
    assert_eq!(told(&app, start("a", PHONE, Some("k"))).await, reused);
    assert_eq!(told(&app, start("b", TV, Some("k"))).await, reused, "another resource");
    told(&app, start("a", PHONE, None)).await;
    let refused = (409, "limit_reached".to_owned());
    assert_eq!(told(&app, start("a", r#"{"session":"x"}"#, Some("r"))).await, refused);
    // Nothing was accepted under it.
    assert_eq!(told(&app, start("b", TV, Some("r"))).await.0, 200);
}

#[tokio::test]
async fn what_cannot_be_asked_is_told_by_a_code() {
    let (_runtime, app) = app(Limits::default(), None).await;
    let long = "x".repeat(129);
    let large = format!("{}{TV}", " ".repeat(16 << 10));
    let wrong_key = "k".repeat(201);
    for (request, status, code) in [
        (start("a%20b", TV, None), 400, "invalid_id"),
        (start("a%ff", TV, None), 400, "invalid_id"),
        (start(&long, TV, None), 400, "invalid_id"),
        (start("a", r#"{"session":"t v"}"#, None), 400, "invalid_body"),
        (start("a", r#"{"session":"tv","more":1}"#, None), 400, "invalid_body"),
        (start("a", "{", None), 400, "invalid_body"),
        (start("a", "", None), 400, "invalid_body"),
        (
            start("a", &format!("{}{}", "[".repeat(9_000), "]".repeat(7_000)), None),
            400,
            "invalid_body",
        ),
        (start("a", &large, None), 413, "body_too_large"),
        (start("a", TV, Some(&wrong_key)), 400, "invalid_idempotency_key"),
        (start("a", TV, Some("")), 400, "invalid_idempotency_key"),
        (start("a", TV, Some("a b")), 400, "invalid_idempotency_key"),
        (get_of("/elsewhere"), 404, "not_found"),
        (get_of("/nothing"), 405, "method_not_allowed"),
        (get_of("/panics"), 500, "internal"),
    ] {
        let what = format!("{request:?}");
        assert_eq!(told(&app, request).await, (status, code.to_owned()), "{what}");
    }
    let mut plain = start("a", TV, None);
    plain.headers_mut().insert("content-type", "text/plain".parse().unwrap());
    assert_eq!(told(&app, plain).await.0, 415);
    let most = "x".repeat(128);
    assert_eq!(told(&app, start(&most, TV, Some(&"k".repeat(200)))).await.0, 200);
}

#[tokio::test]
async fn what_is_beyond_the_bounds_is_refused_at_once_but_health_is_not() {
    let (runtime, app) = app(Limits { requests: 1, ..Limits::default() }, None).await;
    let hanging = tokio::spawn(app.clone().oneshot(get_of("/hangs")));
    // On one thread: it has its turn now, and the room.
    tokio::task::yield_now().await;
    let response = app.clone().oneshot(start("a", TV, None)).await.unwrap();
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["retry-after"], "1");
    assert_eq!(read(response).await.1, "overloaded");
    assert_eq!(told(&app, get_of("/readyz")).await.0, 200);
    hanging.abort();
    assert!(hanging.await.is_err());
    assert_ne!(told(&app, start("b", TV, None)).await.0, 503, "there is room again");
    runtime.drain();
    assert_eq!(told(&app, get_of("/readyz")).await, (503, "not_ready".to_owned()));
    assert_eq!(told(&app, get_of("/healthz")).await.0, 200);
    assert_eq!(told(&app, get_of("/accounts/a/sessions")).await, (503, "unavailable".to_owned()));
    assert_eq!(told(&app, start("c", TV, None)).await.0, 200, "work goes on");
    runtime.shutdown(TIME_LIMIT).await;
    assert_eq!(told(&app, start("d", TV, None)).await, (503, "unavailable".to_owned()));
}

#[tokio::test]
async fn as_many_streams_are_open_as_may() {
    let (_runtime, app) = app(Limits { streams: 1, ..Limits::default() }, None).await;
    let open = app.clone().oneshot(get_of("/accounts/a/sessions")).await.unwrap();
    assert_eq!(told(&app, get_of("/accounts/b/sessions")).await, (503, "overloaded".to_owned()));
    drop(open);
    let again = app.clone().oneshot(get_of("/accounts/b/sessions")).await.unwrap();
    assert_eq!(again.status(), 200);
}

#[tokio::test(start_paused = true)]
async fn a_time_out_says_what_to_do() {
    let (_runtime, app) = app(Limits::default(), None).await;
    let with_key =
        Request::post("/hangs").header("idempotency-key", "k7").body(Body::empty()).unwrap();
    let response = app.clone().oneshot(with_key).await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["retry-after"]),
        (504, &"1".parse().unwrap())
    );
    let body = to_bytes(response.into_body(), 1 << 10).await.unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(
        (&body["code"], &body["idempotency_key"]),
        (&"outcome_unknown".into(), &"k7".into())
    );
    let without = Request::post("/hangs").body(Body::empty()).unwrap();
    let response = app.clone().oneshot(without).await.unwrap();
    assert!(response.headers().get("retry-after").is_none());
    assert_eq!(read(response).await, (504, "outcome_unknown".to_owned()));
    assert_eq!(told(&app, get_of("/hangs")).await, (503, "timed_out".to_owned()));
}

#[tokio::test]
async fn every_route_but_health_wants_the_token() {
    let (_runtime, app) = app(Limits::default(), Some("secret")).await;
    for wrong in [
        None,
        Some("Bearer secre"),
        Some("Bearer secrets"),
        Some("secret"),
        Some("Basic secret"),
        Some(""),
    ] {
        for path in ["/accounts/a/sessions", "/elsewhere"] {
            let mut request = get_of(path);
            if let Some(wrong) = wrong {
                request.headers_mut().insert("authorization", wrong.parse().unwrap());
            }
            let response = app.clone().oneshot(request).await.unwrap();
            assert_eq!(response.headers()["www-authenticate"], "Bearer");
            assert_eq!(read(response).await, (401, "unauthorized".to_owned()), "{wrong:?} {path}");
        }
    }
    let mut right = start("a", TV, None);
    right.headers_mut().insert("authorization", "bearer secret".parse().unwrap());
    assert_eq!(told(&app, right).await.0, 200);
    assert_eq!(told(&app, get_of("/readyz")).await.0, 200);
}

/// The correlation of a command is the trace of its request.
#[tokio::test]
async fn the_trace_of_a_request_stands_beside_its_events() {
    let (runtime, app) = app(Limits::default(), None).await;
    let sent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let mut request = start("a", TV, None);
    request.headers_mut().insert("traceparent", sent.parse().unwrap());
    told(&app, request).await;
    let mut history = runtime.aggregates::<AccountSessions>().get("a").history(None).await.unwrap();
    let news = history.next().await.unwrap().unwrap();
    assert_eq!(news.correlation().map(bailiwick::Text::as_str), Some(sent));
}
