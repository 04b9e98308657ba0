//! The connections of a server: as many as may be, each with time-outs, and an end for all.
//!
//! axum's own `serve` has no bound for connections, no time-out for a client that sends its request byte by byte or
//! does not read its answer, and no end of waiting for one that never finishes.

use std::future::Future;
use std::io::{self, ErrorKind};
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
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::select;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tower::ServiceExt;

use crate::Limits;
use crate::descriptors::room_for;
use crate::stalled::Stalled;

/// How long nothing is accepted when the system has no room for another connection.
const NO_ROOM: Duration = Duration::from_millis(100);
/// How many connections are accepted beyond the bound, for one request each.
const BEYOND: usize = 64;
/// How long such a one lasts at most.
const BEYOND_FOR: Duration = Duration::from_secs(2);
/// hyper has no smaller buffers.
const LEAST_BUFFER: usize = 8 << 10;

pub(crate) struct Connections {
    http: http1::Builder,
    write_timeout: Duration,
    app: Router,
    /// For those beyond the bound.
    full: Router,
    room: Arc<Semaphore>,
    beyond: Arc<Semaphore>,
    open: JoinSet<()>,
    /// Whether it comes to its end.
    ending: watch::Sender<bool>,
}

impl Connections {
    /// `app` answers, and `full` those who come when as many connections are open as may be.
    pub(crate) fn new(limits: &Limits, app: Router, full: Router) -> Connections {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(limits.head_timeout)
            .max_buf_size(limits.head_bytes.max(LEAST_BUFFER));
        let most = limits.connections.min(Semaphore::MAX_PERMITS - BEYOND);
        let most = room_for(most + BEYOND).saturating_sub(BEYOND).max(1);
        Connections {
            http,
            write_timeout: limits.write_timeout,
            app,
            full,
            room: Arc::new(Semaphore::new(most)),
            beyond: Arc::new(Semaphore::new(BEYOND)),
            open: JoinSet::new(),
            ending: watch::Sender::new(false),
        }
    }

    pub(crate) async fn accept_until(
        &mut self,
        listener: &TcpListener,
        stop: impl Future<Output = ()>,
    ) {
        let mut stop = pin!(stop);
        loop {
            let (stream, place) = select! {
                biased;
                () = stop.as_mut() => return,
                next = self.accept(listener) => next,
            };
            while self.open.try_join_next().is_some() {}
            self.begin(stream, place);
        }
    }

    /// The next connection, and its room.
    async fn accept(&self, listener: &TcpListener) -> (TcpStream, Place) {
        let (permit, beyond) = select! {
            biased;
            permit = self.room.clone().acquire_owned() => (permit, false),
            permit = self.beyond.clone().acquire_owned() => (permit, true),
        };
        let place = Place { _permit: permit.expect("it is never closed"), beyond };
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    // Answers are small, and are not to wait for more.
                    let _ = stream.set_nodelay(true);
                    return (stream, place.or_in(&self.room));
                }
                Err(error) if is_of_the_client(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, "no connection can be accepted");
                    sleep(NO_ROOM).await;
                }
            }
        }
    }

    fn begin(&mut self, io: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, place: Place) {
        let mut http = self.http.clone();
        let (app, lasts) = match place.beyond {
            false => (self.app.clone(), Duration::MAX),
            true => {
                http.keep_alive(false);
                (self.full.clone(), BEYOND_FOR)
            }
        };
        let service = app.map_request(|request: Request<Incoming>| request.map(Body::new));
        let io = TokioIo::new(Stalled::new(io, self.write_timeout));
        let connection = http.serve_connection(io, TowerToHyperService::new(service));
        let mut ending = self.ending.subscribe();
        self.open.spawn(async move {
            let _place = place;
            let mut connection = pin!(connection);
            let served = async {
                let ended = select! {
                    ended = connection.as_mut() => Some(ended),
                    () = async { drop(ending.wait_for(|ending| *ending).await) } => None,
                };
                match ended {
                    Some(ended) => ended,
                    None => {
                        connection.as_mut().graceful_shutdown();
                        connection.await
                    }
                }
            };
            if let Ok(Err(error)) = timeout(lasts, served).await {
                tracing::trace!(%error, "a connection has ended");
            }
        });
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

/// The room of a connection, until it ends.
struct Place {
    _permit: OwnedSemaphorePermit,
    /// It is one of those beyond the bound.
    beyond: bool,
}

impl Place {
    /// Within the bound, if there is room by now.
    fn or_in(self, room: &Arc<Semaphore>) -> Place {
        match room.clone().try_acquire_owned() {
            Ok(permit) if self.beyond => Place { _permit: permit, beyond: false },
            _ => self,
        }
    }
}

/// It went away before it was accepted: the next one may be there.
fn is_of_the_client(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset)
}
