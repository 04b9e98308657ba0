//! Calls with an idempotency key: asked twice, run once.

use std::any::type_name;
use std::future::Future;
use std::time::Duration;

use bailiwick_core::{Aggregate, CodecError, Decide, Text, Unstorable, codec, stored};
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::aggregates::AggregateRef;
use crate::config::{Config, KEY_BYTES};
use crate::error::{AskError, Cause, NotRun, UnreadableReply, caught};
use crate::options::Keyed;
use crate::request::Receipt;

/// What is remembered of a command, and what it is recognised by.
#[derive(Debug, Clone)]
pub(crate) struct Once {
    pub(crate) key: Text,
    pub(crate) fingerprint: u64,
}

/// The bytes of a reply, and what is read from them.
type Stored<R> = (Vec<u8>, R);

/// How a reply is remembered.
pub(crate) struct ReplyCodec<R> {
    store: fn(&R, &'static str) -> Result<Stored<R>, Unstorable>,
    decode: fn(&[u8]) -> Result<R, CodecError>,
}

impl<A: Aggregate> AggregateRef<A, Keyed> {
    /// Asks with the idempotency key: a command is run [once](Self::once).
    ///
    /// # Errors
    /// - [`AskError::Rejected`]: a rule said no.
    /// - [`AskError::NotRun`]: this call had no effect; the command comes back.
    /// - [`AskError::AlreadyRun`]: it was run when it was asked before, and its reply cannot be read.
    /// - [`AskError::Unknown`]: it may have had its effect. Ask again with the same key.
    ///
    /// # Cancel safety
    /// As without a key: before its turn the command is certainly not run; from its turn on it
    /// certainly is, and asking again with the same key tells its reply.
    pub fn ask<C>(
        &self,
        command: C,
    ) -> impl Future<Output = Result<A::Reply, AskError<C, A::Rejection>>> + Send + use<A, C>
    where
        A: Decide<C, Reply: Serialize + DeserializeOwned>,
        C: Serialize + Send + 'static,
    {
        let asked = self.ask_with_receipt(command);
        async move { asked.await.map(|receipt| receipt.reply) }
    }

    /// As [`ask`](Self::ask), and the reply comes with the position of the aggregate's last event as of
    /// when the command was run, and with whether it was run by this call ([`Receipt::repeated`]).
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    ///
    /// # Cancel safety
    /// As [`ask`](Self::ask).
    pub fn ask_with_receipt<C>(
        &self,
        command: C,
    ) -> impl Future<Output = Result<Receipt<A::Reply>, AskError<C, A::Rejection>>> + Send + use<A, C>
    where
        A: Decide<C, Reply: Serialize + DeserializeOwned>,
        C: Serialize + Send + 'static,
    {
        let mut asking = self.asking();
        let (config, timeout) = (&asking.target.kind.shared.config, asking.options.timeout);
        let once = Once::new(&self.key.0, KEY_BYTES, timeout, config, A::COMMAND, &command);
        async move {
            match once {
                Ok(once) => asking.options.call().once = Some(once),
                Err(cause) => {
                    asking.target.kind.counters.here().not_admitted.one();
                    return Err(AskError::NotRun(NotRun { command, cause }));
                }
            }
            asking.ask(command, Some(ReplyCodec::new())).await
        }
    }
}

impl Once {
    /// `most`: how many bytes the key may have. `name`: by which the command is to be recognised, if that
    /// is pinned.
    pub(crate) fn new<C: Serialize>(
        key: &Text,
        most: usize,
        timeout: Duration,
        config: &Config,
        name: Option<&'static str>,
        command: &C,
    ) -> Result<Once, Cause> {
        let bytes = key.as_str().len();
        if bytes == 0 || bytes > most {
            return Err(Cause::InvalidKey { bytes, most });
        }
        let window = config.answers_for;
        if window < timeout {
            return Err(Cause::WindowTooShort { window, timeout });
        }
        let name = name.unwrap_or_else(type_name::<C>);
        let fingerprint = caught(|| codec::fingerprint(name, command)).map_err(Cause::panicked)?;
        let fingerprint = fingerprint.map_err(Cause::codec)?;
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
    /// The reply to a command as it is remembered, in no more room than it takes, and as it is read
    /// again: the first caller is told what all others will be.
    pub(crate) fn stored(
        &self,
        reply: &R,
        command: &'static str,
        config: &Config,
    ) -> Result<(Bytes, R), Cause> {
        let (encoded, read) =
            caught(|| (self.store)(reply, command)).map_err(Cause::panicked)??;
        let (bytes, most) = (encoded.len(), config.reply_bytes);
        if bytes > most {
            return Err(Cause::ReplyTooLarge { bytes, most });
        }
        Ok((encoded.into_boxed_slice().into(), read))
    }

    pub(crate) fn decoded(&self, reply: &[u8]) -> Result<R, UnreadableReply> {
        caught(|| (self.decode)(reply))
            .map_err(|message| UnreadableReply::Panicked { message })?
            .map_err(|error| UnreadableReply::Codec(error.into()))
    }
}
