//! What is behind the question mark of a path.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use bailiwick_axum::Problem;
use serde::de::DeserializeOwned;

/// The query as a `T`; what is none is 400 `invalid_query`.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = axum::extract::Query::from_request_parts(parts, state).await;
        let axum::extract::Query(query) =
            query.map_err(|error| Problem::new(400, "invalid_query", error.body_text()))?;
        Ok(Query(query))
    }
}
