//! Asking a runtime to carry out orders.

use std::time::Duration;

use bailiwick::{
    AggregateRef, Aggregates, AskError, Builder, Cause, Decide, Decisions, ErrorReport, Receipt,
    Runtime, StartError,
};
use bailiwick_examples::streaming::{AccountId, AccountSessions, Acquire, KeepAlive, Release};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::bug::Bug;
use super::fixture::Carry;
use super::fixture::{Move, Scales, ScalesId};
use super::order::{Action, Order};
use super::reports::{Reply, Report};

/// Far beyond what a busy machine takes.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A runtime with the aggregates that orders are for.
pub struct Asker {
    /// The runtime.
    pub runtime: Runtime,
    /// Accounts.
    pub accounts: Aggregates<AccountSessions>,
    /// Scales.
    pub scales: Aggregates<Scales>,
    /// What is decided about two of them.
    pub decisions: Decisions,
}

/// Why an order has no answer.
#[derive(Debug)]
pub struct NoAnswer {
    /// Whether it certainly had no effect.
    pub not_run: bool,
    /// Whether it was refused because the journal is closed for writing.
    pub closed: bool,
    /// What its caller was told.
    pub why: String,
}

impl Asker {
    /// Starts a runtime, with a bug if that is one of the runtime.
    ///
    /// # Errors
    /// If it does not start.
    pub async fn start(builder: Builder, bug: Option<Bug>) -> Result<Asker, StartError> {
        let runtime = builder
            .aggregate::<AccountSessions>()
            .aggregate::<Scales>()
            .decision::<Carry>()
            .sabotage(bug.and_then(Bug::of_runtime))
            .start()
            .await?;
        let (accounts, scales) = (runtime.aggregates(), runtime.aggregates());
        let decisions = runtime.decisions();
        Ok(Asker { runtime, accounts, scales, decisions })
    }

    /// Has an order carried out.
    ///
    /// # Errors
    /// If it has no answer.
    pub fn perform(
        &self,
        order: Order,
    ) -> impl Future<Output = Result<Report, NoAnswer>> + Send + use<> {
        perform(self.accounts.clone(), self.scales.clone(), self.decisions.clone(), order)
    }
}

async fn perform(
    accounts: Aggregates<AccountSessions>,
    scales_of: Aggregates<Scales>,
    decisions: Decisions,
    order: Order,
) -> Result<Report, NoAnswer> {
    let Order { id, action, key } = order;
    let answer = match action {
        Action::Acquire { account, session, lease_ms } => {
            let command = Acquire { session: parsed(&session), lease_ms };
            let answer = ask(accounts.get(parsed::<AccountId>(&account)), key, command).await?;
            answer.map(|Receipt { reply: granted, position, .. }| {
                let (expires_at, in_use) = (granted.expires_at, granted.in_use);
                (Reply::Granted { expires_at, in_use }, position)
            })
        }
        Action::KeepAlive { account, session, lease_ms } => {
            let command = KeepAlive { session: parsed(&session), lease_ms };
            let answer = ask(accounts.get(parsed::<AccountId>(&account)), key, command).await?;
            answer.map(|kept| (Reply::Kept { until: kept.reply }, kept.position))
        }
        Action::Release { account, session } => {
            let command = Release { session: parsed(&session) };
            let answer = ask(accounts.get(parsed::<AccountId>(&account)), key, command).await?;
            answer.map(|released| (Reply::Released, released.position))
        }
        Action::Move { scales, mark } => {
            let answer =
                ask(scales_of.get(parsed::<ScalesId>(&scales)), key, Move { mark }).await?;
            answer.map(|moved| (Reply::Moved { put: moved.reply }, moved.position))
        }
        Action::Carry { from, to, mark } => {
            let decision = Carry { from: parsed(&from), to: parsed(&to), mark };
            let decisions = decisions.timeout(TIMEOUT);
            let answer = match key {
                Some(key) => decisions.once(key).decide_with_receipt(decision).await,
                None => decisions.decide_with_receipt(decision).await,
            };
            let carried = known(answer)?;
            carried.map(|Receipt { reply: (left, put), position, .. }| {
                (Reply::Carried { left, put }, position)
            })
        }
    };
    Ok(match answer {
        Some((reply, position)) => Report::Done { id, reply, position: position.get() },
        None => Report::Refused { id },
    })
}

/// An ID of an order's.
pub fn parsed<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().expect("the text of an ID")
}

/// None if a rule said no.
async fn ask<A, C>(
    to: AggregateRef<A>,
    key: Option<String>,
    command: C,
) -> Result<Option<Receipt<A::Reply>>, NoAnswer>
where
    A: Decide<C, Reply: Serialize + DeserializeOwned>,
    C: Serialize + Send + 'static,
{
    let to = to.timeout(TIMEOUT);
    let answer = match key {
        Some(key) => to.once(key).ask_with_receipt(command).await,
        None => to.ask_with_receipt(command).await,
    };
    known(answer)
}

/// None if a rule said no.
fn known<C, R, N>(
    answer: Result<Receipt<R>, AskError<C, N>>,
) -> Result<Option<Receipt<R>>, NoAnswer> {
    match answer {
        Ok(committed) => Ok(Some(committed)),
        Err(AskError::Rejected(_)) => Ok(None),
        Err(AskError::Unknown { why, .. }) => {
            Err(NoAnswer { not_run: false, closed: false, why: ErrorReport::of(&why).to_string() })
        }
        Err(AskError::NotRun(not_run)) => Err(NoAnswer {
            not_run: true,
            closed: matches!(not_run.cause, Cause::JournalClosed { .. }),
            why: ErrorReport::of(&not_run.cause).to_string(),
        }),
        Err(AskError::AlreadyRun(run)) => unreachable!("its replies can be read: {run}"),
    }
}
