//! A machine that crashes and forgets what was not synced: runtimes, one after the other, on a journal
//! in memory under a clock that is driven.

use std::time::Duration;

use bailiwick::{ErrorReport, ManualClock, MemoryJournal, Runtime};
use tokio::task::JoinHandle;

use super::ask::Asker;
use super::audit::audit;
use super::bug::Bug;
use super::journal_copy;
use super::order::{Order, OrderId};
use super::reports::Report;
use crate::invariant::{Checked, Invariant};
use crate::journals::faulty::{Fault, FaultyJournal};
use crate::sim::random::Random;
use crate::stage::settle;

/// How often the machine crashes in a story.
const CRASHES: u64 = 4;

/// How much happens between two crashes, at most.
const STEPS: u64 = 60;

/// A story: what happens follows from its seed.
///
/// # Errors
/// With the first violation.
pub async fn story(seed: u64, bug: Option<Bug>) -> Checked<Vec<Report>> {
    let random = Random::of(seed);
    let journal = FaultyJournal::new(MemoryJournal::new());
    let mut machine = Machine { random, journal, clock: ManualClock::at(1_000), told: Vec::new() };
    for run in 0..CRASHES {
        machine.run(run, bug).await?;
        let events = journal_copy::read(&*machine.journal.inner()).await;
        audit(&events, &machine.told, bug)
            .await
            .map_err(|why| why.at(format_args!("run {run}")))?;
    }
    Ok(machine.told)
}

struct Machine {
    random: Random,
    journal: FaultyJournal,
    clock: ManualClock,
    told: Vec<Report>,
}

impl Machine {
    async fn run(&mut self, run: u64, bug: Option<Bug>) -> Checked {
        let mut builder =
            Runtime::builder(self.journal.clone()).clock(self.clock.clone()).entropy(run);
        if self.random.one_in(2) {
            self.journal.fail_stop(self.random.count(0, 2));
            builder = builder.reopen_journal();
        }
        let asker = Asker::start(builder, bug).await;
        let asker = asker
            .map_err(|error| Invariant::Readable.broken(ErrorReport::of(&error).to_string()))?;
        self.journal.shut();
        let mut asked: Vec<Asked> = Vec::new();
        let mut next = OrderId { run, client: 0, nth: 0 };
        for _ in 0..self.random.between(1, STEPS) {
            match self.random.between(0, 9) {
                0..=3 => {
                    asked.push(self.ask(&asker, next));
                    next.nth += 1;
                }
                4 => asked.extend(self.known().map(|known| self.ask(&asker, known))),
                5..=6 => self.journal.let_pass(self.random.count(1, 3)),
                7 => self.clock.advance(Duration::from_millis(self.random.between(1, 60))),
                8 => {
                    let faults = [Fault::NotWritten, Fault::UnknownLost, Fault::UnknownWritten];
                    self.journal.plan([self.random.pick(&faults)]);
                }
                _ => {}
            }
            settle().await;
        }
        // Whoever has an answer has been told, the others never will be.
        let kept = self.random.count(0, self.journal.at_the_gate());
        self.journal = self.journal.crash(kept).await;
        for Asked { id, answer } in asked {
            if answer.is_finished() {
                let told = answer.await;
                let told =
                    told.map_err(|error| Invariant::NoPanic.broken(format!("{id}: {error}")));
                self.told.push(told?);
            } else {
                answer.abort();
            }
        }
        self.clock.advance(Duration::from_millis(self.random.between(0, 100)));
        Ok(())
    }

    fn ask(&self, asker: &Asker, id: OrderId) -> Asked {
        let perform = asker.perform(Order::of(id));
        let answer = async move {
            perform.await.unwrap_or_else(|trouble| match trouble.not_run {
                true => Report::NotRun { id },
                false => Report::Unknown { id },
            })
        };
        Asked { id, answer: tokio::spawn(answer) }
    }

    /// An order with a key that was carried out.
    fn known(&mut self) -> Option<OrderId> {
        let done = |told: &Report| match told {
            Report::Done { id, .. } if Order::of(*id).key.is_some() => Some(*id),
            _ => None,
        };
        let done: Vec<OrderId> = self.told.iter().filter_map(done).collect();
        (!done.is_empty()).then(|| self.random.pick(&done))
    }
}

struct Asked {
    id: OrderId,
    answer: JoinHandle<Report>,
}
