//! An effect without its types, for whoever runs it.

use super::attempt::Borrowing;
use super::{Attempt, Effect, Failed};
use crate::journal::RecordedEvent;
use crate::policy::{News, ReactError, ReactionDescriptor, ReactionKind};
use crate::views::{Boundary, Folded};

/// An [`Effect`], whatever its news and its views.
pub trait AnyEffect: Send + Sync + 'static {
    /// What it declares.
    fn descriptor(&self) -> ReactionDescriptor;
    /// Begins to react to news; none if its type is retired.
    ///
    /// # Errors
    /// If it cannot be read.
    fn read(&self, recorded: RecordedEvent)
    -> Result<Option<Box<dyn Performing + '_>>, ReactError>;
}

/// An effect with news that it is to react to.
pub trait Performing: Send + Sync {
    /// What its views read.
    fn boundary(&self) -> &Boundary;
    /// Performs it, once it is polled.
    ///
    /// # Panics
    /// If the effect does, or a view is missing. So does the future.
    fn perform<'a>(
        &'a self,
        views: &'a Folded,
        attempt: &'a Attempt<'a>,
    ) -> Borrowing<'a, Result<(), Failed>>;
}

impl ReactionDescriptor {
    /// What an effect declares.
    pub fn of_effect<F: Effect>() -> Self {
        Self::of::<F, F::Event, F::Views>(ReactionKind::Effect, F::NAME, F::LANE, F::START)
    }
}

struct PerformingFor<'a, F: Effect> {
    effect: &'a F,
    news: News<F::Event>,
    boundary: Boundary,
}

impl<F: Effect<Event: Sync>> AnyEffect for F {
    fn descriptor(&self) -> ReactionDescriptor {
        ReactionDescriptor::of_effect::<F>()
    }

    fn read(
        &self,
        recorded: RecordedEvent,
    ) -> Result<Option<Box<dyn Performing + '_>>, ReactError> {
        let Some(news) = News::read(recorded)? else { return Ok(None) };
        let boundary = Boundary::of::<F::Views>(&self.keys(&news))?;
        Ok(Some(Box::new(PerformingFor { effect: self, news, boundary })))
    }
}

impl<F: Effect<Event: Sync>> Performing for PerformingFor<'_, F> {
    fn boundary(&self) -> &Boundary {
        &self.boundary
    }

    fn perform<'a>(
        &'a self,
        views: &'a Folded,
        attempt: &'a Attempt<'a>,
    ) -> Borrowing<'a, Result<(), Failed>> {
        let refs = views.refs::<F::Views>(&self.boundary);
        Box::pin(self.effect.perform(&self.news, refs, attempt))
    }
}
