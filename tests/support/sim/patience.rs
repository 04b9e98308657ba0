//! Patience: how long somebody waits for something before dropping it.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use bailiwick::{Clock, ManualClock};

use super::plan::Patience;

/// The output of `call`, unless patience ends first; then whether it was polled at all.
pub(super) async fn cut<F: Future>(
    call: F,
    patience: Patience,
    time: &ManualClock,
) -> Result<F::Output, bool> {
    let mut call = Box::pin(call);
    let mut polls = 0;
    let mut sleep = match patience {
        Patience::Millis(millis) => Some(time.sleep(Duration::from_millis(millis))),
        Patience::Endless | Patience::Polls(_) => None,
    };
    poll_fn(|cx| {
        if matches!(patience, Patience::Polls(most) if polls == most) {
            return Poll::Ready(Err(polls > 0));
        }
        polls += 1;
        if let Poll::Ready(output) = call.as_mut().poll(cx) {
            return Poll::Ready(Ok(output));
        }
        if matches!(patience, Patience::Polls(_)) {
            cx.waker().wake_by_ref();
        }
        match sleep.as_mut().map(|sleep| sleep.as_mut().poll(cx)) {
            Some(Poll::Ready(())) => Poll::Ready(Err(true)),
            _ => Poll::Pending,
        }
    })
    .await
}
