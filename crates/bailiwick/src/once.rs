//! Calls with an idempotency key: asked twice, run once.

use std::future::Future;
use std::sync::Arc;

use bailiwick_core::{CodecError, Decide, Text, codec};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::aggregates::AggregateRef;
use crate::envelope::{Committed, command_name};
use crate::error::{AskError, Cause, NotRun};

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
    pub(crate) encode: fn(&R) -> Result<Vec<u8>, CodecError>,
    pub(crate) decode: fn(&[u8]) -> Result<R, CodecError>,
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
        let once = self.once(&command);
        async move {
            match once {
                Ok(once) => asking.options.call().once = Some(once),
                Err(cause) => return Err(AskError::NotRun(NotRun { command, cause })),
            }
            let codec = ReplyCodec {
                encode: |reply| codec::encode_value(reply),
                decode: codec::decode_value,
            };
            asking.ask(command, Some(codec)).await
        }
    }

    fn once<C: Serialize>(&self, command: &C) -> Result<Once, Cause> {
        let bytes = self.key.as_str().len();
        if bytes == 0 || bytes > KEY_BYTES {
            return Err(Cause::InvalidKey { bytes, most: KEY_BYTES });
        }
        let encoded =
            codec::encode_value(command).map_err(|error| Cause::Codec(Arc::new(error)))?;
        let fingerprint = codec::fingerprint(command_name::<C>(), &encoded);
        Ok(Once { key: self.key.clone(), fingerprint })
    }
}
