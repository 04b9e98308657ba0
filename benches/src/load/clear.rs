//! Before and after a load: limits that allow it, and no sessions left behind.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::connection::{Connection, Lost};
use super::drive::Load;
use super::turn::Outcome;
use crate::leases::{DEFAULT_LIMIT, MAX_LIMIT};

/// How many requests at once, and how long each may take.
const AT_ONCE: usize = 32;
const TIMEOUT: Duration = Duration::from_secs(10);

/// The server does not do what a load needs.
#[derive(Debug, thiserror::Error)]
pub enum NotPrepared {
    /// There was no answer.
    #[error("the server does not answer")]
    Lost(#[from] Lost),
    /// There was none in time.
    #[error("the server does not answer within {TIMEOUT:?}")]
    TimedOut(#[from] tokio::time::error::Elapsed),
    /// The answer was another than expected.
    #[error("the server answers {status} {body}")]
    Refused {
        /// Its status.
        status: u16,
        /// What it says.
        body: String,
    },
}

impl Load {
    /// Looks at an account, and sets limits that allow as many sessions as are planned, if the default does not.
    ///
    /// # Errors
    /// The server does not do it.
    pub async fn prepare(&self) -> Result<(), NotPrepared> {
        let sessions = self.plan().sessions;
        let (mut connection, mut request) = (Connection::new(&self.target.host), Vec::new());
        let accounts = self.population.borrow().accounts();
        for (n, account) in accounts.enumerate() {
            if n == 0 {
                self.target.write(&mut request, "GET", format_args!("/accounts/{account}"), None);
                done(&mut connection, &request).await?;
            }
            if sessions <= DEFAULT_LIMIT {
                break;
            }
            // Those whose end is unknown take room as well.
            let body = format!(r#"{{"limit":{}}}"#, (sessions * 4).min(MAX_LIMIT));
            let path = format_args!("/accounts/{account}/limit");
            self.target.write(&mut request, "PUT", path, Some(format_args!("{body}")));
            done(&mut connection, &request).await?;
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

async fn done(connection: &mut Connection, request: &[u8]) -> Result<(), NotPrepared> {
    let answer = tokio::time::timeout(TIMEOUT, connection.exchange(request)).await??;
    if answer.status == 200 {
        return Ok(());
    }
    let body = String::from_utf8_lossy(answer.body).into_owned();
    Err(NotPrepared::Refused { status: answer.status, body })
}
