//! A recorded evening, replayed under a driven clock.
//!
//! 1. The steps are taken in their order, each at its own time, and the next one only when nothing
//!    is left to do for the one before it.
//! 2. Whatever is due between two steps happens between them, at its own time.
//! 3. So the same trace always writes the same journal, at any speed.
//! 4. It ends when the last lease has ended, and with what the journal says, not with what was
//!    counted meanwhile.

mod attempt;
mod chart;
mod counted_journal;
mod progress;
mod quiet;
mod table;
mod time;

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bailiwick::journal::Journal;
use bailiwick::{Aggregates, ManualClock, Runtime, StartError, Timestamp};
use bailiwick_examples::streaming::AccountSessions;
use bailiwick_examples::trace::Step;
use tokio::runtime::Handle;

use crate::audit::{Findings, audit};
use crate::failure::Failure;
use crate::journal::Place;
use crate::style::{DIM, paint};
use attempt::Answers;
use counted_journal::CountedJournal;
use progress::{Progress, clock};
use quiet::{Counting, Quiet};
use time::DrivenTime;

/// How it is to be replayed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Manner {
    /// How many times as fast as it was recorded; as fast as possible if it does not say.
    pub speed: Option<u32>,
    /// Whether the output is a terminal, where a line can be written over.
    pub live: bool,
}

/// Replays `steps` and says what came of them.
///
/// # Errors
/// If a step has no outcome, or the journal contradicts the rules or the answers.
pub async fn replay(out: &mut impl Write, steps: &[Step], manner: Manner) -> Result<(), Failure> {
    let began = Instant::now();
    // What is driven by its own clock is no part of anybody's journal.
    let journal = Place::Memory.open()?;
    let answers = take(out, steps, manner, journal.clone()).await?;
    let took = began.elapsed().as_secs_f64();
    // All time is over: every lease has to have ended.
    let findings = audit(&*journal, Timestamp::MAX).await?;
    answers_are_recorded(&answers, &findings)?;
    let last = steps.last().map_or(Timestamp::EPOCH, |step| step.at);
    let end = last.max(findings.last_end());
    let replayed = format!("replayed {} in {took:.1} s", clock(end));
    writeln!(out, " {}", paint(DIM, replayed))?;
    Ok(table::print(out, &answers, &findings, end)?)
}

/// Takes the steps on accounts that live on `journal`, until the last lease has ended.
async fn take(
    out: &mut impl Write,
    steps: &[Step],
    manner: Manner,
    journal: Arc<dyn Journal>,
) -> Result<Answers, Failure> {
    let (clock, quiet) = (ManualClock::at(0), Quiet::default());
    let runtime = start(journal, clock.clone(), quiet.clone()).await?;
    let accounts = runtime.aggregates::<AccountSessions>();
    let time = DrivenTime::new(clock, quiet, manner.speed);
    let mut progress = Progress::new(manner.live, steps.len());
    let mut answers = Answers::default();
    for (number, step) in (1..).zip(steps) {
        time.move_to(step.at).await;
        let made = answers.attempt(&accounts, step).await;
        made.map_err(|problem| Failure::NoOutcome { number, problem })?;
        progress.show(out, number, step.at, &answers)?;
    }
    last_leases_end(&accounts, &time).await;
    Ok(answers)
}

async fn start(
    journal: Arc<dyn Journal>,
    clock: ManualClock,
    quiet: Quiet,
) -> Result<Runtime, StartError> {
    Runtime::builder(CountedJournal { quiet: quiet.clone(), journal })
        .aggregate::<AccountSessions>()
        .clock(clock)
        .spawner(Counting { quiet, spawner: Handle::current() })
        .entropy(0)
        // Looking after resting accounts every second of an evening would be most of the work.
        .config(|config| config.warm(Duration::from_secs(30)))
        .start()
        .await
}

/// Nobody does anything any more, and the accounts are left to themselves.
async fn last_leases_end(accounts: &Aggregates<AccountSessions>, time: &DrivenTime) {
    time.settle().await;
    while accounts.deadlines_armed() > 0 && time.move_to_sleeper(Timestamp::MAX).await {}
}

/// Every yes that was answered is an event, and every event was answered.
fn answers_are_recorded(answers: &Answers, findings: &Findings) -> Result<(), Failure> {
    let pairs = [
        ("grants", answers.granted, findings.total(|account| account.granted)),
        ("releases", answers.released, findings.total(|account| account.released)),
    ];
    match pairs.into_iter().find(|(_, answered, recorded)| answered != recorded) {
        Some((what, answered, recorded)) => Err(Failure::OtherAnswers { what, answered, recorded }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
