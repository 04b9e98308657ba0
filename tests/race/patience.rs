//! How clients wait: to the end, until a time-out, or until they go away, at any moment.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use super::TOO_LONG;
use super::environment::{Random, yields};

/// How long a client waits for one command.
#[derive(Debug, Clone, Copy)]
pub enum Patience {
    Endless,
    /// Until the runtime says that it is over.
    TimeOut(Duration),
    /// It goes away before its future was polled,
    None,
    /// after so many polls,
    Polls(u64),
    /// or a little later.
    While(Duration),
}

pub enum Waited<T> {
    Answered(T),
    Left,
    NeverBegan,
}

impl Patience {
    pub fn some(random: &mut Random) -> Patience {
        match random.below(32) {
            0 => Patience::TimeOut(Duration::ZERO),
            1..4 => Patience::TimeOut(Duration::from_micros(random.below(12))),
            4 => Patience::TimeOut(Duration::from_millis(1 + random.below(2))),
            5 => Patience::None,
            6..10 => Patience::Polls(1 + random.below(12)),
            10 => Patience::While(Duration::from_millis(random.below(3))),
            _ => Patience::Endless,
        }
    }

    pub fn timeout(self) -> Duration {
        match self {
            Patience::TimeOut(timeout) => timeout,
            _ => TOO_LONG,
        }
    }

    pub async fn wait<F: Future>(self, future: F) -> Waited<F::Output> {
        let answer = match self {
            Patience::None => return Waited::NeverBegan,
            Patience::Endless | Patience::TimeOut(_) => Some(future.await),
            Patience::Polls(polls) => a_few_polls(future, polls).await,
            Patience::While(time) => tokio::time::timeout(time, future).await.ok(),
        };
        answer.map_or(Waited::Left, Waited::Answered)
    }
}

async fn a_few_polls<F: Future>(future: F, polls: u64) -> Option<F::Output> {
    let mut future = pin!(future);
    for _ in 0..polls {
        let polled = poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await;
        if let Poll::Ready(answer) = polled {
            return Some(answer);
        }
        yields(1).await;
    }
    None
}

/// Waits for all of them at once, on one task.
pub async fn all<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut futures: Vec<Pin<Box<F>>> = futures.into_iter().map(Box::pin).collect();
    let mut outputs: Vec<_> = futures.iter().map(|_| None).collect();
    poll_fn(|cx| {
        let mut all = true;
        for (future, output) in futures.iter_mut().zip(&mut outputs) {
            if output.is_none() {
                match future.as_mut().poll(cx) {
                    Poll::Ready(ready) => *output = Some(ready),
                    Poll::Pending => all = false,
                }
            }
        }
        if all { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    outputs.into_iter().flatten().collect()
}
