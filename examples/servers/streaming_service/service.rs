//! The service: orders come in, streams run.

use std::collections::HashMap;
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
    /// By which one stream is told to end by itself.
    ends: Arc<Mutex<HashMap<StreamId, Arc<Notify>>>>,
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
        let (ends, fewer) = (Arc::default(), Arc::default());
        Service { shared, all_end, length, board, streams, ends, fewer }
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

    fn ends(&self) -> MutexGuard<'_, HashMap<StreamId, Arc<Notify>>> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, stream: Stream, token: u64, stopped: oneshot::Receiver<()>) {
        let (service, id, ends) = (self.clone(), stream.id.clone(), Arc::<Notify>::default());
        self.ends().insert(id.clone(), ends.clone());
        self.board.started(&id, stream.lease, self.streams().running());
        tokio::spawn(async move {
            let end = stream.run(service.shared.clone(), stopped, ends.clone()).await;
            let running = {
                let mut streams = service.streams();
                if end != End::Stopped {
                    streams.ended(&id, token);
                }
                streams.running()
            };
            service.ends().retain(|other, its| *other != id || !Arc::ptr_eq(its, &ends));
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
    let no_key = || Problem::new(400, "no_idempotency_key", "an order has an Idempotency-Key");
    let key = key.ok_or_else(no_key)?;
    let id = StreamId { account, session };
    let started = service.streams().start(&id, token, key);
    match started {
        Ok(Started::Now(stopped)) => {
            let lease = Duration::from_millis(lease_ms.max(1));
            service.run(Stream { id, lease, length: service.length }, token, stopped);
            Ok(StatusCode::CREATED)
        }
        // The first answer again.
        Ok(Started::Before) => Ok(StatusCode::CREATED),
        Err(why) => Err(refused(why)),
    }
}

fn refused(why: NotStarted) -> Problem {
    let text = why.to_string();
    match why {
        NotStarted::Overtaken => Problem::new(409, "overtaken", text),
        NotStarted::KeyReused => Problem::new(422, "idempotency_key_reused", text),
        NotStarted::Full => {
            Problem::new(503, "overloaded", text).retry_after(Duration::from_secs(1))
        }
    }
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
    let no_token = |_| Problem::new(400, "no_token", "which order is it? ?token=<number>");
    let Query(Token { token }) = token.map_err(no_token)?;
    service.streams().stop(&StreamId { account, session }, token);
    Ok(StatusCode::NO_CONTENT)
}

/// For whoever wants to see what happens then: the stream ends by itself.
async fn end(
    State(service): State<Service>,
    PathIds(account, session): PathIds<AccountId, SessionId>,
) -> Result<StatusCode, Problem> {
    let ends = service.ends().get(&StreamId { account, session }).cloned();
    let none = || Problem::new(404, "no_such_stream", "no such stream runs");
    ends.ok_or_else(none)?.notify_one();
    Ok(StatusCode::ACCEPTED)
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
