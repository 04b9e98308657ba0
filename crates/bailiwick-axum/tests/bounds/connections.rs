//! Connections: of clients that do not read, too many of them, and at the end.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::get;
use bailiwick_axum::{Ended, EventStream, Limits, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::support::{TIME_LIMIT, over_tcp, runtime, until_answered};

/// A stream of events without an end, as fast as it is taken.
struct Flood(#[allow(dead_code)] EventStream);

impl futures_core::Stream for Flood {
    type Item = Result<Bytes, std::convert::Infallible>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(Some(Ok(Bytes::from_static(&[b'\n'; 1 << 14]))))
    }
}

struct Served {
    at: SocketAddr,
    stop: Arc<Notify>,
    ended: JoinHandle<Ended>,
}

async fn served(limits: Limits) -> Served {
    let routes = Router::new()
        .route("/", get(async || "done"))
        .route("/flood", get(async |stream: EventStream| Body::from_stream(Flood(stream))));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (at, stop) = (listener.local_addr().unwrap(), Arc::new(Notify::new()));
    let server = Server::new(runtime().await).limits(limits);
    let told = stop.clone();
    let ended = tokio::spawn(async move {
        server.serve(listener, routes, async move { told.notified().await }).await
    });
    Served { at, stop, ended }
}

/// A connection that is kept open, after this much of an answer.
async fn open(at: SocketAddr, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(at).await.unwrap();
    stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).await.unwrap();
    let mut status = [0; 15];
    stream.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 200 OK");
    stream
}

#[tokio::test]
async fn who_does_not_read_is_let_go_and_so_is_its_stream() {
    let write_timeout = Duration::from_millis(50);
    let served = served(Limits { streams: 1, write_timeout, ..Limits::default() }).await;
    let _does_not_read = open(served.at, "/flood").await;
    // Whoever comes next gets its place, sooner or later.
    let mut next = timeout(TIME_LIMIT, until_open(served.at)).await.expect("its place is free");
    next.read_exact(&mut vec![0; 1 << 20]).await.unwrap();
    served.ended.abort();
}

async fn until_open(at: SocketAddr) -> TcpStream {
    loop {
        let mut stream = TcpStream::connect(at).await.unwrap();
        stream.write_all(b"GET /flood HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let mut status = [0; 12];
        stream.read_exact(&mut status).await.unwrap();
        match &status {
            b"HTTP/1.1 200" => return stream,
            status => assert_eq!(status, b"HTTP/1.1 503"),
        }
    }
}

#[tokio::test]
async fn beyond_the_bound_health_is_answered_and_all_else_refused() {
    let served = served(Limits { connections: 1, ..Limits::default() }).await;
    let only = open(served.at, "/").await;
    let live = over_tcp(served.at, "GET /healthz HTTP/1.1").await;
    assert!(live.starts_with("HTTP/1.1 200"), "{live}");
    let refused = over_tcp(served.at, "GET / HTTP/1.1").await;
    assert!(refused.starts_with("HTTP/1.1 503") && refused.contains("overloaded"), "{refused}");
    drop(only);
    until_answered(served.at, "GET / HTTP/1.1", "HTTP/1.1 200").await;
    served.ended.abort();
}

#[tokio::test]
async fn a_head_is_bounded() {
    let served = served(Limits::default()).await;
    let head = |bytes| format!("GET / HTTP/1.1\r\nx-much: {}", "x".repeat(bytes));
    let most = Limits::default().head_bytes;
    assert!(over_tcp(served.at, &head(most / 2)).await.starts_with("HTTP/1.1 200"));
    let refused = over_tcp(served.at, &head(2 * most)).await;
    // The rest of what was sent may break the connection off.
    assert!(refused.is_empty() || refused.starts_with("HTTP/1.1 431"), "{refused}");
    served.ended.abort();
}

#[tokio::test]
async fn it_says_for_a_while_that_it_ends() {
    let notice = Duration::from_secs(3_600);
    let served = served(Limits { notice, ..Limits::default() }).await;
    served.stop.notify_one();
    let not_ready = until_answered(served.at, "GET /readyz HTTP/1.1", "HTTP/1.1 503").await;
    assert!(not_ready.contains("draining"), "{not_ready}");
    assert!(over_tcp(served.at, "GET / HTTP/1.1").await.starts_with("HTTP/1.1 200"));
    served.ended.abort();
}

#[tokio::test]
async fn it_ends_at_once_when_nobody_wants_anything() {
    let served = served(Limits::default()).await;
    // One that is kept open, and one on which nothing was sent.
    let _kept = open(served.at, "/").await;
    let _silent = TcpStream::connect(served.at).await.unwrap();
    served.stop.notify_one();
    let ended = served.ended.await.unwrap();
    assert!(ended.runtime.in_time && ended.broken_off == 0, "{ended:?}");
    assert!(TcpStream::connect(served.at).await.is_err());
}
