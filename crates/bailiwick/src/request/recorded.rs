//! Commands and refusals of types that are [recorded](bailiwick_core::Recording), so that they can be
//! rehearsed.
//!
//! 1. A command that was accepted rides on its first event. If it does not fit, it is left out, never the
//!    command.
//! 2. A refusal is an append of its own, begun before its caller is told, in the order in which callers are
//!    told, and on no condition. Nobody waits for it, and whatever becomes of it the caller is told the
//!    refusal: so it is durable a little later than the answer leaves, or, if the process dies just then or
//!    the journal does not take it, never. That is counted. A shutdown waits for it.

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bailiwick_core::journal::{AppendError, Appended, EncodedEvent, Metadata, RecordedCommand};
use bailiwick_core::recording::RefusalRecorded;
use bailiwick_core::{ErrorReport, Position, Recording, Tags, Text, Timestamp};
use bytes::Bytes;

use crate::context::RuntimeContext;
use crate::error::caught;
use crate::journal::encoded::encoded;
use crate::journal::port::{self, Guarded, or_closed};
use crate::request::Call;

/// When and on what a refusal was judged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct JudgedAt {
    pub(crate) now: Timestamp,
    /// Of a decision: up to where its views were read.
    pub(crate) read_upto: Option<Position>,
}

impl JudgedAt {
    pub(crate) fn now(now: Timestamp) -> Self {
        JudgedAt { now, read_upto: None }
    }
}

/// The form of a command, as it is recorded: none if its type is not. Without its bytes, if they are too
/// many, or there are none.
pub(crate) fn form<C>(
    recording: &Recording<C>,
    command: &C,
    shared: &RuntimeContext,
) -> Option<Option<Bytes>> {
    let encoded = match caught(|| recording.encode(command)) {
        Ok(None) => return None,
        Ok(Some(encoded)) => encoded.ok(),
        Err(_) => None,
    };
    let fits = |form: &Vec<u8>| form.len() <= shared.config.recorded_bytes;
    Some(encoded.filter(fits).map(|form| form.into_boxed_slice().into()))
}

/// Takes the form of a command away from its first event, if that has made it too large. Whether it did.
pub(crate) fn without_form(events: &mut [EncodedEvent]) -> bool {
    let Some(first) = events.first_mut() else { return false };
    if first.metadata.extra().recorded.is_none() {
        return false;
    }
    let recorded = &mut first.metadata.extra_mut().recorded;
    recorded.as_mut().and_then(|recorded| recorded.form.take()).is_some()
}

/// A refusal that is to be recorded.
pub(crate) struct Refusal<'a> {
    /// The `NAME` of the aggregate that refused; none of a decision.
    pub(crate) by: Option<&'static str>,
    /// What it concerns.
    pub(crate) tags: Tags,
    pub(crate) command: &'static str,
    pub(crate) form: Option<Bytes>,
    pub(crate) call: Option<&'a Call>,
    pub(crate) judged: JudgedAt,
}

impl Refusal<'_> {
    /// The event that says so; none if nobody can say why.
    pub(crate) fn event(
        self,
        rejection: &(dyn Error + 'static),
        as_of: Position,
    ) -> Option<EncodedEvent> {
        let reason = caught(|| ErrorReport::of(rejection).to_string()).ok()?;
        let mut recorded = RecordedCommand::new(self.form, 0);
        (recorded.as_of, recorded.read_upto) = (Some(as_of), self.judged.read_upto);
        let mut metadata = Metadata::default();
        metadata.command = Some(Text::literal(self.command));
        let extra = metadata.extra_mut();
        extra.recorded = Some(recorded);
        if let Some(call) = self.call {
            call.stands_beside(extra);
        }
        let refused = RefusalRecorded::by(self.by, reason);
        encoded(&refused, self.tags, self.judged.now, metadata).ok()
    }
}

/// Begins to append a refusal. `lost` counts it if it was not.
pub(crate) fn append(
    shared: &Arc<RuntimeContext>,
    event: EncodedEvent,
    lost: impl Fn() + Send + 'static,
) {
    let journal = shared.journal().filter(|_| shared.journal_closed().is_none());
    let permit = shared.refusals.clone().try_acquire_owned();
    let (Some(journal), Ok(permit)) = (journal, permit) else { return lost() };
    let mut append = port::append(&*journal, vec![event], None);
    let ended = move |appended: Option<Result<Appended, AppendError>>, shared: &RuntimeContext| {
        match appended {
            Some(Ok(_)) => {}
            Some(Err(_)) => {
                lost();
                shared.append_failed();
            }
            // The runtime is closed.
            None => lost(),
        }
    };
    // A journal in memory answers at once.
    if let Poll::Ready(appended) = poll_once(&mut append) {
        return ended(Some(appended), shared);
    }
    let of = shared.clone();
    shared.spawn(Box::pin(async move {
        let appended = or_closed(&of, append).await;
        ended(appended, &of);
        drop(permit);
        of.settled();
    }));
}

fn poll_once<T, E>(append: &mut Guarded<T, E>) -> Poll<Result<T, E>> {
    Pin::new(append).poll(&mut Context::from_waker(Waker::noop()))
}
