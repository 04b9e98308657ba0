//! What is appended, and on which condition.

use crate::journal::Query;
use crate::position::Position;

/// The condition of an append, as the specification has it: it fails if an event beyond `after`
/// matches `query`, or if any event at all matches `never`.
///
/// `after` is exclusive and may lie above the last match; [`Position::START`] lets any match fail.
///
/// # Examples
/// ```
/// use bailiwick_core::Position;
/// use bailiwick_core::journal::{AppendCondition, AppendError, EncodedEvent, Journal, Query};
///
/// /// Appends an event, unless one that matches has come since `seen`.
/// async fn append(
///     journal: &dyn Journal,
///     event: EncodedEvent,
///     query: Query,
///     seen: Position,
/// ) -> Result<Option<Position>, AppendError> {
///     let condition = AppendCondition::new(query).after(seen);
///     match journal.append(vec![event], Some(condition)).await {
///         Ok(appended) => Ok(Some(appended.last)),
///         Err(AppendError::Conflict { .. }) => Ok(None),
///         Err(error) => Err(error),
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppendCondition {
    /// What must not have happened...
    pub query: Query,
    /// ...after this position.
    pub after: Position,
    /// What must never have happened. A guard with a boundary of its own, for uniqueness beside a
    /// moving boundary.
    pub never: Option<Query>,
}

impl AppendCondition {
    /// Fails if any event matches `query`.
    pub fn new(query: Query) -> Self {
        AppendCondition { query, after: Position::START, never: None }
    }

    /// Ignores events up to and including `after`.
    #[must_use]
    pub fn after(self, after: Position) -> Self {
        AppendCondition { after, ..self }
    }

    /// Also fails if any event at all matches `query`.
    #[must_use]
    pub fn never(self, query: Query) -> Self {
        AppendCondition { never: Some(query), ..self }
    }
}
