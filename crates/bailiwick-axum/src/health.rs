//! Whether the server lives, and whether it is to be sent clients.

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bailiwick::Runtime;
use serde::Serialize;

use crate::{Json, Problem};

#[derive(Serialize)]
struct Status {
    status: &'static str,
}

/// `/healthz` and `/readyz`. Both answer however many requests there are, and without a token; and on a few connections beyond
/// the bound.
pub(crate) fn routes(runtime: Runtime) -> Router {
    let live = || async { Json(Status { status: "live" }) };
    let readiness = move || async move { readiness(&runtime) };
    Router::new().route("/healthz", get(live)).route("/readyz", get(readiness))
}

fn readiness(runtime: &Runtime) -> Response {
    let health = runtime.health();
    let mut missing = Vec::new();
    if health.draining {
        missing.push("draining");
    }
    if !health.is_open() {
        missing.push("journal_closed");
    }
    missing.extend(health.projections.iter().map(|projection| projection.name));
    if missing.is_empty() {
        return Json(Status { status: "ready" }).into_response();
    }
    let problem = Problem::new(503, "not_ready").detail("send clients elsewhere, for now");
    problem.with("missing", missing).into_response()
}
