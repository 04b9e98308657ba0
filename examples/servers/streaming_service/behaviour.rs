//! How the service misbehaves, as it was told to.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bailiwick_axum::{Json, Problem};
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

/// The longest time an answer can be told to take, in milliseconds.
pub const MOST_DELAY_MS: u64 = 60_000;

/// What it does about orders: nothing special, unless told otherwise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Behaviour {
    /// How long each order takes before it is looked at.
    #[serde(default)]
    pub delay_ms: u64,
    /// With which status each is answered instead of being carried out; none for orders that are.
    #[serde(default)]
    pub status: Option<u16>,
}

/// That of all orders.
#[derive(Debug, Clone, Default)]
pub struct SharedBehaviour(Arc<Mutex<Behaviour>>);

impl SharedBehaviour {
    pub fn new(behaviour: Behaviour) -> SharedBehaviour {
        SharedBehaviour(Arc::new(Mutex::new(behaviour)))
    }

    fn get(&self) -> Behaviour {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `GET /behaviour`
pub async fn show(State(shared): State<SharedBehaviour>) -> Json<Behaviour> {
    Json(shared.get())
}

/// `PUT /behaviour`
pub async fn set(
    State(shared): State<SharedBehaviour>,
    Json(behaviour): Json<Behaviour>,
) -> Result<Json<Behaviour>, Problem> {
    let is_failure = |status| (400..600).contains(&status);
    if behaviour.delay_ms > MOST_DELAY_MS || !behaviour.status.is_none_or(is_failure) {
        let detail = "delay_ms is at most 60000, and status is one of a failure, 400 to 599";
        return Err(Problem::new(422, "invalid_behaviour").detail(detail));
    }
    *shared.0.lock().unwrap_or_else(PoisonError::into_inner) = behaviour;
    Ok(Json(behaviour))
}

/// Does to an order what it was told to.
pub async fn misbehave(
    State(shared): State<SharedBehaviour>,
    request: Request,
    next: Next,
) -> Response {
    let Behaviour { delay_ms, status } = shared.get();
    sleep(Duration::from_millis(delay_ms)).await;
    match status {
        Some(status) => {
            Problem::new(status, "told_to_fail").detail("it was told to fail").into_response()
        }
        None => next.run(request).await,
    }
}
