//! The order of the end.

use std::net::SocketAddr;
use std::time::Duration;

use bailiwick::Runtime;
use bailiwick_axum::{Ended, Limits, NotInOrder, Server};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::sample::*;
use crate::{AccountSessions, Acquire};

const EVENTS: &str = "GET /accounts/a/sessions HTTP/1.1\r\nhost: here\r\n\r\n";

struct Serving {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<Ended>,
}

async fn serving(runtime: &Runtime, limits: Limits) -> Serving {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let routes = routes(runtime);
    let server = Server::new(runtime.clone()).limits(limits);
    let ended = tokio::spawn(server.serve(listener, routes, async move {
        let _ = stopped.await;
    }));
    Serving { address, stop, ended }
}

/// So long that who waited for the stream would be seen to.
fn patient() -> Limits {
    Limits { drain: TIME_LIMIT * 100, shutdown: TIME_LIMIT * 100, ..Limits::default() }
}

#[tokio::test]
async fn an_open_stream_of_events_ends_and_holds_up_nothing() {
    let runtime = runtime().await;
    let Serving { address, stop, ended } = serving(&runtime, patient()).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    send(&mut stream, EVENTS).await;
    let head = until(&mut stream, "id: ").await;
    assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
    runtime.aggregates::<AccountSessions>().get("a").ask(Acquire("tv".into())).await.unwrap();
    let event = until(&mut stream, "expires_at").await;
    assert!(event.contains("event: Started"), "{event}");
    stop.send(()).unwrap();
    let ended = within(ended).await.unwrap();
    assert_eq!(ended.in_order(), Ok(()));
    // The client is told that this is the end, and not cut off.
    let mut rest = Vec::new();
    within(stream.read_to_end(&mut rest)).await.unwrap();
    assert!(String::from_utf8(rest).unwrap().ends_with("0\r\n\r\n"));
}

#[tokio::test]
async fn a_stream_goes_on_where_it_was() {
    let runtime = runtime().await;
    let serving = serving(&runtime, patient()).await;
    let account = runtime.aggregates::<AccountSessions>().get("a");
    account.ask(Acquire("tv".into())).await.unwrap();
    let mut first = TcpStream::connect(serving.address).await.unwrap();
    send(&mut first, EVENTS).await;
    let seen = until(&mut first, "@1\n").await;
    let id = seen.split("id: ").nth(1).and_then(|rest| rest.lines().next()).unwrap().to_owned();
    drop(first);
    account.ask(Acquire("phone".into())).await.unwrap();
    let mut again = TcpStream::connect(serving.address).await.unwrap();
    let head = EVENTS.replace("\r\n\r\n", &format!("\r\nlast-event-id: {id}\r\n\r\n"));
    send(&mut again, &head).await;
    let missed = until(&mut again, "phone").await;
    assert!(!missed.contains("tv"), "{missed}");
    let mut wrong = TcpStream::connect(serving.address).await.unwrap();
    send(&mut wrong, &head.replace(&id, "7")).await;
    until(&mut wrong, "unknown_cursor").await;
    serving.stop.send(()).unwrap();
    within(serving.ended).await.unwrap();
}

#[tokio::test]
async fn a_request_that_never_ends_is_broken_off() {
    let runtime = runtime().await;
    let limits = Limits { request_timeout: TIME_LIMIT * 100, ..patient() };
    let limits = Limits { drain: Duration::from_millis(50), ..limits };
    let serving = serving(&runtime, limits).await;
    let mut stream = TcpStream::connect(serving.address).await.unwrap();
    send(&mut stream, "GET /hangs HTTP/1.1\r\nhost: here\r\n\r\n").await;
    // It is under way when another one is answered that came later on the same listener.
    let mut other = TcpStream::connect(serving.address).await.unwrap();
    send(&mut other, "GET /readyz HTTP/1.1\r\nhost: here\r\n\r\n").await;
    until(&mut other, "ready").await;
    serving.stop.send(()).unwrap();
    let ended = within(serving.ended).await.unwrap();
    assert!(ended.broken_off >= 1 && ended.runtime.in_time, "{ended:?}");
    assert_eq!(ended.in_order(), Err(NotInOrder(ended)));
}

#[tokio::test]
async fn a_client_that_does_not_finish_the_head_of_its_request_is_left() {
    let runtime = runtime().await;
    let limits = Limits { head_timeout: Duration::from_millis(50), ..patient() };
    let serving = serving(&runtime, limits).await;
    let mut slow = TcpStream::connect(serving.address).await.unwrap();
    send(&mut slow, "GET /readyz HTT").await;
    let mut rest = Vec::new();
    // Closed by the server: reset or ended.
    let _ = within(slow.read_to_end(&mut rest)).await;
    serving.stop.send(()).unwrap();
    within(serving.ended).await.unwrap();
}
