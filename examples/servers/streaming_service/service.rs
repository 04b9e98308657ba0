//! The service: orders come in, streams run.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post, put};
use axum::{Router, middleware};
use bailiwick_axum::{Json, PathIds, Problem};
use bailiwick_examples::streaming::{AccountId, SessionId};
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, Semaphore, oneshot, watch};

use crate::behaviour::{self, SharedBehaviour};
use crate::board::Board;
use crate::orchestrator::Orchestrator;
use crate::stream::{End, MOST_CALLS, Shared, Stream};
use crate::streams::{NotStarted, Started, StreamId, Streams};

/// How many streams are listed at a time.
const LISTED: usize = 100;

/// What all orders share.
#[derive(Clone)]
pub struct Service {
    shared: Shared,
    all_end: watch::Sender<bool>,
    length: Option<Duration>,
    board: Board,
    streams: Arc<Mutex<Streams>>,
    /// Woken when one has ended.
    fewer: Arc<Notify>,
}

impl Service {
    pub fn new(
        most: usize,
        orchestrator: Orchestrator,
        length: Option<Duration>,
        board: Board,
    ) -> Service {
        let all_end = watch::Sender::new(false);
        let calls = Arc::new(Semaphore::new(MOST_CALLS));
        let shared = Shared { orchestrator, calls, all_end: all_end.subscribe() };
        let streams = Arc::new(Mutex::new(Streams::new(most)));
        Service { shared, all_end, length, board, streams, fewer: Arc::default() }
    }

    pub fn routes(self, behaviour: SharedBehaviour) -> Router {
        let orders = Router::new()
            .route("/streams/{account}/{session}", put(start).delete(stop))
            .layer(middleware::from_fn_with_state(behaviour.clone(), behaviour::misbehave));
        let settings = Router::new()
            .route("/behaviour", get(behaviour::show).put(behaviour::set))
            .with_state(behaviour);
        orders
            .route("/streams", get(list))
            .route("/streams/{account}/{session}/end", post(end))
            .with_state(self)
            .merge(settings)
            .route("/healthz", get(|| async { "live\n" }))
    }

    /// Has all streams end by themselves, and waits for that.
    pub async fn end(&self) {
        self.all_end.send_replace(true);
        loop {
            let fewer = self.fewer.notified();
            if self.streams().running() == 0 {
                return;
            }
            fewer.await;
        }
    }

    fn streams(&self) -> MutexGuard<'_, Streams> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, stream: Stream, token: u64, stopped: oneshot::Receiver<()>, ends: Arc<Notify>) {
        let (service, id) = (self.clone(), stream.id.clone());
        self.board.started(&id, stream.lease, self.streams().running());
        tokio::spawn(async move {
            let end = stream.run(service.shared.clone(), stopped, ends).await;
            let running = {
                let mut streams = service.streams();
                if end != End::Stopped {
                    streams.ended(&id, token);
                }
                streams.running()
            };
            service.board.ended(&id, end, running);
            service.fewer.notify_waiters();
        });
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Start {
    token: u64,
    lease_ms: u64,
}

async fn start(
    State(service): State<Service>,
    PathIds(account, session): PathIds<AccountId, SessionId>,
    headers: HeaderMap,
    Json(Start { token, lease_ms }): Json<Start>,
) -> Result<StatusCode, Problem> {
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok());
    let no_key =
        || Problem::new(400, "no_idempotency_key").detail("an order has an Idempotency-Key");
    let key = key.ok_or_else(no_key)?;
    let id = StreamId { account, session };
    let started = service.streams().start(&id, token, key);
    match started {
        Ok(Started::Now { stopped, ends }) => {
            let lease = Duration::from_millis(lease_ms.max(1));
            service.run(Stream { id, lease, length: service.length }, token, stopped, ends);
            Ok(StatusCode::CREATED)
        }
        // The first answer again.
        Ok(Started::Before) => Ok(StatusCode::CREATED),
        Err(why) => Err(refused(why)),
    }
}

fn refused(why: NotStarted) -> Problem {
    let problem = match why {
        NotStarted::Overtaken => Problem::new(409, "overtaken"),
        NotStarted::KeyReused => Problem::new(422, "idempotency_key_reused"),
        NotStarted::Full => Problem::new(503, "overloaded").retry_after(Duration::from_secs(1)),
    };
    problem.detail(why.to_string())
}

#[derive(Deserialize)]
struct Token {
    token: u64,
}

async fn stop(
    State(service): State<Service>,
    PathIds(account, session): PathIds<AccountId, SessionId>,
    token: Result<Query<Token>, QueryRejection>,
) -> Result<StatusCode, Problem> {
    let no_token = |_| Problem::new(400, "no_token").detail("which order is it? ?token=<number>");
    let Query(Token { token }) = token.map_err(no_token)?;
    service.streams().stop(&StreamId { account, session }, token);
    Ok(StatusCode::NO_CONTENT)
}

/// For whoever wants to see what happens then: the stream ends by itself.
async fn end(
    State(service): State<Service>,
    PathIds(account, session): PathIds<AccountId, SessionId>,
) -> Result<StatusCode, Problem> {
    match service.streams().end(&StreamId { account, session }) {
        true => Ok(StatusCode::ACCEPTED),
        false => Err(Problem::new(404, "no_such_stream").detail("no such stream runs")),
    }
}

#[derive(Serialize)]
struct Listed {
    running: usize,
    /// The first of them.
    streams: Vec<String>,
}

async fn list(State(service): State<Service>) -> Json<Listed> {
    let streams = service.streams();
    let name = |id: &StreamId| format!("{}/{}", id.account, id.session);
    let listed = streams.list(LISTED).into_iter().map(name).collect();
    Json(Listed { running: streams.running(), streams: listed })
}
