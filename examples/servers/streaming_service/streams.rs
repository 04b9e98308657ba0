//! Which streams run: pure, so that every order of orders can be tested.
//!
//! 1. Of two orders for one stream the one with the higher token wins, in whatever order they arrive: a stop that
//!    overtakes its start leaves behind that it came.
//! 2. The same order under the same key is carried out once. A key comes with one order.
//! 3. Everything is bounded: what runs, and what is remembered of streams that have ended and of keys.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::Arc;

use bailiwick_examples::streaming::{AccountId, SessionId};
use tokio::sync::{Notify, oneshot};

/// How many streams that have ended are remembered.
pub const MOST_ENDED: usize = 100_000;

/// How many keys are remembered.
pub const MOST_KEYS: usize = 100_000;

/// One stream.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamId {
    pub account: AccountId,
    pub session: SessionId,
}

/// All of them.
#[derive(Debug)]
pub struct Streams {
    most: usize,
    running: HashMap<StreamId, Running>,
    /// The highest token of an order by which, or after which, a stream has ended.
    ended: Recent<StreamId, u64>,
    /// For which order a key came.
    keys: Recent<String, (StreamId, u64)>,
}

#[derive(Debug)]
struct Running {
    token: u64,
    /// Sent, or dropped, when it is to stop.
    stop: oneshot::Sender<()>,
    /// By which it is told to end by itself.
    ends: Arc<Notify>,
}

/// What came of a start.
#[derive(Debug)]
pub enum Started {
    /// It is to run, until `stopped` is ready, or until it ends by itself, as it may be told to.
    Now { stopped: oneshot::Receiver<()>, ends: Arc<Notify> },
    /// It was started by this order before, and may have ended since.
    Before,
}

/// Why a stream is not started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotStarted {
    #[error("a later order for this stream came before")]
    Overtaken,
    #[error("as many streams run as may")]
    Full,
    #[error("the idempotency key was used for another order")]
    KeyReused,
}

impl Streams {
    pub fn new(most: usize) -> Streams {
        let (ended, keys) = (Recent::new(MOST_ENDED), Recent::new(MOST_KEYS));
        Streams { most, running: HashMap::new(), ended, keys }
    }

    pub fn start(&mut self, id: &StreamId, token: u64, key: &str) -> Result<Started, NotStarted> {
        let order = (id.clone(), token);
        match self.keys.get(key) {
            Some(known) if *known == order => return Ok(Started::Before),
            Some(_) => return Err(NotStarted::KeyReused),
            None => {}
        }
        let runs = self.running.get(id).map(|running| running.token);
        if self.ended.get(id).is_some_and(|end| *end >= token) || runs.is_some_and(|it| it > token)
        {
            return Err(NotStarted::Overtaken);
        }
        if runs == Some(token) {
            return Ok(Started::Before);
        }
        if self.running.len() >= self.most && runs.is_none() {
            return Err(NotStarted::Full);
        }
        let (stop, stopped) = oneshot::channel();
        // One that runs under a lower token is stopped: its sender is dropped.
        let ends = Arc::<Notify>::default();
        self.running.insert(id.clone(), Running { token, stop, ends: ends.clone() });
        self.keys.put(key.to_owned(), order);
        Ok(Started::Now { stopped, ends })
    }

    /// Whether there was something to stop.
    pub fn stop(&mut self, id: &StreamId, token: u64) -> bool {
        let before = self.ended.get(id).copied().unwrap_or_default();
        self.ended.put(id.clone(), before.max(token));
        if self.running.get(id).is_none_or(|running| running.token > token) {
            return false;
        }
        let running = self.running.remove(id);
        running.is_some_and(|running| running.stop.send(()).is_ok())
    }

    /// Tells it to end by itself. Whether it runs.
    pub fn end(&self, id: &StreamId) -> bool {
        let running = self.running.get(id);
        running.inspect(|running| running.ends.notify_one()).is_some()
    }

    /// It does not run any more, by itself.
    pub fn ended(&mut self, id: &StreamId, token: u64) {
        if self.running.get(id).is_some_and(|running| running.token == token) {
            self.running.remove(id);
        }
        let before = self.ended.get(id).copied().unwrap_or_default();
        self.ended.put(id.clone(), before.max(token));
    }

