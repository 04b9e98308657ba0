//! The outside world of a test.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Failed;

/// A service of the outside world for tests: it records every call with its key and its input, and fails the
/// test when one key comes with two inputs, as a provider that recognises keys would have to.
///
/// Put it behind the port that an [effect](crate::Effect) calls; all clones are one service. It succeeds,
/// unless it was told [otherwise](MockAnswer) for the calls to come. A key for which it has succeeded, or given
/// up, is answered the same when it comes again, as by a provider that recognises it.
///
/// ```
/// # fn block_on<T>(future: impl Future<Output = T>) -> T {
/// #     let mut future = std::pin::pin!(future);
/// #     let mut context = std::task::Context::from_waker(std::task::Waker::noop());
/// #     loop {
/// #         if let std::task::Poll::Ready(done) = future.as_mut().poll(&mut context) { return done; }
/// #     }
/// # }
/// use bailiwick_core::{MockAnswer, MockService};
///
/// let mail = MockService::answering([MockAnswer::Retry]);
/// assert!(block_on(mail.call("key 1", "hello")).is_err());
/// assert!(block_on(mail.call("key 1", "hello")).is_ok());
/// assert_eq!(mail.calls(), [("key 1".to_owned(), "hello"), ("key 1".to_owned(), "hello")]);
/// assert_eq!(mail.keys(), ["key 1"]);
/// ```
///
/// # Panics
/// A second input for a key panics in the call, and, since a runtime outlives that, in everything that the test
/// asks of the service afterwards; at the latest where the one that was [made](Self::new) is dropped.
#[derive(Debug)]
pub struct MockService<I: Debug> {
    calls: Arc<Mutex<Calls<I>>>,
    /// It looks when it is dropped.
    looks: bool,
}

/// What a [`MockService`] does about a call.
///
/// For an example see [`MockService`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MockAnswer {
    /// It succeeds.
    Done,
    /// It fails, and asks to be retried.
    Retry,
    /// It fails, and asks to be retried after so much time, not earlier.
    RetryAfter(Duration),
    /// It fails for good.
    GiveUp,
    /// It panics.
    Panic,
    /// It never answers.
    Hang,
}

#[derive(Debug)]
struct Calls<I> {
    all: Vec<(String, I)>,
    /// Where each key came first.
    firsts: BTreeMap<String, usize>,
    /// What is to be answered to the next ones.
    answers: VecDeque<MockAnswer>,
    /// What is answered when there is none.
    otherwise: MockAnswer,
    /// What was answered for good.
    settled: BTreeMap<String, MockAnswer>,
    /// One key came with two inputs.
    broken: Option<String>,
}

/// What it says when it was told to fail.
const TOLD: &str = "the mock was told to fail";

impl<I: PartialEq + Debug> MockService<I> {
    /// One that succeeds.
    pub fn new() -> Self {
        Self::answering([])
    }

    /// One that answers the first calls so, in their order, and succeeds then.
    pub fn answering(answers: impl IntoIterator<Item = MockAnswer>) -> Self {
        let calls = Calls {
            all: Vec::new(),
            firsts: BTreeMap::new(),
            answers: answers.into_iter().collect(),
            otherwise: MockAnswer::Done,
            settled: BTreeMap::new(),
            broken: None,
        };
        MockService { calls: Arc::new(Mutex::new(calls)), looks: true }
    }

    /// The next calls are answered so, in their order, after what was said before.
    pub fn answer(&self, answers: impl IntoIterator<Item = MockAnswer>) {
        self.look().answers.extend(answers);
    }

    /// From now on every call is answered so, unless something else was said for it.
    pub fn always(&self, answer: MockAnswer) {
        self.look().otherwise = answer;
    }

    /// A call. It is recorded when this is polled first, whatever the answer.
    ///
    /// # Errors
    /// If it was told to.
    ///
    /// # Panics
    /// If it was told to, or this key came with another input before.
    ///
    /// # Cancel safety
    /// What was recorded stays so.
    pub async fn call(&self, key: &str, input: I) -> Result<(), Failed> {
        match self.record(key, input) {
            MockAnswer::Done => Ok(()),
            MockAnswer::Retry => Err(Failed::retry(TOLD)),
            MockAnswer::RetryAfter(after) => Err(Failed::retry_after(after, TOLD)),
            MockAnswer::GiveUp => Err(Failed::give_up(TOLD)),
            MockAnswer::Panic => panic!("{TOLD}"),
            MockAnswer::Hang => std::future::pending().await,
        }
    }

    fn record(&self, key: &str, input: I) -> MockAnswer {
        let mut calls = self.lock();
        let next = calls.all.len();
        let first = *calls.firsts.entry(key.to_owned()).or_insert(next);
        if let Some((_, before)) = calls.all.get(first)
            && *before != input
        {
            let text = format!(
                "the key {key} came with two inputs\n  first  {before:?}\n  then   {input:?}"
            );
            calls.broken.get_or_insert(text.clone());
            drop(calls);
            panic!("{text}");
        }
        calls.all.push((key.to_owned(), input));
        if let Some(settled) = calls.settled.get(key) {
            return *settled;
        }
        let otherwise = calls.otherwise;
        let answer = calls.answers.pop_front().unwrap_or(otherwise);
        if let MockAnswer::Done | MockAnswer::GiveUp = answer {
            calls.settled.insert(key.to_owned(), answer);
        }
        answer
    }

    /// All calls, with key and input, in their order.
    #[track_caller]
    pub fn calls(&self) -> Vec<(String, I)>
    where
        I: Clone,
    {
        self.look().all.clone()
    }

    /// What it was called with, in the order of the calls.
    #[track_caller]
    pub fn inputs(&self) -> Vec<I>
    where
        I: Clone,
    {
        self.look().all.iter().map(|(_, input)| input.clone()).collect()
    }

    /// The keys that it was called with, each once, in the order in which they came first.
    #[track_caller]
    pub fn keys(&self) -> Vec<String> {
        let calls = self.look();
        let mut keys: Vec<_> = calls.firsts.iter().collect();
        keys.sort_unstable_by_key(|(_, first)| **first);
        keys.into_iter().map(|(key, _)| key.clone()).collect()
    }

    /// For which keys it has succeeded.
    #[track_caller]
    pub fn done(&self) -> Vec<String> {
        let calls = self.look();
        let done = calls.settled.iter().filter(|(_, answer)| **answer == MockAnswer::Done);
        done.map(|(key, _)| key.clone()).collect()
    }

    #[track_caller]
    fn look(&self) -> MutexGuard<'_, Calls<I>> {
        let calls = self.lock();
        if let Some(broken) = calls.broken.clone() {
            drop(calls);
            panic!("{broken}");
        }
        calls
    }
}

impl<I: Debug> MockService<I> {
    fn lock(&self) -> MutexGuard<'_, Calls<I>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<I: PartialEq + Debug> Default for MockService<I> {
    fn default() -> Self {
        Self::new()
    }
}

impl<I: Debug> Clone for MockService<I> {
    fn clone(&self) -> Self {
        MockService { calls: self.calls.clone(), looks: false }
    }
}

impl<I: Debug> Drop for MockService<I> {
    fn drop(&mut self) {
        if !self.looks || std::thread::panicking() {
            return;
        }
        let broken = self.lock().broken.clone();
        if let Some(broken) = broken {
            panic!("{broken}");
        }
    }
}
