//! What was decided can be followed, listed and looked back at, without touching an aggregate.

mod figures;
mod killed;
mod lists;
mod load;
mod looking;
mod places;

use std::collections::BTreeMap;

use bailiwick::journal::Cursor;
use bailiwick::{News, Subscription, Update};
use bailiwick_tests::fixtures::counter::{CounterEvent, CounterId};

/// What somebody was given of counters: each event once, in order, none left out. That none is left out shows
/// in the values, which go up by one.
#[derive(Debug, Default, PartialEq, Eq)]
struct Given {
    last: u64,
    values: BTreeMap<CounterId, u64>,
}

impl Given {
    fn take(&mut self, news: &News<CounterEvent>) {
        let position = news.position().get();
        assert!(self.last < position, "{position} after {}", self.last);
        self.last = position;
        let CounterEvent::Counted { value } = news.event else { panic!("{news:?}") };
        let before = self.values.insert(news.id().expect("one counter"), value);
        assert_eq!(before.unwrap_or_default() + 1, value, "at {position}");
    }

    fn events(&self) -> u64 {
        self.values.values().sum()
    }
}

/// Takes what there is, up to the end of the journal.
async fn catch_up(events: &mut Subscription<News<CounterEvent>>, given: &mut Given) -> Cursor {
    loop {
        match events.next().await.expect("it is open").expect("it can be read") {
            Update::Event(news) => given.take(&news),
            Update::CaughtUp { position } => {
                assert_eq!(events.cursor().position, position);
                return events.cursor();
            }
        }
    }
}
