//! The connections of a server: as many as may be, each with a time-out for the head of a request, and an end for all.
//!
//! axum's own `serve` has no bound for connections, no time-out for a client that sends its request byte by byte, and
//! no end of waiting for one that never finishes.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::select;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tower::ServiceExt;

use crate::Limits;

/// How long nothing is accepted when the system has no room for another connection.
const NO_ROOM: Duration = Duration::from_millis(100);

pub(crate) struct Connections {
    app: Router,
    head_timeout: Duration,
    room: Arc<Semaphore>,
    open: JoinSet<()>,
    /// Whether it comes to its end.
    ending: watch::Sender<bool>,
}

impl Connections {
    pub(crate) fn new(limits: &Limits, app: Router) -> Connections {
        Connections {
            app,
            head_timeout: limits.head_timeout,
            room: Arc::new(Semaphore::new(limits.connections.min(Semaphore::MAX_PERMITS))),
            open: JoinSet::new(),
            ending: watch::Sender::new(false),
        }
    }

    pub(crate) async fn accept_until(
        mut self,
        listener: TcpListener,
        stop: impl Future<Output = ()>,
    ) -> Connections {
        let mut stop = pin!(stop);
        loop {
            let next = accept(&listener, self.room.clone());
            let (stream, permit) = select! {
                biased;
                () = stop.as_mut() => return self,
                next = next => next,
            };
            while self.open.try_join_next().is_some() {}
            let service =
                self.app.clone().map_request(|request: Request<Incoming>| request.map(Body::new));
            let service = TowerToHyperService::new(service);
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(self.head_timeout)
                .serve_connection(TokioIo::new(stream), service);
            let mut ending = self.ending.subscribe();
            self.open.spawn(async move {
                let _permit = permit;
                let mut connection = pin!(connection);
                let ended = select! {
                    ended = connection.as_mut() => Some(ended),
                    () = async { drop(ending.wait_for(|ending| *ending).await) } => None,
                };
                let ended = match ended {
                    Some(ended) => ended,
                    None => {
                        connection.as_mut().graceful_shutdown();
                        connection.await
                    }
                };
                if let Err(error) = ended {
                    tracing::trace!(%error, "a connection has ended");
                }
            });
        }
    }

    /// Lets what has begun be answered, and breaks off the rest. How many that were.
    pub(crate) async fn end_within(mut self, limit: Duration) -> usize {
        self.ending.send_replace(true);
        let all = async { while self.open.join_next().await.is_some() {} };
        if timeout(limit, all).await.is_ok() {
            return 0;
        }
        let left = self.open.len();
        self.open.shutdown().await;
        left
    }
}

/// The next connection, and its room.
async fn accept(listener: &TcpListener, room: Arc<Semaphore>) -> (TcpStream, OwnedSemaphorePermit) {
    let permit = room.acquire_owned().await.expect("it is never closed");
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Answers are small, and are not to wait for more.
                let _ = stream.set_nodelay(true);
                return (stream, permit);
            }
            Err(error) => {
                tracing::warn!(%error, "no connection can be accepted");
                sleep(NO_ROOM).await;
            }
        }
    }
}
