//! The process that is killed: it opens the journal, carries out orders, and tells what it
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
use bailiwick_journal::{FileJournal, OpenError, Options};
use serde::{Deserialize, Serialize};

use super::ask::{Asker, NoAnswer};
use super::audit::Model;
use super::bug::Bug;
use super::journal_copy;
use super::order::{Order, OrderId};
use super::reports::Report;
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
pub struct ProcessArgs {
    /// Where the journal is.
    pub folder: PathBuf,
    /// Which run it is.
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

/// Does what the only argument says.
pub fn run_process() -> ExitCode {
    let text = std::env::args().nth(1).expect("what to do");
    match serde_json::from_str(&text).expect("what to do") {
        Program::Orders(args) => {
            let threads = if args.clients == 1 { 1 } else { 2 };
            run_on(args.open(), threads, |journal| args.run(journal))
        }
        Program::Work(args) => {
            let journal = open(args.folder(), args.bug());
            run_on(journal, 2, |journal| args.run(journal))
        }
    }
}

/// One of the two programs.
#[derive(Deserialize)]
#[serde(untagged)]
enum Program {
    Orders(ProcessArgs),
    Work(work::ProcessArgs),
}

fn run_on<F: Future<Output = Result<(), End>>>(
    journal: Result<FileJournal, OpenError>,
    threads: usize,
    run: impl FnOnce(Arc<FileJournal>) -> F,
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

fn open(folder: &Path, bug: Option<Bug>) -> Result<FileJournal, OpenError> {
    // Of one thread, so that the reads of different orders do not overlap.
    FileJournal::options()
        .segment_bytes(Options::MIN_SEGMENT_BYTES)
        .reader_threads(NonZeroUsize::MIN)
        .sabotage(bug.and_then(Bug::of_journal))
        .open(folder)
}

impl ProcessArgs {
    fn open(&self) -> Result<FileJournal, OpenError> {
        tell(&Report::Starting);
        open(&self.folder, self.bug)
    }

    async fn run(self, journal: Arc<FileJournal>) -> Result<(), End> {
        let mut builder = Runtime::builder_shared(journal.clone());
        if self.reopens {
            builder = builder.reopen_journal();
        }
        let asker = Asker::start(builder, self.bug).await.map_err(End::wrong)?;
        let asker = Arc::new(asker);
        tell(&Report::Opened);
        let args = Arc::new(self);
        let clients: Vec<_> = (0..args.clients)
            .map(|client| tokio::spawn(args.clone().serve(client, asker.clone())))
            .collect();
        for client in clients {
            client.await.map_err(End::wrong)??;
        }
        if args.outlives_leases {
            until_nothing_is_left(&journal).await?;
        }
        let asker = Arc::into_inner(asker).ok_or_else(|| End::wrong("a client is left"))?;
        let shutdown = asker.runtime.shutdown(TIME_LIMIT).await;
        match shutdown.in_time {
            true => Ok(()),
            false => Err(End::wrong("work was left when it was shut down")),
        }
    }

    async fn serve(self: Arc<Self>, client: u64, asker: Arc<Asker>) -> Result<(), End> {
        let mut random = Random::of(self.number ^ (client << 32));
        for nth in 0..self.orders {
            self.order(OrderId { run: self.number, client, nth }, &asker).await?;
            if random.one_in(3) {
                // Of this run or an earlier one; whether it was ever asked is not known.
                let run = random.between(self.first, self.number);
                let known = if run == self.number { nth + 1 } else { 20 };
                let nth = random.between(0, known - 1);
                let again = OrderId { run, client, nth };
                if Order::of(again).key.is_some() {
                    self.order(again, &asker).await?;
                }
            }
        }
        Ok(())
    }

    async fn order(&self, id: OrderId, asker: &Asker) -> Result<(), End> {
        match asker.perform(Order::of(id)).await {
            Ok(told) => {
                tell(&told);
                Ok(())
            }
            Err(trouble) => {
                let told =
                    if trouble.not_run { Report::NotRun { id } } else { Report::Unknown { id } };
                tell(&told);
                match self.reopens {
                    true => until_it_is_open(asker, &trouble).await,
                    false if self.is_refused(asker, &trouble) => Ok(()),
                    false => Err(self.stopped(asker, &trouble).await),
                }
            }
        }
    }

    /// There was no room for it, which was said, and the journal has not failed: the next one may find some.
    fn is_refused(&self, asker: &Asker, trouble: &NoAnswer) -> bool {
        let names_it = trouble.why.contains(&*self.folder.to_string_lossy());
        let is_clear = names_it && trouble.why.contains("disk");
        trouble.not_run && is_clear && asker.runtime.health().journal.is_open()
    }

    /// The journal must have closed itself, and nothing may be done any more.
    async fn stopped(&self, asker: &Asker, trouble: &NoAnswer) -> End {
        let Health::ClosedForWriting { why } = asker.runtime.health().journal else {
            return End::wrong(format!("the journal is open, but: {}", trouble.why));
        };
        // One that nobody had asked before.
        let untouched = OrderId { run: self.number, client: u64::MAX, nth: 0 };
        match asker.perform(Order::of(untouched)).await {
            Err(NoAnswer { closed: true, .. }) => End { code: STOPPED, why: why.to_string() },
            other => End::wrong(format!("it goes on after it has failed: {other:?}")),
        }
    }
}

async fn until_it_is_open(asker: &Asker, trouble: &NoAnswer) -> Result<(), End> {
    let mut waited = Duration::ZERO;
    while !asker.runtime.health().is_open() {
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
async fn until_nothing_is_left(journal: &FileJournal) -> Result<(), End> {
    let mut waited = Duration::ZERO;
    loop {
        let book =
            Model::of(&journal_copy::read(journal as &dyn Journal).await).map_err(End::wrong)?;
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
