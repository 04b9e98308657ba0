//! The shop: a runtime on a folder, whoever says aloud what its journal gets, the mail, and the day.

mod aloud;
mod cast;
mod day;
mod heard;
mod mail;
mod steps;
mod who;

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bailiwick::journal::Journal;
use bailiwick::{FileJournal, Position, Runtime};
use bailiwick_examples::orders::{
    Accounting, Dispatch, Fulfilment, Order, Parcel, Payment, Planning, Status, TellCustomer,
    Tracking,
};

use crate::args::Args;
use crate::failure::Failure;
use crate::page::Page;
use aloud::Aloud;
pub use cast::price;
use cast::{B, order};
use day::Day;
use mail::Mail;

/// How long what was accepted may take when it is over.
const TIME_LIMIT: Duration = Duration::from_secs(10);
/// How long the steps of the day are remembered: whoever goes on with it later does none of them twice.
const STEPS_FOR: Duration = Duration::from_secs(365 * 86_400);

/// Plays the day, or what is left of it.
pub fn play(folder: &Path, args: &Args) -> Result<(), Failure> {
    let executor = tokio::runtime::Builder::new_multi_thread().enable_time().build()?;
    executor.block_on(open(folder, args))
}

async fn open(folder: &Path, args: &Args) -> Result<(), Failure> {
    let page = Page::new();
    let journal: Arc<dyn Journal> = Arc::new(FileJournal::open(crate::journal(folder))?);
    let (aloud, heard) = Aloud::read(journal.clone(), page.clone()).await?;
    // Before the runtime writes something of its own.
    match heard.borrow().upto {
        Position::START => page.chapter("Three customers order, within the limits"),
        _ => page.chapter("Started again: what was told is told once more, to be sure"),
    }
    let mail = Mail::open(crate::mail(folder), page.clone(), heard.clone(), args)?;
    // Whoever was killed while it was down finds it down.
    mail.set_down(heard.borrow().status(&order(B)) == Status::Completed);
    let runtime = Runtime::builder_shared(journal)
        .aggregate::<Order>()
        .aggregate::<Payment>()
        .aggregate::<Parcel>()
        .aggregate::<Fulfilment>()
        .policy(Accounting)
        .policy(Planning)
        .policy(Dispatch)
        .policy(Tracking)
        .effect(TellCustomer(mail.clone()))
        .config(|config| config.answers_for(STEPS_FOR))
        .start()
        .await?;
    let saying = tokio::spawn(aloud.go_on());
    let mut day = Day::new(&runtime, heard, page, mail, args);
    let played = day.play().await;
    drop(day);
    runtime.shutdown(TIME_LIMIT).await;
    saying.abort();
    std::io::stdout().flush()?;
    played
}
