//! The body of a request: whole, bounded and in time.

use axum::body::{Body, Bytes, HttpBody};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::timeout;

use crate::Limits;
use crate::Problem;

/// Reads it.
///
/// # Errors
/// If it is too large (413 `body_too_large`), does not come in time (408 `request_timeout`), or breaks off (400
/// `invalid_body`).
pub(crate) async fn read_body(body: Body, limits: &Limits) -> Result<Bytes, Problem> {
    let too_large = || {
        let detail = format!("a body has {} bytes at most", limits.body_bytes);
        Problem::new(413, "body_too_large").detail(detail)
    };
    // What is announced as too large is not waited for.
    if body.size_hint().lower() > u64::try_from(limits.body_bytes).unwrap_or(u64::MAX) {
        return Err(too_large());
    }
    let body = Limited::new(body, limits.body_bytes).collect();
    let late = |_| Problem::new(408, "request_timeout").detail("the body did not come in time");
    match timeout(limits.body_timeout, body).await.map_err(late)? {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large()),
        Err(_) => Err(Problem::new(400, "invalid_body").detail("the body broke off")),
    }
}
