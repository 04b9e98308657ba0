//! A client: it asks, is patient or not, and writes down what became of each command.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use bailiwick::{Admission, AskError, Cause, Receipt, Seen, Unknown};
use bailiwick_tests::fixtures::runner::{Finished, MISHAP, Mishap, Run};

use super::environment::Random;
use super::patience::{Patience, Waited, all};
use super::{CHAMPION, Race};

/// What a client knows of one of its commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Replied {
        lap: u32,
        position: u32,
    },
    Rejected,
    Panicked,
    /// Given back at the door: no room.
    Full,
    /// Given back at the door: shutting down.
    ShutOut,
    /// Given back: no room or no turn in time.
    TimedOut,
    /// Timed out in its turn.
    Unknown,
    /// The client went away.
    Abandoned,
    /// The client went away before it had begun.
    NeverAsked,
}

/// The fates of commands whose numbers follow one another.
#[derive(Default)]
pub struct Ledger(pub Vec<Fate>);

impl Ledger {
    pub fn append(&mut self, next: Ledger) {
        self.0.extend(next.0);
    }
}

/// More than a mailbox and a batch can hold.
const BURST: u32 = 16;

pub struct Client {
    race: Arc<Race>,
    /// The number of its first command.
    first: u32,
    random: Random,
}

impl Client {
    pub fn new(race: Arc<Race>, first: u32) -> Client {
        Client { race, first, random: Random::new(first.into()) }
    }

    pub async fn run(mut self, commands: u32) -> Ledger {
        let mut fates = Vec::new();
        let (mut next, end) = (self.first, self.first + commands);
        while next < end {
            self.move_on(next, end);
            let runner = self.race.somebody(&mut self.random);
            let at_once = if self.random.one_in(32) { BURST } else { 1 };
            let upto = end.min(next + at_once);
            let attempts = (next..upto).map(|number| self.attempt(runner, number)).collect();
            fates.extend(all(attempts).await);
            self.read_what_was_written(runner, fates.last()).await;
            next = upto;
        }
        Ledger(fates)
    }

    /// The first client leads the field over all IDs, from the first to the last command.
    fn move_on(&self, next: u32, end: u32) {
        if self.first == 0 {
            self.race.leader.store(self.race.ids.len() * next as usize / end as usize, Relaxed);
        }
    }

    fn attempt(&mut self, runner: usize, number: u32) -> impl Future<Output = Fate> + Send + use<> {
        let random = &mut self.random;
        let patience = Patience::some(random);
        let run = some_run(random, &self.race, runner);
        let asking = Asking {
            patience,
            may_reject: run.limit < u64::MAX,
            mishap: run.mishap,
            refuse: random.one_in(2),
            closing: self.race.is_over(),
        };
        let runner = self.race.runners.get(&self.race.ids[runner]);
        let asked = runner
            .correlation(number.to_string())
            .timeout(patience.timeout())
            .admission(match asking.refuse {
                true => Admission::Refuse,
                false => Admission::Wait,
            })
            .ask_with_receipt(run);
        async move {
            match patience.wait(asked).await {
                Waited::Answered(answer) => asking.fate(answer),
                Waited::Left => Fate::Abandoned,
                Waited::NeverBegan => Fate::NeverAsked,
            }
        }
    }

    /// Who was told of a lap sees it.
    async fn read_what_was_written(&mut self, runner: usize, fate: Option<&Fate>) {
        let Some(Fate::Replied { lap, .. }) = fate else {
            return;
        };
        if self.random.one_in(16) && !self.race.is_over() {
            let runner = self.race.runners.get(&self.race.ids[runner]);
            match runner.read(|state, _| state.laps).await {
                Ok(Seen { value: laps, .. }) => {
                    assert!(laps >= u64::from(*lap), "read {laps} after the reply {lap}");
                }
                // A mailbox's worth of reads may wait.
                Err(error) => {
                    assert!(matches!(error, bailiwick::ReadError::Full { .. }), "{error}");
                }
            }
        }
    }
}

fn some_run(random: &mut Random, race: &Race, runner: usize) -> Run {
    let mut run = Run::on(&race.tracks[runner]);
    run.slow = random.one_in(8);
    // A rebuild reads the whole life of a runner.
    let falls = if runner == CHAMPION { 16_384 } else { 256 };
    if random.one_in(16) {
        run.limit = random.below(64);
    } else if random.one_in(64) {
        run.mishap = Some(Mishap::InDecide);
    } else if random.one_in(falls) {
        run.mishap = Some(Mishap::InApply);
    }
    run
}

/// What a client knows when it asks, and so what it may be told.
struct Asking {
    patience: Patience,
    may_reject: bool,
    mishap: Option<Mishap>,
    refuse: bool,
    closing: bool,
}

impl Asking {
    fn fate(&self, answer: Result<Receipt<u64>, AskError<Run, Finished>>) -> Fate {
        let hasty = matches!(self.patience, Patience::TimeOut(_));
        match answer {
            Ok(committed) if self.mishap.is_none() => Fate::Replied {
                lap: small(committed.reply),
                position: small(committed.position.get()),
            },
            Err(AskError::Rejected(Finished)) if self.may_reject => Fate::Rejected,
            Err(AskError::Unknown { why: Unknown::TimedOut, .. }) if hasty => Fate::Unknown,
            Err(AskError::NotRun(not_run)) => match not_run.cause {
                Cause::Panicked { message } if self.mishap.is_some() && *message == *MISHAP => {
                    Fate::Panicked
                }
                Cause::MailboxFull { .. } if self.refuse => Fate::Full,
                Cause::TimedOut if hasty => Fate::TimedOut,
                Cause::ShutDown if self.closing => Fate::ShutOut,
                cause => panic!("not run: {cause}"),
            },
            other => panic!("{other:?} with {:?}", self.patience),
        }
    }
}

fn small(n: u64) -> u32 {
    n.try_into().expect("a race is not that long")
}
