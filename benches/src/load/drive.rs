//! Puts a load on a server.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::Histogram;
use super::connection::{Answer, Connection, Lost};
use super::population::Population;
use super::schedule::{Due, Schedule};
use super::tally::{Measured, Second, Tally};
use super::turn::{Outcome, Plan, Turn};
use super::watch::{Watch, memory_of};
use super::wire::Target;

/// How much at once, for how long.
#[derive(Debug, Clone)]
pub struct Drive {
    /// Requests per second; none if each caller asks as soon as it was answered.
    pub rate: Option<f64>,
    /// How long.
    pub duration: Duration,
    /// Callers, each with a connection: so many requests are under way at most.
    pub connections: usize,
    /// How long an answer may take.
    pub timeout: Duration,
    /// How long a request may be due before it is sent; then its client is gone.
    pub patience: Duration,
    /// Whether accounts that are told to come later do.
    pub honours_retry_after: bool,
}

/// Whom the load goes to, and those who make it. It is driven within a `LocalSet`.
pub struct Load {
    pub(super) target: Target,
    /// The server's processes, as far as they are known, the one that answers first.
    pub(super) pids: Vec<u32>,
    pub(super) population: RefCell<Population>,
    tally: RefCell<Tally>,
    /// Of this second: how many were refused, and how long those took that were accepted.
    second: RefCell<(u64, Histogram)>,
}

/// Nothing can be asked now.
const NOTHING: Duration = Duration::from_millis(1);
/// Nobody listens.
const NOBODY: Duration = Duration::from_millis(20);
/// What is shown of a failure.
const FAILURE_BYTES: usize = 300;

impl Load {
    /// Nothing was asked yet.
    pub fn new(target: Target, pids: &[u32], plan: Plan) -> Rc<Load> {
        Rc::new(Load {
            target,
            pids: pids.to_owned(),
            population: RefCell::new(Population::new(plan)),
            tally: RefCell::default(),
            second: RefCell::default(),
        })
    }

    /// How many of what.
    pub fn plan(&self) -> Plan {
        self.population.borrow().plan().clone()
    }

    /// How many sessions were said to have no lease though it was acknowledged and had not run out.
    pub fn broken(&self) -> u64 {
        self.population.borrow().broken()
    }

    /// Puts it on the server; `says` hears of every second.
    pub async fn drive(self: &Rc<Self>, drive: &Drive, says: &mut dyn FnMut(&Second)) -> Measured {
        self.tally.take();
        self.second.take();
        let connections = self.connections(drive).await;
        let (begun, watch) = (Instant::now(), Watch::begin(&self.pids));
        let schedule = Rc::new(Schedule::new(drive.rate, drive.duration, drive.connections));
        let mut callers = JoinSet::new();
        for connection in connections {
            callers.spawn_local(self.clone().call(connection, drive.clone(), schedule.clone()));
        }
        let mut ticks = tokio::time::interval_at(
            tokio::time::Instant::now() + Duration::from_secs(1),
            Duration::from_secs(1),
        );
        let mut seconds: Vec<Second> = Vec::new();
        loop {
            tokio::select! {
                caller = callers.join_next() => if caller.is_none() { break },
                _ = ticks.tick() => {
                    let last = seconds.last().map_or(Duration::ZERO, |second| second.at);
                    let second = self.second(begun.elapsed(), last);
                    says(&second);
                    seconds.push(second);
                }
            }
        }
        Measured {
            tally: self.tally.take(),
            seconds,
            rate: drive.rate,
            took: begun.elapsed(),
            own_cores: watch.own_cores(),
            server_cores: watch.server_cores(),
        }
    }

    /// One for each caller, made one after the other before anything is due: what a server has no room for in
    /// its queue of connections comes again seconds later, which says nothing of how fast it answers. Those
    /// that cannot be made are tried again by their callers.
    async fn connections(&self, drive: &Drive) -> Vec<Connection> {
        let mut all: Vec<_> =
            (0..drive.connections).map(|_| Connection::new(&self.target.host)).collect();
        for connection in &mut all {
            let made = tokio::time::timeout(drive.timeout, connection.connect()).await;
            if !matches!(made, Ok(Ok(_))) {
                break;
            }
        }
        all
    }

