//! A runtime, requests to a router, and a client of a server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use bailiwick::journal::Journal;
use bailiwick::{MemoryJournal, Runtime};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tower::ServiceExt;

use crate::AccountSessions;

/// How long a test waits for what has to come: for ever, almost.
pub const TIME_LIMIT: Duration = Duration::from_secs(60);

pub async fn runtime() -> Runtime {
    runtime_on(Arc::new(MemoryJournal::new())).await
}

pub async fn runtime_on(journal: Arc<dyn Journal>) -> Runtime {
    Runtime::builder_shared(journal).aggregate::<AccountSessions>().start().await.unwrap()
}

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn code(&self) -> String {
        let problem: Value = serde_json::from_str(&self.body).unwrap_or_default();
        problem["code"].as_str().unwrap_or_default().to_owned()
    }

    /// Its status and code.
    pub fn told(&self) -> (u16, String) {
        (self.status, self.code())
    }

    pub fn says_when(&self) -> bool {
        self.headers.contains_key("retry-after")
    }
}

pub fn request(method: &str, path: &str, body: impl Into<Body>) -> Request<Body> {
    let request = Request::builder().method(method).uri(path);
    request.header("content-type", "application/json").body(body.into()).unwrap()
}

pub fn keyed(mut request: Request<Body>, key: &str) -> Request<Body> {
    request.headers_mut().insert("idempotency-key", key.parse().unwrap());
    request
}

/// Sends it to a router, without a connection.
pub async fn send(app: &Router, request: Request<Body>) -> Answer {
    let response = app.clone().oneshot(request).await.unwrap();
    let (head, body) = response.into_parts();
    assert_ne!(head.status, StatusCode::SWITCHING_PROTOCOLS);
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let body = String::from_utf8(body.to_vec()).unwrap();
    Answer { status: head.status.as_u16(), headers: head.headers, body }
}

pub async fn get(app: &Router, path: &str) -> Answer {
    send(app, request("GET", path, Body::empty())).await
}

/// One request on a connection of its own: all that comes until its end. Nothing, if it is broken off.
pub async fn over_tcp(at: SocketAddr, head: &str) -> String {
    let exchange = async {
        let mut stream = TcpStream::connect(at).await?;
        stream
            .write_all(format!("{head}\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes())
            .await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Ok::<_, std::io::Error>(String::from_utf8_lossy(&answer).into_owned())
    };
    timeout(TIME_LIMIT, exchange).await.expect("an end").unwrap_or_default()
}

/// Asks again and again until it is answered so.
pub async fn until_answered(at: SocketAddr, head: &str, start: &str) -> String {
    let asks = async {
        loop {
            let answer = over_tcp(at, head).await;
            if answer.starts_with(start) {
                return answer;
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(TIME_LIMIT, asks).await.unwrap_or_else(|_| panic!("never: {start}"))
}