    pub fn running(&self) -> usize {
        self.running.len()
    }

    /// The first `most` of those that run, in order.
    pub fn list(&self, most: usize) -> Vec<&StreamId> {
        let mut all: Vec<_> = self.running.keys().collect();
        all.sort_unstable();
        all.truncate(most);
        all
    }
}

/// What was put in last: as much as may be.
#[derive(Debug)]
struct Recent<K, V> {
    most: usize,
    known: HashMap<K, V>,
    in_order: VecDeque<K>,
}

impl<K: Hash + Eq + Clone, V> Recent<K, V> {
    fn new(most: usize) -> Self {
        Recent { most, known: HashMap::new(), in_order: VecDeque::new() }
    }

    fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: std::borrow::Borrow<Q>,
    {
        self.known.get(key)
    }

    fn put(&mut self, key: K, value: V) {
        if self.known.insert(key.clone(), value).is_none() {
            self.in_order.push_back(key);
        }
        while self.in_order.len() > self.most {
            let oldest = self.in_order.pop_front();
            oldest.and_then(|oldest| self.known.remove(&oldest));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(session: &'static str) -> StreamId {
        StreamId { account: "a".into(), session: session.into() }
    }

    fn starts(streams: &mut Streams, token: u64, key: &str) -> Option<oneshot::Receiver<()>> {
        match streams.start(&id("s"), token, key) {
            Ok(Started::Now { stopped, .. }) => Some(stopped),
            _ => None,
        }
    }

    #[test]
    fn a_stop_that_overtakes_its_start_wins() {
        let mut streams = Streams::new(10);
        assert!(!streams.stop(&id("s"), 5), "nothing runs yet");
        assert_eq!(streams.start(&id("s"), 3, "k3").unwrap_err(), NotStarted::Overtaken);
        assert_eq!(streams.running(), 0);
        assert!(starts(&mut streams, 7, "k7").is_some(), "a later session of that name");
    }

    #[test]
    fn a_late_stop_of_an_earlier_session_stops_nothing() {
        let mut streams = Streams::new(10);
        let mut stopped = starts(&mut streams, 7, "k7").unwrap();
        assert!(!streams.stop(&id("s"), 5));
        assert!(stopped.try_recv().is_err() && streams.running() == 1);
        assert!(streams.stop(&id("s"), 8));
        assert!(stopped.try_recv().is_ok() && streams.running() == 0);
    }

    #[test]
    fn the_same_order_is_carried_out_once_and_not_again_after_it_has_ended() {
        let mut streams = Streams::new(10);
        let _runs = starts(&mut streams, 3, "k3").unwrap();
        assert!(matches!(streams.start(&id("s"), 3, "k3"), Ok(Started::Before)));
        streams.ended(&id("s"), 3);
        assert!(matches!(streams.start(&id("s"), 3, "k3"), Ok(Started::Before)));
        assert_eq!(streams.running(), 0);
        assert_eq!(streams.start(&id("s"), 4, "k3").unwrap_err(), NotStarted::KeyReused);
        assert_eq!(streams.start(&id("t"), 3, "k3").unwrap_err(), NotStarted::KeyReused);
    }

    #[test]
    fn a_later_start_takes_the_place_of_what_runs() {
        let mut streams = Streams::new(1);
        let mut first = starts(&mut streams, 3, "k3").unwrap();
        let _second = starts(&mut streams, 5, "k5").unwrap();
        assert!(matches!(first.try_recv(), Err(oneshot::error::TryRecvError::Closed)));
        assert_eq!(streams.start(&id("s"), 3, "again").unwrap_err(), NotStarted::Overtaken);
        assert_eq!(streams.start(&id("t"), 9, "k9").unwrap_err(), NotStarted::Full);
        // The first one notices late that it has ended.
        streams.ended(&id("s"), 3);
        assert_eq!(streams.running(), 1);
    }

    #[test]
    fn no_more_is_remembered_than_may_be() {
        let mut recent = Recent::new(3);
        (0..10).for_each(|nth| recent.put(nth, nth));
        (0..10).for_each(|_| recent.put(9, 0));
        assert_eq!((recent.known.len(), recent.in_order.len()), (3, 3));
        assert!(recent.get(&6).is_none() && recent.get(&7).is_some());
    }
}
