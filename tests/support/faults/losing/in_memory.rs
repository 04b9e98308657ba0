//! On a journal in memory: a crash loses what stands at its gate.

use std::time::Duration;

use bailiwick::{ManualClock, MemoryJournal, Runtime};

use super::{CRASHES, Clients, STEPS, unreadable};
use crate::faults::ask::Asker;
use crate::faults::audit::audit;
use crate::faults::bug::Bug;
use crate::faults::journal_copy;
use crate::faults::reports::Report;
use crate::invariant::Checked;
use crate::journals::faulty::{Fault, FaultyJournal};
use crate::sim::random::Random;
use crate::stage::settle;

/// A story: what happens follows from its seed.
///
/// # Errors
/// With the first violation.
pub async fn story(seed: u64, bug: Option<Bug>) -> Checked<Vec<Report>> {
    let (random, clients) = (Random::of(seed), Clients::default());
    let journal = FaultyJournal::new(MemoryJournal::new());
    let mut machine = Machine { random, journal, clock: ManualClock::at(1_000), clients };
    for run in 0..CRASHES {
        machine.run(run, bug).await?;
        let events = journal_copy::read(&*machine.journal.inner()).await;
        audit(&events, &machine.clients.told, bug)
            .await
            .map_err(|why| why.at(format_args!("run {run}")))?;
    }
    Ok(machine.clients.told)
}

struct Machine {
    random: Random,
    journal: FaultyJournal,
    clock: ManualClock,
    clients: Clients,
}

impl Machine {
    async fn run(&mut self, run: u64, bug: Option<Bug>) -> Checked {
        let mut builder =
            Runtime::builder(self.journal.clone()).clock(self.clock.clone()).entropy(run);
        if self.random.one_in(2) {
            self.journal.fail_stop(self.random.count(0, 2));
            builder = builder.reopen_journal();
        }
        let asker = Asker::start(builder, bug).await.map_err(|error| unreadable(&error))?;
        self.journal.shut();
        for _ in 0..self.random.between(1, STEPS) {
            match self.random.between(0, 9) {
                0..=3 => self.clients.ask(run, &asker),
                4 => self.clients.ask_again(&mut self.random, &asker),
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
        let kept = self.random.count(0, self.journal.at_the_gate());
        self.journal = self.journal.crash(kept).await;
        self.clients.are_cut_off().await?;
        self.clock.advance(Duration::from_millis(self.random.between(0, 100)));
        Ok(())
    }
}
