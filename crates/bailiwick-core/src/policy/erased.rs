//! A policy without its types, for whoever runs it.

use crate::journal::{EncodedEvent, EventType, RecordedEvent};
use crate::views::{Boundary, Folded, Reader};
use crate::{
    BoundaryError, CodecError, Commands, Event, EventDescriptor, GiveUp, Lane, News, Policy, Start,
    Views, each_name,
};

/// A [`Policy`], whatever its news and its views.
pub trait AnyPolicy: Send + Sync + 'static {
    /// Its `NAME`.
    fn name(&self) -> &'static str;
    /// Its `LANE`.
    fn lane(&self) -> Lane;
    /// Its `START`.
    fn start(&self) -> Start;
    /// The types of its news.
    fn types(&self) -> &'static [EventDescriptor];
    /// The names of the types of its news, by all names that they have or had, each once.
    fn names(&self) -> Vec<EventType>;
    /// Decodes a news, and forgets it.
    fn decodes(&self) -> fn(&EncodedEvent) -> Result<(), CodecError>;
    /// What its views read.
    fn readers(&self, to: &mut Vec<Reader>);
    /// Begins to react to news; none if its type is retired.
    ///
    /// # Errors
    /// If it cannot be read.
    fn read(&self, recorded: RecordedEvent) -> Result<Option<Box<dyn Reacting + '_>>, ReactError>;
}

/// Why a policy cannot begin to react.
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
    fn name(&self) -> &'static str {
        P::NAME
    }

    fn lane(&self) -> Lane {
        P::LANE
    }

    fn start(&self) -> Start {
        P::START
    }

    fn types(&self) -> &'static [EventDescriptor] {
        P::Event::TYPES
    }

    fn names(&self) -> Vec<EventType> {
        const {
            assert!(!P::Event::TYPES.is_empty(), "a policy wants news of at least one event type");
        };
        each_name(P::Event::TYPES).into_iter().map(EventType::literal).collect()
    }

    fn decodes(&self) -> fn(&EncodedEvent) -> Result<(), CodecError> {
        |event| event.decode::<P::Event>().map(drop)
    }

    fn readers(&self, to: &mut Vec<Reader>) {
        P::Views::readers(to);
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
