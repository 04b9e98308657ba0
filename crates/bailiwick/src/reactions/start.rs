//! A policy or an effect at the start of a runtime: where it goes on, or begins.

use bailiwick_core::journal::{AppendError, Journal, POLICY_STARTED, Query, QueryItem, Read};
use bailiwick_core::policy::{PolicyFact, ReactionDescriptor, policy_tag};
use bailiwick_core::{Position, Start, Tag, Text};

use super::facts::{self, Dropped, Recorded, Unreadable};
use super::lanes::Parked;
use super::reaction::Reaction;
use crate::context::RuntimeContext;
use crate::journal::port;
use crate::startup::error::StartError;

/// A policy or an effect that goes on from where it was.
pub(crate) struct Begun {
    pub(super) reaction: Reaction,
    pub(super) tag: Tag,
    pub(super) reached: Position,
    pub(super) run: u32,
    pub(super) parked: Vec<(Text, Parked)>,
    pub(super) dropped: Dropped,
    /// Lanes that go on behind a position below what is reached.
    pub(super) left_behind: Vec<(Text, Position)>,
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
        let ReactionDescriptor { kind, name, .. } = reaction.declares;
        let tag = policy_tag(name);
        let tag = tag.map_err(|source| StartError::ReactionName { kind, name, source })?;
        begun.push(begin_one(shared, journal, reaction, tag).await?);
    }
    Ok(begun)
}

async fn begin_one(
    shared: &RuntimeContext,
    journal: &dyn Journal,
    reaction: Reaction,
    tag: Tag,
) -> Result<Begun, StartError> {
    let declares = reaction.declares;
    let lane = declares.recorded_lane();
    let (recorded, head) = loop {
        let head = port::head(journal).await.map_err(StartError::Unread)?.position;
        let recorded = Recorded::of(journal, &tag).await;
        let recorded = recorded.map_err(|error| unread(declares.name, error))?;
        match &recorded.started {
            Some((_, known)) if *known == lane => break (recorded, head),
            Some((after, known)) => {
                outstanding(journal, &declares, &recorded, known).await?;
                start(shared, journal, (declares.name, &tag), (*after, &lane), head).await?;
            }
            None => {
                let after = match declares.start {
                    Start::Beginning => Position::START,
                    Start::Now => head,
                };
                let nothing = Position::START;
                start(shared, journal, (declares.name, &tag), (after, &lane), nothing).await?;
            }
        }
    };
    let left_behind = recorded.left_behind();
    let parked = recorded.parked.into_iter().collect();
    let (reached, run) = (recorded.reached, recorded.run);
    let dropped = recorded.dropped;
    Ok(Begun { reaction, tag, reached, run, parked, dropped, left_behind, head })
}

fn unread(name: &'static str, error: Unreadable) -> StartError {
    match error {
        Unreadable::Journal(error) => StartError::Unread(error),
        Unreadable::Fact { position, source } => {
            StartError::ReactionFact { name, position, source }
        }
    }
}

/// Records where it begins, unless somebody else did so after `unless_after`: then that holds.
async fn start(
    shared: &RuntimeContext,
    journal: &dyn Journal,
    (name, tag): (&'static str, &Tag),
    (after, lane): (Position, &str),
    unless_after: Position,
) -> Result<(), StartError> {
    let fact = PolicyFact::Started { after, lane: lane.to_owned() };
    let event = facts::encoded(&fact, tag, shared.now());
    let known = QueryItem::new([POLICY_STARTED], [tag.clone()]).expect("there is a tag");
    let condition = bailiwick_core::journal::AppendCondition::new(Query::from(known));
    let condition = condition.after(unless_after);
    match port::append(journal, vec![event], Some(condition)).await {
        Ok(_) | Err(AppendError::Conflict { .. }) => Ok(()),
        Err(source) => Err(StartError::ReactionNotRecorded { name, source }),
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
    let read = Read::new(wanted.into()).after(recorded.reached);
    let page = port::read(journal, read.limit(std::num::NonZeroUsize::MIN)).await;
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
