//! Streams of events.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use bailiwick::journal::{EncodedEvent, EventType, Journal, Metadata};
use bailiwick::{Aggregates, MemoryJournal, Tag, Timestamp};
use bailiwick_axum::{EventStream, PathId, Problem, Server};
use http_body_util::BodyExt;
use tokio::time::timeout;
use tower::ServiceExt;

use crate::support::{TIME_LIMIT, request, runtime_on};
use crate::{AccountId, AccountSessions};

async fn events(
    State(accounts): State<Aggregates<AccountSessions>>,
    PathId(account): PathId<AccountId>,
    stream: EventStream,
) -> Result<Response, Problem> {
    let events = accounts.get(account).subscribe(stream.since()).await?;
    Ok(stream.of(events, |news| news.event.clone()))
}

/// An event of the account `a` that nobody can read.
async fn write_unreadable(journal: &Arc<dyn Journal>) {
    let event = EncodedEvent {
        event_type: EventType::literal("Started"),
        version: 1,
        tags: Tag::new("account", "a").unwrap().into(),
        payload: vec![0xc1].into(),
        recorded_at: Timestamp::from_millis(1),
        metadata: Metadata::default(),
    };
    journal.append(vec![event], None).await.unwrap();
}

/// Reads until this has come.
async fn read_until(body: &mut Body, read: &mut String, what: &str) {
    let reads = async {
        while !read.contains(what) {
            let frame = body.frame().await.expect("it does not end").unwrap();
            read.push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap());
        }
    };
    timeout(TIME_LIMIT, reads).await.unwrap_or_else(|_| panic!("never: {what}"));
}

fn id_of(event: &str) -> &str {
    event.lines().find_map(|line| line.strip_prefix("id: ")).unwrap_or_default()
}

#[tokio::test]
async fn an_event_that_cannot_be_read_is_told_once_and_what_follows_is_told() {
    let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::new());
    let runtime = runtime_on(journal.clone()).await;
    let accounts = runtime.aggregates::<AccountSessions>();
    let routes = Router::new().route("/{account}", get(events)).with_state(accounts.clone());
    let app = Server::new(runtime).router(routes);
    let follow = |id: Option<String>| {
        let mut follow = request("GET", "/a", Body::empty());
        if let Some(id) = id {
            follow.headers_mut().insert("last-event-id", id.parse().unwrap());
        }
        let app = app.clone();
        async move { app.oneshot(follow).await.unwrap().into_body() }
    };
    let (mut body, mut read) = (follow(None).await, String::new());
    read_until(&mut body, &mut read, "\n\n").await;
    let before = id_of(&read).to_owned();
    write_unreadable(&journal).await;
    read.clear();
    read_until(&mut body, &mut read, "\n\n").await;
    assert!(read.contains("event: problem"), "{read}");
    let at = id_of(&read).to_owned();
    assert!(!at.is_empty() && at != before, "{read}");
    // Who goes on behind it is not told again.
    let (mut body, mut read) = (follow(Some(at)).await, String::new());
    read_until(&mut body, &mut read, "\n\n").await;
    assert!(!read.contains("problem"), "{read}");
}
