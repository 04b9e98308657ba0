//! On the durable journal, on a disk that is simulated: a crash loses any sectors that were not synced. What its
//! threads do are steps that the story takes, so that the machine may crash between any two of them.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bailiwick::journal::{Journal, Query, Read, RecordedEvent};
use bailiwick::{ManualClock, Runtime, StartError};
use bailiwick_journal::files::{Fault, Simulated};
use bailiwick_journal::{FileJournal, OpenError, Options, Steps};

use super::{CRASHES, Clients, STEPS, unreadable};
use crate::faults::ask::Asker;
use crate::faults::audit::audit;
use crate::faults::bug::Bug;
use crate::faults::reports::Report;
use crate::invariant::Checked;
use crate::sim::random::Random;
use crate::stage::settle;

/// A story: what happens follows from its seed.
///
/// # Errors
/// With the first violation.
pub async fn story(seed: u64, bug: Option<Bug>) -> Checked<Vec<Report>> {
    let (random, disk) = (Random::of(seed), Simulated::new(seed));
    let (clock, clients) = (ManualClock::at(1_000), Clients::default());
    let mut machine = Machine { random, disk, clock, clients };
    for run in 0..CRASHES {
        machine.run(run, bug).await?;
        machine.disk.restart();
        let events = machine.events().await?;
        audit(&events, &machine.clients.told, bug)
            .await
            .map_err(|why| why.at(format_args!("run {run}")))?;
        machine.clock.advance(Duration::from_millis(machine.random.between(0, 100)));
    }
    Ok(machine.clients.told)
}

struct Machine {
    random: Random,
    disk: Simulated,
    clock: ManualClock,
    clients: Clients,
}

impl Machine {
    async fn run(&mut self, run: u64, bug: Option<Bug>) -> Checked {
        if self.random.one_in(4) {
            self.plan_a_fault(12);
        }
        let (journal, mut steps) = match self.open(bug) {
            Ok(opened) => opened,
            // The next process finds what this one has left.
            Err(OpenError::Storage { .. } | OpenError::Full { .. }) => return Ok(()),
            Err(error) => return Err(unreadable(&error)),
        };
        let builder = Runtime::builder(journal).clock(self.clock.clone()).entropy(run);
        let builder = if self.random.one_in(2) { builder.reopen_journal() } else { builder };
        let asker = match started(Asker::start(builder, bug), &mut steps).await {
            Ok(asker) => asker,
            Err(_) if self.disk.is_off() => return Ok(()),
            Err(error) => return Err(unreadable(&error)),
        };
        for _ in 0..self.random.between(1, STEPS) {
            match self.random.between(0, 19) {
                0..=6 => self.clients.ask(run, &asker),
                7..=8 => self.clients.ask_again(&mut self.random, &asker),
                9..=14 => (0..self.random.between(1, 4)).for_each(|_| _ = steps.write()),
                15..=16 => self.clock.advance(Duration::from_millis(self.random.between(1, 60))),
                17 => self.plan_a_fault(6),
                18 => _ = steps.tidy(),
                _ => self.disk.free_room(),
            }
            read_and_settle(&steps).await;
        }
        self.clients.are_cut_off().await
    }

    fn plan_a_fault(&mut self, calls: u64) {
        let fault = self.random.pick(&[Fault::PowerOff, Fault::Fails, Fault::NoRoom]);
        self.disk.plan(self.random.between(0, calls), fault);
    }

    fn open(&mut self, bug: Option<Bug>) -> Result<(FileJournal, Steps), OpenError> {
        let options = Options::default().segment_bytes(Options::MIN_SEGMENT_BYTES);
        let options = options.sabotage(bug.and_then(Bug::of_journal));
        let mut entropy = Random::of(self.random.number());
        let entropy = Box::new(move || entropy.number());
        FileJournal::simulated(Arc::new(self.disk.clone()), &options, entropy)
    }

    /// All that is there.
    async fn events(&mut self) -> Checked<Vec<RecordedEvent>> {
        let (journal, steps) = self.open(None).map_err(|error| unreadable(&error))?;
        let (mut events, mut read) = (Vec::new(), Read::new(Query::all()));
        loop {
            let page = journal.read(read.clone());
            while steps.read() {}
            let page = page.await.map_err(|error| unreadable(&error))?;
            events.extend(page.events);
            read.after = page.upto;
            if !page.more {
                return Ok(events);
            }
        }
    }
}

/// Until nothing happens any more but what waits for the writer.
async fn read_and_settle(steps: &Steps) {
    settle().await;
    while steps.read() {
        while steps.read() {}
        settle().await;
    }
}

/// While a runtime starts, it is read and written as fast as can be.
async fn started(
    start: impl Future<Output = Result<Asker, StartError>>,
    steps: &mut Steps,
) -> Result<Asker, StartError> {
    let mut start = pin!(start);
    loop {
        tokio::select! {
            biased;
            started = &mut start => return started,
            () = tokio::task::yield_now() => while steps.read() || steps.write() {},
        }
    }
}
