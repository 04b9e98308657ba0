//! `/accounts/{account}/events` and `/accounts/{account}/history`: what has happened to an account, as it happens and
//! afterwards. No account is loaded for it.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use bailiwick::{Aggregates, Event, News, Position, Runtime};
use bailiwick_axum::{EventStream, Json, PathId, Problem, Query};
use bailiwick_examples::streaming::{AccountId, AccountSessions, SessionEvent};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::page_of;
use crate::description::schema::*;
use crate::description::{self, Operation};

pub fn routes(runtime: &Runtime) -> Router {
    Router::new()
        .route("/accounts/{account}/events", get(events))
        .route("/accounts/{account}/history", get(history))
        .with_state(runtime.aggregates::<AccountSessions>())
}

type Accounts = State<Aggregates<AccountSessions>>;

async fn events(
    State(accounts): Accounts,
    PathId(account): PathId<AccountId>,
    stream: EventStream,
) -> Result<Response, Problem> {
    let events = accounts.get(account).subscribe(stream.since()).await?;
    Ok(stream.of(events, shown_event))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    /// Behind which position it begins; the beginning, unless it is said.
    after: Option<u64>,
    /// How many events it has at most.
    limit: Option<usize>,
}

async fn history(
    State(accounts): Accounts,
    PathId(account): PathId<AccountId>,
    Query(page): Query<Page>,
) -> Result<Json<Value>, Problem> {
    let (after, limit) = (page.after.map(Position::new), page_of(page.limit));
    let page = accounts.get(account).history(after).await?.page(limit).await?;
    let last = page.events.last().map(|news| news.position().get());
    let events: Vec<_> = page.events.iter().map(shown_event).collect();
    Ok(Json(json!({ "events": events, "next": last.filter(|_| page.more) })))
}

/// As it is told to clients, whatever it is like in the journal.
fn shown_event(news: &News<SessionEvent>) -> Value {
    let mut shown = json!({
        "type": news.event.event_type(),
        "position": news.position().get(),
        "at": news.at().as_millis(),
    });
    match &news.event {
        SessionEvent::SessionStarted { session, expires_at }
        | SessionEvent::LeaseRenewed { session, expires_at } => {
            shown["session"] = json!(session);
            shown["expires_at"] = json!(expires_at.as_millis());
        }
        SessionEvent::SessionEnded { session } | SessionEvent::LeaseExpired { session } => {
            shown["session"] = json!(session);
        }
        SessionEvent::LimitChanged { limit } => shown["limit"] = json!(limit),
    }
    shown
}

pub fn described() -> Vec<Operation> {
    let event = || {
        json!({
            "type": "object",
            "properties": {
                "type": text(), "position": count(), "at": time(),
                "session": id(), "expires_at": time(), "limit": count()
            },
            "required": ["type", "position", "at"],
            "additionalProperties": false
        })
    };
    vec![
        description::get("/accounts/{account}/events", "What happens to an account, as it happens")
            .header("Last-Event-ID")
            .answers_as(200, "text/event-stream", event())
            .refuses(400, &["unknown_cursor"]),
        description::get(
            "/accounts/{account}/history",
            "What has happened to an account, a page of it",
        )
        .query("after", count())
        .query("limit", count())
        .answers(200, object([("events", list(event())), ("next", maybe(count()))]))
        .refuses(400, &["invalid_query", "unknown_cursor"]),
    ]
}
