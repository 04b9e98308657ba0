//! What must hold of a journal that was left behind, by what was told before.
//!
//! 1. The rules hold on what is there: every event could be decided on those before it, no lease
//!    expired early or was passed over, nothing of a command is there by half.
//! 2. What was acknowledged is there, once, at its position, and was answered on what is there. What
//!    certainly had no effect has none.
//! 3. A runtime that starts on it catches up on what fell due, and never before it is due; keys have
//!    their answers; and two runtimes make the same of it.

mod answers;
mod model;
mod restart;

use bailiwick::journal::RecordedEvent;

pub use model::Model;

use super::bug::Bug;
use super::reports::Report;
use crate::invariant::Checked;

/// Audits the events that are there. Whoever starts a runtime on them gives it the same bug.
///
/// # Errors
/// With the first violation.
pub async fn audit(events: &[RecordedEvent], told: &[Report], bug: Option<Bug>) -> Checked<Model> {
    let model = answers::check(events, told)?;
    restart::check(events, &model, told, bug).await?;
    Ok(model)
}
