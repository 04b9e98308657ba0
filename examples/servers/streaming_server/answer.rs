//! Answers of the routes, with the position up to which they are true.

use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use bailiwick::{Position, Seen};
use bailiwick_axum::{Json, Problem};
use serde::Serialize;
use serde_json::Value;

/// Where a command has left the journal: whoever reads rows up to there (`min_position`) sees what it did.
pub const POSITION: HeaderName = HeaderName::from_static("bailiwick-position");

/// How many a page has: 100 unless it is said, 1 000 at most.
pub fn page_of(wanted: Option<usize>) -> usize {
    wanted.unwrap_or(100).clamp(1, 1_000)
}

/// An answer, as of a position.
pub fn at(position: Position, answer: impl IntoResponse) -> Response {
    ([(POSITION, position.to_string())], answer).into_response()
}

/// 201, with what was made.
pub fn created(position: Position, body: impl Serialize) -> Response {
    at(position, (StatusCode::CREATED, Json(body)))
}

/// 204: it is so.
pub fn done(position: Position) -> Response {
    at(position, StatusCode::NO_CONTENT)
}

/// 200, with what is there.
///
/// # Errors
/// If nothing is.
pub fn shown(
    seen: Seen<Option<Value>>,
    missing: impl Fn() -> Problem,
) -> Result<Response, Problem> {
    seen.value.map(|value| at(seen.position, Json(value))).ok_or_else(missing)
}
