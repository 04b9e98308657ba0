//! Calls with an idempotency key: asked twice, run once.

use std::future::Future;

use bailiwick_core::{Aggregate, Decide};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::aggregates::AggregateRef;
use crate::config::KEY_BYTES;
use crate::error::{AskError, NotRun};
use crate::options::Keyed;
use crate::request::Receipt;
use crate::request::idempotency::{Once, ReplyCodec};

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
