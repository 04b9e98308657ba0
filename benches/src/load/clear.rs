//! Before and after a load: limits that allow it, and no sessions left behind.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::connection::{Connection, Lost};
use super::drive::Load;
use super::turn::Outcome;
use crate::leases::DEFAULT_LIMIT;

/// How many requests at once, and how long each may take.
const AT_ONCE: usize = 32;
const TIMEOUT: Duration = Duration::from_secs(10);

/// A limit could not be set.
#[derive(Debug, thiserror::Error)]
pub enum NotPrepared {
    /// There was no answer.
    #[error("the limits could not be set")]
    Lost(#[from] Lost),
    /// There was none in time.
    #[error("the limits could not be set in {TIMEOUT:?}")]
    TimedOut(#[from] tokio::time::error::Elapsed),
    /// The answer was another than expected.
    #[error("the limits could not be set: {status} {body}")]
    Refused {
        /// Its status.
        status: u16,
        /// What it says.
        body: String,
    },
}

impl Load {
    /// Sets limits that allow as many sessions as are planned, if the default does not.
    ///
    /// # Errors
    /// The server does not do it.
    pub async fn prepare(&self) -> Result<(), NotPrepared> {
        let plan = self.plan();
        if plan.sessions <= DEFAULT_LIMIT {
            return Ok(());
        }
        let accounts: Vec<String> = self.population.borrow().accounts().collect();
        let (mut connection, mut request) = (Connection::new(&self.target.host), Vec::new());
        for account in accounts {
            // Those whose end is unknown take room as well.
            let body =
                format!(r#"{{"limit":{}}}"#, (plan.sessions * 4).min(crate::leases::MAX_LIMIT));
            let path = format_args!("/accounts/{account}/limit");
            self.target.write(&mut request, "PUT", path, Some(format_args!("{body}")));
            let answer = tokio::time::timeout(TIMEOUT, connection.exchange(&request)).await??;
            if answer.status != 200 {
                let body = String::from_utf8_lossy(answer.body).into_owned();
                return Err(NotPrepared::Refused { status: answer.status, body });
            }
        }
        Ok(())
    }

    /// Ends all sessions that are held, as far as the server does it.
    pub async fn clear(self: &Rc<Self>) {
        let (next, mut stops) = (Rc::new(Cell::new(0)), JoinSet::new());
        for _ in 0..AT_ONCE {
            let (load, next) = (self.clone(), next.clone());
            stops.spawn_local(async move {
                let (mut connection, mut request) =
                    (Connection::new(&load.target.host), Vec::new());
                let seats = load.population.borrow().seats();
                while next.get() < seats {
                    let seat = next.replace(next.get() + 1);
                    let Some(turn) = load.population.borrow_mut().stop(seat) else { continue };
                    load.population.borrow().write(turn, &load.target, &mut request);
                    let asked = tokio::time::timeout(TIMEOUT, connection.exchange(&request)).await;
                    let outcome = match &asked {
                        Ok(Ok(answer)) if answer.status == 204 => Outcome::Accepted(&[]),
                        _ => Outcome::Unknown,
                    };
                    let now = std::time::Instant::now();
                    load.population.borrow_mut().ended(turn, outcome, now);
                    if asked.is_err() {
                        connection.lose();
                    }
                }
            });
        }
        while stops.join_next().await.is_some() {}
    }
}
