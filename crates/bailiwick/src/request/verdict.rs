//! How a request was judged, and what its caller is told of that once the gate is open.

use bailiwick_core::Position;
use bailiwick_core::journal::EncodedEvent;

use crate::context::counts::Counters;
use crate::error::{AlreadyRun, AskError, Cause, NotRun, UnreadableReply};
use crate::request::Receipt;
use crate::request::recorded::JudgedAt;

pub(crate) enum Verdict<R, E> {
    Reply(R),
    /// As it was when it was asked before.
    Repeated(R),
    Rejection(E, JudgedAt),
    /// When it was asked before; its reply is lost.
    AlreadyRun(UnreadableReply),
    Failed(Cause),
}

/// What was asked, until it is given back, and how it was judged.
pub(crate) struct Case<T, R, E> {
    pub(crate) asked: Option<T>,
    pub(crate) verdict: Option<Verdict<R, E>>,
}

/// What a caller is told.
pub(crate) type Answer<C, R, E> = Result<Receipt<R>, AskError<C, E>>;

impl<T, R, E> Case<T, R, E> {
    pub(crate) fn new(asked: T) -> Self {
        Case { asked: Some(asked), verdict: None }
    }

    /// What was asked, for who gives it back.
    pub(crate) fn take(&mut self) -> T {
        self.asked.take().expect("it is given back once")
    }

    /// What its caller is told, and what is recorded of a refusal. `position`: of the last event as of it.
    /// The caller may get the `command` back.
    pub(crate) fn told<C>(
        &mut self,
        position: Position,
        refused: impl FnOnce(&T, &E, JudgedAt) -> Option<EncodedEvent>,
        command: impl FnOnce(T) -> C,
    ) -> (Answer<C, R, E>, Option<EncodedEvent>) {
        let verdict = self.verdict.take().expect("only what was judged is released");
        let answer = match verdict {
            Verdict::Reply(reply) => Ok(Receipt { reply, position, repeated: false }),
            Verdict::Repeated(reply) => Ok(Receipt { reply, position, repeated: true }),
            Verdict::Rejection(rejection, judged) => {
                let asked = self.asked.as_ref();
                let refused = asked.and_then(|asked| refused(asked, &rejection, judged));
                return (Err(AskError::Rejected(rejection)), refused);
            }
            Verdict::AlreadyRun(cause) => Err(AskError::AlreadyRun(AlreadyRun { position, cause })),
            Verdict::Failed(cause) => {
                let cause = match cause {
                    // Where it really is, is known only now.
                    Cause::Moved { expected, .. } => Cause::Moved { expected, actual: position },
                    cause => cause,
                };
                Err(AskError::NotRun(NotRun { command: command(self.take()), cause }))
            }
        };
        (answer, None)
    }
}

/// Counts the outcome of what was accepted.
pub(crate) fn count<C, R, E>(counters: &Counters, answer: &Answer<C, R, E>) {
    match answer {
        Ok(_) => counters.replied.one(),
        Err(AskError::Rejected(_)) => counters.rejected.one(),
        Err(AskError::AlreadyRun(_)) => counters.already_run.one(),
        Err(AskError::Unknown { .. }) => counters.unknown.one(),
        Err(AskError::NotRun(NotRun { cause: Cause::Panicked { .. }, .. })) => {
            counters.panicked.one();
        }
        Err(AskError::NotRun(_)) => counters.returned.one(),
    }
}
