//! What is behind the question mark of a path.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::Problem;

/// The query of a request. What is no `T` is 400 `invalid_query`. Write `#[serde(deny_unknown_fields)]` on the `T`: else
/// a name that is mistyped is passed over.
///
/// ```
/// use bailiwick_axum::Query;
///
/// #[derive(serde::Deserialize)]
/// #[serde(deny_unknown_fields)]
/// struct Page {
///     limit: Option<usize>,
/// }
///
/// /// `GET /accounts?limit=10`
/// async fn list(Query(page): Query<Page>) -> String {
///     format!("{} of them", page.limit.unwrap_or(100))
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = axum::extract::Query::from_request_parts(parts, state).await;
        let axum::extract::Query(query) =
            query.map_err(|error| Problem::new(400, "invalid_query").detail(error.body_text()))?;
        Ok(Query(query))
    }
}
