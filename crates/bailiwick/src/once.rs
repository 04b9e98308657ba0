//! Calls with an idempotency key: asked twice, run once.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};

use bailiwick_core::{CodecError, Decide, Text, Unstorable, codec, stored};
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::aggregates::AggregateRef;
use crate::envelope::{Committed, command_name};
use crate::error::{AskError, Cause, NotRun, panic_message};

/// The longest idempotency key, in bytes.
const KEY_BYTES: usize = 256;

/// What is remembered of a command, and what it is recognised by.
#[derive(Debug, Clone)]
pub(crate) struct Once {
    pub(crate) key: Text,
    pub(crate) fingerprint: u64,
}

/// How a reply is remembered.
pub(crate) struct ReplyCodec<R> {
    store: fn(&R, &'static str) -> Result<(Vec<u8>, R), Unstorable>,
    decode: fn(&[u8]) -> Result<R, CodecError>,
}

/// A reference with an idempotency key, from [`AggregateRef::once`].
///
/// A command asked with a key is remembered with its reply, beside the events it emitted (or in one
/// of Bailiwick's own, if it emitted none). While the aggregate remembers it, the same command with
/// the same key is not run again: it gets the same reply and the same position, also from another
/// runtime on the same journal, and after a restart. One that is still being run is waited for.
///
/// - Another command with the same key is refused: [`Cause::KeyReused`].
/// - A rejection is not remembered, nor a command that failed: asked again, it is judged again.
/// - Everybody is told the reply as it was read back from what is remembered, the first caller too. One
///   that cannot be read back is refused before anything happened: [`Cause::Unstorable`].
/// - How many, and for how long: [`answers`](crate::Config::answers) and
///   [`answers_for`](crate::Config::answers_for).
#[must_use = "it does nothing before `ask`"]
pub struct OnceRef<A: bailiwick_core::Aggregate> {
    to: AggregateRef<A>,
    key: Text,
}

impl<A: bailiwick_core::Aggregate> OnceRef<A> {
    pub(crate) fn new(to: AggregateRef<A>, key: Text) -> Self {
        OnceRef { to, key }
    }

    /// As [`AggregateRef::ask`].
    ///
    /// # Errors
    /// As [`AggregateRef::ask`]. After [`AskError::Unknown`] ask again with the same key.
    ///
    /// # Cancel safety
    /// As [`AggregateRef::ask`].
    pub fn ask<C>(
        &self,
        command: C,
    ) -> impl Future<Output = Result<A::Reply, AskError<C, A::Rejection>>> + Send + use<A, C>
    where
        A: Decide<C, Reply: Serialize + DeserializeOwned>,
        C: Serialize + Send + 'static,
    {
        let asked = self.ask_committed(command);
        async move { asked.await.map(|committed| committed.reply) }
    }

    /// As [`AggregateRef::ask_committed`].
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    ///
    /// # Cancel safety
    /// As [`ask`](Self::ask).
    pub fn ask_committed<C>(
        &self,
        command: C,
    ) -> impl Future<Output = Result<Committed<A::Reply>, AskError<C, A::Rejection>>> + Send + use<A, C>
    where
        A: Decide<C, Reply: Serialize + DeserializeOwned>,
        C: Serialize + Send + 'static,
    {
        let mut asking = self.to.asking();
        let once = Once::new(&self.key, KEY_BYTES, &command);
        async move {
            match once {
                Ok(once) => asking.options.call().once = Some(once),
                Err(cause) => return Err(AskError::NotRun(NotRun { command, cause })),
            }
            asking.ask(command, Some(ReplyCodec::new())).await
        }
    }
}

impl Once {
    /// With the key that a caller has chosen for a command, of so many bytes at most.
    pub(crate) fn new<C: Serialize>(key: &Text, most: usize, command: &C) -> Result<Once, Cause> {
        let bytes = key.as_str().len();
        if bytes == 0 || bytes > most {
            return Err(Cause::InvalidKey { bytes, most });
        }
        let encoded = codec::encode_value(command).map_err(Cause::codec)?;
        let fingerprint = codec::fingerprint(command_name::<C>(), &encoded);
        Ok(Once { key: key.clone(), fingerprint })
    }
}

impl<R: Serialize + DeserializeOwned> ReplyCodec<R> {
    pub(crate) fn new() -> Self {
        let store = |reply: &R, command: &'static str| {
            stored::reply(reply, || format!("the reply to {command}"))
        };
        ReplyCodec { store, decode: codec::decode_value }
    }
}

impl<R> ReplyCodec<R> {
    /// The reply to a command as it is remembered, and as it is read again: the first caller is told
    /// what all others will be.
    pub(crate) fn stored(&self, reply: &R, command: &'static str) -> Result<(Bytes, R), Cause> {
        let (bytes, read) = guarded(|| (self.store)(reply, command).map_err(Cause::from))?;
        Ok((bytes.into(), read))
    }

    pub(crate) fn decoded(&self, reply: &[u8]) -> Result<R, Cause> {
        guarded(|| (self.decode)(reply).map_err(Cause::codec))
    }
}

/// Runs what the domain says about a reply's form.
fn guarded<T>(code: impl FnOnce() -> Result<T, Cause>) -> Result<T, Cause> {
    catch_unwind(AssertUnwindSafe(code))
        .unwrap_or_else(|panic| Err(Cause::Panicked { message: panic_message(&*panic) }))
}
