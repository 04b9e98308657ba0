//! A life of the process that is killed: it opens the journal, carries out orders, and tells what it
//! told its callers, until it is killed, is done, or the journal fails.

use std::fs::File;
use std::io::{IoSlice, Write};
use std::num::NonZeroUsize;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use bailiwick::Runtime;
use bailiwick::journal::{Health, Journal};
use bailiwick_tephra::{OpenError, Options, TephraJournal};
use serde::{Deserialize, Serialize};

use super::audit::Book;
use super::bug::Bug;
use super::order::{Order, OrderId};
use super::perform::{Performer, Trouble};
use super::survivors;
use super::told::Told;
use super::work;
use crate::sim::random::Random;

/// How the process ended by itself: all is done.
pub const DONE: u8 = 0;
/// The journal failed, said why, and took nothing more.
pub const STOPPED: u8 = 3;
/// The journal could not be opened, and said why.
pub const NOT_OPENED: u8 = 4;
/// Something is wrong that no fault of the disk explains.
pub const WRONG: u8 = 5;

/// How long it waits for what must come: a fraction of it is enough on a busy machine.
pub(super) const TIME_LIMIT: Duration = Duration::from_secs(30);

/// What a process is to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Life {
    /// Where the journal is.
    pub folder: PathBuf,
    /// Which life it is.
    pub number: u64,
    /// The first one on this journal.
    pub first: u64,
    /// How many clients there are. If it is one, all of the runtime is in one thread.
    pub clients: u64,
    /// How many orders each of them has.
    pub orders: u64,
    /// Whether it waits, in the end, until no lease is left.
    pub outlives_leases: bool,
    /// Whether it has the journal opened again when that has failed, and goes on.
    pub reopens: bool,
    /// What is wrong with it.
    pub bug: Option<Bug>,
}

/// Lives, as the only argument says.
pub fn live() -> ExitCode {
    let text = std::env::args().nth(1).expect("a life");
    match serde_json::from_str(&text).expect("a life") {
        Program::Orders(life) => {
            let threads = if life.clients == 1 { 1 } else { 2 };
            live_on(life.open(), threads, |journal| life.run(journal))
        }
        Program::Work(life) => {
            let journal = open(life.folder(), life.bug());
            live_on(journal, 2, |journal| life.run(journal))
        }
    }
}

/// One of the two programs.
#[derive(Deserialize)]
#[serde(untagged)]
enum Program {
    Orders(Life),
    Work(work::Life),
}

