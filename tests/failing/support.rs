//! What these tests have in common.

use std::cell::RefCell;
use std::io::{self, Write};
use std::sync::Once;

use bailiwick::Builder;
use bailiwick_tests::fixtures::counter::Count;
use bailiwick_tests::stage::Stage;
use tracing_subscriber::fmt;

/// Events per page: a history of more than that takes more than one read.
pub const PAGE: usize = 10;

/// A stage whose counter "a" has a history of so many events, read in small pages.
pub async fn with_history(events: u64, change: impl FnOnce(Builder) -> Builder) -> Stage {
    let stage =
        Stage::with(|builder| change(builder.config(|config| config.page_events(PAGE)))).await;
    for n in 1..=events {
        let counted = stage.counters.get("a").ask(Count::FREELY).await;
        assert_eq!(counted.expect("a reply"), n);
    }
    stage
}

thread_local! {
    static LOG: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The log of this thread, at the level `info` or above. A test is one thread.
pub struct Log;

impl Log {
    /// From now on. One subscriber serves all threads: what a thread without one comes across first
    /// would be logged nowhere.
    pub fn begin() -> Log {
        static SUBSCRIBED: Once = Once::new();
        SUBSCRIBED.call_once(|| {
            let subscriber = fmt().with_max_level(tracing::Level::INFO).with_ansi(false);
            subscriber.with_writer(|| Log).init();
        });
        LOG.take();
        Log
    }

    /// The lines so far.
    pub fn lines(&self) -> Vec<String> {
        LOG.with_borrow(|log| String::from_utf8_lossy(log).lines().map(str::to_owned).collect())
    }

    /// How many lines there are with this text.
    pub fn count(&self, text: &str) -> usize {
        self.lines().iter().filter(|line| line.contains(text)).count()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.with_borrow_mut(|log| log.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
