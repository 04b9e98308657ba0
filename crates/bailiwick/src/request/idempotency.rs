//! What makes a request safe to ask again: what it is recognised by, and how its reply is remembered.

use std::any::type_name;
use std::time::Duration;

use bailiwick_core::{CodecError, Text, Unstorable, codec, stored};
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::config::Config;
use crate::error::{Cause, UnreadableReply, caught};

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
