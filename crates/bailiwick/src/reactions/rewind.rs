//! Rewinding a policy or an effect: what it did is done again, by its code of today.

use std::fmt;
use std::sync::Arc;

use bailiwick_core::journal::{
    AppendCondition, AppendError, DELIVERY_ENDED, Delivery, Journal, JournalReadError, Query,
    QueryItem, Read,
};
use bailiwick_core::policy::{PolicyFact, ReactionDescriptor, policy_tag, recorded_kind};
use bailiwick_core::{
    CodecError, Effect, InvalidTag, Policy, Position, ReactionKind, Tag, each_name,
};

use super::facts::{self, Recorded, Unreadable};
use crate::journal::port::{self, Pages};

/// A policy or an effect that is to do again what it did because of the news beyond a position. It is done
/// offline: while no runtime runs it on this journal; one that does goes on as it was.
///
/// [`plan`](Self::plan) looks what will be done again, and changes nothing. Shown, it says so, for whoever
/// has to agree. [`confirm`](Self::confirm) records it; the next runtime that is started does it.
///
/// Every delivery is sent again then, as one that was never made: targets that took it will be asked to
/// take it a second time, and decide by their rules. What is not to happen twice has to be refused by them.
/// An effect calls again, under new [keys](bailiwick_core::Attempt::key): the outside world does it once more.
///
/// # Examples
/// ```
/// # use std::sync::Arc;
/// # use bailiwick::{
/// #     Commands, Event, GiveUp, Lane, MemoryJournal, News, Policy, Position, Rewind, Start, id,
/// # };
/// # use serde::{Deserialize, Serialize};
/// # id!(OrderId: "order");
/// # #[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
/// # struct OrderPaid { #[tag] order: OrderId }
/// # struct Fulfilment;
/// # impl Policy for Fulfilment {
/// #     const NAME: &'static str = "fulfilment";
/// #     const LANE: Lane = Lane::of::<OrderId>();
/// #     const START: Start = Start::Beginning;
/// #     type Event = OrderPaid;
/// #     type Views = ();
/// #     fn keys(&self, _: &News<OrderPaid>) {}
/// #     fn react(&self, _: &News<OrderPaid>, _: (), _: &mut Commands) -> Result<(), GiveUp> { Ok(()) }
/// # }
/// # async fn rewind(journal: MemoryJournal) -> Result<(), Box<dyn std::error::Error>> {
/// let rewind = Rewind::plan::<Fulfilment>(Arc::new(journal), Position::new(1_000)).await?;
/// println!("{rewind}"); // Asks, and if the answer is yes:
/// rewind.confirm().await?;
/// # Ok(())
/// # }
/// ```
pub struct Rewind {
    journal: Arc<dyn Journal>,
    declares: ReactionDescriptor,
    tag: Tag,
    after: Position,
    run: u32,
    news: u64,
    caused: u64,
    ended: u64,
}

