//! What a call of a journal returns: an answer that is there, or one that comes.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::BoxFuture;

/// The answer to a call of a [`Journal`](crate::journal::Journal): a future that may be ready from the start,
/// and then costs no allocation.
///
/// What the call does, it does whether or not its answer is polled: see the guarantees of the journal.
/// Whoever wants to know it without a task takes it [`now`](Self::now).
///
/// ```
/// use bailiwick_core::journal::Answer;
///
/// assert_eq!(Answer::ready(1).now().ok(), Some(1));
/// let later = Answer::later(async { 1 });
/// assert!(later.now().is_err());
/// ```
#[must_use = "an answer says whether the call succeeded"]
pub struct Answer<T>(State<T>);

enum State<T> {
    /// None once it was taken.
    Ready(Option<T>),
    Later(BoxFuture<T>),
}

/// Nothing of it is pinned but what is in the box.
impl<T> Unpin for Answer<T> {}

impl<T> Answer<T> {
    /// It is known already.
    pub const fn ready(answer: T) -> Answer<T> {
        Answer(State::Ready(Some(answer)))
    }

    /// It is what this future comes to.
    pub fn later(answer: impl Future<Output = T> + Send + 'static) -> Answer<T> {
        Answer(State::Later(Box::pin(answer)))
    }

    /// The answer if it was [ready](Self::ready) from the start; itself otherwise, though its future
    /// may be ready when it is polled.
    ///
    /// # Errors
    /// If it has to be waited for.
    pub fn now(self) -> Result<T, Answer<T>> {
        match self.0 {
            State::Ready(Some(answer)) => Ok(answer),
            state => Err(Answer(state)),
        }
    }

    /// The same answer as something else: at once if it is there already.
    pub fn map<U>(self, map: impl FnOnce(T) -> U + Send + 'static) -> Answer<U>
    where
        T: 'static,
    {
        match self.0 {
            State::Ready(answer) => Answer(State::Ready(answer.map(map))),
            State::Later(answer) => Answer::later(async move { map(answer.await) }),
        }
    }
}

impl<T> From<BoxFuture<T>> for Answer<T> {
    fn from(answer: BoxFuture<T>) -> Answer<T> {
        Answer(State::Later(answer))
    }
}

impl<T> Future for Answer<T> {
    type Output = T;

    /// # Panics
    /// If it was ready, and is polled again.
    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        match &mut self.0 {
            State::Ready(answer) => {
                Poll::Ready(answer.take().expect("an answer is not polled once it was given"))
            }
            State::Later(answer) => answer.as_mut().poll(cx),
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Answer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            State::Ready(answer) => f.debug_tuple("Ready").field(answer).finish(),
            State::Later(_) => f.write_str("Later"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    fn poll<T>(answer: &mut Answer<T>) -> Poll<T> {
        Pin::new(answer).poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn what_is_there_is_taken_at_once_and_what_is_not_is_waited_for() {
        assert_eq!(poll(&mut Answer::ready(1)), Poll::Ready(1));
        assert_eq!(Answer::ready(1).map(|n| n + 1).now().ok(), Some(2));
        let mut later = Answer::later(async { 1 }).map(|n| n + 1).now().unwrap_err();
        assert_eq!(poll(&mut later), Poll::Ready(2));
        let boxed: BoxFuture<u8> = Box::pin(std::future::pending());
        assert_eq!(poll(&mut Answer::from(boxed)), Poll::Pending);
    }
}
