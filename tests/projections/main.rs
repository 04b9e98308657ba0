//! Rows of a database of the user's, folded from the journal: each event once, whatever fails.

mod excluding;
mod failing;
mod faulty_rows;
mod figures;
mod fixture;
mod following;
mod killing;
mod misbehaving;
mod rebuilding;
mod refusing;
mod slots;
mod sqlite;
mod standing_by;

use std::time::Duration;

use bailiwick::{ProjectionHandle, ProjectionState, ProjectionStatus};
use bailiwick_tests::fixtures::counter::CounterId;

/// Far beyond what a busy machine takes.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// Waits until the projection is so.
async fn until(
    projection: &ProjectionHandle,
    mut is_so: impl FnMut(&ProjectionStatus) -> bool,
) -> ProjectionStatus {
    let looking = async {
        loop {
            let status = projection.status();
            if is_so(&status) {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let found = tokio::time::timeout(TIME_LIMIT, looking).await;
    found.unwrap_or_else(|_| panic!("it came to {:?}", projection.status()))
}

fn counter_id(text: &str) -> CounterId {
    text.parse().expect("an ID")
}

fn is_ready(status: &ProjectionStatus) -> bool {
    status.state == ProjectionState::Ready
}

fn has_failed(status: &ProjectionStatus) -> bool {
    matches!(status.state, ProjectionState::Failed { .. })
}
