//! Decisions with an idempotency key: asked twice, decided once.
//!
//! 1. What a decision was answered stands beside its events, in the same append, in an event of
//!    Bailiwick's own whose tag is the key. The decision reads and guards the last one of them, as
//!    it does with any of its views. So two with one key take turns, here and across runtimes, and
//!    the second finds what the first was answered, after a restart too.
//! 2. A decision that was refused, or failed, leaves nothing: asked again, it is decided again.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use bailiwick_core::views::{Answered, LastAnswer, OnceKey};
use bailiwick_core::{
    Decision, EncodedEvent, Idempotency, Metadata, Position, Tags, Text, Timestamp,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::case::encoded;
use super::handle::Decisions;
use crate::config::Config;
use crate::envelope::Committed;
use crate::error::{AskError, Cause, NotRun, UnreadableReply};
use crate::once::{Chosen, Once, ReplyCodec};

/// What makes a decision safe to ask again.
pub(super) struct Keyed<R> {
    once: Once,
    tag: OnceKey,
    codec: ReplyCodec<R>,
}

/// A decision that is not decided, because one with its key was.
pub(super) struct Repeat<R> {
    pub(super) reply: Result<R, UnreadableReply>,
    /// Where the answer stands; none if it is of this turn.
    pub(super) position: Option<Position>,
}

impl<R: Serialize + DeserializeOwned> Keyed<R> {
    /// `name`: by which the decision is to be recognised, if that is pinned.
    pub(super) fn new<D: Serialize>(
        key: &Text,
        decisions: &Decisions,
        name: Option<&'static str>,
        decision: &D,
    ) -> Result<Self, Cause> {
        let timeout = decisions.options().timeout;
        let chosen = Chosen { key, most: OnceKey::MAX_BYTES, timeout };
        let once = Once::new(chosen, &decisions.floor().shared().config, name, decision)?;
        let tag = OnceKey::new(key.as_str());
        let tag = tag.map_err(|source| Cause::KeyNotATag { key: key.clone(), source })?;
        Ok(Keyed { once, tag, codec: ReplyCodec::new() })
    }
}

impl<R> Keyed<R> {
    pub(super) fn tag(&self) -> &OnceKey {
        &self.tag
    }

    pub(super) fn key(&self) -> &Text {
        &self.once.key
    }

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

/// Runs decisions with an idempotency key; from [`Decisions::once`].
///
/// A decision with a key is remembered with its reply, in an event of Bailiwick's own that is
/// appended with those it emitted. While it is remembered, the same decision with the same key is
/// not decided again: it gets the same reply and the same position, also from another runtime on the
/// same journal, and after a restart. One that is still being decided is waited for.
///
/// - **All decisions on a journal share their keys**; those of aggregates' commands are apart. A key
///   has 1 to 200 bytes and is one that can be a tag.
/// - **The same decision** is one of the same name and an equal value: see [`OnceRef`](crate::OnceRef).
///   The name is the full one of its type, or what [`Decision::COMMAND`] pins. Another one with the
///   same key is refused: [`Cause::KeyReused`].
/// - **A rejection is not remembered**, nor a decision that failed: asked again, it is decided again.
/// - **For how long**: [`answers_for`](crate::Config::answers_for), and never less, however many there
///   are: it is looked up in the journal, at the cost of one read.
/// - **Everybody is told the reply as it was read back** from what is remembered, the first caller too.
///   One that cannot be read back is refused before anything happened: [`Cause::Unstorable`]. One that
///   cannot be read any more, later, is told as [`AskError::AlreadyRun`].
///
/// [`AskError::NotRun`] is said of the call, not of the key, as with [`OnceRef`](crate::OnceRef).
#[derive(Clone)]
#[must_use = "it does nothing before `decide`"]
pub struct OnceDecisions {
    decisions: Decisions,
    key: Text,
}

impl OnceDecisions {
    pub(super) fn new(decisions: Decisions, key: Text) -> Self {
        OnceDecisions { decisions, key }
    }

    /// As [`Decisions::decide`].
    ///
    /// # Errors
    /// As [`Decisions::decide`]. After [`AskError::Unknown`] ask again with the same key.
    ///
    /// # Panics
    /// As [`Decisions::decide`].
    ///
    /// # Cancel safety
    /// As [`Decisions::decide`].
    #[track_caller]
    pub fn decide<D>(
        &self,
        decision: D,
    ) -> impl Future<Output = Result<D::Reply, AskError<D, D::Rejection>>> + Send + use<D>
    where
        D: Decision<Reply: Serialize + DeserializeOwned> + Serialize,
    {
        let decided = self.decide_committed(decision);
        async move { decided.await.map(|committed| committed.reply) }
    }

    /// As [`Decisions::decide_committed`].
    ///
    /// # Errors
    /// As [`decide`](Self::decide).
    ///
    /// # Panics
    /// As [`Decisions::decide`].
    ///
    /// # Cancel safety
    /// As [`decide`](Self::decide).
    #[track_caller]
    pub fn decide_committed<D>(
        &self,
        decision: D,
    ) -> impl Future<Output = Result<Committed<D::Reply>, AskError<D, D::Rejection>>> + Send + use<D>
    where
        D: Decision<Reply: Serialize + DeserializeOwned> + Serialize,
    {
        self.decisions.floor().assert_knows::<D>();
        let decisions = self.decisions.clone();
        let keyed = Keyed::new(&self.key, &decisions, D::COMMAND, &decision);
        async move {
            match keyed {
                Ok(keyed) => decisions.asking(decision, Some(keyed)).await,
                Err(cause) => {
                    decisions.floor().turned_away();
                    Err(AskError::NotRun(NotRun { command: decision, cause }))
                }
            }
        }
    }
}

impl fmt::Debug for OnceDecisions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnceDecisions").field("key", &self.key).finish_non_exhaustive()
    }
}
