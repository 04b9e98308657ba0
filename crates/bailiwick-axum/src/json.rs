//! Bodies and answers in JSON.

use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::admission::Admission;
use crate::body::read_body;
use crate::{Limits, Problem};

/// A body in JSON, of a request or of an answer.
///
/// As an extractor it refuses what is not declared as JSON (415 `unsupported_media_type`: so a page of another site
/// cannot have a browser send it without asking first), what is larger than [`body_bytes`](crate::Limits::body_bytes) (413
/// `body_too_large`), what does not come within [`body_timeout`](crate::Limits::body_timeout) (408 `request_timeout`), and
/// what is not a `T` (400 `invalid_body`). Write `#[serde(deny_unknown_fields)]` on the `T`: else a field whose name
/// is mistyped is passed over.
///
/// For an example see the [crate](crate).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        if !is_json(&parts.headers) {
            let detail = "the body is to be JSON: Content-Type: application/json";
            return Err(Problem::new(415, "unsupported_media_type").detail(detail));
        }
        let body = match Admission::of(&parts.extensions) {
            Some(admission) => read_body(body, &admission.limits).await?,
            None => read_body(body, &Limits::default()).await?,
        };
        let read = serde_json::from_slice(&body).map(Json);
        read.map_err(|error| Problem::new(400, "invalid_body").detail(error.to_string()))
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let declared = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = declared.and_then(|declared| declared.split(';').next()).unwrap_or_default();
    let kind = kind.trim().to_ascii_lowercase();
    let subtype = kind.strip_prefix("application/").unwrap_or_default();
    subtype == "json" || subtype.ends_with("+json")
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => {
                let json = HeaderValue::from_static("application/json");
                ([(CONTENT_TYPE, json)], body).into_response()
            }
            Err(error) => {
                tracing::error!(%error, "an answer cannot be encoded");
                Problem::internal().into_response()
            }
        }
    }
}
