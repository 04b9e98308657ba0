//! The server around a router: what all requests go through, and how it ends.
//!
//! Why it is as it is: docs/decisions/server.md.

use std::future::Future;
use std::sync::Arc;

use axum::{Router, middleware};
use bailiwick::{Runtime, Shutdown};
use tokio::net::TcpListener;
use tokio::time::sleep;

use crate::admission::{Admission, pass};
use crate::connections::Connections;
use crate::health;
use crate::{Limits, Problem};

/// A server around a runtime and a router.
///
/// - **Every request** has room, or is refused at once; has a time-out; has a span with its route and its
///   [trace](bailiwick::TraceParent); and is answered: a panic of a handler is 500, and what no route is for is a problem too.
/// - **`GET /healthz`** is 200 as long as it lives. **`GET /readyz`** is 503 `not_ready` while the journal is closed,
///   while the server comes to its end, and while a projection is not ready.
/// - **Its end is in order**: see [`serve`](Self::serve).
///
/// For an example see the [crate](crate).
pub struct Server {
    runtime: Runtime,
    limits: Limits,
    token: Option<String>,
    exempt: Router,
}

/// How a server ended.
///
/// For an example see the [crate](crate).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ended {
    /// How many connections were broken off, because a request took longer than [`drain`](Limits::drain).
    pub broken_off: usize,
    /// How the shutdown of the runtime went.
    pub runtime: Shutdown,
}

/// Not all that had begun was done when the server ended.
///
/// For an example see the [crate](crate).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not all was done in time: {} connections were broken off, {} commands given back, of {} it is unknown whether \
     they were run, and {} stores are still held",
    .0.broken_off, .0.runtime.returned, .0.runtime.unknown, .0.runtime.stores_held
)]
pub struct NotInOrder(pub Ended);

impl Ended {
    /// That all that had begun was done and answered: for the exit status of a program.
    ///
    /// # Errors
    /// If connections were broken off, the runtime was not done in time, or a store of a projection is still held.
    pub fn in_order(self) -> Result<(), NotInOrder> {
        match self.broken_off == 0 && self.runtime.in_time && self.runtime.stores_held == 0 {
            true => Ok(()),
            false => Err(NotInOrder(self)),
        }
    }
}

impl Server {
    /// A server around this runtime, with the default [`Limits`], and without a token.
    pub fn new(runtime: Runtime) -> Server {
        let (limits, exempt) = (Limits::default(), Router::new());
        Server { runtime, limits, token: None, exempt }
    }

    /// With these bounds.
    #[must_use]
    pub fn limits(self, limits: Limits) -> Server {
        Server { limits, ..self }
    }

    /// Every route but health wants this token: `Authorization: Bearer <token>`. It is compared in a time that
    /// depends on its length only.
    #[must_use]
    pub fn token(self, token: Option<String>) -> Server {
        Server { token, ..self }
    }

    /// These routes are answered however many [requests](Limits::requests) there are, such as one for metrics. They want
    /// the token, and have a time-out, as all others.
    #[must_use]
    pub fn exempt(self, routes: Router) -> Server {
        Server { exempt: self.exempt.merge(routes), ..self }
    }

    /// The router with all that every request goes through: for whoever serves it in another way, and for tests. The
    /// end is then [`Runtime::drain`], the listener, [`Runtime::shutdown`], in this order.
    pub fn router(&self, routes: Router) -> Router {
        let admission = Admission::new(self.limits.clone(), self.token.clone());
        let exempt = Arc::new(admission.exempt());
        let exempt = middleware::from_fn_with_state(exempt, pass);
        let exempt = self.exempt.clone().method_not_allowed_fallback(not_allowed).layer(exempt);
        routes
            .fallback(not_found)
            .method_not_allowed_fallback(not_allowed)
            .layer(middleware::from_fn_with_state(Arc::new(admission), pass))
            .merge(exempt)
            .merge(self.health())
    }

    fn health(&self) -> Router {
        let health = health::routes(self.runtime.clone());
        health.method_not_allowed_fallback(not_allowed)
    }

    /// For connections beyond the bound.
    fn full(&self) -> Router {
        self.health().fallback(async || Problem::overloaded())
    }

    /// Serves `routes` until `stop` is ready, and then ends, in this order:
    ///
    /// 1. The runtime [drains](Runtime::drain): `/readyz` says 503, and streams of events end. Connections are accepted
    ///    for [`notice`](Limits::notice) more, and requests answered.
    /// 2. No connection is accepted any more. Requests that have begun are answered, with all that they ask for, for
    ///    [`drain`](Limits::drain) at most; then they are broken off.
    /// 3. The runtime is [shut down](Runtime::shutdown), within [`shutdown`](Limits::shutdown). The journal's folder is
    ///    free then.
    ///
    /// HTTP/1.1 without TLS: put a proxy in front of it for the rest.
    ///
    /// # Cancel safety
    /// Dropped, it closes its connections, and leaves the runtime as it is.
    pub async fn serve(
        self,
        listener: TcpListener,
        routes: Router,
        stop: impl Future<Output = ()>,
    ) -> Ended {
        if self.limits.request_timeout <= self.runtime.config().get_timeout() {
            tracing::warn!(
                request_timeout = ?self.limits.request_timeout,
                timeout = ?self.runtime.config().get_timeout(),
                "a request ends before its call does: it is told outcome_unknown of what the runtime knows"
            );
        }
        let app = self.router(routes);
        let mut connections = Connections::new(&self.limits, app, self.full());
        connections.accept_until(&listener, stop).await;
        self.runtime.drain();
        connections.accept_until(&listener, sleep(self.limits.notice)).await;
        drop(listener);
        let broken_off = connections.end_within(self.limits.drain).await;
        let runtime = self.runtime.shutdown(self.limits.shutdown).await;
        Ended { broken_off, runtime }
    }
}

async fn not_found() -> Problem {
    Problem::new(404, "not_found").detail("there is nothing here")
}

async fn not_allowed() -> Problem {
    Problem::new(405, "method_not_allowed")
        .detail("this is not done here; the header Allow says what is")
}
