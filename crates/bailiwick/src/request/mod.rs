//! A command on its way: claimed once, decided perhaps several times, answered once.
//!
//! 1. The claim is one compare-and-set between the actor that wants to judge the command and the
//!    caller that gives it up. A command given up before its claim is certainly not judged; a
//!    claimed one certainly is.
//! 2. The verdict waits in the envelope until the gate opens; only then the caller hears of it.
//! 3. Every envelope that entered a mailbox gets exactly one outcome, and it is counted there. One
//!    that still waits for room is turned away instead.

pub(crate) mod entry;
pub(crate) mod idempotency;
pub(crate) mod read;
pub(crate) mod recorded;
pub(crate) mod reply;
pub(crate) mod state;
pub(crate) mod timeouts;
pub(crate) mod verdict;

use std::sync::Arc;

use bailiwick_core::journal::{Extra, RecordedCommand};
use bailiwick_core::{Aggregate, Context, Decide, Position, Text};
use bytes::Bytes;

use crate::delivery::Delivering;
use crate::error::{Cause, Unknown};
use crate::request::idempotency::Once;
use crate::request::state::Request;

/// What a caller may say about one call beside the command itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Call {
    pub(crate) expected: Option<Position>,
    pub(crate) correlation: Option<Text>,
    pub(crate) principal: Option<Text>,
    pub(crate) once: Option<Once>,
    /// It is a delivery of a policy.
    pub(crate) delivering: Option<Arc<Delivering>>,
}

impl Call {
    /// Says beside an event what the caller has said.
    pub(crate) fn stands_beside(&self, extra: &mut Extra) {
        extra.correlation.clone_from(&self.correlation);
        extra.principal.clone_from(&self.principal);
        if let Some(delivering) = &self.delivering {
            delivering.says_why(extra);
        }
    }
}

/// A reply, where it is written down, and whether it was there already.
///
/// For an example see [`AggregateRef`](crate::AggregateRef).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Receipt<R> {
    /// The reply.
    pub reply: R,
    /// The position of the last event as of this command: of the command's own last event; if it had
    /// none, of the aggregate's one before, or, for a decision, of the last that was in the journal. It
    /// only grows, so it serves as a fencing token.
    ///
    /// Of a repetition it is what it was when the command was run.
    pub position: Position,
    /// This call did not run it: it was run for another one with the same idempotency key, by
    /// whichever runtime and however long ago, and this is what was remembered, or waited for.
    ///
    /// Of all the calls that get the reply of one run, one at most is told `false`: none, if who ran it
    /// was told that the outcome is unknown, or went away.
    pub repeated: bool,
}

/// A command of an aggregate `A`, whatever its type.
pub(crate) trait Envelope<A: Aggregate>: Send + Sync {
    fn request(&self) -> &Request;
    fn command(&self) -> &'static str;
    fn call(&self) -> Option<&Call> {
        self.request().call.as_deref()
    }
    /// Decides, and keeps the verdict until it is released or decided again. Whether it is accepted.
    fn decide(&self, state: &A, ctx: &mut Context<A::Event>) -> bool;
    /// Takes the reply to an earlier command with the same key as its verdict.
    fn repeat(&self, reply: &[u8]);
    /// The reply of its verdict, to be remembered. It becomes what will be read again.
    fn remembered(&self) -> Result<Bytes, Cause>;
    /// The command as it is recorded, without its events; none if it is not.
    fn recorded(&self) -> Option<RecordedCommand>;
    /// Replaces the verdict: it will be given back when the gate opens.
    fn fail(&self, cause: Cause);
    /// The gate is open: tells the caller the verdict.
    fn release(&self, position: Position);
    /// Judged or claimed, but certainly without an effect.
    fn give_back(&self, cause: Cause);
    /// Given back whatever it waits for, unless its caller has given it up.
    fn abandon(&self, cause: Cause);
    fn unknown(&self, unknown: Unknown);
    /// Its caller's time is up: it is given up, unless its turn has come. Whether it is.
    fn expire(&self) -> bool;
    /// Tells the caller that its time is up: `cause` if it [expired](Self::expire). From its turn on, the
    /// command goes on.
    fn time_out(&self, cause: Option<Cause>);
}

/// By which name a command is recorded.
pub(crate) fn command_of<A: Decide<C>, C>() -> &'static str {
    A::COMMAND.unwrap_or_else(command_name::<C>)
}

/// The name of a command's type, without its path and what it is generic over.
pub(crate) fn command_name<C>() -> &'static str {
    let path = std::any::type_name::<C>();
    // By bytes, from the end: this runs once per command.
    let path = if path.ends_with('>') { path.split('<').next().unwrap_or(path) } else { path };
    path.bytes().rposition(|byte| byte == b':').map_or(path, |colon| &path[colon + 1..])
}
