//! What a policy makes of news, computed as a runtime does.

use std::collections::HashMap;
use std::fmt::{self, Debug};

use super::log::Log;
use super::panicked::catch;
use super::report::Marks;
use super::sent::Shown;
use crate::box_error::BoxError;
use crate::journal::RecordedEvent;
use crate::policy::{AnyPolicy, GiveUp, Outgoing, ReactionDescriptor, policy_tag};
use crate::text::Text;
use crate::views::{Boundary, Folded, Slot, ViewIdentity};

/// What a policy made of news.
pub(super) enum Reacted {
    Sends(Vec<Outgoing>),
    GivesUp(GiveUp),
}

/// The two sides of a comparison of what was computed twice.
pub(super) const TWICE: Marks = Marks { left: "first", right: "then", both: "both times" };

impl Reacted {
    /// As it is compared with what it is when it is computed again. What a runtime knows of a command that
    /// it computed before is its target, so that and the text are all there is.
    pub(super) fn lines(&self) -> Vec<Line> {
        match self {
            Reacted::Sends(sent) => {
                sent.iter().map(|sent| Line(format!("{:?}", Shown(sent)))).collect()
            }
            Reacted::GivesUp(why) => vec![Line(format!("gave up: {why}"))],
        }
    }
}

/// A line of a report that is text already.
#[derive(PartialEq)]
pub(super) struct Line(String);

impl Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The lane of news.
///
/// # Errors
/// If the policy or effect does not want it, or it has none.
pub(super) fn lane(of: &ReactionDescriptor, news: &RecordedEvent) -> Result<Text, BoxError> {
    policy_tag(of.name)?;
    let names = of.names();
    if !names.contains(&news.event.event_type) {
        return Err(format!("it wants other news: {}", join(&names)).into());
    }
    Ok(of.lane.name(news)?)
}

fn join(names: &[Text]) -> String {
    names.iter().map(Text::as_str).collect::<Vec<_>>().join(", ")
}

/// What its views are, for these news; none if their type is retired.
pub(super) fn boundary(
    policy: &dyn AnyPolicy,
    news: &RecordedEvent,
) -> Result<Option<Boundary>, BoxError> {
    computed(|| Ok(policy.read(news.clone())?.map(|reacting| reacting.boundary().clone())))
}

/// Views of earlier news, to go on from.
pub(super) type Kept = HashMap<ViewIdentity, Slot>;

/// What the policy makes of news, with its views as of them; none if their type is retired.
///
/// # Errors
/// If they cannot be read, if it panics, or if it sends to whom nobody can address.
pub(super) fn react(
    policy: &dyn AnyPolicy,
    news: &RecordedEvent,
    log: &Log,
    kept: &mut Kept,
) -> Result<Option<Reacted>, BoxError> {
    computed(|| {
        let Some(reacting) = policy.read(news.clone())? else { return Ok(None) };
        let mut views = Folded::default();
        views.add(reacting.boundary(), |view| {
            kept.remove(view).filter(|slot| slot.upto() <= news.position)
        });
        log.go_on(&mut views, news.position)?;
        let reacted = match reacting.react(&views) {
            Ok(commands) => Reacted::Sends(commands.into_outgoing()?),
            Err(why) => Reacted::GivesUp(why),
        };
        kept.extend(views.keep().map(|slot| (slot.identity().clone(), slot)));
        Ok(Some(reacted))
    })
}

pub(super) fn computed<T>(domain: impl FnOnce() -> Result<T, BoxError>) -> Result<T, BoxError> {
    catch(domain)
        .unwrap_or_else(|panicked| Err(format!("it panicked: {}", panicked.message()).into()))
}