/// Why a policy or an effect cannot be rewound. It is for operators: it may name types, positions and files.
///
/// For an example see [`Rewind`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RewindError {
    /// Its name cannot be recorded.
    #[error("its name cannot be recorded")]
    Name(#[source] InvalidTag),
    /// It was never started on this journal: there is nothing to be done again.
    #[error("it was never started on this journal")]
    NeverStarted,
    /// The journal could not be read.
    #[error("the journal cannot be read")]
    Unread(#[source] JournalReadError),
    /// What it has recorded of itself cannot be read.
    #[error("what it recorded at position {position} cannot be read")]
    Fact {
        /// Where it stands.
        position: Position,
        /// What is wrong with it.
        source: CodecError,
    },
    /// The journal did not take it.
    #[error("it cannot be recorded")]
    NotRecorded(#[source] AppendError),
    /// The journal holds more of it than when it was planned. Plan it again.
    #[error("it has done something since; plan it again, while nothing runs it")]
    Overtaken,
}

impl From<Unreadable> for RewindError {
    fn from(why: Unreadable) -> RewindError {
        match why {
            Unreadable::Journal(error) => RewindError::Unread(error),
            Unreadable::Fact { position, source } => RewindError::Fact { position, source },
        }
    }
}

impl Rewind {
    /// Looks what the policy will do again if it goes back to this position: because of the news beyond
    /// it. Reads the journal from there on.
    ///
    /// # Errors
    /// If it cannot be said.
    ///
    /// # Cancel safety
    /// Changes nothing.
    pub async fn plan<P: Policy>(
        journal: Arc<dyn Journal>,
        after: Position,
    ) -> Result<Rewind, RewindError> {
        Self::plan_of(ReactionDescriptor::of_policy::<P>(), journal, after).await
    }

    /// The same for an effect.
    ///
    /// # Errors
    /// If it cannot be said.
    ///
    /// # Cancel safety
    /// Changes nothing.
    pub async fn plan_effect<F: Effect>(
        journal: Arc<dyn Journal>,
        after: Position,
    ) -> Result<Rewind, RewindError> {
        Self::plan_of(ReactionDescriptor::of_effect::<F>(), journal, after).await
    }

    async fn plan_of(
        declares: ReactionDescriptor,
        journal: Arc<dyn Journal>,
        after: Position,
    ) -> Result<Rewind, RewindError> {
        let tag = policy_tag(declares.name).map_err(RewindError::Name)?;
        let recorded = Recorded::of(&*journal, &tag, &|lane| lane).await?;
        let is_its = |lane: &str| recorded_kind(lane) == declares.kind;
        if !recorded.started.is_some_and(|(_, lane)| is_its(&lane)) {
            return Err(RewindError::NeverStarted);
        }
        let run = recorded.runs.last() + 1;
        let (news, caused, ended) = (0, 0, 0);
        let mut rewind =
            Rewind { journal: journal.clone(), declares, tag, after, run, news, caused, ended };
        let names = each_name(declares.types);
        let mut pages = Pages::of(&*journal, Read::new(Query::all()).after(after));
        while let Some(page) = pages.next().await.map_err(RewindError::Unread)? {
            for event in &page.events {
                let name = event.event.event_type.as_str();
                rewind.news += u64::from(names.contains(&name));
                let delivery = event.event.metadata.extra().delivery.as_ref();
                let is_its = |of: &Delivery| of.policy == declares.name && of.source > after;
                match delivery.is_some_and(is_its) {
                    true if name == DELIVERY_ENDED => rewind.ended += 1,
                    true => rewind.caused += 1,
                    false => {}
                }
            }
        }
        Ok(rewind)
    }

    /// How many news it will see again.
    pub fn news(&self) -> u64 {
        self.news
    }

    /// How many deliveries had caused something, and will be sent again.
    pub fn caused(&self) -> u64 {
        self.caused
    }

    /// Records it: the next runtime that is started with the policy or the effect does it.
    ///
    /// # Errors
    /// If it cannot be recorded, or is not what it was planned to be any more.
    ///
    /// # Cancel safety
    /// It is recorded, or not.
    pub async fn confirm(self) -> Result<(), RewindError> {
        let recorded = Recorded::of(&*self.journal, &self.tag, &|lane| lane).await?;
        if recorded.runs.last() + 1 != self.run {
            return Err(RewindError::Overtaken);
        }
        let head = port::head(&*self.journal).await.map_err(RewindError::Unread)?;
        let fact = PolicyFact::Rewound { after: self.after, run: self.run };
        let event = facts::fact(&fact, &self.tag, head.recorded_at);
        let own = QueryItem::tagged(self.tag.clone()).into();
        let condition = AppendCondition::new(own).after(head.position);
        match port::append(&*self.journal, vec![event], Some(condition)).await {
            Ok(_) => Ok(()),
            Err(AppendError::Conflict { .. }) => Err(RewindError::Overtaken),
            Err(error) => Err(RewindError::NotRecorded(error)),
        }
    }
}

/// What will be done again, for whoever has to agree.
impl fmt::Display for Rewind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Rewind { declares, after, news, caused, ended, .. } = self;
        let ReactionDescriptor { kind, name, .. } = declares;
        write!(
            f,
            "the {kind} {name:?} goes back to position {after}: it sees {news} news again, and "
        )?;
        match kind {
            ReactionKind::Policy => write!(
                f,
                "sends what it would send because of them today; {caused} deliveries that had an effect, \
                 and {ended} that had none, are made again"
            ),
            ReactionKind::Effect => write!(
                f,
                "calls for each of them, under new keys; {ended} that were performed, given up or skipped \
                 are so again"
            ),
        }
    }
}

impl fmt::Debug for Rewind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rewind({self})")
    }
}
