//! A journal that is not as strict as it should be: the oracles find it out.

use std::sync::Arc;

use bailiwick::journal::{Answer, AppendError, Journal};
use bailiwick_tests::journals::altered::Altered;

/// Writes what its condition does not allow all the same.
pub fn careless(strict: Arc<dyn Journal>) -> impl Journal {
    Altered::around(strict).append(|journal, events, condition| {
        let journal = journal.clone();
        let appended = journal.append(events.clone(), condition);
        Answer::later(async move {
            match appended.await {
                Err(AppendError::Conflict { .. }) => journal.append(events, None).await,
                outcome => outcome,
            }
        })
    })
}
