//! The decisions of a set.

use std::any::Any;
use std::fmt::Debug;
use std::marker::PhantomData;

use super::aggregates::{Kind, ended};
use super::past::{Cause, Ended, Past};
use crate::box_error::BoxError;
use crate::context::Context;
use crate::decision::{Bounded, Decision};
use crate::event::Event;
use crate::given::panicked::catch;
use crate::given::report::Report;
use crate::given::survives;
use crate::given::verdict::Judged;
use crate::journal::EncodedEvent;
use crate::policy::Payload;
use crate::short_name::short_name;
use crate::text::Text;
use crate::views::Folded;

/// The decisions of a type, whatever it is.
pub(super) trait Decisions {
    /// One that a policy asks for is decided, and given back.
    fn deliver(
        &self,
        past: &mut Past,
        kinds: &[Box<dyn Kind>],
        decision: Box<dyn Any + Send>,
        cause: &Cause,
    ) -> Result<(Ended, Box<dyn Payload>), Report>;
}

pub(super) struct DecisionsOf<D>(pub(super) PhantomData<fn() -> D>);

impl<D: Decision<Event: PartialEq + Debug> + Debug> Decisions for DecisionsOf<D> {
    fn deliver(
        &self,
        past: &mut Past,
        kinds: &[Box<dyn Kind>],
        decision: Box<dyn Any + Send>,
        cause: &Cause,
    ) -> Result<(Ended, Box<dyn Payload>), Report> {
        let decision: Box<D> = decision.downcast().expect("it is of this type");
        let (judged, decision) = decide(past, kinds, *decision, cause)?;
        Ok((ended(judged), Box::new(decision)))
    }
}

/// The name by which a decision is recorded.
pub(super) fn name<D: Decision>() -> Text {
    Text::literal(D::COMMAND.unwrap_or_else(short_name::<D>))
}

/// What a decision has come to, and the decision.
type Decided<D> =
    (Judged<<D as Decision>::Event, <D as Decision>::Reply, <D as Decision>::Rejection>, D);

/// Decides, and records what was emitted, all or nothing.
pub(super) fn decide<D: Decision<Event: PartialEq + Debug>>(
    past: &mut Past,
    kinds: &[Box<dyn Kind>],
    decision: D,
    cause: &Cause,
) -> Result<Decided<D>, Report> {
    let name = short_name::<D>();
    let amiss = |past: &Past, what: &str| past.report(format_args!("{name} {what}"));
    let bounded =
        Bounded::new(decision).map_err(|error| amiss(past, "has no boundary").because(&error))?;
    let mut views = past
        .log
        .fold(bounded.boundary())
        .map_err(|error| amiss(past, "cannot read what happened").because(&error))?;
    let mut ctx = Context::new(past.now);
    let mut judged =
        catch(|| bounded.decide(&views, &mut ctx).map(|reply| (reply, ctx.into_events())));
    if let Ok(Ok((_, events))) = &judged {
        let encoded = catch(|| encode(&bounded, events, &mut views, (past, kinds, cause)));
        match encoded {
            Ok(Ok(encoded)) => {
                for (encoded, event) in encoded.into_iter().zip(events) {
                    past.append(encoded, format!("{event:?} by {name}"));
                }
            }
            Ok(Err(error)) => {
                let report = amiss(past, "emitted what cannot be recorded");
                return Err(report.all_happened(events).because(error.as_ref()));
            }
            Err(panicked) => judged = Err(panicked),
        }
    }
    Ok((judged, bounded.into_decision()))
}

/// What was emitted, as it is recorded, once its views could read it.
fn encode<D: Decision<Event: PartialEq + Debug>>(
    bounded: &Bounded<D>,
    events: &[D::Event],
    views: &mut Folded,
    (past, kinds, cause): (&Past, &[Box<dyn Kind>], &Cause),
) -> Result<Vec<EncodedEvent>, BoxError> {
    let encode = |event: &D::Event| -> Result<_, BoxError> {
        let event_type = event.event_type();
        let readers: Vec<_> =
            kinds.iter().filter_map(|kind| kind.key_if_reads(event_type)).collect();
        let tags = bounded.tags_for(event, &readers)?;
        survives::recorded(tags, event, past.now, cause.metadata())
    };
    let mut encoded = events.iter().map(encode).collect::<Result<Vec<_>, _>>()?;
    encoded.iter().try_for_each(|event| views.fold_ahead(event))?;
    if let Some(last) = encoded.last_mut() {
        cause.leaves_its_trace(last);
    }
    Ok(encoded)
}
