//! Calls with an idempotency key: asked twice, run once.

use std::any::type_name;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use bailiwick_core::{CodecError, Decide, Text, Unstorable, codec, stored};
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::aggregates::AggregateRef;
use crate::config::Config;
use crate::envelope::Committed;
use crate::error::{AskError, Cause, NotRun, UnreadableReply, panic_message};

/// The longest idempotency key, in bytes.
const KEY_BYTES: usize = 256;

/// What is remembered of a command, and what it is recognised by.
#[derive(Debug, Clone)]
pub(crate) struct Once {
    pub(crate) key: Text,
    pub(crate) fingerprint: u64,
}

/// What the caller of a command has chosen.
pub(crate) struct Chosen<'a> {
    pub(crate) key: &'a Text,
    /// How many bytes the key may have.
    pub(crate) most: usize,
    pub(crate) timeout: Duration,
}

/// The bytes of a reply, and what is read from them.
type Stored<R> = (Vec<u8>, R);

/// How a reply is remembered.
pub(crate) struct ReplyCodec<R> {
    store: fn(&R, &'static str) -> Result<Stored<R>, Unstorable>,
    decode: fn(&[u8]) -> Result<R, CodecError>,
}

/// A reference with an idempotency key, from [`AggregateRef::once`].
///
/// A command asked with a key is remembered with its reply, beside the events it emitted (or in one
/// of Bailiwick's own, if it emitted none). While the aggregate remembers it, the same command with
/// the same key is not run again: it gets the same reply and the same position, also from another
/// runtime on the same journal, and after a restart. One that is still being run is waited for.
///
/// - **A key belongs to the aggregate** that is addressed: another aggregate, of the same type too,
///   has keys of its own, and decisions have theirs. It has 1 to 256 bytes.
/// - **The same command** is one of the same name and an equal value. The name is the full one of its
///   type, or what [`Decide::COMMAND`] pins, so that moving or renaming the type changes nothing.
///   Maps and sets may be in any order (`HashMap`, the `HashSet` of std or hashbrown, indexmap's
///   `IndexSet`; another collection without an order is to be put in order by a `serialize_with`, and
///   so is a set that serde buffers: in an enum that is flattened, or in one with `tag`).
///   Numbers are their values, whatever their width: `-0.0` is `0.0`, and one NaN is another. A field
///   that is `None` counts as absent, so that an optional one can be added.
/// - **Another command** with the same key is refused: [`Cause::KeyReused`].
/// - **A rejection is not remembered**, nor a command that failed: asked again, it is judged again.
/// - **For how long**: [`answers_for`](crate::Config::answers_for), and never less. An aggregate that
///   remembers [`answers`](crate::Config::answers) of them takes no new ones: [`Cause::KeysFull`].
/// - **Everybody is told the reply as it was read back** from what is remembered, the first caller too.
///   One that cannot be read back is refused before anything happened: [`Cause::Unstorable`]. One that
///   cannot be read any more, because its type has changed since, is told as [`AskError::AlreadyRun`].
///
/// [`AskError::NotRun`] is said of the call, not of the key: who has called before with the same key,
/// and was told [`AskError::Unknown`], still does not know.
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
        let config = &asking.target.kind.shared.config;
        let chosen = Chosen { key: &self.key, most: KEY_BYTES, timeout: asking.options.timeout };
        let once = Once::new(chosen, config, A::COMMAND, &command);
        async move {
            match once {
                Ok(once) => asking.options.call().once = Some(once),
                Err(cause) => {
                    asking.target.kind.tally.here().turned_away.one();
                    return Err(AskError::NotRun(NotRun { command, cause }));
                }
            }
            asking.ask(command, Some(ReplyCodec::new())).await
        }
    }
}

impl Once {
    /// `name`: by which the command is to be recognised, if that is pinned.
    pub(crate) fn new<C: Serialize>(
        Chosen { key, most, timeout }: Chosen<'_>,
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
        let fingerprint = guarded(|| codec::fingerprint(name, command)).map_err(Cause::panicked)?;
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
            guarded(|| (self.store)(reply, command)).map_err(Cause::panicked)??;
        let (bytes, most) = (encoded.len(), config.reply_bytes.get());
        if bytes > most {
            return Err(Cause::ReplyTooLarge { bytes, most });
        }
        Ok((encoded.into_boxed_slice().into(), read))
    }

    pub(crate) fn decoded(&self, reply: &[u8]) -> Result<R, UnreadableReply> {
        match guarded(|| (self.decode)(reply)) {
            Ok(reply) => reply.map_err(|error| UnreadableReply::Codec(error.into())),
            Err(message) => Err(UnreadableReply::Panicked { message }),
        }
    }
}

/// Runs what the domain says about the form of a command or a reply. Fails with the message of a panic.
fn guarded<T>(code: impl FnOnce() -> T) -> Result<T, Arc<str>> {
    catch_unwind(AssertUnwindSafe(code)).map_err(|panic| panic_message(&*panic))
}
