//! An effect is performed, as a runtime does.

use std::any::TypeId;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use super::log::Log;
use super::reacting::{Kept, computed};
use crate::box_error::BoxError;
use crate::effect::{AnyEffect, Attempt, Borrowing, Failed, Present};
use crate::journal::{Delivery, JournalId, RecordedEvent};
use crate::policy::ReactionDescriptor;
use crate::text::Text;
use crate::time::Timestamp;
use crate::views::{Boundary, Folded};

/// What came of an attempt.
pub(super) enum Performed {
    Done,
    Failed(Failed),
    /// It waits, and nothing that it has begun will wake it.
    Hangs,
}

/// The identity of what an effect does about news.
pub(super) fn delivery(of: &ReactionDescriptor, run: u32, news: &RecordedEvent) -> Delivery {
    let (policy, source) = (Text::literal(of.name), news.position);
    Delivery { policy, run, source, target: None, ordinal: 0 }
}

/// Performs an effect for news, with its views as of them, and how things are as of the end of the log. What
/// its views were, with those that it has looked at; none if the type of the news is retired.
///
/// # Errors
/// If they cannot be read, or if it panics.
pub(super) fn perform(
    effect: &dyn AnyEffect,
    (news, delivery): (&RecordedEvent, &Delivery),
    (now, number): (Timestamp, u32),
    (log, kept): (&Log, &mut Kept),
) -> Result<Option<(Performed, Vec<Boundary>)>, BoxError> {
    computed(|| {
        let Some(performing) = effect.read(news.clone())? else { return Ok(None) };
        let mut views = Folded::default();
        views.add(performing.boundary(), |view| {
            kept.remove(view).filter(|slot| slot.upto() <= news.position)
        });
        log.go_on(&mut views, news.position)?;
        let present = AsOfTheStory { log, looked_at: Mutex::default() };
        let journal = JournalId::from_u128(0);
        let attempt = Attempt::new((journal, delivery), news, (now, number), &present);
        let performed = match run(performing.perform(&views, &attempt)) {
            Some(Ok(())) => Performed::Done,
            Some(Err(failed)) => Performed::Failed(failed),
            None => Performed::Hangs,
        };
        let mut looked_at = present.looked_at.into_inner().unwrap_or_else(PoisonError::into_inner);
        looked_at.push(performing.boundary().clone());
        kept.extend(views.keep().map(|slot| (slot.identity().clone(), slot)));
        Ok(Some((performed, looked_at)))
    })
}

/// Runs it for as long as it goes on by itself. None: it waits for something from outside.
fn run<T>(mut future: Pin<Box<impl Future<Output = T> + ?Sized>>) -> Option<T> {
    let woken = Arc::new(Woken(AtomicBool::new(false)));
    let waker = Waker::from(woken.clone());
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(done) => return Some(done),
            Poll::Pending if woken.0.swap(false, Ordering::AcqRel) => {}
            Poll::Pending => return None,
        }
    }
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

struct AsOfTheStory<'a> {
    log: &'a Log,
    looked_at: Mutex<Vec<Boundary>>,
}

impl Present for AsOfTheStory<'_> {
    fn fold(
        &self,
        _: (TypeId, &'static str),
        boundary: Boundary,
    ) -> Borrowing<'_, Result<Folded, Failed>> {
        let folded = self.log.fold(&boundary).map_err(Failed::retry);
        self.looked_at.lock().unwrap_or_else(PoisonError::into_inner).push(boundary);
        Box::pin(std::future::ready(folded))
    }
}
