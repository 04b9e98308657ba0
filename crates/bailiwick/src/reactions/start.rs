//! A policy or an effect at the start of a runtime: where it goes on, or begins.

use std::num::NonZeroUsize;

use bailiwick_core::journal::{
    AppendCondition, AppendError, Journal, POLICY_STARTED, QueryItem, Read,
};
use bailiwick_core::policy::{PolicyFact, ReactionDescriptor, policy_tag};
use bailiwick_core::{Position, Start, Tag};

use super::facts::{self, Recorded, Unreadable};
use super::reaction::Reaction;
use crate::context::RuntimeContext;
use crate::journal::port;
use crate::startup::error::StartError;

/// A policy or an effect that goes on from where it was.
pub(crate) struct Begun {
    pub(super) reaction: Reaction,
    pub(super) tag: Tag,
    pub(super) recorded: Recorded,
    /// The end of the journal when it began.
    pub(super) head: Position,
}

/// Finds out where each policy and effect goes on.
///
/// # Errors
/// If one cannot.
pub(crate) async fn begin(
    shared: &RuntimeContext,
    journal: &dyn Journal,
    reactions: Vec<Reaction>,
) -> Result<Vec<Begun>, StartError> {
    let mut begun = Vec::with_capacity(reactions.len());
    for reaction in reactions {
        begun.push(begin_one(shared, journal, reaction).await?);
    }
    Ok(begun)
}

async fn begin_one(
    shared: &RuntimeContext,
    journal: &dyn Journal,
    reaction: Reaction,
) -> Result<Begun, StartError> {
    let declares = &reaction.declares;
    let (kind, name, lane) = (declares.kind, declares.name, declares.recorded_lane());
    let tag = policy_tag(name);
    let tag = tag.map_err(|source| StartError::ReactionName { kind, name, source })?;
    loop {
        let head = port::head(journal).await.map_err(StartError::Unread)?.position;
        let today = |recorded| declares.lane.today(recorded, &shared.emitters);
        let recorded = Recorded::of(journal, &tag, &today).await;
        let recorded = recorded.map_err(|error| unread(name, error))?;
        // Unless somebody else records meanwhile where it begins: then that holds.
        let (after, unless_after) = match &recorded.started {
            Some((_, known)) if *known == lane => {
                return Ok(Begun { reaction, tag, recorded, head });
            }
            Some((after, known)) => {
                outstanding(journal, declares, &recorded, known).await?;
                (*after, head)
            }
            None if declares.start == Start::Now => (head, Position::START),
            None => (Position::START, Position::START),
        };
        let started = PolicyFact::Started { after, lane: lane.clone() };
        let event = facts::fact(&started, &tag, shared.now());
        let known = QueryItem::new([POLICY_STARTED], [tag.clone()]).expect("there is a tag");
        let condition = AppendCondition::new(known.into()).after(unless_after);
        match port::append(journal, vec![event], Some(condition)).await {
            Ok(_) | Err(AppendError::Conflict { .. }) => {}
            Err(source) => return Err(StartError::ReactionNotRecorded { name, source }),
        }
    }
}

fn unread(name: &'static str, error: Unreadable) -> StartError {
    match error {
        Unreadable::Journal(error) => StartError::Unread(error),
        Unreadable::Fact { position, source } => {
            StartError::ReactionFact { name, position, source }
        }
    }
}

/// The lanes of a policy or an effect may change only when nothing is under way in them.
async fn outstanding(
    journal: &dyn Journal,
    declares: &ReactionDescriptor,
    recorded: &Recorded,
    known: &str,
) -> Result<(), StartError> {
    let wanted = QueryItem::new(declares.names(), []).expect("it wants some event");
    // A lane that was freed below the mark goes on there.
    let left_behind = recorded.left_behind().into_iter().map(|(_, upto)| upto);
    let read = Read::new(wanted.into()).after(left_behind.fold(recorded.reached, Position::min));
    let page = port::read(journal, read.limit(NonZeroUsize::MIN)).await;
    let next = page.map_err(StartError::Unread)?.events.first().map(|news| news.position);
    if next.is_none() && recorded.parked.is_empty() {
        return Ok(());
    }
    Err(StartError::LaneChanged {
        kind: declares.kind,
        name: declares.name,
        recorded: known.to_owned(),
        declared: declares.recorded_lane(),
        next,
        parked: recorded.parked.len(),
    })
}
