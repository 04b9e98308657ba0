//! How a request asks an aggregate, or decides.

use std::convert::Infallible;
use std::error::Error;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use bailiwick::{AggregateRef, AskError, Decide, Decision, Decisions, Receipt, TraceParent};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Problem;
use crate::admission::Admission;
use crate::keys::{KeyUse, Keys, Scope};
use crate::trace::trace_of;

/// The longest idempotency key, in bytes: what a decision can remember.
const KEY_BYTES: usize = 200;

/// What a request says beside its route and body: its `Idempotency-Key`, and its [trace](TraceParent), which is the
/// correlation of what it asks for.
///
/// **`Idempotency-Key`** (1 to 200 visible ASCII characters; other ones are 400 `invalid_idempotency_key`): an accepted
/// request that is sent again with its key is answered as the first time, also after a restart, and not run again.
/// One that was refused is judged again. The same key with another request is 422 `idempotency_key_reused`:
///
/// - to the same aggregate, or to decisions: as long as the runtime remembers the key
///   ([`answers_for`](bailiwick::Config::answers_for)), whatever happens;
/// - to another aggregate: as far as this process remembers ([`keys`](crate::Limits::keys)). It is a mistake of the
///   client that is told if it can be, and no promise. A client makes its keys so that nobody else has them: random.
///
/// By which path the aggregate was reached makes no difference. Whoever asks for several things in one request asks
/// each with the key of one `Call`, of different aggregates: the key is then that of the first.
///
/// A reply that is remembered is what the answer is to be made of, and nothing else: what is read beside it may be
/// different the next time.
///
/// For an example see the [crate](crate).
pub struct Call {
    key: Option<String>,
    trace: TraceParent,
    keys: Option<Arc<Keys>>,
    /// The key is that of what was asked first.
    asked: AtomicBool,
}

impl<S: Send + Sync> FromRequestParts<S> for Call {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let trace = parts.extensions.get().copied();
        Ok(Call {
            key: idempotency_key(parts)?,
            trace: trace.unwrap_or_else(|| trace_of(&parts.headers)),
            keys: Admission::of(&parts.extensions).map(|admission| admission.keys.clone()),
            asked: AtomicBool::new(false),
        })
    }
}

/// The key of a request, if it has one.
pub(crate) fn idempotency_key(parts: &Parts) -> Result<Option<String>, Problem> {
    const RULE: &str =
        "there is one Idempotency-Key at most, with 1 to 200 visible ASCII characters";
    let mut all = parts.headers.get_all("idempotency-key").iter();
    let (Some(key), another) = (all.next(), all.next()) else { return Ok(None) };
    let fits =
        |key: &&[u8]| (1..=KEY_BYTES).contains(&key.len()) && key.iter().all(u8::is_ascii_graphic);
    let key = Some(key.as_bytes()).filter(fits).filter(|_| another.is_none());
    let key = key.and_then(|key| String::from_utf8(key.to_owned()).ok());
    key.map(Some).ok_or_else(|| Problem::new(400, "invalid_idempotency_key").detail(RULE))
}

impl Call {
    /// Asks an aggregate, with the key if there is one. `refused` says which problem a rejection is; what people are
    /// told is the rejection's text. On whose behalf it is asked is the aggregate's to know:
    /// `call.ask(&accounts.get(id).principal(user), ..)`.
    ///
    /// The answer has the reply, and the position: a fencing token.
    ///
    /// # Errors
    /// All that can go wrong: see [`Problem`].
    ///
    /// # Cancel safety
    /// As [`AggregateRef::ask`]: dropped, as when a client hangs up, the command was run whole or not at all.
    pub fn ask<'a, A, C, F>(
        &'a self,
        aggregate: &AggregateRef<A>,
        command: C,
        refused: F,
    ) -> impl Future<Output = Result<Receipt<A::Reply>, Problem>> + Send + use<'a, A, C, F>
    where
        A: Decide<C, Reply: Serialize + DeserializeOwned, Rejection: Error>,
        C: Serialize + Send + 'static,
        F: FnOnce(A::Rejection) -> Problem + Send,
    {
        let scope = self.key.is_some().then(|| Scope::aggregate(A::NAME, aggregate.id()));
        let aggregate = aggregate.correlation(self.trace);
        async move {
            match self.key.as_ref().zip(scope) {
                Some((key, scope)) => {
                    let asked = aggregate.once(key.clone()).ask_with_receipt(command);
                    self.keyed(scope, asked, refused).await
                }
                None => {
                    let asked = aggregate.ask_with_receipt(command).await;
                    asked.map_err(|error| Problem::of_ask(error, None, refused))
                }
            }
        }
    }

    /// Runs a decision, with the key if there is one. As [`ask`](Self::ask).
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    ///
    /// # Panics
    /// If the decision was not added when the runtime was built.
    ///
    /// # Cancel safety
    /// As [`ask`](Self::ask).
    pub fn decide<'a, D, F>(
        &'a self,
        decisions: &Decisions,
        decision: D,
        refused: F,
    ) -> impl Future<Output = Result<Receipt<D::Reply>, Problem>> + Send + use<'a, D, F>
    where
        D: Decision<Reply: Serialize + DeserializeOwned, Rejection: Error> + Serialize,
        F: FnOnce(D::Rejection) -> Problem + Send,
    {
        let decisions = decisions.correlation(self.trace);
        async move {
            match &self.key {
                Some(key) => {
                    let decided = decisions.once(key.clone()).decide_with_receipt(decision);
                    self.keyed(Scope::Decisions, decided, refused).await
                }
                None => {
                    let decided = decisions.decide_with_receipt(decision).await;
                    decided.map_err(|error| Problem::of_ask(error, None, refused))
                }
            }
        }
    }

    /// The trace of the request: from its header `traceparent`, or a new one. It is the correlation of what is asked,
    /// so it stands beside the events in the journal, and policies and effects hand it on.
    pub fn trace(&self) -> TraceParent {
        self.trace
    }

    async fn keyed<T, C: 'static, R: Error + 'static>(
        &self,
        scope: Scope,
        asked: impl Future<Output = Result<T, AskError<C, R>>>,
        refused: impl FnOnce(R) -> Problem,
    ) -> Result<T, Problem> {
        let used = self.use_key(&scope)?;
        let result = asked.await;
        if let (Err(AskError::Rejected(_) | AskError::NotRun(_)), Some(used)) = (&result, used) {
            used.refused();
        }
        result.map_err(|error| Problem::of_ask(error, self.key.as_deref(), refused))
    }

    fn use_key(&self, scope: &Scope) -> Result<Option<KeyUse>, Problem> {
        let (Some(keys), Some(key)) = (&self.keys, &self.key) else { return Ok(None) };
        if self.asked.swap(true, Ordering::Relaxed) {
            return Ok(None);
        }
        let used = keys.begin(key, scope, Instant::now());
        used.map(Some).map_err(|_| Problem::key_reused())
    }
}

/// For commands that no rule refuses: `call.ask(&aggregate, command, never)`.
///
/// ```
/// use bailiwick_axum::never;
///
/// let problem = Err::<(), _>("refused").or_else(|_| Ok::<_, std::convert::Infallible>(()));
/// assert!(problem.map_err(never).is_ok());
/// ```
pub fn never(refused: Infallible) -> Problem {
    match refused {}
}
