//! The house: a runtime on a folder, whoever says aloud what its journal gets, and the evening.

mod aloud;
mod cast;
mod dark;
mod evening;
mod office;
mod post;
mod steps;
mod who;

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bailiwick::journal::Journal;
use bailiwick::{FileJournal, Position, Runtime};
use bailiwick_examples::auction::{Bidder, Corrective, Listing, PlaceEligibleBid, TellBidders};

use crate::args::Args;
use crate::failure::Failure;
use crate::page::Page;
use aloud::Aloud;
pub use cast::price;
use dark::InTheDark;
use evening::Evening;
use post::Post;

/// How long what was accepted may take when it is over.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// Plays the evening, or what is left of it.
pub fn play(folder: &Path, args: &Args) -> Result<(), Failure> {
    let executor = tokio::runtime::Builder::new_multi_thread().enable_time().build()?;
    executor.block_on(open(folder, args))
}

async fn open(folder: &Path, args: &Args) -> Result<(), Failure> {
    let page = Page::new();
    let journal: Arc<dyn Journal> = Arc::new(FileJournal::open(folder)?);
    let (aloud, heard) = Aloud::read(journal.clone(), page.clone()).await?;
    // Before the runtime writes something of its own.
    match heard.borrow().upto {
        Position::START => page.chapter("The house opens"),
        _ => page.chapter("Started again: what was acknowledged is there, and goes on"),
    }
    let builder = Runtime::builder_shared(journal)
        .aggregate::<Listing>()
        .aggregate::<Bidder>()
        .decision::<PlaceEligibleBid>()
        .effect(TellBidders(Post { page: page.clone(), heard: heard.clone() }));
    let runtime = match args.show.dark {
        true => builder.policy(InTheDark).start().await?,
        false => builder.policy(Corrective).start().await?,
    };
    let saying = tokio::spawn(aloud.go_on());
    let mut evening = Evening::new(&runtime, heard, page, args);
    let played = evening.play().await;
    drop(evening);
    runtime.shutdown(TIME_LIMIT).await;
    saying.abort();
    std::io::stdout().flush()?;
    played
}
