//! Events as they become durable, as server-sent events.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use bailiwick::journal::Cursor;
use bailiwick::{
    ErrorReport, Event as DomainEvent, News, Since, SubscribeError, Subscription, Update,
};
use futures_core::Stream;
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Problem;
use crate::admission::Admission;

/// How often a stream without news says that it is there.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Where a stream of events begins, and room for it: for handlers that answer with one.
///
/// It begins where the client was (`Last-Event-ID`, which browsers send by themselves when they connect again), or
/// now. What is no place is 400 `unknown_cursor`, and so is one of another journal, or of a later copy of this one.
/// If as many streams are open as may be ([`Limits::streams`](crate::Limits::streams)), it is 503 `overloaded`.
///
/// For an example see the [crate](crate).
pub struct EventStream {
    since: Since,
    permit: Option<OwnedSemaphorePermit>,
}

impl<S: Send + Sync> FromRequestParts<S> for EventStream {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let since = match parts.headers.get("last-event-id") {
            None => Since::Now,
            Some(id) => {
                let cursor = id.to_str().ok().and_then(|id| id.parse::<Cursor>().ok());
                let unknown = || {
                    Problem::new(400, "unknown_cursor")
                        .detail("it cannot go on from there; begin anew")
                };
                Since::Cursor(cursor.ok_or_else(unknown)?)
            }
        };
        let streams = Admission::of(&parts.extensions).map(|admission| admission.streams.clone());
        let permit = streams.map(Semaphore::try_acquire_owned).transpose();
        let permit = permit.map_err(|_| Problem::overloaded())?;
        Ok(EventStream { since, permit })
    }
}

impl EventStream {
    /// Where it begins: to subscribe from.
    pub fn since(&self) -> Since {
        self.since
    }

    /// The answer: each event of the subscription as `show` says, under the name that it has in the journal, with its
    /// [cursor](Cursor) as ID. When all is told, an ID alone follows, so that who connects again much later does
    /// not read over what did not concern it.
    ///
    /// It ends when the runtime [drains](bailiwick::Runtime::drain) or is shut down; the client connects again, and
    /// misses nothing. An event that cannot be decoded is told as an event `problem`, with its ID, and it goes on
    /// behind it. While the journal cannot be read it says so in a comment, and tries again.
    pub fn of<E: DomainEvent, T: Serialize>(
        self,
        events: Subscription<News<E>>,
        show: impl Fn(&News<E>) -> T + Send + Unpin + 'static,
    ) -> Response {
        let body = EventBody { events, show, ended: false, _permit: self.permit };
        let keep_alive = KeepAlive::new().interval(KEEP_ALIVE);
        Sse::new(body).keep_alive(keep_alive).into_response()
    }
}

struct EventBody<E, F> {
    events: Subscription<News<E>>,
    show: F,
    ended: bool,
    _permit: Option<OwnedSemaphorePermit>,
}

impl<E: DomainEvent, T: Serialize, F: Fn(&News<E>) -> T + Unpin> Stream for EventBody<E, F> {
    type Item = Result<Event, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let update = match ready!(Pin::new(&mut self.events).poll_next(cx)) {
            None => return Poll::Ready(None),
            Some(update) => update,
        };
        let id = Event::default().id(self.events.cursor().to_string());
        let event = match update {
            Ok(Update::CaughtUp { .. }) => id,
            Ok(Update::Event(news)) => {
                let named = id.event(news.event.event_type());
                let shown = serde_json::to_string(&(self.show)(&news));
                shown.map(|data| named.data(data)).unwrap_or_else(|error| {
                    tracing::error!(%error, "an event cannot be shown");
                    Event::default().comment("an event that cannot be shown")
                })
            }
            Err(SubscribeError::Unread(error)) => {
                tracing::debug!(error = %ErrorReport::of(&error), "a stream cannot be read");
                Event::default().comment("the journal cannot be read just now")
            }
            Err(error) => {
                // An event without its ID would come again, each time that the client does.
                self.ended = !matches!(error, SubscribeError::Undecodable { .. });
                let problem = serde_json::to_string(&Problem::from(error)).unwrap_or_default();
                id.event("problem").data(problem)
            }
        };
        Poll::Ready(Some(Ok(event)))
    }
}