fn live_on<F: Future<Output = Result<(), End>>>(
    journal: Result<TephraJournal, OpenError>,
    threads: usize,
    run: impl FnOnce(Arc<TephraJournal>) -> F,
) -> ExitCode {
    let journal = match journal {
        Ok(journal) => Arc::new(journal),
        Err(error) => {
            say(std::io::stderr(), error.to_string());
            return NOT_OPENED.into();
        }
    };
    let mut executor = match threads {
        1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    // No I/O of tokio's: each write of this process is the journal's.
    let executor = executor.worker_threads(threads).enable_time().build().expect("an executor");
    let ended = executor.block_on(run(journal));
    drop(executor);
    match ended {
        Ok(()) => DONE.into(),
        Err(End { code, why }) => {
            say(std::io::stderr(), why);
            code.into()
        }
    }
}

pub(super) struct End {
    code: u8,
    why: String,
}

impl End {
    pub(super) fn wrong(why: impl ToString) -> End {
        End { code: WRONG, why: why.to_string() }
    }
}

fn open(folder: &Path, bug: Option<Bug>) -> Result<TephraJournal, OpenError> {
    // Of one thread, so that the reads of different orders do not overlap.
    TephraJournal::options()
        .segment_bytes(Options::MIN_SEGMENT_BYTES)
        .reader_threads(NonZeroUsize::MIN)
        .sabotage(bug.and_then(Bug::of_journal))
        .open(folder)
}

impl Life {
    fn open(&self) -> Result<TephraJournal, OpenError> {
        tell(&Told::Starting);
        open(&self.folder, self.bug)
    }

    async fn run(self, journal: Arc<TephraJournal>) -> Result<(), End> {
        let mut builder = Runtime::builder_shared(journal.clone());
        if self.reopens {
            builder = builder.reopen_journal();
        }
        let performer = Performer::start(builder, self.bug).await.map_err(End::wrong)?;
        let performer = Arc::new(performer);
        tell(&Told::Opened);
        let life = Arc::new(self);
        let clients: Vec<_> = (0..life.clients)
            .map(|client| tokio::spawn(life.clone().serve(client, performer.clone())))
            .collect();
        for client in clients {
            client.await.map_err(End::wrong)??;
        }
        if life.outlives_leases {
            until_nothing_is_left(&journal).await?;
        }
        let performer = Arc::into_inner(performer).ok_or_else(|| End::wrong("a client is left"))?;
        let shutdown = performer.runtime.shutdown(TIME_LIMIT).await;
        match shutdown.in_time {
            true => Ok(()),
            false => Err(End::wrong("work was left when it was shut down")),
        }
    }

    async fn serve(self: Arc<Self>, client: u64, performer: Arc<Performer>) -> Result<(), End> {
        let mut random = Random::of(self.number ^ (client << 32));
        for nth in 0..self.orders {
            self.order(OrderId { life: self.number, client, nth }, &performer).await?;
            if random.one_in(3) {
                // Of this life or an earlier one; whether it was ever asked is not known.
                let life = random.between(self.first, self.number);
                let known = if life == self.number { nth + 1 } else { 20 };
                let nth = random.between(0, known - 1);
                let again = OrderId { life, client, nth };
                if Order::of(again).key.is_some() {
                    self.order(again, &performer).await?;
                }
            }
        }
        Ok(())
    }

    async fn order(&self, id: OrderId, performer: &Performer) -> Result<(), End> {
        match performer.perform(Order::of(id)).await {
            Ok(told) => {
                tell(&told);
                Ok(())
            }
            Err(trouble) => {
                let told = if trouble.not_run { Told::NotRun { id } } else { Told::Unknown { id } };
                tell(&told);
                match self.reopens {
                    true => until_it_is_open(performer, &trouble).await,
                    false => Err(self.stopped(performer, &trouble).await),
                }
            }
        }
    }

    /// The journal must have closed itself, and nothing may be done any more.
    async fn stopped(&self, performer: &Performer, trouble: &Trouble) -> End {
        let Health::ClosedForWriting { why } = performer.runtime.health().journal else {
            return End::wrong(format!("the journal is open, but: {}", trouble.why));
        };
        // One that nobody had asked before.
        let untouched = OrderId { life: self.number, client: u64::MAX, nth: 0 };
        match performer.perform(Order::of(untouched)).await {
            Err(Trouble { closed: true, .. }) => End { code: STOPPED, why: why.to_string() },
            other => End::wrong(format!("it goes on after it has failed: {other:?}")),
        }
    }
}

async fn until_it_is_open(performer: &Performer, trouble: &Trouble) -> Result<(), End> {
    let mut waited = Duration::ZERO;
    while !performer.runtime.health().is_open() {
        if waited > TIME_LIMIT {
            return Err(End::wrong(format!("it is not opened again: {}", trouble.why)));
        }
        waited += pause().await;
    }
    Ok(())
}

/// A little, to look again.
pub(super) async fn pause() -> Duration {
    let pause = Duration::from_millis(5);
    tokio::time::sleep(pause).await;
    pause
}

/// Looks into the journal only: whoever asked the runtime would remind it of its deadlines.
async fn until_nothing_is_left(journal: &TephraJournal) -> Result<(), End> {
    let mut waited = Duration::ZERO;
    loop {
        let book = Book::of(&survivors::read(journal as &dyn Journal).await).map_err(End::wrong)?;
        if book.expiries().is_none() {
            return Ok(());
        }
        if waited > TIME_LIMIT {
            return Err(End::wrong(format!("a deadline does not go on: {book:?}")));
        }
        waited += pause().await;
    }
}

/// Tells whoever started the process.
pub(super) fn tell(told: &impl Serialize) {
    say(std::io::stdout(), serde_json::to_string(told).expect("it can be told"));
}

/// Writes a line, at once or not at all. Not by `write`, so that a fault that is meant for the journal
/// does not hit it.
fn say(out: impl AsFd, line: String) {
    let mut out = File::from(out.as_fd().try_clone_to_owned().expect("it is open"));
    let line = line + "\n";
    let written = out.write_vectored(&[IoSlice::new(line.as_bytes())]).expect("somebody listens");
    assert_eq!(written, line.len(), "a part of a line");
}
