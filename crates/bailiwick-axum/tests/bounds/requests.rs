//! What every request goes through.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::{delete, get as gets, post};
use bailiwick_axum::{Json, Limits, Server};
use serde_json::Value;
use tokio::sync::{Notify, oneshot};

use crate::support::{get, request, runtime, send};

async fn quick() -> &'static str {
    "done"
}

#[tokio::test]
async fn a_panic_is_one_answer_and_its_room_is_free_again() {
    async fn panics() {
        panic!("on purpose");
    }
    let server = Server::new(runtime().await).limits(Limits { requests: 1, ..Limits::default() });
    let app = server.router(Router::new().route("/panics", gets(panics)).route("/", gets(quick)));
    let answer = get(&app, "/panics").await;
    assert_eq!(answer.told(), (500, "internal".to_owned()));
    assert!(!answer.body.contains("on purpose"));
    assert_eq!(get(&app, "/").await.status, 200);
}

#[tokio::test]
async fn who_finds_no_room_is_told_at_once_but_for_health_and_what_is_exempt() {
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let handler = {
        let (begun, go_on) = (begun.clone(), go_on.clone());
        move || async move {
            begun.notify_one();
            go_on.notified().await;
        }
    };
    let server = Server::new(runtime().await)
        .limits(Limits { requests: 1, ..Limits::default() })
        .exempt(Router::new().route("/metrics", gets(quick)));
    let app = server.router(Router::new().route("/", gets(handler)));
    let first = tokio::spawn({
        let app = app.clone();
        async move { get(&app, "/").await }
    });
    begun.notified().await;
    let refused = get(&app, "/").await;
    assert_eq!((refused.told(), refused.says_when()), ((503, "overloaded".to_owned()), true));
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(get(&app, path).await.status, 200, "{path}");
    }
    go_on.notify_one();
    assert_eq!(first.await.unwrap().status, 200);
}

#[tokio::test]
async fn all_but_health_wants_the_token() {
    let server = Server::new(runtime().await)
        .token(Some("secret".to_owned()))
        .exempt(Router::new().route("/metrics", gets(quick)));
    let app = server.router(Router::new().route("/", gets(quick)));
    for path in ["/", "/metrics", "/nowhere"] {
        assert_eq!(get(&app, path).await.told(), (401, "unauthorized".to_owned()), "{path}");
        let mut asked = request("GET", path, Body::empty());
        asked.headers_mut().insert("authorization", "Bearer secret".parse().unwrap());
        assert_ne!(send(&app, asked).await.status, 401, "{path}");
    }
    assert_eq!(get(&app, "/healthz").await.status, 200);
}

/// A body of which nothing comes. It says when somebody waits for it.
struct Never(Option<oneshot::Sender<()>>);

impl futures_core::Stream for Never {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.take().map(|waited| waited.send(()));
        Poll::Pending
    }
}

#[tokio::test]
async fn who_sends_its_body_slowly_takes_nobodys_room() {
    async fn takes(Json(body): Json<Value>) -> Json<Value> {
        Json(body)
    }
    let server = Server::new(runtime().await).limits(Limits { requests: 1, ..Limits::default() });
    let app = server.router(Router::new().route("/", post(takes)));
    tokio::time::pause();
    let (waits, waited) = oneshot::channel();
    let slow = tokio::spawn({
        let (app, body) = (app.clone(), Body::from_stream(Never(Some(waits))));
        async move { send(&app, request("POST", "/", body)).await }
    });
    waited.await.unwrap();
    assert_eq!(send(&app, request("POST", "/", "{}")).await.status, 200);
    assert_eq!(slow.await.unwrap().told(), (408, "request_timeout".to_owned()));
}

#[tokio::test]
async fn a_body_that_nobody_takes_is_passed_over_but_not_however_large_it_is() {
    let server = Server::new(runtime().await);
    let app = server.router(Router::new().route("/", delete(quick)));
    let delete = |path, body: &str| request("DELETE", path, body.to_owned());
    assert_eq!(send(&app, delete("/", "")).await.status, 200);
    assert_eq!(send(&app, delete("/", "{}")).await.status, 200, "it is passed over");
    for path in ["/", "/nowhere"] {
        let large = "x".repeat(Limits::default().body_bytes + 1);
        let answer = send(&app, delete(path, &large)).await;
        assert_eq!(answer.told(), (413, "body_too_large".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn what_there_is_not_is_a_problem_too() {
    let server = Server::new(runtime().await);
    let server = server.exempt(Router::new().route("/metrics", gets(quick)));
    let app = server.router(Router::new().route("/", gets(quick)));
    assert_eq!(get(&app, "/nowhere").await.told(), (404, "not_found".to_owned()));
    for path in ["/", "/healthz", "/readyz", "/metrics"] {
        let answer = send(&app, request("POST", path, Body::empty())).await;
        assert_eq!(answer.told(), (405, "method_not_allowed".to_owned()), "{path}");
        assert!(answer.headers.contains_key("allow"), "{path}");
    }
}
