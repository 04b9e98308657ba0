//! A policy without its types, for whoever runs it.

use super::reaction::ReactionDescriptor;
use crate::codec::CodecError;
use crate::journal::RecordedEvent;
use crate::policy::{Commands, GiveUp, News, Policy};
use crate::views::{Boundary, BoundaryError, Folded};

/// A [`Policy`], whatever its news and its views.
pub trait AnyPolicy: Send + Sync + 'static {
    /// What it declares.
    fn descriptor(&self) -> ReactionDescriptor;
    /// Begins to react to news; none if its type is retired.
    ///
    /// # Errors
    /// If it cannot be read.
    fn read(&self, recorded: RecordedEvent) -> Result<Option<Box<dyn Reacting + '_>>, ReactError>;
}

/// Why a policy or an effect cannot begin to react.
#[derive(Debug, thiserror::Error)]
pub enum ReactError {
    /// The news cannot be read.
    #[error("the news cannot be read")]
    Codec(#[from] CodecError),
    /// A key of its views cannot be a tag.
    #[error("its views cannot be read")]
    Boundary(#[from] BoundaryError),
}

/// A policy with news that it is to react to.
pub trait Reacting: Send + Sync {
    /// What its views read.
    fn boundary(&self) -> &Boundary;
    /// What it sends.
    ///
    /// # Errors
    /// If it gives up.
    ///
    /// # Panics
    /// If the policy does, or a view is missing.
    fn react(&self, views: &Folded) -> Result<Commands, GiveUp>;
}

struct ReactingTo<'a, P: Policy> {
    policy: &'a P,
    news: News<P::Event>,
    boundary: Boundary,
}

impl<P: Policy<Event: Sync>> AnyPolicy for P {
    fn descriptor(&self) -> ReactionDescriptor {
        ReactionDescriptor::of_policy::<P>()
    }

    fn read(&self, recorded: RecordedEvent) -> Result<Option<Box<dyn Reacting + '_>>, ReactError> {
        let Some(news) = News::read(recorded)? else { return Ok(None) };
        let boundary = Boundary::of::<P::Views>(&self.keys(&news))?;
        Ok(Some(Box::new(ReactingTo { policy: self, news, boundary })))
    }
}

impl<P: Policy<Event: Sync>> Reacting for ReactingTo<'_, P> {
    fn boundary(&self) -> &Boundary {
        &self.boundary
    }

    fn react(&self, views: &Folded) -> Result<Commands, GiveUp> {
        let mut commands = Commands::default();
        let refs = views.refs::<P::Views>(&self.boundary);
        self.policy.react(&self.news, refs, &mut commands)?;
        Ok(commands)
    }
}