    async fn call(
        self: Rc<Self>,
        mut connection: Connection,
        drive: Drive,
        schedule: Rc<Schedule>,
    ) {
        let mut request = Vec::new();
        while let Some(Due { since, awaited }) = schedule.next().await {
            let late = since.elapsed();
            if late > drive.patience {
                self.tally.borrow_mut().given_up += 1;
                continue;
            }
            let Some(turn) = self.population.borrow_mut().next() else {
                self.tally.borrow_mut().held_back += 1;
                if drive.rate.is_none() {
                    tokio::time::sleep(NOTHING).await;
                }
                continue;
            };
            if awaited {
                self.tally.borrow_mut().own_delay.push(late);
            }
            self.population.borrow().write(turn, &self.target, &mut request);
            let asked = connection.exchange(&request);
            let answer = tokio::time::timeout(drive.timeout, asked).await;
            let not_connected = matches!(answer, Ok(Err(Lost::NotSent(_))));
            let lost = answer.is_err();
            self.note(turn, since, answer.ok(), drive.honours_retry_after);
            if lost {
                connection.lose();
            }
            if not_connected {
                tokio::time::sleep(NOBODY).await;
            }
        }
    }

    /// None: there was no answer in time.
    fn note(
        &self,
        turn: Turn,
        due: Instant,
        answer: Option<Result<Answer<'_>, Lost>>,
        honours_retry_after: bool,
    ) {
        let (now, mut tally, mut second) =
            (Instant::now(), self.tally.borrow_mut(), self.second.borrow_mut());
        let latency = now - due;
        let counts = tally.of(turn.kind);
        counts.sent += 1;
        let outcome = match answer {
            Some(Ok(Answer { status: 200..300, body, .. })) => {
                counts.accepted += 1;
                counts.latencies.push(latency);
                second.1.push(latency);
                Outcome::Accepted(body)
            }
            Some(Ok(Answer { status: 404 | 409 | 422, .. })) => {
                counts.rejected += 1;
                Outcome::Rejected
            }
            Some(Ok(Answer { status: 429 | 503, retry_after, .. })) => {
                counts.refused += 1;
                tally.refusals.push(latency);
                second.0 += 1;
                Outcome::Refused(retry_after.filter(|_| honours_retry_after))
            }
            Some(Ok(Answer { status, body, .. })) => {
                if status == 504 {
                    counts.unknown += 1;
                } else {
                    counts.failed += 1;
                    let body = String::from_utf8_lossy(&body[..body.len().min(FAILURE_BYTES)]);
                    tally.failure.get_or_insert_with(|| format!("{status} {body}"));
                }
                Outcome::Unknown
            }
            Some(Err(lost @ Lost::NotSent(_))) => {
                counts.sent -= 1;
                tally.not_connected += 1;
                tally.failure.get_or_insert_with(|| with_source(&lost));
                Outcome::Refused(None)
            }
            Some(Err(lost)) => {
                counts.unknown += 1;
                tally.failure.get_or_insert_with(|| with_source(&lost));
                Outcome::Unknown
            }
            None => {
                counts.unknown += 1;
                Outcome::Unknown
            }
        };
        self.population.borrow_mut().ended(turn, outcome, now);
    }

    /// What happened in the second that ends now.
    fn second(&self, at: Duration, last: Duration) -> Second {
        let (refused, latencies) = self.second.take();
        let passed = (at - last).as_secs_f64();
        Second {
            at,
            accepted: latencies.len() as f64 / passed,
            refused: refused as f64 / passed,
            p50: latencies.percentile(0.5),
            p99: latencies.percentile(0.99),
            memory: self.pids.first().copied().and_then(memory_of),
        }
    }
}

fn with_source(lost: &Lost) -> String {
    let source =
        std::error::Error::source(lost).map_or_else(String::new, |source| format!(": {source}"));
    format!("{lost}{source}")
}
