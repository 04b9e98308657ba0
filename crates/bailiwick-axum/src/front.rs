//! What every request goes through: its span, the token, room, time, and a panic that stays where it is.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tracing::{Instrument, info_span};

use crate::Problem;
use crate::keys::Keys;
use crate::limits::Limits;
use crate::sse::Streams;
use crate::trace::trace_of;

/// What is shared by all requests.
pub(crate) struct Front {
    pub(crate) limits: Limits,
    token: Option<String>,
    room: Semaphore,
    streams: Streams,
    keys: Arc<Keys>,
}

impl Front {
    pub(crate) fn new(limits: Limits, token: Option<String>) -> Arc<Front> {
        let permits = |most: usize| Semaphore::new(most.min(Semaphore::MAX_PERMITS));
        Arc::new(Front {
            room: permits(limits.requests),
            streams: Streams(Arc::new(permits(limits.streams))),
            keys: Keys::new(limits.keys, limits.keys_for),
            token,
            limits,
        })
    }

    fn lets_in(&self, headers: &HeaderMap) -> bool {
        let Some(token) = &self.token else { return true };
        let sent = headers.get(AUTHORIZATION).map(|value| value.as_bytes());
        let sent = sent.and_then(|sent| sent.split_at_checked("Bearer ".len()));
        // In a time that does not depend on how much of it is right.
        sent.is_some_and(|(scheme, sent)| {
            scheme.eq_ignore_ascii_case(b"Bearer ") && bool::from(sent.ct_eq(token.as_bytes()))
        })
    }
}

/// A request, from the router to its handler and back.
pub(crate) async fn pass(
    State(front): State<Arc<Front>>,
    mut request: Request,
    next: Next,
) -> Response {
    if !front.lets_in(request.headers()) {
        let detail = "this wants the token of the server: Authorization: Bearer <token>";
        return Problem::new(401, "unauthorized", detail).into_response();
    }
    let Ok(_room) = front.room.try_acquire() else { return Problem::overloaded().into_response() };
    let trace = trace_of(request.headers());
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let span = info_span!(
        "request",
        method = %request.method(),
        route = route.unwrap_or("none"),
        path = request.uri().path(),
        trace_id = format_args!("{:032x}", trace.trace_id()),
    );
    let extensions = request.extensions_mut();
    extensions.insert(trace);
    extensions.insert(front.limits.body());
    extensions.insert(front.keys.clone());
    extensions.insert(front.streams.clone());
    answer(&front.limits, request, next).instrument(span).await
}

async fn answer(limits: &Limits, request: Request, next: Next) -> Response {
    let looks = [Method::GET, Method::HEAD].contains(request.method());
    let key = request.headers().get("idempotency-key").cloned();
    let response = match timeout(limits.request_timeout, caught(next.run(request))).await {
        Ok(Ok(response)) => response,
        Ok(Err(Panicked)) => {
            Problem::new(500, "internal", "something is wrong on this side").into_response()
        }
        Err(_) if looks => {
            let problem = Problem::new(503, "timed_out", "it took too long; try again later");
            problem.retry_after(limits.request_timeout).into_response()
        }
        Err(_) => {
            let key = key.as_ref().and_then(|key| key.to_str().ok());
            Problem::unknown(key).into_response()
        }
    };
    tracing::debug!(status = response.status().as_u16(), "answered");
    response
}

/// A handler panicked. The log has it from the hook.
struct Panicked;

async fn caught<T>(handler: impl Future<Output = T>) -> Result<T, Panicked> {
    let mut handler = pin!(handler);
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| handler.as_mut().poll(cx))) {
        Ok(poll) => poll.map(Ok),
        Err(_) => {
            tracing::error!("a handler panicked");
            Poll::Ready(Err(Panicked))
        }
    })
    .await
}
