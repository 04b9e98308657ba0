//! What every request goes through: the token, its body, room, its span, time, and a panic that stays where it is.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use axum::body::{Body, HttpBody};
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{Extensions, HeaderMap, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tracing::{Instrument, info_span};

use crate::Problem;
use crate::body::read_body;
use crate::keys::Keys;
use crate::limits::Limits;
use crate::trace::trace_of;

/// What is shared by all requests.
pub(crate) struct Admission {
    pub(crate) limits: Limits,
    token: Option<String>,
    /// None for those that are answered however much there is to do.
    room: Option<Semaphore>,
    /// How many streams of events may be open.
    pub(crate) streams: Arc<Semaphore>,
    pub(crate) keys: Arc<Keys>,
}

impl Admission {
    pub(crate) fn new(limits: Limits, token: Option<String>) -> Admission {
        let permits = |most: usize| Semaphore::new(most.min(Semaphore::MAX_PERMITS));
        Admission {
            room: Some(permits(limits.requests)),
            streams: Arc::new(permits(limits.streams)),
            keys: Keys::new(limits.keys, limits.keys_for),
            token,
            limits,
        }
    }

    /// That which a request has gone through, if it came through a [`Server`](crate::Server).
    pub(crate) fn of(extensions: &Extensions) -> Option<&Admission> {
        extensions.get::<Arc<Admission>>().map(|admission| &**admission)
    }

    /// For routes that need no room.
    pub(crate) fn exempt(&self) -> Admission {
        let (streams, keys) = (self.streams.clone(), self.keys.clone());
        Admission {
            limits: self.limits.clone(),
            token: self.token.clone(),
            room: None,
            streams,
            keys,
        }
    }

    fn lets_in(&self, headers: &HeaderMap) -> bool {
        let Some(token) = &self.token else { return true };
        let sent = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes);
        let sent = sent.and_then(|sent| sent.split_at_checked("Bearer ".len()));
        // In a time that does not depend on how much of it is right.
        sent.is_some_and(|(scheme, sent)| {
            scheme.eq_ignore_ascii_case(b"Bearer ") && bool::from(sent.ct_eq(token.as_bytes()))
        })
    }
}

/// A request, from the router to its handler and back.
pub(crate) async fn pass(
    State(admission): State<Arc<Admission>>,
    request: Request,
    next: Next,
) -> Response {
    if !admission.lets_in(request.headers()) {
        let detail = "this wants the token of the server: Authorization: Bearer <token>";
        return Problem::new(401, "unauthorized").detail(detail).into_response();
    }
    // First the body: who sends it slowly takes nobody's room.
    let mut request = match whole(request, &admission.limits).await {
        Ok(request) => request,
        Err(problem) => return problem.into_response(),
    };
    let Ok(_room) = admission.room.as_ref().map(Semaphore::try_acquire).transpose() else {
        return Problem::overloaded().into_response();
    };
    let trace = trace_of(request.headers());
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let span = info_span!(
        "request",
        method = %request.method(),
        route = route.unwrap_or("none"),
        path = request.uri().path(),
        trace_id = format_args!("{:032x}", trace.trace_id()),
    );
    request.extensions_mut().insert(trace);
    request.extensions_mut().insert(admission.clone());
    answer(&admission.limits, request, next).instrument(span).await
}

/// The request, with its body read.
async fn whole(request: Request, limits: &Limits) -> Result<Request, Problem> {
    if request.body().is_end_stream() {
        return Ok(request);
    }
    let (parts, body) = request.into_parts();
    let body = read_body(body, limits).await?;
    Ok(Request::from_parts(parts, Body::from(body)))
}

async fn answer(limits: &Limits, request: Request, next: Next) -> Response {
    let looks = [Method::GET, Method::HEAD].contains(request.method());
    let key = request.headers().get("idempotency-key").cloned();
    let response = match timeout(limits.request_timeout, caught(next.run(request))).await {
        Ok(Ok(response)) => response,
        Ok(Err(Panicked)) => Problem::internal().into_response(),
        Err(_) if looks => {
            let problem =
                Problem::new(503, "timed_out").detail("it took too long; try again later");
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
