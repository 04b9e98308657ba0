//! A policy at the start of a runtime: where it goes on, or begins.

use std::sync::Arc;

use bailiwick_core::journal::{AppendError, Journal, POLICY_STARTED, Query, QueryItem, Read};
use bailiwick_core::policy::{AnyPolicy, PolicyFact, ReactionDescriptor, policy_tag};
use bailiwick_core::{Position, Start, Tag, Text};

use super::facts::{self, Dropped, Recorded, Unreadable};
use super::lanes::Parked;
use crate::port;
use crate::shared::Shared;
use crate::start::StartError;

/// A policy that goes on from where it was.
pub(crate) struct Begun {
    pub(super) policy: Arc<dyn AnyPolicy>,
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

/// Finds out where each policy goes on.
///
/// # Errors
/// If one cannot.
pub(crate) async fn begin(
    shared: &Shared,
    journal: &dyn Journal,
    policies: Vec<Arc<dyn AnyPolicy>>,
) -> Result<Vec<Begun>, StartError> {
    let mut begun = Vec::with_capacity(policies.len());
    for policy in policies {
        let name = policy.descriptor().name;
        let tag = policy_tag(name).map_err(|source| StartError::PolicyName { name, source })?;
        begun.push(begin_one(shared, journal, policy, tag).await?);
    }
    Ok(begun)
}

async fn begin_one(
    shared: &Shared,
    journal: &dyn Journal,
    policy: Arc<dyn AnyPolicy>,
    tag: Tag,
) -> Result<Begun, StartError> {
    let declares = policy.descriptor();
    let lane = declares.recorded_lane();
    let (recorded, head) = loop {
        let head = port::head(journal).await.map_err(StartError::Unread)?.position;
        let recorded = Recorded::of(journal, &tag).await.map_err(|error| unread(&tag, error))?;
        match &recorded.started {
            Some((_, known)) if *known == lane => break (recorded, head),
            Some((after, known)) => {
                outstanding(journal, &declares, &recorded, known).await?;
                start(shared, journal, &tag, (*after, &lane), head).await?;
            }
            None => {
                let after = match declares.start {
                    Start::Beginning => Position::START,
                    Start::Now => head,
                };
                start(shared, journal, &tag, (after, &lane), Position::START).await?;
            }
        }
    };
    let left_behind = recorded.left_behind();
    let parked = recorded.parked.into_iter().collect();
    let (reached, run) = (recorded.reached, recorded.run);
    let dropped = recorded.dropped;
    Ok(Begun { policy, tag, reached, run, parked, dropped, left_behind, head })
}

fn unread(policy: &Tag, error: Unreadable) -> StartError {
    match error {
        Unreadable::Journal(error) => StartError::Unread(error),
        Unreadable::Fact { position, source } => {
            StartError::PolicyFact { policy: policy.value().to_owned(), position, source }
        }
    }
}

/// Records where it begins, unless somebody else did so after `unless_after`: then that holds.
async fn start(
    shared: &Shared,
    journal: &dyn Journal,
    tag: &Tag,
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
        Err(source) => {
            Err(StartError::PolicyNotRecorded { policy: tag.value().to_owned(), source })
        }
    }
}

/// The lanes of a policy may change only when nothing is under way in them.
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
        policy: declares.name,
        recorded: known.to_owned(),
        declared: declares.recorded_lane(),
        next,
        parked: recorded.parked.len(),
    })
}
