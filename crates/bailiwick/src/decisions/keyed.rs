//! Decisions with an idempotency key: asked twice, decided once.
//!
//! 1. What a decision was answered stands beside its events, in the same append, in an event of
//!    Bailiwick's own whose tag is the key. The decision reads and guards the last one of them, as
//!    it does with any of its views. So two with one key take turns, here and across runtimes, and
//!    the second finds what the first was answered, after a restart too.
//! 2. A decision that was refused, or failed, leaves nothing: asked again, it is decided again.

use std::future::Future;
use std::time::Duration;

use bailiwick_core::journal::{EncodedEvent, Idempotency, Metadata};
use bailiwick_core::views::{Answered, LastAnswer, OnceKey};
use bailiwick_core::{Decision, Position, Tags, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::handle::{Decisions, ask};
use crate::config::Config;
use crate::error::{AskError, Cause, NotRun, UnreadableReply};
use crate::journal::encoded::encoded;
use crate::options::Keyed;
use crate::request::Receipt;
use crate::request::idempotency::{Once, ReplyCodec};

/// What makes a decision safe to ask again.
pub(super) struct KeyedCall<R> {
    pub(super) once: Once,
    pub(super) tag: OnceKey,
    codec: ReplyCodec<R>,
}

/// A decision that is not decided, because one with its key was.
pub(super) struct Repeat<R> {
    pub(super) reply: Result<R, UnreadableReply>,
    /// Where the answer stands; none if it is of this turn.
    pub(super) position: Option<Position>,
}

impl<R: Serialize + DeserializeOwned> KeyedCall<R> {
    /// `name`: by which the decision is to be recognised, if that is pinned.
    fn new<D: Serialize>(
        Decisions { scheduler, options, key: Keyed(key) }: &Decisions<Keyed>,
        name: Option<&'static str>,
        decision: &D,
    ) -> Result<Self, Cause> {
        let (most, config) = (OnceKey::MAX_BYTES, &scheduler.shared().config);
        let once = Once::new(key, most, options.timeout, config, name, decision)?;
        let tag = OnceKey::new(key.as_str());
        let tag = tag.map_err(|source| Cause::KeyNotATag { key: key.clone(), source })?;
        Ok(KeyedCall { once, tag, codec: ReplyCodec::new() })
    }
}

impl<R> KeyedCall<R> {
    /// What a decision with this key was answered, if that is remembered.
    pub(super) fn repeat(
        &self,
        last: &LastAnswer,
        now: Timestamp,
        window: Duration,
    ) -> Option<Result<Repeat<R>, Cause>> {
        let known = last.within(window, now)?;
        if known.idempotency.fingerprint != self.once.fingerprint {
            return Some(Err(Cause::KeyReused { key: self.once.key.clone() }));
        }
        let reply = self.codec.decoded(&known.idempotency.reply);
        Some(Ok(Repeat { reply, position: known.position }))
    }

    /// The event that remembers the reply to a decision, and the reply as it is read again.
    pub(super) fn answered(
        &self,
        (reply, decision): (&R, &'static str),
        config: &Config,
        now: Timestamp,
        mut metadata: Metadata,
    ) -> Result<(EncodedEvent, R), Cause> {
        let Once { key, fingerprint } = self.once.clone();
        let (reply, read) = self.codec.stored(reply, decision, config)?;
        metadata.extra_mut().idempotency = Some(Idempotency { key, fingerprint, reply });
        let event = encoded(&Answered, Tags::from(self.tag.tag().clone()), now, metadata)?;
        Ok((event, read))
    }
}

impl Decisions<Keyed> {
    /// Decides with the idempotency key: a decision is decided [once](Self::once).
    ///
    /// # Errors
    /// - [`AskError::Rejected`]: a rule said no.
    /// - [`AskError::NotRun`]: this call had no effect; the decision comes back.
    /// - [`AskError::AlreadyRun`]: it was decided when it was asked before, and its reply cannot be read.
    /// - [`AskError::Unknown`]: it may have had its effect. Ask again with the same key.
    ///
    /// # Panics
    /// At the call, if `D` was not [added](crate::Builder::decision) when the runtime was built.
    ///
    /// # Cancel safety
    /// As without a key: before its turn it is certainly not decided; from its turn on it certainly is,
    /// and asking again with the same key tells its reply.
    #[track_caller]
    pub fn decide<D>(
        &self,
        decision: D,
    ) -> impl Future<Output = Result<D::Reply, AskError<D, D::Rejection>>> + Send + use<D>
    where
        D: Decision<Reply: Serialize + DeserializeOwned> + Serialize,
    {
        let decided = self.decide_with_receipt(decision);
        async move { decided.await.map(|receipt| receipt.reply) }
    }

    /// As [`decide`](Self::decide), and the reply comes with the position of its last event (if it
    /// emitted none, of the last that was in the journal) as of when it was decided, and with whether
    /// that was by this call ([`Receipt::repeated`]).
    ///
    /// # Errors
    /// As [`decide`](Self::decide).
    ///
    /// # Panics
    /// As [`decide`](Self::decide).
    ///
    /// # Cancel safety
    /// As [`decide`](Self::decide).
    #[track_caller]
    pub fn decide_with_receipt<D>(
        &self,
        decision: D,
    ) -> impl Future<Output = Result<Receipt<D::Reply>, AskError<D, D::Rejection>>> + Send + use<D>
    where
        D: Decision<Reply: Serialize + DeserializeOwned> + Serialize,
    {
        self.scheduler.assert_knows::<D>();
        let (scheduler, options) = (self.scheduler.clone(), self.options.clone());
        let keyed = KeyedCall::new(self, D::COMMAND, &decision);
        async move {
            match keyed {
                Ok(keyed) => ask(scheduler, options, decision, Some(keyed)).await,
                Err(cause) => {
                    scheduler.not_admitted();
                    Err(AskError::NotRun(NotRun { command: decision, cause }))
                }
            }
        }
    }
}
