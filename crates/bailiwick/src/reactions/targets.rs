//! Where the commands of policies go: to aggregates, and to decisions.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use bailiwick_core::policy::{Delivered, Outgoing, Recipient};
use bailiwick_core::{Aggregate, BoxFuture, Decision, Text};

use crate::aggregates::Target;
use crate::aggregates::ask::Asking;
use crate::decisions::{Decisions, Scheduler};
use crate::delivery::Delivering;
use crate::error::{AskError, Cause, Unknown, report};
use crate::options::{Admission, Options};
use crate::registry::aggregate_type::{AggregateType, AnyAggregateType};
use crate::request::Call;

/// How an attempt to deliver went.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// What it caused is in the journal.
    Caused,
    /// It was accepted, and nothing happened.
    Nothing,
    /// A rule said no.
    Rejected(String),
    /// Somebody else was faster, perhaps with this very delivery.
    Overtaken,
    /// It may have been done, or not, or certainly not: it is to be tried again.
    Failed(String),
    /// The runtime ends.
    Ended,
}

/// How the runtime knows decisions that policies may send.
pub(crate) type SendDecision =
    fn(&Arc<Scheduler>, Box<dyn Any + Send>, Options) -> BoxFuture<Outcome>;

/// Everything that a policy can send to.
pub(crate) struct Targets {
    kinds: HashMap<TypeId, Arc<dyn AnyAggregateType>>,
    decisions: HashMap<TypeId, SendDecision>,
    scheduler: Arc<Scheduler>,
}

impl Targets {
    pub(crate) fn new(
        kinds: &[(TypeId, Arc<dyn AnyAggregateType>)],
        decisions: impl IntoIterator<Item = (TypeId, SendDecision)>,
        scheduler: Arc<Scheduler>,
    ) -> Self {
        let kinds = kinds.iter().cloned().collect();
        Targets { kinds, decisions: decisions.into_iter().collect(), scheduler }
    }

    /// Sends it, and waits until what it caused is durable.
    pub(super) async fn send(
        &self,
        outgoing: Outgoing,
        (delivering, correlation): (Arc<Delivering>, Text),
        timeout: Duration,
    ) -> Outcome {
        let (correlation, delivering) = (Some(correlation), Some(delivering));
        let call = Some(Arc::new(Call { correlation, delivering, ..Call::default() }));
        let options = Options { timeout, admission: Admission::Wait, call };
        let Outgoing { recipient, payload, .. } = outgoing;
        let payload = payload.into_any();
        let unknown = |what, name| {
            let text =
                format!("the runtime does not know the {what} {name}: add `.{what}::<..>()`");
            Outcome::Failed(text)
        };
        match recipient {
            Recipient::Aggregate(of, name) => match self.kinds.get(&of) {
                Some(kind) => kind.clone().deliver(payload, options).await,
                None => unknown("aggregate", name),
            },
            Recipient::Decision(of, name) => match self.decisions.get(&of) {
                Some(send) => send(&self.scheduler, payload, options).await,
                None => unknown("decision", name),
            },
        }
    }
}

/// Sends a decision of this type.
pub(crate) fn send_decision<D: Decision>(
    scheduler: &Arc<Scheduler>,
    payload: Box<dyn Any + Send>,
    options: Options,
) -> BoxFuture<Outcome> {
    let decision = *payload.downcast::<D>().expect("it is known by its type");
    let delivering = options.call.as_ref().and_then(|call| call.delivering.clone());
    let decided = Decisions::with_options(scheduler.clone(), options).decide(decision);
    Box::pin(async move {
        let has_caused = || delivering.is_some_and(|delivering| delivering.has_caused());
        Outcome::of(decided.await.map(|_| has_caused()))
    })
}

/// Sends a command to an aggregate of this type.
pub(crate) fn send_command<A: Aggregate>(
    kind: Arc<AggregateType<A>>,
    payload: Box<dyn Any + Send>,
    options: Options,
) -> BoxFuture<Outcome> {
    let delivered = *payload.downcast::<Delivered<A>>().expect("it is known by its type");
    let target = Arc::new(Target::new(kind, delivered.id().clone()));
    let asked = Asking { target, options }.ask(delivered, None);
    Box::pin(async move { Outcome::of(asked.await.map(|receipt| receipt.reply.0)) })
}

impl Outcome {
    /// What came of a command that says whether it has caused something.
    fn of<C, R: Error + Send + Sync + 'static>(asked: Result<bool, AskError<C, R>>) -> Outcome {
        match asked {
            Ok(true) => Outcome::Caused,
            Ok(false) => Outcome::Nothing,
            Err(AskError::Rejected(rejection)) => Outcome::Rejected(report(rejection)),
            Err(AskError::NotRun(not_run)) => match not_run.cause {
                Cause::Contended { .. } | Cause::Overtaken { .. } => Outcome::Overtaken,
                Cause::ShutDown => Outcome::Ended,
                cause => Outcome::Failed(report(cause)),
            },
            Err(AskError::Unknown { why: Unknown::ShutDown, .. }) => Outcome::Ended,
            Err(AskError::Unknown { why, .. }) => Outcome::Failed(report(why)),
            Err(AskError::AlreadyRun(already)) => Outcome::Failed(report(already)),
        }
    }
}
