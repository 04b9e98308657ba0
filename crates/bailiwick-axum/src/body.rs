//! The body of a request: whole, bounded and in time.

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{FromRequest, Request};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::timeout;

use crate::Problem;
use crate::limits::BodyLimits;

/// Reads it.
///
/// # Errors
/// If it is too large (413 `body_too_large`), does not come in time (408 `request_timeout`), or breaks off (400
/// `invalid_body`).
pub(crate) async fn read_body(body: Body, limits: BodyLimits) -> Result<Bytes, Problem> {
    let too_large = || {
        let detail = format!("a body has {} bytes at most", limits.body_bytes);
        Problem::new(413, "body_too_large", detail)
    };
    // What is announced as too large is not waited for.
    if body.size_hint().lower() > u64::try_from(limits.body_bytes).unwrap_or(u64::MAX) {
        return Err(too_large());
    }
    let body = Limited::new(body, limits.body_bytes).collect();
    let late = |_| Problem::new(408, "request_timeout", "the body did not come in time");
    match timeout(limits.body_timeout, body).await.map_err(late)? {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large()),
        Err(_) => Err(Problem::new(400, "invalid_body", "the body broke off")),
    }
}

/// There is no body: for handlers that take none. One that has something in it is 400 `invalid_body`.
///
/// ```
/// use axum::Router;
/// use axum::routing::delete;
/// use bailiwick_axum::NoBody;
///
/// async fn discard(_: NoBody) {}
///
/// let routes: Router = Router::new().route("/draft", delete(discard));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoBody;

impl<S: Send + Sync> FromRequest<S> for NoBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let limits = BodyLimits::of(request.extensions());
        match read_body(request.into_body(), limits).await?.is_empty() {
            true => Ok(NoBody),
            false => Err(Problem::new(400, "invalid_body", "this takes no body")),
        }
    }
}
